/// What MD5 and SHA-256 share: blocks of 64 bytes, and the length in bits behind the last of them.
protocol BlockDigest: Sendable {
  /// Of a word: whether its most significant byte stands first.
  static var isBigEndian: Bool { get }
  var buffer: BlockBuffer { get set }
  /// Those of the digest, as far as it has come.
  var words: [UInt32] { get }
  init()
  mutating func compress(_ block: Span<UInt8>)
}

extension BlockDigest {
  @inline(__always)
  mutating func absorb(_ bytes: Span<UInt8>) {
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

  @inline(__always)
  func finished() -> [UInt8] {
    let bitCount = buffer.byteCount &* 8
    var padding: [UInt8] = [0x80]
    padding += [UInt8](repeating: 0, count: (119 - Int(buffer.byteCount % 64)) % 64)
    Self.append(bitCount, to: &padding)
    var last = self
    last.absorb(padding.span)
    var digest: [UInt8] = []
    for word in last.words { Self.append(word, to: &digest) }
    return digest
  }

  @inline(__always)
  static func whole(_ bytes: [UInt8]) -> [UInt8] {
    var digest = Self()
    digest.absorb(bytes.span)
    return digest.finished()
  }

  @inline(__always)
  private static func append(_ word: some FixedWidthInteger, to bytes: inout [UInt8]) {
    let word = isBigEndian ? word.byteSwapped : word
    for shift in stride(from: 0, to: word.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}

/// The bytes of an unfinished 64-byte block.
struct BlockBuffer: Sendable {
  private(set) var bytes = InlineArray<64, UInt8>(repeating: 0)
  private(set) var fill = 0
  /// Everything that the digest was fed.
  private(set) var byteCount: UInt64 = 0

  init() {}

  init(rest: [UInt8], byteCount: UInt64) {
    _ = take(rest.span, from: 0)
    self.byteCount = byteCount
  }

  var isFull: Bool { fill == 64 }
  /// What is taken and not compressed.
  var rest: [UInt8] { (0..<fill).map { bytes[$0] } }

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
