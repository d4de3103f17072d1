package import PayloadCodecs

/// Encodes a state as JSON whose bytes depend on its value alone: members of objects are sorted, and
/// so are the elements of sets and the pairs of dictionaries with other keys than text or whole
/// numbers, which Swift keeps in an order that changes from run to run. What comes out is what
/// Foundation's `JSONDecoder` reads back.
package enum StateEncoder {
  package static func encode(_ value: some Encodable) throws -> JSON {
    try StateEncoding().json(of: value, at: nil)
  }
}

/// One encoding, and what it has found out about types.
private final class StateEncoding {
  /// Whether values of a type are collections without an order. Asked once of each type: the question
  /// costs more than all else that is done for a value.
  private var unordered: [ObjectIdentifier: Bool] = [:]

  func json<Value: Encodable>(
    of value: Value, at place: @autoclosure () -> Place?
  ) throws -> JSON {
    if let json = plain(value) { return json }
    let place = place()
    if isUnordered(value), let collection = value as? any UnorderedEncodable,
      let json = try collection.orderedJSON({ try self.json(of: $0, at: place) })
    {
      return json
    }
    let node = Node()
    try value.encode(to: StateNodeEncoder(encoding: self, node: node, place: place))
    return node.json
  }

  /// What most values are, without a container; nil for all others.
  private func plain<Value: Encodable>(_ value: Value) -> JSON? {
    if Value.self == String.self { return (value as? String).map(JSON.string) }
    if Value.self == Int.self { return (value as? Int).map(JSON.integer) }
    if Value.self == Bool.self { return (value as? Bool).map(JSON.bool) }
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

/// Where a value stands: a key below another place.
private final class Place {
  private let parent: Place?
  private let key: any CodingKey

  init(_ parent: Place?, _ key: some CodingKey) {
    self.parent = parent
    self.key = key
  }

  var path: [any CodingKey] { (parent?.path ?? []) + [key] }
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

  var single: JSON?
  var members: [(key: String, child: Child)]?
  var elements: [Child]?

  /// A value that encoded nothing is an empty object, as Foundation has it.
  var json: JSON {
    if let single { return single }
    if let elements { return .array(elements.map(\.json)) }
    let members = members ?? []
    return .object(
      JSONObject(members.map(\.key).placesInOrder.map { (members[$0].key, members[$0].child.json) })
    )
  }
}

private struct StateNodeEncoder: Encoder {
  let encoding: StateEncoding
  let node: Node
  let place: Place?
  var codingPath: [any CodingKey] { place?.path ?? [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if node.members == nil { node.members = [] }
    return KeyedEncodingContainer(KeyedContainer(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if node.elements == nil { node.elements = [] }
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
    encoder.node.members?.append((key.stringValue, child))
  }

  mutating func encodeNil(forKey key: Key) throws { put(key, .value(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    put(key, .value(try encoder.encoding.json(of: value, at: Place(encoder.place, key))))
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
      encoding: encoder.encoding, node: child, place: Place(encoder.place, key))
  }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let encoder: StateNodeEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.node.elements?.count ?? 0 }

  private func put(_ child: Node.Child) { encoder.node.elements?.append(child) }

  mutating func encodeNil() throws { put(.value(.null)) }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    put(.value(try encoder.encoding.json(of: value, at: encoder.place)))
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
    return StateNodeEncoder(encoding: encoder.encoding, node: child, place: encoder.place)
  }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let encoder: StateNodeEncoder
  private var node: Node { encoder.node }
  var codingPath: [any CodingKey] { encoder.codingPath }

  init(encoder: StateNodeEncoder) { self.encoder = encoder }

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
    node.single = try encoder.encoding.json(of: value, at: encoder.place)
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
    return .array(
      pairs.map(\.key.text).placesInOrder.flatMap { [pairs[$0].key, pairs[$0].value] })
  }
}

extension [JSON] {
  fileprivate func sortedByText() -> [JSON] {
    map(\.text).placesInOrder.map { self[$0] }
  }
}
