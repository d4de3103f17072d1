/// The places of a journal's records, counted from 0 and taken in that order, each again and again.
///
/// **Cost**: records lie in chunks, made when the first of their places is taken, and so none is ever moved:
/// a journal that grows holds nobody up. The first chunks are small, since a tenant of one test has a handful
/// of exchanges, and tenants come by the thousand.
struct JournalPlaces: Sendable {
  /// What is asked of a record most, beside it: so looking touches one line of the cache.
  struct Key: BitwiseCopyable {
    /// 0: the place is free.
    var number: UInt64 = 0
    var connectionID: UInt64 = 0
    var sequenceNumber: UInt64 = 0
    var byteCount = 0
    /// The exchange for which code made this one; 0: none.
    var parent: UInt64 = 0
  }

  /// Of 2, 2, 4, 8, 16, 32, and then 64 places each.
  private var chunks: [[JournalRecord?]] = []
  /// One of each place that was ever taken.
  private(set) var keys: [Key] = []

  private static let chunkPlacesMax = 64

  /// Which chunk has a place, and where.
  private static func locate(_ place: Int) -> (chunk: Int, index: Int) {
    if place >= chunkPlacesMax {
      let beyond = place - chunkPlacesMax
      return (6 + beyond / chunkPlacesMax, beyond % chunkPlacesMax)
    }
    let chunk = place < 2 ? 0 : Int.bitWidth - 1 - place.leadingZeroBitCount
    return (chunk, place < 2 ? place : place - 1 << chunk)
  }

  private var nextChunkPlaces: Int {
    chunks.isEmpty ? 2 : chunks.count < 6 ? 1 << chunks.count : Self.chunkPlacesMax
  }

  /// Nil where the place was never taken.
  func key(_ place: Int) -> Key? { place < keys.count ? keys[place] : nil }

  /// Takes a place anew: one that was taken before, or the next.
  mutating func take(_ place: Int, _ key: Key) {
    if place < keys.count {
      keys[place] = key
    } else {
      keys.append(key)
      if Self.locate(place).chunk == chunks.count { chunks.append(Self.free(nextChunkPlaces)) }
    }
  }

  /// - Parameter byteCount: how much the record there takes now.
  mutating func setByteCount(_ place: Int, _ byteCount: Int) { keys[place].byteCount = byteCount }

  /// The record that lies there, changed in place; nil: none does.
  mutating func change<Value>(
    _ place: Int, _ body: (inout JournalRecord) -> Value
  ) -> (Value, byteCount: Int)? {
    let (chunk, index) = Self.locate(place)
    return chunks[chunk][index]?.apply(body)
  }

  mutating func put(_ record: JournalRecord, at place: Int) {
    let (chunk, index) = Self.locate(place)
    chunks[chunk][index] = record
  }

  /// Both places were taken before; none but the first has a record.
  mutating func moveRecord(from place: Int, to other: Int) {
    var moving: JournalRecord?
    let (from, to) = (Self.locate(place), Self.locate(other))
    swap(&moving, &chunks[from.chunk][from.index])
    swap(&moving, &chunks[to.chunk][to.index])
  }

  /// - Parameter isWhole: as `JournalRecord.entry(isWhole:)`.
  func entry(_ place: Int, isWhole: Bool = true) -> JournalEntry? {
    let (chunk, index) = Self.locate(place)
    return chunk < chunks.count ? chunks[chunk][index]?.entry(isWhole: isWhole) : nil
  }

  /// The place is free; what lay there may stay, to be written over.
  mutating func free(_ place: Int, keepingRecord: Bool) {
    keys[place] = Key()
    guard !keepingRecord else { return }
    let (chunk, index) = Self.locate(place)
    chunks[chunk][index] = nil
  }

  /// Written one by one: to copy nothing into all of them would take a look at each type of a record.
  private static func free(_ count: Int) -> [JournalRecord?] {
    // SAFETY: all of the places, and no others, are given a value.
    unsafe Array(unsafeUninitializedCapacity: count) { buffer, made in
      for index in 0..<count { unsafe buffer.initializeElement(at: index, to: nil) }
      made = count
    }
  }
}
