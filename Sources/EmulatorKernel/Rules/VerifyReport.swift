package import PayloadCodecs

/// What verify found.
package struct VerifyReport: Sendable {
  package enum Verdict: String, Sendable {
    case holds, fails
    /// The journal has dropped, or kept only in part, what could decide it: a failure.
    case unknown
  }

  package struct NearMiss: Sendable, Equatable {
    package var number: UInt64
    package var request: String
    /// The first difference: which criterion, what it wanted, what was there.
    package var failed: String
    package var expected: String
    package var found: String
  }

  package struct Check: Sendable {
    package var what: String
    package var verdict: Verdict
    package var expected: String
    package var found: String
    /// The exchanges that matched, the first hundred.
    package var matched: [UInt64] = []
    package var nearMisses: [NearMiss] = []
  }

  package var checks: [Check]
  package var dropped: UInt64

  package var verdict: Verdict {
    if checks.contains(where: { $0.verdict == .fails }) { return .fails }
    return checks.contains { $0.verdict == .unknown } ? .unknown : .holds
  }

  package var json: JSON {
    var result: JSONObject = [
      "holds": .bool(verdict == .holds), "verdict": .string(verdict.rawValue),
      "checks": .array(checks.map(\.json)),
    ]
    if dropped > 0 { result["dropped"] = .integer(Int(clamping: dropped)) }
    return .object(result)
  }
}

extension VerifyReport.Check {
  fileprivate var json: JSON {
    var result: JSONObject = [
      "what": .string(what), "verdict": .string(verdict.rawValue), "expected": .string(expected),
      "found": .string(found),
    ]
    if !matched.isEmpty {
      result["matched"] = .array(matched.map { .integer(Int(clamping: $0)) })
    }
    if !nearMisses.isEmpty {
      result["nearMisses"] = .array(
        nearMisses.map { miss in
          [
            "exchange": .integer(Int(clamping: miss.number)), "request": .string(miss.request),
            "failed": .string(miss.failed), "expected": .string(miss.expected),
            "found": .string(miss.found),
          ]
        })
    }
    return .object(result)
  }
}
