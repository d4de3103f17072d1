import PayloadCodecs
public import Synchronization

/// What small contents turned out to mean, of those that came last: tests send the same document again
/// and again, and to read one takes a hundred times as long as to see that it is the same.
///
/// For what nothing but the bytes decides, so that all tenants can share it. Bounded by count and bytes.
///
/// Inlinable like all that each service has of its own types: see `WeighedDictionary`.
@usableFromInline
package final class KnownContents<Meaning: Sendable>: Sendable {
  @usableFromInline struct Entry: Sendable {
    @usableFromInline let bytes: [UInt8]
    @usableFromInline let meaning: Meaning

    @inlinable init(bytes: [UInt8], meaning: Meaning) {
      self.bytes = bytes
      self.meaning = meaning
    }
  }

  @usableFromInline let bytesMax: Int
  @usableFromInline let countMax: Int
  @usableFromInline let entries = Mutex<[Entry]>([])

  @inlinable package init(bytesMax: Int, countMax: Int = 8) {
    self.bytesMax = bytesMax
    self.countMax = countMax
  }

  @inlinable package func find(_ bytes: [UInt8]) -> Meaning? {
    guard bytes.count <= bytesMax else { return nil }
    return entries.withLock { entries in
      for index in entries.indices where entries[index].bytes.isSame(as: bytes) {
        return entries[index].meaning
      }
      return nil
    }
  }

  /// The oldest makes room.
  @inlinable package func keep(_ meaning: Meaning, of bytes: [UInt8]) {
    guard bytes.count <= bytesMax else { return }
    entries.withLock { entries in
      guard !entries.contains(where: { $0.bytes.isSame(as: bytes) }) else { return }
      if entries.count >= countMax { entries.removeFirst() }
      entries.append(Entry(bytes: bytes, meaning: meaning))
    }
  }
}

extension [UInt8] {
  /// Eight bytes at a time.
  @usableFromInline func isSame(as other: [UInt8]) -> Bool {
    // SAFETY: both are read as bytes, during the call alone.
    unsafe span.bytes.equals(other.span.bytes)
  }
}
