package import EmulatorKernel
import PayloadCodecs

/// What will happen by itself in a world. **Shape** in a snapshot: `{"heap": […], "lastOrder": 7}`.
package struct EventQueue<Event: Sendable & Codable>: Sendable, Codable {
  package struct Entry: DueEntry {
    package var due: VirtualInstant
    package var order: Int
    package var event: Event
  }

  private var heap = DueQueue<Entry>()
  private var lastOrder = 0
  /// Goes up with whatever is put in.
  package var revision: UInt64 { UInt64(truncatingIfNeeded: lastOrder) }

  package var first: Entry? { heap.first }
  package var heapBytes: Int { heap.heapBytes }
  /// In no order.
  package var events: [Event] { heap.entries.map(\.event) }

  package mutating func insert(_ event: Event, due: VirtualInstant) {
    lastOrder += 1
    heap.insert(Entry(due: due, order: lastOrder, event: event))
  }

  package mutating func popFirst() -> Entry? { heap.popFirst() }

  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastOrder, place + "/lastOrder")
    heap.check(place + "/heap", lastOrder: lastOrder, &findings)
  }
}
