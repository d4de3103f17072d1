package import EmulatorKernel
package import PayloadCodecs

/// A saved state, read again as a snapshot is, for tests that change a value of it.
extension ServiceState {
  package static func read(_ saved: JSON) throws(SnapshotError) -> Self {
    try SnapshotJSON.decode(Self.self, from: saved.serialized(), path: "state.json")
  }

  /// What is read, and fits together, of `saved` with one of its numbers at one of the ends of what
  /// numbers can be; one state for each place. How many were refused.
  package static func readWithNumbersAtEnds(
    of saved: JSON
  ) -> (taken: [(place: [String], state: Self)], refusedCount: Int) {
    let places = saved.numbersAtEnds
    let taken = places.compactMap { place, extreme -> (place: [String], state: Self)? in
      let changed = saved.replacing(place[...], with: .integer(extreme))
      guard let state = try? read(changed), state.inconsistencies.isEmpty else { return nil }
      return (place, state)
    }
    return (taken, places.count - taken.count)
  }
}
