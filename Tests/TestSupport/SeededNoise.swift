import Foundation

/// SplitMix64: the same numbers for the same seed, everywhere.
package struct SeededNoise: RandomNumberGenerator {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
  }

  /// Some bytes changed, dropped, doubled or put in: what a fuzzer does first.
  package mutating func mutate(_ bytes: [UInt8], times: Int = 4) -> [UInt8] {
    var result = bytes
    for _ in 0...below(times) {
      guard !result.isEmpty else { return [UInt8(truncatingIfNeeded: next())] }
      let at = below(result.count)
      switch below(6) {
      case 0: result[at] = UInt8(truncatingIfNeeded: next())
      case 1: result[at] ^= 1 << UInt8(below(8))
      case 2: result.remove(at: at)
      case 3: result.insert(result[below(result.count)], at: at)
      case 4: result.removeSubrange(at..<min(result.count, at + below(16)))
      default:
        let from = below(result.count)
        result.insert(contentsOf: result[from..<min(result.count, from + below(32))], at: at)
      }
    }
    return result
  }

  /// The seed of a test run: `SEED=…` replays one.
  package static var runSeed: UInt64 {
    ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? 0x5eed
  }
}
