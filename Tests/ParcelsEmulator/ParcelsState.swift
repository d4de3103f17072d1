package import EmulatorKernel
package import PayloadCodecs

/// The parcels of one tenant: posted, and delivered an hour later.
package struct ParcelsState: ServiceState {
  /// Nobody waits for anything.
  package typealias WakeKey = Never

  package struct Parcel: Codable, Sendable, Equatable, Weighed {
    package var id: String
    package var receiver: String
    package var posted: VirtualInstant
    package var due: VirtualInstant
    package var isDelivered = false

    package var heapBytes: Int { id.heapBytes + receiver.heapBytes }
  }

  static let journey = Duration.seconds(3600)

  package private(set) var parcels = WeighedDictionary<ExactText, Parcel>()
  /// Ids of those that are under way, the oldest first.
  private var underWay: [String] = []
  package private(set) var dueRevision: UInt64 = 0

  package init() {}

  package mutating func post(
    to receiver: String, _ step: inout StepContext<WakeKey>
  ) -> Parcel {
    let parcel = Parcel(
      id: step.ids.uuid("parcel"), receiver: receiver, posted: step.now,
      due: step.now + Self.journey)
    parcels[parcel.id] = parcel
    underWay.append(parcel.id)
    dueRevision &+= 1
    return parcel
  }

  /// False when there is none of that id.
  package mutating func remove(_ id: String) -> Bool {
    underWay.removeAll { $0 == id }
    return parcels.removeValue(forKey: id) != nil
  }

  /// In order of posting.
  package var all: [Parcel] {
    parcels.values.sorted { ($0.posted, $0.id) < ($1.posted, $1.id) }
  }

  // MARK: By itself

  package var nextDue: VirtualInstant? { underWay.first.flatMap { parcels[$0]?.due } }

  package mutating func advance(_ step: inout StepContext<WakeKey>) {
    while let id = underWay.first, parcels[id]?.due ?? step.now <= step.now {
      underWay.removeFirst()
      parcels[id]?.isDelivered = true
    }
  }

  // MARK: For the kernel

  package var heapBytes: Int { parcels.heapBytes + underWay.spineBytes }
  package var recountedHeapBytes: Int { parcels.recountedHeapBytes + underWay.spineBytes }

  package var inconsistencies: [String] {
    var findings = StateFindings()
    for (index, id) in underWay.enumerated() {
      findings.expect(parcels.contains(ExactText(id)), "/underWay/\(index)", "no such parcel")
    }
    return findings.found
  }
}
