package import PayloadCodecs

/// Encodes a state as JSON whose bytes depend on its value alone: members of objects are sorted, and
/// so are the elements of sets and the pairs of dictionaries with other keys than text or whole
/// numbers, which Swift keeps in an order that changes from run to run. What comes out is what
/// Foundation's `JSONDecoder` reads back.
package enum StateEncoder {
  package static func encode(_ value: some Encodable) throws -> JSON {
    try StateEncoding().json(of: value)
  }
}

/// One encoding, and what it has found out about types.
private final class StateEncoding {
  /// Whether values of a type are collections without an order. Asked once of each type: the question
  /// costs more than all else that is done for a value.
  private var unordered: [ObjectIdentifier: Bool] = [:]
  /// Containers that were filled and emptied, with the room that they have.
  private var spareNodes: [Node] = []

  func json<Value: Encodable>(of value: Value) throws -> JSON {
    if let json = plain(value) { return json }
    if isUnordered(value), let collection = value as? any UnorderedEncodable,
      let json = try collection.orderedJSON(self)
    {
      return json
    }
    var node = spareNodes.popLast() ?? Node()
    try value.encode(to: StateNodeEncoder(encoding: self, node: node))
    let json = node.json
    if isKnownUniquelyReferenced(&node) {
      node.content.empty()
      spareNodes.append(node)
    }
    return json
  }

  /// The same of what lies those keys deeper, which are told where something is wrong in it.
  func json<Value: Encodable>(
    of value: Value, under keys: [any CodingKey], _ key: some CodingKey
  ) throws -> JSON {
    do {
      return try json(of: value)
    } catch EncodingError.invalidValue(let value, let context) {
      throw EncodingError.invalidValue(
        value,
        .init(
          codingPath: keys + [key] + context.codingPath,
          debugDescription: context.debugDescription, underlyingError: context.underlyingError))
    }
  }

  /// What most values are, without a container; nil for all others.
  private func plain<Value: Encodable>(_ value: Value) -> JSON? {
    if Value.self == String.self { return (value as? String).map(JSON.string) }
    if Value.self == Int.self { return (value as? Int).map(JSON.integer) }
    if Value.self == Bool.self { return (value as? Bool).map(JSON.bool) }
    if Value.self == [UInt8].self {
      return (value as? [UInt8]).map { bytes in .array(bytes.map { .integer(Int($0)) }) }
    }
    return nil
  }

  private func isUnordered<Value: Encodable>(_ value: Value) -> Bool {
    let type = ObjectIdentifier(Value.self)
    if let known = unordered[type] { return known }
    let isUnordered = value is any UnorderedEncodable
    unordered[type] = isUnordered
    return isUnordered
  }
}

/// A container while it is filled.
private final class Node {
  enum Child {
    case value(JSON)
    /// One that may still be filled.
    case container(Node)

    var json: JSON {
      switch self {
      case .value(let json): json
      case .container(let node): node.json
      }
    }
  }

  struct Content {
    var single: JSON?
    var members: [(key: String, child: Child)] = []
    var elements: [Child] = []
    var isArray = false

    /// A value that encoded nothing is an empty object, as Foundation has it.
    var json: JSON {
      if let single { return single }
      if isArray { return .array(elements.map { $0.json }) }
      let places = members.map { $0.key }.placesInOrder
      return .object(JSONObject(places.map { (members[$0].key, members[$0].child.json) }))
    }

    mutating func empty() {
      single = nil
      members.removeAll(keepingCapacity: members.count < 1000)
      elements.removeAll(keepingCapacity: elements.count < 1000)
      isArray = false
    }
  }

  var content = Content()
  var json: JSON { content.json }
}

private struct StateNodeEncoder: Encoder {
  let encoding: StateEncoding
  let node: Node
  /// Between the value that is being encoded and this place of it.
  var keys: [any CodingKey] = []
  var codingPath: [any CodingKey] { keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedContainer(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.content.isArray = true
    return UnkeyedContainer(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleContainer(encoder: self)
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: StateNodeEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  private func put(_ key: some CodingKey, _ child: Node.Child) {
    encoder.node.content.members.append((key.stringValue, child))
  }

  mutating func encodeNil(forKey key: Key) throws { put(key, .value(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    put(key, .value(try encoder.encoding.json(of: value, under: encoder.keys, key)))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { nested(key).container(keyedBy: type) }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nested(SuperKey()) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func nested(_ key: some CodingKey) -> StateNodeEncoder {
    let child = Node()
    put(key, .container(child))
    return StateNodeEncoder(
      encoding: encoder.encoding, node: child, keys: encoder.keys + [key])
  }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let encoder: StateNodeEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.node.content.elements.count }

  private func put(_ child: Node.Child) { encoder.node.content.elements.append(child) }

  mutating func encodeNil() throws { put(.value(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    put(.value(try encoder.encoding.json(of: value)))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { nested().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    nested().unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nested() }

  private func nested() -> StateNodeEncoder {
    let child = Node()
    put(.container(child))
    return StateNodeEncoder(encoding: encoder.encoding, node: child, keys: encoder.keys)
  }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let encoder: StateNodeEncoder
  private var node: Node { encoder.node }
  var codingPath: [any CodingKey] { encoder.codingPath }

  init(encoder: StateNodeEncoder) { self.encoder = encoder }

  mutating func encodeNil() throws { node.content.single = .null }
  mutating func encode(_ value: Bool) throws { node.content.single = .bool(value) }
  mutating func encode(_ value: String) throws { node.content.single = .string(value) }
  mutating func encode(_ value: Float) throws { try encode(Double(value)) }
  mutating func encode(_ value: Int) throws { node.content.single = .integer(value) }
  mutating func encode(_ value: Int8) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: Int16) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: Int32) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: Int64) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: Int128) throws { node.content.single = .decimal("\(value)") }
  mutating func encode(_ value: UInt) throws { try encode(UInt64(value)) }
  mutating func encode(_ value: UInt8) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt16) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt32) throws { node.content.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt64) throws {
    node.content.single = Int(exactly: value).map { .integer($0) } ?? .decimal("\(value)")
  }
  mutating func encode(_ value: UInt128) throws { node.content.single = .decimal("\(value)") }

  mutating func encode(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "\(value) has no JSON form"))
    }
    node.content.single = .decimal("\(value)")
  }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    node.content.single = try encoder.encoding.json(of: value)
  }
}

private struct SuperKey: CodingKey {
  var stringValue: String { "super" }
  var intValue: Int? { nil }
  init() {}
  init?(stringValue: String) { return nil }
  init?(intValue: Int) { return nil }
}

/// A collection that Swift keeps in no order.
private protocol UnorderedEncodable {
  /// Nil: it encodes itself in order.
  func orderedJSON(_ encoding: StateEncoding) throws -> JSON?
}

extension Set: UnorderedEncodable where Element: Encodable {
  fileprivate func orderedJSON(_ encoding: StateEncoding) throws -> JSON? {
    .array(try map { try encoding.json(of: $0) }.sortedByText())
  }
}

/// Most of a state is this: records by their numbers, which need no dictionary of their own to be written.
extension WeighedDictionary: UnorderedEncodable where Key: Codable, Value: Codable {
  fileprivate func orderedJSON(_ encoding: StateEncoding) throws -> JSON? {
    guard Key.self is any SerialKey.Type else { return nil }
    var names: [String] = []
    var values: [JSON] = []
    for (key, box) in boxes {
      guard let serial = (key as? any SerialKey)?.serial, let value = box.value else { continue }
      let name = "\(serial)"
      names.append(name)
      values.append(try encoding.json(of: value, under: [], SerialCodingKey(stringValue: name)))
    }
    return .object(JSONObject(names.placesInOrder.map { (names[$0], values[$0]) }))
  }
}

private struct SerialCodingKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

extension Dictionary: UnorderedEncodable where Key: Encodable, Value: Encodable {
  /// Keys that are text or numbers make an object; others an array of key, value, key, value…
  fileprivate func orderedJSON(_ encoding: StateEncoding) throws -> JSON? {
    if Key.self == String.self || Key.self == Int.self { return nil }
    if Key.self is any CodingKeyRepresentable.Type { return nil }
    let pairs = try map { pair in
      (key: try encoding.json(of: pair.key), value: try encoding.json(of: pair.value))
    }
    return .array(
      pairs.map { $0.key.text }.placesInOrder.flatMap { [pairs[$0].key, pairs[$0].value] })
  }
}

extension [JSON] {
  fileprivate func sortedByText() -> [JSON] {
    map { $0.text }.placesInOrder.map { self[$0] }
  }
}
