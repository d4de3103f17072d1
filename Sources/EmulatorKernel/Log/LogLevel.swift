import PayloadCodecs

/// How much a line of the log matters; a log tells those of its own level and above.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  /// Something went wrong that is nobody's request: a world that cannot be saved.
  case error
  /// Somebody should look: a path that there is not, a remark, a refused call of the control API.
  case warn
  /// What happens: exchanges, scenarios, worlds.
  case info
  /// Why: what became of each rule; and every call of the control API.
  case debug

  package var name: String {
    switch self {
    case .error: "error"
    case .warn: "warn"
    case .info: "info"
    case .debug: "debug"
    }
  }

  package init?(name: String) {
    guard let level = Self.allCases.first(where: { $0.name.isExactly(name) }) else { return nil }
    self = level
  }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How lines look.
package struct LogStyle: Sendable {
  package enum Form: String, Sendable { case text, json }

  package var form: Form
  /// For a terminal.
  package var hasColour: Bool

  package init(_ form: Form = .text, hasColour: Bool = false) {
    self.form = form
    self.hasColour = hasColour
  }
}
