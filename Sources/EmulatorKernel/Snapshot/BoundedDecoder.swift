import PayloadCodecs

/// A value read with every whole number in it held to what can be counted on from.
///
/// Counts, serial numbers, positions and lengths of a snapshot go straight into sums: rather than to
/// guard each of them where it is used, none is let in that a world could not have come to. What a
/// number points at is for `ServiceState.inconsistencies` to check.
///
/// - Errors: `DecodingError.dataCorrupted` with the number's place.
struct Bounded<Value: Decodable>: Decodable {
  let value: Value

  init(from decoder: any Decoder) throws {
    value = try Value(from: BoundedDecoder(base: decoder))
  }
}

enum NumberBounds {
  static let whole = WholeNumbers.exact
  /// A thousand years: longer than from one end of all instants to the other.
  static let duration = Duration.seconds(-31_622_400_000)...Duration.seconds(31_622_400_000)

  /// A value that was read by its own rule: whole numbers and durations are held to their bounds.
  fileprivate static func checked<Value>(
    _ read: @autoclosure () throws -> Value, _ path: @autoclosure () -> [any CodingKey]
  ) throws -> Value {
    let value = try placed(try read(), path())
    if Value.self == Int.self, let number = value as? Int, !whole.contains(number) {
      throw tooLarge("\(number)", path())
    }
    if Value.self == Duration.self, let length = value as? Duration, !duration.contains(length) {
      throw tooLarge("\(length)", path())
    }
    return value
  }

  /// Foundation's decoder says of a number that does not fit its type neither that nor where.
  private static func placed<Value>(
    _ read: @autoclosure () throws -> Value, _ path: @autoclosure () -> [any CodingKey]
  ) throws -> Value {
    do {
      return try read()
    } catch let error as DecodingError {
      throw error
    } catch {
      throw DecodingError.dataCorrupted(
        .init(codingPath: path(), debugDescription: "the number does not fit"))
    }
  }

  private static func tooLarge(_ text: String, _ path: [any CodingKey]) -> DecodingError {
    .dataCorrupted(.init(codingPath: path, debugDescription: "\(text) is out of range"))
  }

  /// Types of which `checked` sees all, or that hold no count, or hold it to its bounds themselves: they
  /// need no second look at each of their parts, of which there may be millions.
  static func isPlain(_ type: any Decodable.Type) -> Bool {
    type == Int.self || type == String.self || type == Bool.self || type == VirtualInstant.self
      || type == ExactText.self || type == [UInt8].self || type == [String].self
      || type == UInt64.self || type == Int64.self || type == Double.self || type == UInt32.self
      || type == Int32.self || type == UInt16.self || type == Int16.self || type == UInt8.self
      || type == Int8.self || type == UInt.self || type == Float.self
  }
}

/// Passes everything on to the decoder behind it, looking at the numbers that come back.
private struct BoundedDecoder: Decoder {
  let base: any Decoder
  var codingPath: [any CodingKey] { base.codingPath }
  var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(BoundedMembers(base: try base.container(keyedBy: type)))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    BoundedElements(base: try base.unkeyedContainer())
  }
  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    BoundedValue(decoder: base, base: try base.singleValueContainer())
  }
}

private struct BoundedMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let base: KeyedDecodingContainer<Key>
  var codingPath: [any CodingKey] { base.codingPath }
  var allKeys: [Key] { base.allKeys }

  func contains(_ key: Key) -> Bool { base.contains(key) }
  func decodeNil(forKey key: Key) throws -> Bool { try base.decodeNil(forKey: key) }
  /// For each type that the protocol names.
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    if NumberBounds.isPlain(type) {
      return try NumberBounds.checked(try base.decode(type, forKey: key), codingPath + [key])
    }
    // A decoder for a member that is missing would be one for null.
    guard base.contains(key) else {
      throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: ""))
    }
    let decoder = BoundedDecoder(base: try base.superDecoder(forKey: key))
    return try NumberBounds.checked(try Value(from: decoder), codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    KeyedDecodingContainer(
      BoundedMembers<Nested>(base: try base.nestedContainer(keyedBy: type, forKey: key)))
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    BoundedElements(base: try base.nestedUnkeyedContainer(forKey: key))
  }
  func superDecoder() throws -> any Decoder { BoundedDecoder(base: try base.superDecoder()) }
  func superDecoder(forKey key: Key) throws -> any Decoder {
    BoundedDecoder(base: try base.superDecoder(forKey: key))
  }
}

private struct BoundedElements: UnkeyedDecodingContainer {
  var base: any UnkeyedDecodingContainer
  var codingPath: [any CodingKey] { base.codingPath }
  var count: Int? { base.count }
  var isAtEnd: Bool { base.isAtEnd }
  var currentIndex: Int { base.currentIndex }

  mutating func decodeNil() throws -> Bool { try base.decodeNil() }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if NumberBounds.isPlain(type) {
      let place = codingPath + [ElementKey(currentIndex)]
      return try NumberBounds.checked(try base.decode(type), place)
    }
    let decoder = try superDecoder()
    return try NumberBounds.checked(try Value(from: decoder), decoder.codingPath)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    KeyedDecodingContainer(BoundedMembers<Nested>(base: try base.nestedContainer(keyedBy: type)))
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    BoundedElements(base: try base.nestedUnkeyedContainer())
  }
  mutating func superDecoder() throws -> any Decoder {
    BoundedDecoder(base: try base.superDecoder())
  }
}

private struct BoundedValue: SingleValueDecodingContainer {
  let decoder: any Decoder
  let base: any SingleValueDecodingContainer
  var codingPath: [any CodingKey] { base.codingPath }

  func decodeNil() -> Bool { base.decodeNil() }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if NumberBounds.isPlain(type) {
      return try NumberBounds.checked(try base.decode(type), codingPath)
    }
    // What stands here alone is what the decoder itself is at.
    return try NumberBounds.checked(
      try Value(from: BoundedDecoder(base: decoder)), codingPath)
  }
}

private struct ElementKey: CodingKey {
  let index: Int
  var intValue: Int? { index }
  var stringValue: String { "\(index)" }

  init(_ index: Int) { self.index = index }
  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { return nil }
}
