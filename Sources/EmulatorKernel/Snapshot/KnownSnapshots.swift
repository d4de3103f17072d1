package import HTTPModel
import PayloadCodecs
import Synchronization

/// The small snapshots that were put back or taken last. Test runs put the same one back before each
/// test: one that comes again to the byte is not unpacked, read and checked again. Of a world that has
/// not changed since, the archive is the one that was written.
///
/// **Bound**: by count and size, and by room of the budget. What is kept is a value: what a tenant does
/// to the world that it has of it stays the tenant's.
package final class KnownSnapshots: Sendable {
  private struct Reading {
    let packed: [UInt8]
    let content: SnapshotContent
    let lease: MemoryLease
  }

  private struct Archive {
    let moment: Moment
    let packed: Packed
  }

  /// A world's archive, with its room.
  package struct Packed: Sendable {
    package let bytes: [UInt8]
    package let lease: MemoryLease
  }

  /// A tenant that has not changed since is the same.
  package struct Moment: Sendable, Equatable {
    fileprivate let tenant: UInt32
    fileprivate let revision: UInt64
  }

  /// The last ones used at the end.
  private struct Held {
    var readings: [Reading] = []
    var archives: [Archive] = []
  }

  private static let countMax = 4
  package static let packedBytesMax = 64 << 10
  /// With its stored content.
  private static let contentBytesMax = 1 << 20
  /// Of the whole budget, for each.
  private static let budgetShare: UInt64 = 64

  private let held = Mutex(Held())

  // MARK: Read

  package func content(of packed: [UInt8]) -> SnapshotContent? {
    held.withLock { held in
      let index = held.readings.lastIndex { reading in
        // SAFETY: both are read during the call alone.
        unsafe reading.packed.span.bytes.equals(packed.span.bytes)
      }
      guard let index else { return nil }
      let reading = held.readings.remove(at: index)
      held.readings.append(reading)
      return reading.content
    }
  }

  package func keep(_ content: SnapshotContent, of packed: [UInt8], _ budget: MemoryBudget) {
    guard packed.count <= Self.packedBytesMax else { return }
    let stored = content.blobs.values.reduce(0) { $0 + $1.count }
    let weight = packed.count + content.heapBytes
    guard let lease = Self.lease(weight, beside: stored, budget) else { return }
    // Freed behind the lock.
    _ = held.withLock { held -> Reading? in
      held.readings.append(Reading(packed: packed, content: content, lease: lease))
      return held.readings.count > Self.countMax ? held.readings.removeFirst() : nil
    }
  }

  private static func lease(
    _ weight: Int, beside stored: Int = 0, _ budget: MemoryBudget
  ) -> MemoryLease? {
    let share = Int(clamping: budget.limit / budgetShare)
    guard weight + stored <= min(contentBytesMax, share) else { return nil }
    return MemoryLease(weight, of: budget)
  }

  // MARK: Written

  /// What a snapshot that is taken from now on is the archive of; nil: it cannot be told whether a later
  /// one would be the same.
  ///
  /// Whoever else uses the tenant may be about to change what has no revision, such as a rule's counts.
  package func moment(of live: LiveTenant) -> Moment? {
    if case .scaled = live.tenant.clock.mode { return nil }
    let revision = live.revision
    guard live.tenant.uses.isOne else { return nil }
    return Moment(tenant: live.id, revision: revision)
  }

  /// The archive of a tenant in which nothing has changed, and nothing is due, since it was written.
  package func archive(of live: LiveTenant) -> Packed? {
    guard let moment = moment(of: live),
      live.tenant.nextDue.map({ $0 > live.tenant.clock.now }) ?? true
    else { return nil }
    return held.withLock { held in held.archives.last { $0.moment == moment }?.packed }
  }

  package func keep(_ pieces: [[UInt8]], as moment: Moment, _ budget: MemoryBudget) {
    guard let packed = pieces.first, pieces.count == 1, packed.count <= Self.packedBytesMax,
      let lease = Self.lease(packed.count, budget)
    else { return }
    _ = held.withLock { held -> Archive? in
      held.archives.append(
        Archive(moment: moment, packed: Packed(bytes: packed, lease: lease)))
      return held.archives.count > Self.countMax ? held.archives.removeFirst() : nil
    }
  }
}
