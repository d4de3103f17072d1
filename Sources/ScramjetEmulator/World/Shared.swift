import EmulatorKernel

/// A large value that does not change any more, with its weight, in one place for all who have it: a
/// record that holds one is copied for the price of a count.
@dynamicMemberLookup
struct Shared<Value: Weighed & Sendable>: Sendable, Weighed {
  private final class Place: Sendable {
    let value: Value
    let heapBytes: Int

    init(_ value: Value) {
      self.value = value
      heapBytes = HeapOverhead.object + MemoryLayout<Value>.size + value.heapBytes
    }
  }

  private let place: Place

  init(_ value: Value) { place = Place(value) }

  var value: Value { _read { yield place.value } }
  var heapBytes: Int { place.heapBytes }

  subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    place.value[keyPath: path]
  }

  /// Whether both are in the same place, not only equal.
  func isSame(as other: Self) -> Bool { place === other.place }
}

extension Shared: Codable where Value: Codable {
  init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(Value.self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
