import Foundation

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
  }

  /// Some bytes changed, dropped, doubled or put in: what a fuzzer does first.
  mutating func mutate(_ bytes: [UInt8], times: Int = 4) -> [UInt8] {
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
  static var runSeed: UInt64 {
    ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? 0x5eed
  }
}

extension [UInt8] {
  init(base64 text: String) { self = Data(base64Encoded: text).map(Array.init) ?? [] }

  /// The bytes in pieces that end at `cuts`.
  func pieces(cutAt cuts: [Int]) -> [[UInt8]] {
    let ends = cuts.filter { $0 > 0 && $0 < count }.sorted() + [count]
    var start = 0
    return ends.map { end in
      defer { start = end }
      return Array(self[start..<end])
    }
  }

  func pieces(of size: Int) -> [[UInt8]] {
    pieces(cutAt: stride(from: size, to: count, by: size).map { $0 })
  }
}
