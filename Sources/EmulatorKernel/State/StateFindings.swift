/// What does not fit together in a state, while it is looked through: places and reasons, the first
/// few of them.
package struct StateFindings: Sendable {
  package private(set) var found: [String] = []
  private static let countMax = 8

  package init() {}

  /// Counts and serial numbers: what a world can have come to.
  package static let counts = 0...(1 << 50)

  /// Whether nothing more needs to be looked at.
  package var isFull: Bool { found.count >= Self.countMax }

  /// - Parameter place: a JSON Pointer into the state.
  package mutating func expect(
    _ holds: Bool, _ place: @autoclosure () -> String, _ reason: @autoclosure () -> String
  ) {
    guard !holds, !isFull else { return }
    found.append("at \(place()): \(reason())")
  }

  /// A number within a range.
  package mutating func expect(
    _ number: Int, in range: ClosedRange<Int> = counts, _ place: @autoclosure () -> String
  ) {
    expect(range.contains(number), place(), "\(number) is out of range")
  }

  /// A binary heap whose first element is the next: it would otherwise be asked in a wrong order.
  package mutating func expectHeap<Element>(
    _ heap: [Element], _ place: @autoclosure () -> String,
    _ isBefore: (Element, Element) -> Bool
  ) {
    let holds = heap.indices.dropFirst().allSatisfy { !isBefore(heap[$0], heap[($0 - 1) / 2]) }
    expect(holds, place(), "what is due is not in order")
  }
}
