import PayloadCodecs
import Scenarios

/// The guardrails that somebody wrote; what is left out comes from the vessel's blueprint, if it has
/// one, else from the defaults.
/// Source: Shipyard documentation, "Guardrails" and "Fleets as Code".
struct WrittenGuardrails: Sendable, Equatable {
  var retryCount: Int?
  var retryWait: Int?
  var runtimeCutoff: Int?
  var excludedExitCodes: [ClosedRange<Int>]?

  static let form = Form.object(
    "What it does about its failures.", WrittenGuardrails(),
    [
      .orNull(
        "retry_count", .scalar(in: 0...Guardrails.retryCountMax), "How often it is tried again."
      ) { $0.retryCount = $1 },
      .orNull(
        "retry_wait", seconds(in: 0...Guardrails.retryWaitMax), "How long before that."
      ) { $0.retryWait = $1 },
      .orNull(
        "runtime_cutoff", seconds(in: Guardrails.durationStep...Guardrails.runtimeCutoffMax),
        "How long it may run."
      ) { $0.runtimeCutoff = $1 },
      .orNull("exclude_exit_code_ranges", .list(of: exitCodes), "Exit codes that are no failures.")
      { $0.excludedExitCodes = $1 },
    ])

  private static func seconds(in range: ClosedRange<Int>) -> Form<Int> {
    Form.scalar.described(example: "5m").checked { text, reader in
      guard let seconds = GoDuration.seconds(text) else {
        return reader.mismatch("a duration such as 0s, 5m or 1h30m0s")
      }
      guard range.contains(seconds), seconds % Guardrails.durationStep == 0 else {
        let (low, high) = (GoDuration.text(range.lowerBound), GoDuration.text(range.upperBound))
        return reader.mismatch("\(low) to \(high) in steps of 5m")
      }
      return seconds
    }
  }

  /// `3` or `3-5`. The documentation's own samples also hold `0`, `0-255` and `299`: codes that
  /// no failed process has, or that are never retried anyway. Numbers of more digits are none,
  /// whatever somebody meant.
  private static let exitCodes = Form.scalar.described(example: "3-5").checked {
    text, reader -> ClosedRange<Int>? in
    let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map {
      Int(Substring($0.utf8.drop { $0 == 0x20 }.prefix { $0 != 0x20 }))
    }
    guard bounds.count <= 2, let low = bounds[0], let high = bounds[bounds.count - 1],
      low >= 0, high <= 65_535, low <= high
    else { return reader.mismatch("an exit code 1–255 or a range such as 3-5") }
    return low...high
  }

  /// - Parameter base: the blueprint's, or the defaults.
  func resolved(over base: Guardrails) -> Guardrails {
    Guardrails(
      retryCount: retryCount ?? base.retryCount, retryWait: retryWait ?? base.retryWait,
      runtimeCutoff: runtimeCutoff ?? base.runtimeCutoff,
      excludedExitCodes: excludedExitCodes ?? base.excludedExitCodes)
  }
}

extension Blueprint {
  /// What its vessels do about failures unless they say otherwise.
  ///
  /// **Shape**: `retry_strategy: {number_of_retries, ttr}`, `runtime_timeout`,
  /// `exclude_exit_code_ranges: [[from, to], …]`, all in seconds; checked when they were stored.
  /// Fidelity: documented ("Guardrails" of an organization's blueprint are handed to its vessels).
  var guardrails: Guardrails {
    var guardrails = Guardrails()
    func number(_ json: JSON?, in range: ClosedRange<Int>) -> Int? {
      json?.intValue.flatMap { range.contains($0) ? $0 : nil }
    }
    let strategy = members["retry_strategy"]
    if let count = number(strategy?["number_of_retries"], in: 0...Guardrails.retryCountMax) {
      guardrails.retryCount = count
    }
    if let wait = number(strategy?["ttr"], in: 0...Guardrails.retryWaitMax) {
      guardrails.retryWait = wait
    }
    if let cutoff = number(members["runtime_timeout"], in: 1...Guardrails.runtimeCutoffMax) {
      guardrails.runtimeCutoff = cutoff
    }
    for range in members["exclude_exit_code_ranges"]?.arrayValue ?? [] {
      guard let low = number(range[0], in: 1...255), let high = number(range[1], in: low...255)
      else { continue }
      guardrails.excludedExitCodes.append(low...high)
    }
    return guardrails
  }
}
