import HTTPModel

/// The heads of requests that came last, each with what was read in it: a client asks the same again and
/// again, most of all one that waits for something, and its head is then the same to the last byte.
///
/// **Shape**: a few places, each chosen by how a head begins. What does not begin like a known head costs a
/// look at one place; what is not known is copied into its place once it has been read.
/// **Trust**: a head is taken for a known one only if all of its bytes are the same, the empty line at its
/// end included, and were read under the same limits; so nothing can be read in it that was not there.
struct KnownHeads: Sendable {
  /// What a head says.
  struct Reading: Sendable {
    var request: Request
    /// Another request may follow on the connection.
    var allowsNext: Bool
    /// The peer waits for 100 (Continue).
    var expectsContinue: Bool
  }

  private struct Entry: Sendable {
    var head: [UInt8] = []
    var limits = WireLimits()
    var reading: Reading?
  }

  private static let places = 8
  /// So many bytes choose the place.
  private static let leastBytes = 32
  /// Clients' heads are a tenth of it: what is longer is rare, and read each time.
  private static let mostBytes = 4 * 1024

  private var entries: [Entry] = []
  /// Where the head stands that was found or put last.
  private var last = 0

  static func takes(_ head: Span<UInt8>) -> Bool {
    head.count >= leastBytes && head.count <= mostBytes
  }

  /// The reading of the known head with which the bytes from `position` on begin; goes behind it.
  mutating func find(
    _ input: Span<UInt8>, _ position: inout Int, limits: WireLimits
  ) -> Reading? {
    guard !entries.isEmpty, input.count - position >= Self.leastBytes else { return nil }
    let index = Self.place(input, position)
    let head = entries[index].head
    guard !head.isEmpty, head.count <= input.count - position,
      input.equals(position..<position + head.count, head.span),
      entries[index].limits == limits
    else { return nil }
    position += head.count
    last = index
    return entries[index].reading
  }

  /// Puts a head into its place.
  /// - Returns: the request that stood there.
  mutating func replace(
    _ head: Span<UInt8>, _ reading: Reading, limits: WireLimits
  ) -> Request? {
    if entries.isEmpty { entries = Array(repeating: Entry(), count: Self.places) }
    let index = Self.place(head, 0)
    let former = entries[index].reading?.request
    entries[index].head.removeAll(keepingCapacity: true)
    entries[index].head.append(copying: head)
    entries[index].limits = limits
    entries[index].reading = reading
    last = index
    return former
  }

  /// More has become known of the head that was found or put last.
  mutating func change(_ request: Request) { entries[last].reading?.request = request }

  /// By the method and the beginning of the target. Whoever wants to can make all heads fall into one place;
  /// they are then read like any other.
  private static func place(_ bytes: Span<UInt8>, _ start: Int) -> Int {
    var hash: UInt64 = 0
    for offset in stride(from: 0, to: leastBytes, by: 8) {
      hash = (hash ^ bytes.word(at: start + offset)) &* 0x9E37_79B9_7F4A_7C15
    }
    return Int(truncatingIfNeeded: hash >> 61)
  }
}
