/// Where in a text the values of a document stand, by JSON Pointer.
///
/// - Source: RFC 6901 for the form of the paths (`/rules/0/name`, the document itself is empty).
package struct SourceMap: Sendable, Equatable {
  /// Members by the position of their key, elements by their own.
  private var positions: TextMap<SourcePosition> = [:]

  package init() {}

  package var count: Int { positions.count }

  /// The position of exactly this path.
  package subscript(_ pointer: String) -> SourcePosition? { positions[pointer] }

  /// The position of the path, or of the nearest value above it that the text has: for a message
  /// about something that is missing.
  package func nearest(_ pointer: String) -> SourcePosition? {
    var path = Substring(pointer)
    while true {
      if let position = positions[String(path)] { return position }
      guard let slash = path.lastIndex(of: "/") else { return nil }
      path = path[..<slash]
    }
  }

  package mutating func set(_ pointer: String, _ position: SourcePosition) {
    positions[pointer] = position
  }

  /// One more step of a pointer.
  package static func step(_ pointer: String, _ key: String) -> String {
    pointer + "/" + key.asPointerToken
  }

  mutating func add(_ node: YAMLNode, at pointer: String, from key: SourcePosition? = nil) {
    positions[pointer] = key ?? node.position
    switch node.content {
    case .scalar: break
    case .sequence(let nodes):
      for (index, node) in nodes.enumerated() { add(node, at: "\(pointer)/\(index)") }
    case .mapping(let pairs):
      for pair in pairs {
        add(pair.value, at: Self.step(pointer, pair.key.keyText), from: pair.key.position)
      }
    }
  }
}

/// A place in a text, both counted from 1; columns count characters.
package struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package var description: String { "line \(line), column \(column)" }
}

/// Why a text cannot be read, and where.
package struct SourceError<Failure: SourceFailure>: Error, Equatable, CustomStringConvertible {
  package typealias Reason = Failure

  package let reason: Failure
  package let position: SourcePosition

  package init(_ reason: Failure, _ position: SourcePosition) {
    self.reason = reason
    self.position = position
  }

  package var description: String { "\(position): \(reason.sentence)" }
}

package protocol SourceFailure: Sendable, Equatable {
  /// What is wrong, without the place.
  var sentence: String { get }
}
