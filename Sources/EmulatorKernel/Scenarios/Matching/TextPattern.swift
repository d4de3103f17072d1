/// A regular expression in Swift's syntax, found anywhere in a text (`^…$` for the whole).
///
/// **Sendable**: the compiled expression never changes; a match keeps its state in its own call, and
/// the library publishes its lowered program atomically.
package struct TextPattern: @unchecked Sendable {
  package let text: String
  private let regex: Regex<AnyRegexOutput>

  /// Texts beyond this are searched only this far: an expression may cost much more than its input.
  package static let byteLimit = 1 << 20

  /// - Throws: what the standard library says about the expression.
  package init(_ text: String) throws {
    self.text = text
    regex = try Regex(text)
  }

  package func matches(_ candidate: String) -> Bool {
    guard candidate.utf8.count > Self.byteLimit else {
      return (try? regex.firstMatch(in: candidate)) != nil
    }
    let part = String(decoding: candidate.utf8.prefix(Self.byteLimit), as: UTF8.self)
    return (try? regex.firstMatch(in: part)) != nil
  }
}

extension TextPattern: Equatable {
  package static func == (left: Self, right: Self) -> Bool { left.text == right.text }
}
