import EmulatorKernel
import Synchronization

/// Parts of worlds as they were told last: consoles and tests ask again and again for what has not
/// changed, and to see that it has not takes a hundredth of the time that writing it takes.
///
/// **Bound**: by count and size, half a MiB; nobody accounts for it.
final class WrittenWorlds: Sendable {
  enum View: Sendable { case state, inventory }

  private struct Entry {
    let view: View
    /// Unique in the process.
    let tenant: UInt32
    let service: Int
    let revision: UInt64
    let text: [UInt8]

    func isOf(_ other: Entry) -> Bool {
      view == other.view && tenant == other.tenant && service == other.service
    }
  }

  private static let countMax = 32
  /// Longer texts are not kept.
  private static let textBytesMax = 16 << 10

  private let entries = Mutex<[Entry]>([])

  /// A part of a service's world.
  /// - Parameters:
  ///   - service: its place among the services.
  ///   - write: writes it as it stands now, or later.
  func text(
    _ view: View, of live: LiveTenant, _ service: Int, _ write: (any ServiceSlot) -> [UInt8]
  ) -> [UInt8] {
    let slot = live.slots[service]
    let revision = slot.settledRevision()
    let known = entries.withLock { entries in
      entries.first {
        $0.revision == revision && $0.view == view && $0.tenant == live.id && $0.service == service
      }?.text
    }
    if let known { return known }
    let text = write(slot)
    // Of a state that has changed meanwhile, the revision will not be asked for again.
    keep(
      Entry(view: view, tenant: live.id, service: service, revision: revision, text: text))
    return text
  }

  /// What was told before of the same makes room, or else the oldest.
  private func keep(_ entry: Entry) {
    guard entry.text.count <= Self.textBytesMax else { return }
    entries.withLock { entries in
      if let index = entries.firstIndex(where: entry.isOf) {
        entries.remove(at: index)
      } else if entries.count >= Self.countMax {
        entries.removeFirst()
      }
      entries.append(entry)
    }
  }
}
