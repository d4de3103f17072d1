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
  /// What is looked at of a path that has more segments than any template: whose it was meant to be is told
  /// by its beginning.
  private static let beginning = 4

  private(set) var count = 0
  private var letters = InlineArray<576, UInt8>(repeating: 0)
  private var lengths = InlineArray<12, Int>(repeating: 0)
  private var sets = InlineArray<12, UInt64>(repeating: 0)

  init(_ target: RequestTarget) {
    let bytes = target.bytes.span
    let end = min(target.pathRange.upperBound, target.pathRange.lowerBound + Self.bytesMax)
    var index = target.pathRange.lowerBound
    while count < Self.segmentsMax, let segment = bytes.segment(from: index, to: end) {
      if segment.count <= Self.wordBytesMax { read(bytes, segment) }
      count += 1
      index = segment.upperBound
    }
    var total = count
    while total <= NearestOperationLimits.segmentsMax,
      let segment = bytes.segment(from: index, to: end)
    {
      total += 1
      index = segment.upperBound
    }
    if total > NearestOperationLimits.segmentsMax { count = Self.beginning }
  }

  private mutating func read(_ bytes: Span<UInt8>, _ segment: Range<Int>) {
    let first = count * Self.wordBytesMax
    var set: UInt64 = 0
    for (offset, index) in segment.enumerated() {
      let letter = bytes[index].asciiLowercased
      letters[first + offset] = letter
      set |= LetterSet.bit(of: letter)
    }
    lengths[count] = segment.count
    sets[count] = set
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
  static func of(_ word: some Sequence<UInt8>) -> UInt64 { word.reduce(0) { $0 | bit(of: $1) } }
}
