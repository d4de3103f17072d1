import PayloadCodecs

/// What a value is given to encode itself: it writes into the text, or into one of its own that is put in
/// its place when the container around it is full.
struct StateValueEncoder: Encoder {
  let encoding: StateEncoding
  let container: StateContainer
  /// Between the value that is being encoded and this place of it.
  var keys: [any CodingKey] = []
  var codingPath: [any CodingKey] { keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedContainer(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    container.contents.becomeArray()
    return UnkeyedContainer(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleContainer(encoder: self)
  }

  /// Writes a member, or an element where there is no key; nothing at all of one that fails.
  fileprivate func put(_ key: String?, _ write: (StateEncoding) throws -> Void) throws {
    guard container.contents.add(key, to: &encoding.text) else { return }
    do {
      try self.write(under: key, write)
    } catch {
      container.contents.dropLast(from: &encoding.text)
      throw error
    }
  }

  private func write(
    under key: String?, _ write: (StateEncoding) throws -> Void
  ) throws {
    guard let tables = encoding.tables else { return try write(encoding) }
    guard let key else { return try encoding.whole { try write(encoding) } }
    tables.enter(key)
    defer { tables.leave() }
    try write(encoding)
  }

  /// One that may still be filled when the next ones are written.
  fileprivate func nested(_ key: String?, _ keys: [any CodingKey]) -> StateValueEncoder {
    let inner = encoding.makeInner()
    let child = StateContainer()
    if container.contents.add(key, to: &encoding.text) {
      child.contents.begin(at: 0)
      container.contents.addInner(inner, child)
    }
    return StateValueEncoder(encoding: inner, container: child, keys: keys)
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: StateValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  mutating func encodeNil(forKey key: Key) throws {
    try encoder.put(key.stringValue) { $0.text.null() }
  }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try encoder.put(key.stringValue) { try $0.write(value, under: encoder.keys, key) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { nested(key).container(keyedBy: type) }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nested(SuperKey()) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func nested(_ key: some CodingKey) -> StateValueEncoder {
    encoder.nested(key.stringValue, encoder.keys + [key])
  }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let encoder: StateValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.container.contents.starts.count }

  mutating func encodeNil() throws { try encoder.put(nil) { $0.text.null() } }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try encoder.put(nil) { try $0.write(value) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { nested().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    nested().unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nested() }

  private func nested() -> StateValueEncoder { encoder.nested(nil, encoder.keys) }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let encoder: StateValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  init(encoder: StateValueEncoder) { self.encoder = encoder }

  private func put(_ write: (StateEncoding) throws -> Void) rethrows {
    guard encoder.container.contents.becomeSingle(&encoder.encoding.text) else { return }
    try write(encoder.encoding)
  }

  private func put(_ number: some BinaryInteger) {
    put { encoding in
      if let whole = Int(exactly: number) {
        encoding.text.value(whole)
      } else {
        encoding.text.raw("\(number)")
      }
    }
  }

  mutating func encodeNil() throws { put { $0.text.null() } }
  mutating func encode(_ value: Bool) throws { put { $0.text.value(value) } }
  mutating func encode(_ value: String) throws { put { $0.text.value(value) } }
  mutating func encode(_ value: Float) throws { try encode(Double(value)) }
  mutating func encode(_ value: Int) throws { put { $0.text.value(value) } }
  mutating func encode(_ value: Int8) throws { put(value) }
  mutating func encode(_ value: Int16) throws { put(value) }
  mutating func encode(_ value: Int32) throws { put(value) }
  mutating func encode(_ value: Int64) throws { put { $0.text.value(Int(value)) } }
  mutating func encode(_ value: Int128) throws { put(value) }
  mutating func encode(_ value: UInt) throws { put(value) }
  mutating func encode(_ value: UInt8) throws { put(value) }
  mutating func encode(_ value: UInt16) throws { put(value) }
  mutating func encode(_ value: UInt32) throws { put(value) }
  mutating func encode(_ value: UInt64) throws { put(value) }
  mutating func encode(_ value: UInt128) throws { put(value) }

  mutating func encode(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "\(value) has no JSON form"))
    }
    put { $0.text.raw("\(value)") }
  }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try put { try $0.write(value) }
  }
}

private struct SuperKey: CodingKey {
  var stringValue: String { "super" }
  var intValue: Int? { nil }
  init() {}
  init?(stringValue: String) { return nil }
  init?(intValue: Int) { return nil }
}
