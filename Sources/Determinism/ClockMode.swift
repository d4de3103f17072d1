import PayloadCodecs

/// How a tenant's time runs.
package enum ClockMode: Sendable, Equatable {
  /// Wall time.
  case real
  /// Wall time, faster (or slower) by a factor.
  case scaled(Double)
  /// Stands still until it is advanced.
  case manual
  /// Stands still, and jumps to the next due event whenever a client asks for something in progress.
  case skip

  package var name: String {
    switch self {
    case .real: "real"
    case .scaled: "scaled"
    case .manual: "manual"
    case .skip: "skip"
    }
  }

  /// Reads `real`, `manual`, `skip`, and `x60` or `scaled:60` (also `x0.5`).
  package init?(text: String) {
    switch text {
    case "real": self = .real
    case "manual": self = .manual
    case "skip": self = .skip
    default:
      let number = ["scaled:", "x"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) }
      // No hexadecimal: `x0x10` is a slip.
      guard let number, number.utf8.allSatisfy({ $0 | 0x20 != UInt8(ascii: "x") }),
        let factor = Double(number), factor > 0, factor <= 1_000_000
      else { return nil }
      self = .scaled(factor)
    }
  }
}
