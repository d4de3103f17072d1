package import PayloadCodecs

/// Encodes a state as JSON whose bytes depend on its value alone: members of objects are sorted, and
/// so are the elements of sets and the pairs of dictionaries with other keys than text or whole
/// numbers, which Swift keeps in an order that changes from run to run. What comes out is what
/// Foundation's `JSONDecoder` reads back.
package enum StateEncoder {
  package static func encode(_ value: some Encodable) throws -> JSON {
    try Node.encoding(value, path: []).json
  }
}

/// A container while it is filled.
private final class Node {
  var single: JSON?
  var members: [(key: String, node: Node)]?
  var elements: [Node]?

  static func single(_ json: JSON) -> Node {
    let node = Node()
    node.single = json
    return node
  }

  static func encoding<Value: Encodable>(_ value: Value, path: [any CodingKey]) throws -> Node {
    if let unordered = value as? any UnorderedEncodable,
      let json = try unordered.orderedJSON({ try Node.encoding($0, path: path).json })
    {
      return .single(json)
    }
    let node = Node()
    try value.encode(to: StateNodeEncoder(node: node, codingPath: path))
    return node
  }

  /// A value that encoded nothing is an empty object, as Foundation has it.
  var json: JSON {
    if let single { return single }
    if let elements { return .array(elements.map(\.json)) }
    let members = members ?? []
    return .object(
      JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.node.json) }))
  }
}

private struct StateNodeEncoder: Encoder {
  let node: Node
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if node.members == nil { node.members = [] }
    return KeyedEncodingContainer(KeyedContainer(node: node, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if node.elements == nil { node.elements = [] }
    return UnkeyedContainer(node: node, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleContainer(node: node, codingPath: codingPath)
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: Node
  let codingPath: [any CodingKey]

  private func put(_ key: some CodingKey, _ child: Node) {
    node.members?.append((key.stringValue, child))
  }

  mutating func encodeNil(forKey key: Key) throws { put(key, .single(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    put(key, try Node.encoding(value, path: codingPath + [key]))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { encoder(key).container(keyedBy: type) }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { encoder(SuperKey()) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }

  private func encoder(_ key: some CodingKey) -> StateNodeEncoder {
    let child = Node()
    put(key, child)
    return StateNodeEncoder(node: child, codingPath: codingPath + [key])
  }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let node: Node
  let codingPath: [any CodingKey]
  var count: Int { node.elements?.count ?? 0 }

  mutating func encodeNil() throws { node.elements?.append(.single(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    node.elements?.append(try Node.encoding(value, path: codingPath))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { encoder().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    encoder().unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { encoder() }

  private func encoder() -> StateNodeEncoder {
    let child = Node()
    node.elements?.append(child)
    return StateNodeEncoder(node: child, codingPath: codingPath)
  }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let node: Node
  let codingPath: [any CodingKey]

  mutating func encodeNil() throws { node.single = .null }
  mutating func encode(_ value: Bool) throws { node.single = .bool(value) }
  mutating func encode(_ value: String) throws { node.single = .string(value) }
  mutating func encode(_ value: Float) throws { try encode(Double(value)) }
  mutating func encode(_ value: Int) throws { node.single = .integer(value) }
  mutating func encode(_ value: Int8) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: Int16) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: Int32) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: Int64) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: Int128) throws { node.single = .decimal("\(value)") }
  mutating func encode(_ value: UInt) throws { try encode(UInt64(value)) }
  mutating func encode(_ value: UInt8) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt16) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt32) throws { node.single = .integer(Int(value)) }
  mutating func encode(_ value: UInt64) throws {
    node.single = Int(exactly: value).map { .integer($0) } ?? .decimal("\(value)")
  }
  mutating func encode(_ value: UInt128) throws { node.single = .decimal("\(value)") }

  mutating func encode(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "\(value) has no JSON form"))
    }
    node.single = .decimal("\(value)")
  }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    let inner = try Node.encoding(value, path: codingPath)
    (node.single, node.members, node.elements) = (inner.single, inner.members, inner.elements)
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
  func orderedJSON(_ encode: (any Encodable) throws -> JSON) throws -> JSON?
}

extension Set: UnorderedEncodable where Element: Encodable {
  fileprivate func orderedJSON(_ encode: (any Encodable) throws -> JSON) throws -> JSON? {
    .array(try map(encode).sortedByText())
  }
}

extension Dictionary: UnorderedEncodable where Key: Encodable, Value: Encodable {
  /// Keys that are text or numbers make an object; others an array of key, value, key, value…
  fileprivate func orderedJSON(_ encode: (any Encodable) throws -> JSON) throws -> JSON? {
    if Key.self == String.self || Key.self == Int.self { return nil }
    if Key.self is any CodingKeyRepresentable.Type { return nil }
    let pairs = try map { (key: try encode($0.key), value: try encode($0.value)) }
    let sorted = pairs.map { ($0.key.text, $0) }.sorted { $0.0 < $1.0 }
    return .array(sorted.flatMap { [$0.1.key, $0.1.value] })
  }
}

extension [JSON] {
  fileprivate func sortedByText() -> [JSON] {
    map { ($0.text, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
