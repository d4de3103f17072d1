import HTTPModel
import PayloadCodecs

/// Names of fields, put together once since every request's fields are held against them: those that
/// carry a key as it is, as the services say of themselves, and those by which fronts are known.
package struct KeyFields: Sendable {
  private let names: [String]
  /// A bit for each length that a name has: most fields part here.
  private let lengths: UInt64

  /// - Parameter names: in lower case, of less than 64 letters.
  package init(_ names: [String] = []) {
    self.names = names
    lengths = names.reduce(0) { $0 | 1 << UInt64($1.utf8.count) }
  }

  /// See `Lasting`.
  func keep() { Lasting.keep(names) }

  func contain(_ line: Fields.Line, of fields: Fields) -> Bool {
    lengths & (1 << UInt64(line.nameLength)) != 0 && names.contains { fields.matches(line, $0) }
  }
}
