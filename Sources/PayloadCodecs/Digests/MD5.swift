/// MD5, incrementally. For entity tags that clients compare, never for security.
///
/// The 64 steps are written out: as a loop over tables they run at a third of the speed.
///
/// Source: RFC 1321.
package struct MD5: Sendable {
  private var a: UInt32 = 0x6745_2301
  private var b: UInt32 = 0xefcd_ab89
  private var c: UInt32 = 0x98ba_dcfe
  private var d: UInt32 = 0x1032_5476
  private var buffer = BlockBuffer()

  package init() {}

  package mutating func update(_ bytes: Span<UInt8>) {
    var position = 0
    if buffer.fill > 0 {
      position = buffer.take(bytes, from: 0)
      if buffer.isFull {
        let block = buffer.bytes
        compress(block.span)
        buffer.clear()
      }
    }
    while bytes.count - position >= 64 {
      compress(bytes.extracting(position..<position + 64))
      position += 64
    }
    _ = buffer.take(bytes, from: position)
    buffer.addLength(bytes.count)
  }

  /// The 16 bytes of the digest. The value may go on being updated.
  package func finalize() -> [UInt8] {
    var last = self
    let bitCount = buffer.byteCount &* 8
    var padding: [UInt8] = [0x80]
    padding += [UInt8](repeating: 0, count: (119 - Int(buffer.byteCount % 64)) % 64)
    for shift in 0..<8 { padding.append(UInt8(truncatingIfNeeded: bitCount >> (8 * shift))) }
    last.update(padding.span)
    var digest: [UInt8] = []
    for word in [last.a, last.b, last.c, last.d] {
      for shift in 0..<4 { digest.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
    }
    return digest
  }

  package static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var md5 = MD5()
    md5.update(bytes.span)
    return md5.finalize()
  }

  @inline(__always)
  private static func word(_ block: Span<UInt8>, _ at: Int) -> UInt32 {
    UInt32(block[at]) | UInt32(block[at + 1]) << 8 | UInt32(block[at + 2]) << 16
      | UInt32(block[at + 3]) << 24
  }

  // The four mixing functions F, G, H, I of RFC 1321 §3.4.
  @inline(__always)
  private static func choose(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { z ^ (x & (y ^ z)) }
  @inline(__always)
  private static func chooseLast(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
    (x & z) &+ (y & ~z)
  }
  @inline(__always)
  private static func parity(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { x ^ y ^ z }
  @inline(__always)
  private static func oddMix(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { y ^ (x | ~z) }

  @inline(__always)
  private static func step(
    _ a: UInt32, _ b: UInt32, _ mixed: UInt32, _ word: UInt32, _ sine: UInt32, _ turn: UInt32
  ) -> UInt32 {
    let sum = a &+ mixed &+ word &+ sine
    return b &+ ((sum &<< turn) | (sum &>> (32 &- turn)))
  }

  private mutating func compress(_ block: Span<UInt8>) {
    guard block.count == 64 else { return }
    let w0 = Self.word(block, 0)
    let w1 = Self.word(block, 4)
    let w2 = Self.word(block, 8)
    let w3 = Self.word(block, 12)
    let w4 = Self.word(block, 16)
    let w5 = Self.word(block, 20)
    let w6 = Self.word(block, 24)
    let w7 = Self.word(block, 28)
    let w8 = Self.word(block, 32)
    let w9 = Self.word(block, 36)
    let w10 = Self.word(block, 40)
    let w11 = Self.word(block, 44)
    let w12 = Self.word(block, 48)
    let w13 = Self.word(block, 52)
    let w14 = Self.word(block, 56)
    let w15 = Self.word(block, 60)
    var (a, b, c, d) = (self.a, self.b, self.c, self.d)
    a = Self.step(a, b, Self.choose(b, c, d), w0, 0xd76a_a478, 7)
    d = Self.step(d, a, Self.choose(a, b, c), w1, 0xe8c7_b756, 12)
    c = Self.step(c, d, Self.choose(d, a, b), w2, 0x2420_70db, 17)
    b = Self.step(b, c, Self.choose(c, d, a), w3, 0xc1bd_ceee, 22)
    a = Self.step(a, b, Self.choose(b, c, d), w4, 0xf57c_0faf, 7)
    d = Self.step(d, a, Self.choose(a, b, c), w5, 0x4787_c62a, 12)
    c = Self.step(c, d, Self.choose(d, a, b), w6, 0xa830_4613, 17)
    b = Self.step(b, c, Self.choose(c, d, a), w7, 0xfd46_9501, 22)
    a = Self.step(a, b, Self.choose(b, c, d), w8, 0x6980_98d8, 7)
    d = Self.step(d, a, Self.choose(a, b, c), w9, 0x8b44_f7af, 12)
    c = Self.step(c, d, Self.choose(d, a, b), w10, 0xffff_5bb1, 17)
    b = Self.step(b, c, Self.choose(c, d, a), w11, 0x895c_d7be, 22)
    a = Self.step(a, b, Self.choose(b, c, d), w12, 0x6b90_1122, 7)
    d = Self.step(d, a, Self.choose(a, b, c), w13, 0xfd98_7193, 12)
    c = Self.step(c, d, Self.choose(d, a, b), w14, 0xa679_438e, 17)
    b = Self.step(b, c, Self.choose(c, d, a), w15, 0x49b4_0821, 22)
    a = Self.step(a, b, Self.chooseLast(b, c, d), w1, 0xf61e_2562, 5)
    d = Self.step(d, a, Self.chooseLast(a, b, c), w6, 0xc040_b340, 9)
    c = Self.step(c, d, Self.chooseLast(d, a, b), w11, 0x265e_5a51, 14)
    b = Self.step(b, c, Self.chooseLast(c, d, a), w0, 0xe9b6_c7aa, 20)
    a = Self.step(a, b, Self.chooseLast(b, c, d), w5, 0xd62f_105d, 5)
    d = Self.step(d, a, Self.chooseLast(a, b, c), w10, 0x0244_1453, 9)
    c = Self.step(c, d, Self.chooseLast(d, a, b), w15, 0xd8a1_e681, 14)
    b = Self.step(b, c, Self.chooseLast(c, d, a), w4, 0xe7d3_fbc8, 20)
    a = Self.step(a, b, Self.chooseLast(b, c, d), w9, 0x21e1_cde6, 5)
    d = Self.step(d, a, Self.chooseLast(a, b, c), w14, 0xc337_07d6, 9)
    c = Self.step(c, d, Self.chooseLast(d, a, b), w3, 0xf4d5_0d87, 14)
    b = Self.step(b, c, Self.chooseLast(c, d, a), w8, 0x455a_14ed, 20)
    a = Self.step(a, b, Self.chooseLast(b, c, d), w13, 0xa9e3_e905, 5)
    d = Self.step(d, a, Self.chooseLast(a, b, c), w2, 0xfcef_a3f8, 9)
    c = Self.step(c, d, Self.chooseLast(d, a, b), w7, 0x676f_02d9, 14)
    b = Self.step(b, c, Self.chooseLast(c, d, a), w12, 0x8d2a_4c8a, 20)
    a = Self.step(a, b, Self.parity(b, c, d), w5, 0xfffa_3942, 4)
    d = Self.step(d, a, Self.parity(a, b, c), w8, 0x8771_f681, 11)
    c = Self.step(c, d, Self.parity(d, a, b), w11, 0x6d9d_6122, 16)
    b = Self.step(b, c, Self.parity(c, d, a), w14, 0xfde5_380c, 23)
    a = Self.step(a, b, Self.parity(b, c, d), w1, 0xa4be_ea44, 4)
    d = Self.step(d, a, Self.parity(a, b, c), w4, 0x4bde_cfa9, 11)
    c = Self.step(c, d, Self.parity(d, a, b), w7, 0xf6bb_4b60, 16)
    b = Self.step(b, c, Self.parity(c, d, a), w10, 0xbebf_bc70, 23)
    a = Self.step(a, b, Self.parity(b, c, d), w13, 0x289b_7ec6, 4)
    d = Self.step(d, a, Self.parity(a, b, c), w0, 0xeaa1_27fa, 11)
    c = Self.step(c, d, Self.parity(d, a, b), w3, 0xd4ef_3085, 16)
    b = Self.step(b, c, Self.parity(c, d, a), w6, 0x0488_1d05, 23)
    a = Self.step(a, b, Self.parity(b, c, d), w9, 0xd9d4_d039, 4)
    d = Self.step(d, a, Self.parity(a, b, c), w12, 0xe6db_99e5, 11)
    c = Self.step(c, d, Self.parity(d, a, b), w15, 0x1fa2_7cf8, 16)
    b = Self.step(b, c, Self.parity(c, d, a), w2, 0xc4ac_5665, 23)
    a = Self.step(a, b, Self.oddMix(b, c, d), w0, 0xf429_2244, 6)
    d = Self.step(d, a, Self.oddMix(a, b, c), w7, 0x432a_ff97, 10)
    c = Self.step(c, d, Self.oddMix(d, a, b), w14, 0xab94_23a7, 15)
    b = Self.step(b, c, Self.oddMix(c, d, a), w5, 0xfc93_a039, 21)
    a = Self.step(a, b, Self.oddMix(b, c, d), w12, 0x655b_59c3, 6)
    d = Self.step(d, a, Self.oddMix(a, b, c), w3, 0x8f0c_cc92, 10)
    c = Self.step(c, d, Self.oddMix(d, a, b), w10, 0xffef_f47d, 15)
    b = Self.step(b, c, Self.oddMix(c, d, a), w1, 0x8584_5dd1, 21)
    a = Self.step(a, b, Self.oddMix(b, c, d), w8, 0x6fa8_7e4f, 6)
    d = Self.step(d, a, Self.oddMix(a, b, c), w15, 0xfe2c_e6e0, 10)
    c = Self.step(c, d, Self.oddMix(d, a, b), w6, 0xa301_4314, 15)
    b = Self.step(b, c, Self.oddMix(c, d, a), w13, 0x4e08_11a1, 21)
    a = Self.step(a, b, Self.oddMix(b, c, d), w4, 0xf753_7e82, 6)
    d = Self.step(d, a, Self.oddMix(a, b, c), w11, 0xbd3a_f235, 10)
    c = Self.step(c, d, Self.oddMix(d, a, b), w2, 0x2ad7_d2bb, 15)
    b = Self.step(b, c, Self.oddMix(c, d, a), w9, 0xeb86_d391, 21)
    self.a &+= a
    self.b &+= b
    self.c &+= c
    self.d &+= d
  }
}

/// The bytes of an unfinished 64-byte block, shared by the digests.
struct BlockBuffer: Sendable {
  private(set) var bytes = InlineArray<64, UInt8>(repeating: 0)
  private(set) var fill = 0
  /// Everything that the digest was fed.
  private(set) var byteCount: UInt64 = 0

  var isFull: Bool { fill == 64 }

  mutating func clear() { fill = 0 }
  mutating func addLength(_ count: Int) { byteCount &+= UInt64(count) }

  /// Copies until the block is full or the input ends. Answers the position after what was taken.
  mutating func take(_ input: Span<UInt8>, from start: Int) -> Int {
    var position = start
    while fill < 64, position < input.count {
      bytes[fill] = input[position]
      fill += 1
      position += 1
    }
    return position
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
    (a, b, c, d) = (words[0], words[1], words[2], words[3])
    buffer = BlockBuffer(rest: rest, byteCount: try values.decode(UInt64.self, forKey: .byteCount))
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode([a, b, c, d], forKey: .words)
    try values.encode((0..<buffer.fill).map { buffer.bytes[$0] }, forKey: .rest)
    try values.encode(buffer.byteCount, forKey: .byteCount)
  }
}

extension BlockBuffer {
  fileprivate init(rest: [UInt8], byteCount: UInt64) {
    _ = take(rest.span, from: 0)
    self.byteCount = byteCount
  }
}
