import PayloadCodecs

/// Things in the order in which they came, each once. Adding one, looking one up and taking one out
/// cost the same however many there are.
///
/// **Shape**: a place for each, in order, and where each stands. Who leaves leaves an empty place; once
/// more than half are empty they are swept out. A snapshot has them as a list.
@usableFromInline
package struct OrderedSet<Element: Hashable & Weighed & Sendable>: Sendable {
  @usableFromInline var places: [Element?] = []
  @usableFromInline var positions: [Element: Int] = [:]
  @usableFromInline var elementBytes = 0

  @inlinable package init() {}

  @inlinable package var count: Int { positions.count }
  @inlinable package var isEmpty: Bool { positions.isEmpty }

  @inlinable package func contains(_ element: Element) -> Bool { positions[element] != nil }

  /// Tells which of two stands first; nothing else about where it stands.
  @inlinable package func position(of element: Element) -> Int? { positions[element] }

  /// Adds it at the end, unless it is there.
  @inlinable package mutating func append(_ element: Element) {
    guard positions[element] == nil else { return }
    positions[element] = places.count
    places.append(element)
    elementBytes += element.heapBytes
  }

  @inlinable package mutating func remove(_ element: Element) {
    guard let position = positions.removeValue(forKey: element) else { return }
    places[position] = nil
    elementBytes -= element.heapBytes
    if places.count > 16, positions.count * 2 < places.count { sweep() }
  }

  @usableFromInline mutating func sweep() {
    places = Array(self)
    var fresh: [Element: Int] = [:]
    fresh.reserveCapacity(places.count)
    for (position, element) in places.enumerated() {
      if let element { fresh[element] = position }
    }
    positions = fresh
  }
}

extension OrderedSet: Swift.Sequence {
  @usableFromInline package struct Iterator: IteratorProtocol {
    @usableFromInline var places: IndexingIterator<[Element?]>

    @inlinable init(_ places: IndexingIterator<[Element?]>) { self.places = places }

    @inlinable package mutating func next() -> Element? {
      while let place = places.next() {
        if let element = place { return element }
      }
      return nil
    }
  }

  @inlinable package func makeIterator() -> Iterator { Iterator(places.makeIterator()) }
}

extension OrderedSet: Weighed {
  @inlinable package var heapBytes: Int {
    places.spineBytes + positions.spineBytes + elementBytes
  }
}

extension OrderedSet: Equatable {
  @inlinable package static func == (left: Self, right: Self) -> Bool {
    left.elementsEqual(right)
  }
}

extension OrderedSet: ExpressibleByArrayLiteral {
  @usableFromInline package init(arrayLiteral elements: Element...) {
    for element in elements { append(element) }
  }
}

extension OrderedSet: Codable where Element: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    for element in try [Element](from: decoder) { append(element) }
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Array(self))
  }
}

extension OrderedSet<ExactText> {
  package var texts: [String] { map(\.text) }
}
