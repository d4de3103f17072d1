import PayloadCodecs

/// Things in the order in which they came, each once. Adding one, looking one up and taking one out
/// cost the same however many there are.
///
/// **Shape**: a place for each, in order, and where each stands. Who leaves leaves an empty place; once
/// more than half are empty they are swept out. A snapshot has them as a list.
package struct OrderedSet<Element: Hashable & Weighed & Sendable>: Sendable {
  private var places: [Element?] = []
  private var positions: [Element: Int] = [:]
  private var elementBytes = 0

  package init() {}

  package var count: Int { positions.count }
  package var isEmpty: Bool { positions.isEmpty }

  package func contains(_ element: Element) -> Bool { positions[element] != nil }

  /// Tells which of two stands first; nothing else about where it stands.
  package func position(of element: Element) -> Int? { positions[element] }

  /// Adds it at the end, unless it is there.
  package mutating func append(_ element: Element) {
    guard positions[element] == nil else { return }
    positions[element] = places.count
    places.append(element)
    elementBytes += element.heapBytes
  }

  package mutating func remove(_ element: Element) {
    guard let position = positions.removeValue(forKey: element) else { return }
    places[position] = nil
    elementBytes -= element.heapBytes
    if places.count > 16, positions.count * 2 < places.count { sweep() }
  }

  private mutating func sweep() {
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
  package struct Iterator: IteratorProtocol {
    fileprivate var places: IndexingIterator<[Element?]>

    package mutating func next() -> Element? {
      while let place = places.next() {
        if let element = place { return element }
      }
      return nil
    }
  }

  package func makeIterator() -> Iterator { Iterator(places: places.makeIterator()) }
}

extension OrderedSet: Weighed {
  package var heapBytes: Int { places.spineBytes + positions.spineBytes + elementBytes }
}

extension OrderedSet: Equatable {
  package static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}

extension OrderedSet: ExpressibleByArrayLiteral {
  package init(arrayLiteral elements: Element...) {
    for element in elements { append(element) }
  }
}

extension OrderedSet: Codable where Element: Codable {
  package init(from decoder: any Decoder) throws {
    for element in try [Element](from: decoder) { append(element) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Array(self))
  }
}

extension OrderedSet<ExactText> {
  package var texts: [String] { map(\.text) }
}
