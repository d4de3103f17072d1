/// What waits to be sent on a connection, in order: references to the bytes, never copies.
///
/// **Shape**: the oldest segment stands in the queue itself, since most queues never hold a second one: a
/// reader of a stream takes what has come in one piece, and that needs no array.
struct OutputQueue {
  struct Segment {
    enum Kind {
      /// Heads and framing.
      case frame
      /// Content as it stands.
      case content
      /// Content that goes out as one chunk: size line in front, CRLF behind.
      case chunk
    }
    var bytes: [UInt8]
    var kind: Kind
    /// The last one of a `QueuedResponse`.
    var endsResponse = false

    /// On the wire, with framing.
    var wireCount: Int {
      kind == .chunk ? bytes.count + OutputQueue.chunkPrefixCount(bytes.count) + 2 : bytes.count
    }
  }

  private var first: Segment?
  /// Those behind it, from `head` on.
  private var others: [Segment] = []
  private var head = 0
  /// Bytes of the first segment, framing included, that are sent already.
  private(set) var sentOfFirst = 0
  /// Bytes on the wire still to be sent.
  private(set) var byteCount = 0

  var isEmpty: Bool { first == nil }
  var count: Int { first == nil ? 0 : others.count - head + 1 }
  subscript(_ index: Int) -> Segment {
    if index == 0, let first { return first }
    return others[head + index - 1]
  }

  /// A segment without bytes is only taken if it marks an end.
  mutating func append(_ segment: Segment) {
    guard !segment.bytes.isEmpty || segment.endsResponse else { return }
    byteCount += segment.wireCount
    if first == nil { first = segment } else { others.append(segment) }
  }

  /// How many content bytes lie within the first `count` bytes of the segment's wire form.
  static func contentCount(of segment: Segment, first count: Int) -> Int {
    switch segment.kind {
    case .frame: 0
    case .content: count
    case .chunk: min(max(0, count - chunkPrefixCount(segment.bytes.count)), segment.bytes.count)
    }
  }

  /// `count` bytes were sent. Tells of each segment how much content left with it and whether it
  /// ended a response.
  mutating func advance(
    _ count: Int, _ body: (_ segment: Segment, _ contentRange: Range<Int>, _ isDone: Bool) -> Void
  ) {
    var left = count
    while let segment = first {
      let available = segment.wireCount - sentOfFirst
      let taken = min(left, available)
      if taken == 0, available > 0 { break }
      let before = Self.contentCount(of: segment, first: sentOfFirst)
      let after = Self.contentCount(of: segment, first: sentOfFirst + taken)
      left -= taken
      byteCount -= taken
      let isDone = taken == available
      sentOfFirst = isDone ? 0 : sentOfFirst + taken
      if isDone { dropFirst() }
      body(segment, before..<after, isDone)
    }
  }

  private mutating func dropFirst() {
    guard head < others.count else {
      first = nil
      return
    }
    first = others[head]
    others[head].bytes = []
    head += 1
    if head == others.count {
      // A queue that is nearly empty keeps no memory: most connections are idle.
      others = []
      head = 0
    } else if head > 256 {
      others.removeSubrange(..<head)
      head = 0
    }
  }

  mutating func removeAll() { self = OutputQueue() }

  /// Digits of the size in hexadecimal and CRLF.
  static func chunkPrefixCount(_ count: Int) -> Int {
    (max(1, Int.bitWidth - count.leadingZeroBitCount) + 3) / 4 + 2
  }
}
