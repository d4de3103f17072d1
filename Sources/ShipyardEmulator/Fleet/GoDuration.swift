/// Durations as the YAML holds them: `#h#m#s`, any part may be missing. Whole seconds only.
/// Source: Shipyard documentation, "Fleets as Code"; Go, `time.Duration.String`.
enum GoDuration {
  static func seconds(_ text: String) -> Int? {
    var total = 0
    var number: Int?
    var units: [UInt8: Int] = [
      UInt8(ascii: "h"): 3600, UInt8(ascii: "m"): 60, UInt8(ascii: "s"): 1,
    ]
    for byte in text.utf8 {
      if byte &- 0x30 < 10 {
        let value = (number ?? 0) * 10 + Int(byte - 0x30)
        guard value <= 1_000_000 else { return nil }
        number = value
        continue
      }
      guard let count = number, let unit = units.removeValue(forKey: byte) else { return nil }
      // h before m before s.
      for (other, size) in units where size > unit { units[other] = nil }
      total += count * unit
      number = nil
    }
    guard number == nil || (number == 0 && total == 0 && units.count == 3) else { return nil }
    return text.isEmpty ? nil : total
  }

  /// `0s`, `5m0s`, `4h0m0s`.
  static func text(_ seconds: Int) -> String {
    let (step, rest) = seconds.quotientAndRemainder(dividingBy: Guardrails.durationStep)
    return rest == 0 && steps.indices.contains(step) ? steps[step] : made(seconds)
  }

  /// Of those that guardrails may have.
  private static let steps = (0...Guardrails.runtimeCutoffMax / Guardrails.durationStep).map {
    made($0 * Guardrails.durationStep)
  }

  private static func made(_ seconds: Int) -> String {
    if seconds >= 3600 { return "\(seconds / 3600)h\(seconds / 60 % 60)m\(seconds % 60)s" }
    if seconds >= 60 { return "\(seconds / 60)m\(seconds % 60)s" }
    return "\(seconds)s"
  }
}
