public import PayloadCodecs

/// Something that can say about how much memory it takes.
@usableFromInline package protocol Weighed {
  /// About how many bytes it refers to, beyond those of its own layout. Asked after each change, so
  /// it takes constant time, or time in proportion to what cannot change any more.
  var heapBytes: Int { get }
}

/// Something that keeps a running account of what it weighs.
@usableFromInline package protocol Recounted: Weighed {
  /// The same, asked of every part anew: for tests, which hold the account to it.
  var recountedHeapBytes: Int { get }
}

/// What the allocator and the runtime put around an array or an object.
@usableFromInline package enum HeapOverhead {
  /// Allocator's header, object's header, count and capacity.
  @usableFromInline package static let array = 48
  @usableFromInline package static let object = 32

  /// What a hash table takes that has been made for `capacity` entries: a third is always free.
  @inlinable package static func table(capacity: Int, entryBytes: Int) -> Int {
    capacity == 0 ? 0 : array + 32 + (capacity + capacity / 3) * (entryBytes + 1)
  }
}

extension Int: Weighed {
  @usableFromInline package var heapBytes: Int { 0 }
}

extension String: Weighed {
  @usableFromInline package var heapBytes: Int {
    let count = utf8.count
    // Up to 15 bytes stand in the value itself.
    return count <= 15 ? 0 : HeapOverhead.array + count
  }
}

extension ExactText: Weighed {
  @usableFromInline package var heapBytes: Int { text.heapBytes }
}

extension Optional: Weighed where Wrapped: Weighed {
  @inlinable package var heapBytes: Int { self?.heapBytes ?? 0 }
}

extension Array {
  /// Of the array itself, not of what its elements refer to.
  @inlinable package var spineBytes: Int {
    capacity == 0 ? 0 : HeapOverhead.array + capacity * MemoryLayout<Element>.stride
  }
}

extension Array: Weighed where Element: Weighed {
  /// Takes time for each element, which is looked at where it lies.
  @inlinable package var heapBytes: Int {
    var sum = spineBytes
    let elements = span
    for index in elements.indices { sum += elements[index].heapBytes }
    return sum
  }
}

extension Dictionary {
  /// Of the table itself, not of what its entries refer to.
  @inlinable package var spineBytes: Int {
    HeapOverhead.table(
      capacity: capacity, entryBytes: MemoryLayout<Key>.stride + MemoryLayout<Value>.stride)
  }
}

extension TextMap {
  @inlinable package var spineBytes: Int {
    HeapOverhead.table(
      capacity: capacity, entryBytes: MemoryLayout<String>.stride + MemoryLayout<Value>.stride)
  }
}

extension Set {
  @inlinable package var spineBytes: Int {
    HeapOverhead.table(capacity: capacity, entryBytes: MemoryLayout<Element>.stride)
  }
}

extension JSON: Weighed {
  /// Takes time in proportion to the tree.
  @usableFromInline package var heapBytes: Int {
    switch self {
    case .null, .bool, .integer: 0
    case .decimal(let text), .string(let text): text.heapBytes
    case .array(let elements): elements.heapBytes
    case .object(let object): object.heapBytes
    }
  }
}

extension WrittenJSON: Weighed {
  package var heapBytes: Int { text.heapBytes }
}

extension JSONObject: Weighed {
  @usableFromInline package var heapBytes: Int {
    members.reduce(members.spineBytes) { $0 + $1.key.heapBytes + $1.value.heapBytes }
  }
}

/// A value that seldom changes, with its weight, taken once: what stands in a record that is changed
/// often.
///
/// Inlinable like all that each service has of its own types: see `WeighedDictionary`.
@dynamicMemberLookup @usableFromInline
package struct Kept<Value: Weighed & Sendable>: Sendable, Weighed {
  @usableFromInline package internal(set) var value: Value
  @usableFromInline package internal(set) var heapBytes: Int

  @inlinable package init(_ value: Value) {
    self.value = value
    heapBytes = value.heapBytes
  }

  @inlinable package init?(_ value: Value?) {
    guard let value else { return nil }
    self.init(value)
  }

  @inlinable package subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    value[keyPath: path]
  }

  @inlinable package mutating func change(_ body: (inout Value) -> Void) {
    body(&value)
    heapBytes = value.heapBytes
  }
}

extension Kept: Equatable where Value: Equatable {
  @inlinable package static func == (left: Self, right: Self) -> Bool {
    left.value == right.value
  }
}

extension Kept: Codable where Value: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(Value.self))
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
