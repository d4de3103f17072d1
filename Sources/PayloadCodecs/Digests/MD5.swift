/// MD5, incrementally. For entity tags that clients compare, never for security.
///
/// What differs by round is a constant where it is called, so that the compiler writes the 64 steps
/// out: as one loop over tables they run at a third of the speed.
///
/// Source: RFC 1321.
package struct MD5: BlockDigest {
  static let isBigEndian = false
  private var registers = Registers()
  var buffer = BlockBuffer()

  package init() {}
  package mutating func update(_ bytes: Span<UInt8>) { absorb(bytes) }
  /// The 16 bytes of the digest. The value may go on being updated.
  package func finalize() -> [UInt8] { finished() }
  package static func digest(_ bytes: [UInt8]) -> [UInt8] { whole(bytes) }

  var words: [UInt32] { [registers.a, registers.b, registers.c, registers.d] }

  // The four mixing functions F, G, H, I of RFC 1321 §3.4.
  @inline(__always)
  fileprivate static func choose(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
    z ^ (x & (y ^ z))
  }
  @inline(__always)
  fileprivate static func chooseLast(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
    (x & z) &+ (y & ~z)
  }
  @inline(__always)
  fileprivate static func parity(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { x ^ y ^ z }
  @inline(__always)
  fileprivate static func oddMix(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { y ^ (x | ~z) }

  mutating func compress(_ block: Span<UInt8>) {
    guard block.count == 64 else { return }
    var w = InlineArray<16, UInt32>(repeating: 0)
    for i in 0..<16 {
      w[i] =
        UInt32(block[4 * i]) | UInt32(block[4 * i + 1]) << 8 | UInt32(block[4 * i + 2]) << 16
        | UInt32(block[4 * i + 3]) << 24
    }
    var mixed = registers
    mixed.round(0, Self.choose, w, from: 0, step: 1, turns: (7, 12, 17, 22))
    mixed.round(1, Self.chooseLast, w, from: 1, step: 5, turns: (5, 9, 14, 20))
    mixed.round(2, Self.parity, w, from: 5, step: 3, turns: (4, 11, 16, 23))
    mixed.round(3, Self.oddMix, w, from: 0, step: 7, turns: (6, 10, 15, 21))
    registers.a &+= mixed.a
    registers.b &+= mixed.b
    registers.c &+= mixed.c
    registers.d &+= mixed.d
  }
}

/// The four words that every step turns, and the rounds of RFC 1321 §3.4.
private struct Registers {
  typealias Words = (UInt32, UInt32, UInt32, UInt32)

  var a: UInt32 = 0x6745_2301
  var b: UInt32 = 0xefcd_ab89
  var c: UInt32 = 0x98ba_dcfe
  var d: UInt32 = 0x1032_5476

  private static let sines: InlineArray<64, UInt32> = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a,
    0xa830_4613, 0xfd46_9501, 0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be,
    0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821, 0xf61e_2562, 0xc040_b340,
    0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8,
    0x676f_02d9, 0x8d2a_4c8a, 0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c,
    0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70, 0x289b_7ec6, 0xeaa1_27fa,
    0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92,
    0xffef_f47d, 0x8584_5dd1, 0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1,
    0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
  ]

  /// Sixteen steps, which take the words from one on and in steps of so many.
  @inline(__always)
  mutating func round(
    _ number: Int, _ mix: (UInt32, UInt32, UInt32) -> UInt32, _ words: InlineArray<16, UInt32>,
    from first: Int, step: Int, turns: Words
  ) {
    for at in stride(from: 0, to: 16, by: 4) {
      let word = {
        words[(first &+ step &* (at &+ $0)) & 15] &+ Self.sines[16 &* number &+ at &+ $0]
      }
      a = Self.turned(a, b, mix(b, c, d), word(0), turns.0)
      d = Self.turned(d, a, mix(a, b, c), word(1), turns.1)
      c = Self.turned(c, d, mix(d, a, b), word(2), turns.2)
      b = Self.turned(b, c, mix(c, d, a), word(3), turns.3)
    }
  }

  @inline(__always)
  private static func turned(
    _ a: UInt32, _ b: UInt32, _ mixed: UInt32, _ word: UInt32, _ turn: UInt32
  ) -> UInt32 {
    let sum = a &+ mixed &+ word
    return b &+ ((sum &<< turn) | (sum &>> (32 &- turn)))
  }
}

/// A digest in the middle of its input, for snapshots.
extension MD5: Codable {
  private enum Key: String, CodingKey { case words, rest, byteCount }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let words = try values.decode([UInt32].self, forKey: .words)
    let rest = try values.decode([UInt8].self, forKey: .rest)
    guard words.count == 4, rest.count < 64 else {
      throw DecodingError.dataCorruptedError(
        forKey: .words, in: values, debugDescription: "this is no state of an MD5 digest")
    }
    registers = Registers(a: words[0], b: words[1], c: words[2], d: words[3])
    buffer = BlockBuffer(rest: rest, byteCount: try values.decode(UInt64.self, forKey: .byteCount))
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(words, forKey: .words)
    try values.encode(buffer.rest, forKey: .rest)
    try values.encode(buffer.byteCount, forKey: .byteCount)
  }
}
