package import PayloadCodecs

/// Places in a document, for tests that change one value of it.
extension JSON {
  /// Every place that holds a number, texts that are JSON not looked into; of a run of bytes the
  /// first two.
  package var numberPlaces: [[String]] {
    switch self {
    case .integer, .decimal: return [[]]
    case .array(let elements):
      return elements.enumerated().flatMap { index, element in
        if index > 1, elements.count > 6, case .integer = element { return [[String]]() }
        return element.numberPlaces.map { ["\(index)"] + $0 }
      }
    case .object(let object):
      return object.members.flatMap { key, value in value.numberPlaces.map { [key] + $0 } }
    case .null, .bool, .string: return []
    }
  }

  /// Each of these places with a number that it does not hold, in turns.
  package var numbersAtEnds: [(place: [String], extreme: Int)] {
    let extremes = [Int.min, 0, .max, -1, 1 << 31, 1, 1 << 53]
    return numberPlaces.enumerated().map { index, place in
      let extreme = extremes[index % extremes.count]
      return (place, value(at: place) == .integer(extreme) ? 2 : extreme)
    }
  }

  package func value(at place: [String]) -> JSON? {
    place.reduce(self) { found, key in found?[key] ?? Int(key).flatMap { found?[$0] } }
  }

  package func replacing(_ place: ArraySlice<String>, with value: JSON) -> JSON {
    guard let key = place.first else { return value }
    switch self {
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else { return self }
      elements[index] = elements[index].replacing(place.dropFirst(), with: value)
      return .array(elements)
    case .object(var object):
      guard let inner = object[key] else { return self }
      object[key] = inner.replacing(place.dropFirst(), with: value)
      return .object(object)
    default: return self
    }
  }
}
