/// Sums and products of numbers that were not bounded where they came in: held at the ends of their
/// type instead of ending the process.
///
/// **The rule of this house** for numbers from outside, be it a request, a scenario, a snapshot, a
/// file or a clock: *no arithmetic, narrowing, index or range on them can trap.*
/// - They are bounded where they come in, by whoever reads them: `ScenarioReader.int(in:)`, the
///   services' own checks, `Bounded` for all numbers of a snapshot, `VirtualInstant` for time. What is
///   beyond is refused in that place's own words, and what is let in can be counted with.
/// - What a number of a snapshot points at is checked by `ServiceState.inconsistencies`.
/// - What cannot be bounded is clamped (here, `Int(clamping:)`, `Int(exactly:)`), never hoped for. A
///   conversion that may trap stands only where its operand's bound is to be seen.
/// - Nothing that repeats itself does so at the same instant: it would hold its loop for ever.
extension FixedWidthInteger where Self: SignedInteger {
  package func addingClamping(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  package func multipliedClamping(by factor: Self) -> Self {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
  }
}

/// Whole numbers that can be counted on from.
package enum WholeNumbers {
  /// What a double holds exactly: far beyond what is reached by counting, far from where twice as
  /// much would overflow. (JavaScript's `Number.MAX_SAFE_INTEGER` is one less.)
  package static let exact = -(1 << 53)...(1 << 53)
}
