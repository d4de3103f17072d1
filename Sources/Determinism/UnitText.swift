import PayloadCodecs
/// Durations as a scenario and the control API write them: `250ms`, `2s`, `1m30s`, `1h`, `1.5s`.
package enum DurationText {
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ("d", 86_400e9),
  ]

  /// Nil for anything that is no sequence of numbers with units, and for more than 100 years.
  package static func parse(_ text: String) -> Duration? {
    var scanner = UnitScanner(text)
    var total = 0.0
    repeat {
      guard let number = scanner.number(), let unit = scanner.unit(of: units.map(\.name)) else {
        return nil
      }
      total += number * (units.first { $0.name == unit }?.nanoseconds ?? 0)
    } while !scanner.isAtEnd
    guard total <= 3.2e18 else { return nil }
    return .nanoseconds(Int64(total.rounded()))
  }

  /// The shortest exact text: `1m30s`, `250ms`, `0s`.
  package static func format(_ duration: Duration) -> String {
    var rest = duration.clampedNanoseconds
    guard rest != 0 else { return "0s" }
    var text = rest < 0 ? "-" : ""
    rest = rest == .min ? .max : abs(rest)
    for (name, size) in [
      ("h", 3600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
      ("us", 1_000), ("ns", 1),
    ] as [(String, Int64)] where rest >= size {
      text += "\(rest / size)\(name)"
      rest %= size
    }
    return text
  }
}

/// Sizes: `100`, `100B`, `64KiB`, `10MB`, `1.5GiB`. `K`, `M`, `G` without `i` are powers of 1,000.
package enum SizeText {
  private static let units: [(name: String, bytes: Double)] = [
    ("b", 1), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12), ("kib", 0x1p10),
    ("mib", 0x1p20), ("gib", 0x1p30), ("tib", 0x1p40),
  ]

  package static func parse(_ text: String) -> Int? {
    var scanner = UnitScanner(text.asciiLowercased)
    guard let number = scanner.number() else { return nil }
    if scanner.isAtEnd { return Int(exactly: number) }
    guard let unit = scanner.unit(of: units.map(\.name)), scanner.isAtEnd else { return nil }
    let bytes = (number * (units.first { $0.name == unit }?.bytes ?? 0)).rounded()
    return bytes <= 0x1p52 ? Int(bytes) : nil
  }
}

/// Takes numbers and units off a text.
private struct UnitScanner {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }
  var isAtEnd: Bool { index == bytes.count }

  /// Digits, with a fraction or without; no sign, no exponent.
  mutating func number() -> Double? {
    let start = index
    takeDigits()
    guard index > start else { return nil }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      let fraction = index
      takeDigits()
      guard index > fraction else { return nil }
    }
    guard index - start <= 30 else { return nil }
    return Double(String(decoding: bytes[start..<index], as: UTF8.self))
  }

  private mutating func takeDigits() {
    while index < bytes.count, bytes[index] &- 0x30 < 10 { index += 1 }
  }

  /// The letters up to the next digit, if they are a unit.
  mutating func unit(of valid: [String]) -> String? {
    let start = index
    while index < bytes.count, bytes[index] &- 0x30 >= 10 { index += 1 }
    let name = String(decoding: bytes[start..<index], as: UTF8.self)
    return valid.contains(name) ? name : nil
  }
}
