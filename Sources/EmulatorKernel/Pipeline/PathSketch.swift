import HTTPModel
import PayloadCodecs

/// A path as the search for the nearest operation sees it: the beginning of its first segments, in
/// lower case.
///
/// **Cost**: reads at most `bytesMax` bytes and makes nothing on the heap, whatever the path is.
struct PathSketch {
  static let segmentsMax = 12
  /// No word of a template is longer; what is longer in a path is none of them.
  static let wordBytesMax = 48
  private static let bytesMax = 1024

  private(set) var count = 0
  private var letters = InlineArray<576, UInt8>(repeating: 0)
  private var lengths = InlineArray<12, Int>(repeating: 0)
  private var sets = InlineArray<12, UInt64>(repeating: 0)

  init(_ target: RequestTarget) {
    let bytes = target.bytes.span
    let end = min(target.pathRange.upperBound, target.pathRange.lowerBound + Self.bytesMax)
    var index = target.pathRange.lowerBound
    while index < end, count < Self.segmentsMax {
      guard bytes[index] != UInt8(ascii: "/") else {
        index += 1
        continue
      }
      index = readSegment(bytes, from: index, to: end)
    }
  }

  private mutating func readSegment(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    let first = count * Self.wordBytesMax
    var set: UInt64 = 0
    var index = start
    while index < end, bytes[index] != UInt8(ascii: "/") {
      let length = index - start
      if length < Self.wordBytesMax {
        let letter = bytes[index].asciiLowercased
        letters[first + length] = letter
        set |= LetterSet.bit(of: letter)
      }
      index += 1
    }
    lengths[count] = index - start > Self.wordBytesMax ? 0 : index - start
    sets[count] = set
    count += 1
    return index
  }

  /// 0 for a segment that is too long for a word.
  func length(of segment: Int) -> Int { lengths[segment] }
  /// Which letters occur.
  func letterSet(of segment: Int) -> UInt64 { sets[segment] }
  func letter(_ position: Int, of segment: Int) -> UInt8 {
    letters[segment * Self.wordBytesMax + position]
  }
}

/// Which letters occur in a word, as one number: words that differ much in it differ much.
enum LetterSet {
  static func bit(of letter: UInt8) -> UInt64 { 1 << UInt64(letter & 63) }
  static func of(_ word: [UInt8]) -> UInt64 { word.reduce(0) { $0 | bit(of: $1) } }
}
