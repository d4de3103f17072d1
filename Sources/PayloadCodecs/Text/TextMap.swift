/// A dictionary whose keys are text, the same only where their code points are: see `ExactText`.
///
/// All of it is inlinable: what is generic is else called from other modules as such, and looks for its
/// types at every call.
@usableFromInline
package struct TextMap<Value> {
  @usableFromInline package internal(set) var byText: [ExactText: Value] = [:]

  @inlinable package init() {}

  @inlinable package init(minimumCapacity: Int) {
    byText = Dictionary(minimumCapacity: minimumCapacity)
  }

  @inlinable package init(
    _ pairs: some Sequence<(String, Value)>, uniquingKeysWith combine: (Value, Value) -> Value
  ) {
    byText = Dictionary(
      pairs.lazy.map { (ExactText($0.0), $0.1) }, uniquingKeysWith: combine)
  }

  @inlinable package init(uniqueKeysWithValues pairs: some Sequence<(String, Value)>) {
    byText = Dictionary(uniqueKeysWithValues: pairs.lazy.map { (ExactText($0.0), $0.1) })
  }

  @inlinable package init(_ values: [ExactText: Value]) { byText = values }

  @inlinable package var isEmpty: Bool { byText.isEmpty }
  @inlinable package var count: Int { byText.count }
  @inlinable package var capacity: Int { byText.capacity }
  /// In no order.
  @inlinable package var keys: [String] { byText.keys.map { $0.text } }
  @inlinable package var values: Dictionary<ExactText, Value>.Values { byText.values }

  @inlinable package subscript(_ key: String) -> Value? {
    get { byText[ExactText(key)] }
    _modify { yield &byText[ExactText(key)] }
  }

  @inlinable package subscript(_ key: String, default value: @autoclosure () -> Value) -> Value {
    get { byText[ExactText(key), default: value()] }
    _modify { yield &byText[ExactText(key), default: value()] }
  }

  @discardableResult
  @inlinable package mutating func removeValue(forKey key: String) -> Value? {
    byText.removeValue(forKey: ExactText(key))
  }

  @inlinable package func merging(
    _ other: TextMap, uniquingKeysWith combine: (Value, Value) -> Value
  ) -> TextMap {
    TextMap(byText.merging(other.byText, uniquingKeysWith: combine))
  }

  /// By the order of the keys' code points.
  @inlinable package var sortedByKey: [Element] {
    let all = Array(self)
    // Closures, not key paths: those are made anew at each use in generic code.
    return all.map { $0.key }.placesInOrder.map { all[$0] }
  }
}

extension TextMap: Sequence {
  @usableFromInline package typealias Element = (key: String, value: Value)

  @usableFromInline package struct Iterator: IteratorProtocol {
    @usableFromInline var base: Dictionary<ExactText, Value>.Iterator
    @inlinable init(base: Dictionary<ExactText, Value>.Iterator) { self.base = base }
    @inlinable package mutating func next() -> Element? {
      base.next().map { (key: $0.key.text, value: $0.value) }
    }
  }

  @inlinable package func makeIterator() -> Iterator { Iterator(base: byText.makeIterator()) }
}

extension TextMap: ExpressibleByDictionaryLiteral {
  @inlinable package init(dictionaryLiteral elements: (String, Value)...) {
    self.init(elements, uniquingKeysWith: { $1 })
  }
}

extension TextMap: Sendable where Value: Sendable {}
extension TextMap: Equatable where Value: Equatable {}
extension TextMap: Hashable where Value: Hashable {}

/// **Shape**: an object, in the order of keys; where two keys are equal for readers that normalise
/// (Foundation's decoder keeps one of them), an array of key, value, key, value, ….
extension TextMap: Encodable where Value: Encodable {
  @usableFromInline package func encode(to encoder: any Encoder) throws {
    let sorted = sortedByKey
    if isWrittenAsObject {
      var object = encoder.container(keyedBy: TextKey.self)
      for (key, value) in sorted { try object.encode(value, forKey: TextKey(stringValue: key)) }
    } else {
      var array = encoder.unkeyedContainer()
      for (key, value) in sorted {
        try array.encode(key)
        try array.encode(value)
      }
    }
  }
}

extension TextMap {
  /// Whether no two keys are equal for readers that normalise.
  package var isWrittenAsObject: Bool {
    let keys = keys
    return keys.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } } || Set(keys).count == count
  }
}

extension TextMap: Decodable where Value: Decodable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    if var array = try? decoder.unkeyedContainer() {
      while !array.isAtEnd {
        let key = try array.decode(String.self)
        self[key] = try array.decode(Value.self)
      }
    } else {
      let object = try decoder.container(keyedBy: TextKey.self)
      for key in object.allKeys {
        self[key.stringValue] = try object.decode(Value.self, forKey: key)
      }
    }
  }
}

private struct TextKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

/// A set of texts, the same only where their code points are: see `ExactText`.
@usableFromInline
package struct TextSet: Sendable, Hashable {
  @usableFromInline var texts: Set<ExactText> = []

  @inlinable package init() {}
  @inlinable package init(_ texts: some Sequence<String>) { formUnion(texts) }

  @inlinable package var isEmpty: Bool { texts.isEmpty }
  @inlinable package var count: Int { texts.count }
  @inlinable package func contains(_ text: String) -> Bool { texts.contains(ExactText(text)) }

  @discardableResult
  @inlinable package mutating func insert(_ text: String) -> (
    inserted: Bool, memberAfterInsert: String
  ) {
    let (isNew, member) = texts.insert(ExactText(text))
    return (isNew, member.text)
  }

  @discardableResult
  @inlinable package mutating func remove(_ text: String) -> String? {
    texts.remove(ExactText(text))?.text
  }

  @inlinable package mutating func formUnion(_ other: some Sequence<String>) {
    for text in other { insert(text) }
  }

  @inlinable package func union(_ other: some Sequence<String>) -> TextSet {
    var union = self
    union.formUnion(other)
    return union
  }

  @inlinable package func isDisjoint(with other: TextSet) -> Bool {
    texts.isDisjoint(with: other.texts)
  }

  /// In the order of code points.
  @inlinable package func sorted() -> [String] { texts.sorted().map(\.text) }
}

extension TextSet: Sequence {
  @usableFromInline package struct Iterator: IteratorProtocol {
    @usableFromInline var base: Set<ExactText>.Iterator
    @inlinable init(base: Set<ExactText>.Iterator) { self.base = base }
    @inlinable package mutating func next() -> String? { base.next()?.text }
  }
  @inlinable package func makeIterator() -> Iterator { Iterator(base: texts.makeIterator()) }
}

extension TextSet: ExpressibleByArrayLiteral {
  @inlinable package init(arrayLiteral elements: String...) { self.init(elements) }
}

extension TextSet: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String].self))
  }
  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(sorted())
  }
}
