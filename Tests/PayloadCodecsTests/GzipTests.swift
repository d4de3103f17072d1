import PayloadCodecs
import TestSupport
import Testing

@Suite("gzip")
struct GzipTests {
  /// gzip -9n of "hello".
  static let hello: [UInt8] = [
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0, 0x86, 0xa6,
    0x10, 0x36, 0x05, 0, 0, 0,
  ]

  static func inflate(
    _ pieces: [[UInt8]], limits: GzipLimits = GzipLimits()
  ) throws(GzipError) -> [UInt8] {
    let inflater = try Inflater(limits: limits)
    var output: [UInt8] = []
    for piece in pieces {
      try inflater.feed(piece.span) { run throws(GzipError) in output.append(contentsOf: run) }
    }
    try inflater.finish()
    return output
  }

  @Test("What we pack unpacks to the same, for content of every kind and size")
  func roundTrip() throws {
    var random = SeededNoise(2)
    for size in [0, 1, 2, 1000, 32 << 10, 300_000] {
      for content in [random.bytes(size), [UInt8](repeating: 7, count: size)] {
        for level in [0, 1, 6, 9] {
          let packed = try Gzip.compress(content, level: level)
          #expect(try Gzip.decompress(packed, outputBytesMax: size) == content)
        }
      }
    }
  }

  @Test("The same content packs to the same bytes, without a time (RFC 1952 §2.3.1 MTIME)")
  func deterministic() throws {
    let packed = try Gzip.compress(Array("hello".utf8), level: 9)
    #expect(packed == Self.hello)
    #expect(packed[4..<8].allSatisfy { $0 == 0 })
  }

  @Test("A deflater fed in pieces makes one good member")
  func pieces() throws {
    var random = SeededNoise(3)
    let content = random.bytes(100_000)
    let deflater = try Deflater()
    var packed: [UInt8] = []
    for piece in content.pieces(of: 7000) { try deflater.feed(piece.span, into: &packed) }
    try deflater.finish(into: &packed)
    #expect(try Gzip.decompress(packed, outputBytesMax: .max) == content)
    #expect(throws: GzipError.alreadyFinished) { try deflater.finish(into: &packed) }
  }

  @Test("Several members are one stream and zeros after it are padding, at every cut (gzip manual)")
  func members() throws {
    let bytes = Self.hello + Self.hello + [0, 0, 0]
    for cut in 0...bytes.count {
      #expect(try Self.inflate(bytes.pieces(cutAt: [cut])) == Array("hellohello".utf8))
    }
    #expect(try Self.inflate(bytes.pieces(of: 1)) == Array("hellohello".utf8))
  }

  @Test("Every strict prefix of a stream is truncated, never accepted")
  func truncated() {
    for end in 0..<Self.hello.count {
      #expect(throws: GzipError.truncated) { try Self.inflate([Array(Self.hello[..<end])]) }
    }
  }

  @Test("Damage has its own error: header, checksum, length, garbage behind the end")
  func damage() throws {
    #expect(throws: GzipError.badHeader) { try Self.inflate([Array("PK\u{3}\u{4} no gzip".utf8)]) }
    var bytes = Self.hello
    bytes[2] = 9
    #expect(throws: GzipError.badHeader) { try Self.inflate([bytes]) }
    for at in 17..<25 {
      var bytes = Self.hello
      bytes[at] ^= 1
      let error = #expect(throws: GzipError.self) { try Self.inflate([bytes]) }
      guard case .checksumMismatch = error else {
        Issue.record("byte \(at): \(String(describing: error))")
        continue
      }
    }
    bytes = Self.hello
    bytes[10] = 0x07  // a block of the reserved type
    #expect(throws: GzipError.damaged(offset: 11)) { try Self.inflate([bytes]) }
    for garbage: [UInt8] in [[1], [0x1f], [0x1f, 0x8c], [0, 0, 5], [0, 0x1f, 0x8b]] {
      for size in [1, 100] {
        let error = #expect(throws: GzipError.self) {
          try Self.inflate((Self.hello + garbage).pieces(of: size))
        }
        guard case .trailingGarbage = error else {
          Issue.record("\(garbage): \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test("A bomb ends at the limits, by size or by ratio")
  func bombs() throws {
    let zeros = try Gzip.compress([UInt8](repeating: 0, count: 8 << 20))
    #expect(throws: GzipError.outputTooLarge(limit: 1 << 20)) {
      try Gzip.decompress(zeros, outputBytesMax: 1 << 20)
    }
    var limits = GzipLimits(outputBytesMax: .max, ratioMax: 100, ratioFreeBytes: 1 << 20)
    #expect(throws: GzipError.ratioTooHigh(limit: 100)) {
      try Self.inflate([zeros], limits: limits)
    }
    limits.ratioFreeBytes = 16 << 20
    #expect(try Self.inflate([zeros], limits: limits).count == 8 << 20)
  }

  @Test("Mutated streams end in a typed error or a value, and never trap")
  func fuzz() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    let seeds = [
      Self.hello, try Gzip.compress(random.bytes(500)),
      try Gzip.compress(Array(String(repeating: "lorem ipsum ", count: 50).utf8)),
    ]
    for _ in 0..<3000 {
      let bytes = random.mutate(seeds[random.below(seeds.count)])
      let whole = Result { try Self.inflate([bytes]) }
      let cut = Result { try Self.inflate(bytes.pieces(of: 1 + random.below(9))) }
      #expect((try? whole.get()) == (try? cut.get()))
    }
  }
}
