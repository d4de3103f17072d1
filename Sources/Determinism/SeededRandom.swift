import PayloadCodecs

/// A stream of random numbers that depends on its key alone (SplitMix64).
///
/// Every random choice has a stream of its own, keyed by what it depends on (seed, tenant, rule,
/// count), so other traffic cannot shift it and every run can be repeated.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(key: UInt64) { state = key }

  /// - Parameter parts: joined with a separator that none of them can fake.
  package init(seed: UInt64, _ parts: [String], count: UInt64 = 0) {
    var hash = StableHash(seed: seed)
    for part in parts { hash.combine(part) }
    hash.combine(count)
    state = hash.value
  }

  /// The same of one part more than are in the hash: for ids, most of whose parts are the same.
  package init(_ begun: StableHash, _ part: String, count: UInt64) {
    var hash = begun
    hash.combine(part)
    hash.combine(count)
    state = hash.value
  }

  /// The same of two parts, without a list of them: for ids.
  package init(seed: UInt64, _ first: String, _ second: String, count: UInt64) {
    var hash = StableHash(seed: seed)
    hash.combine(first)
    hash.combine(second)
    hash.combine(count)
    state = hash.value
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return StableHash.mix(state)
  }

  /// Uniform in 0..<1.
  package mutating func unit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }
}

/// A 64-bit hash that is the same on every machine and in every run (Swift's own is not).
package struct StableHash: Sendable {
  package private(set) var value: UInt64

  package init(seed: UInt64) { value = StableHash.mix(seed ^ 0x57A6_E7A4_0C0F_FEE5) }

  package mutating func combine(_ number: UInt64) {
    value = StableHash.mix(value ^ number &* 0xFF51_AFD7_ED55_8CCD)
  }

  package mutating func combine(_ text: String) { combine(text.utf8Span.span) }

  /// As the text of these bytes.
  package mutating func combine(_ bytes: Span<UInt8>) {
    var word: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in bytes.indices { word = (word ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
    combine(word)
    combine(UInt64(bytes.count))
  }

  static func mix(_ number: UInt64) -> UInt64 {
    var mixed = number
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
