import PayloadCodecs

/// Decodes what `StateEncoder` made, several times as fast as Foundation's decoder, every whole number
/// within its bounds as in `Bounded`.
///
/// It makes of a text what that decoder makes of it, or nothing: of members in another order, of numbers
/// in another form, of whatever is wrong, it only says that it is not sure. Then Foundation's has the say,
/// and the words.
enum StateDecoder {
  struct Unsure: Error {}

  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    guard !mayHoldSurrogates(bytes.span) else { throw Unsure() }
    let doubts = Doubts()
    let tree = try JSON(parsing: bytes, weightLimit: .max)
    let value = try Value(from: TreeDecoder(json: tree, isBounded: true, doubts: doubts))
    // Who decodes may have caught an error, to try something else.
    guard !doubts.isUnsure else { throw Unsure() }
    return value
  }

  /// An escape of half a character, which readers take differently, begins with `\ud`.
  private static func mayHoldSurrogates(_ bytes: Span<UInt8>) -> Bool {
    var index = 0
    while index + 2 < bytes.count {
      // Most blocks have no escape at all: looked for without a way out of their midst, so that the compiler
      // makes it a loop over vectors.
      let end = min(index + 128, bytes.count)
      let block = bytes.extracting(index..<end)
      var found: UInt8 = 0
      for offset in block.indices { found |= block[offset] == UInt8(ascii: "\\") ? 1 : 0 }
      while found == 1, index < end, index + 2 < bytes.count {
        if bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u"),
          bytes[index + 2] | 0x20 == UInt8(ascii: "d")
        {
          return true
        }
        index += 1
      }
      index = max(index, end)
    }
    return false
  }
}

/// Whether there was something that Foundation's decoder may see in another way.
private final class Doubts {
  private(set) var isUnsure = false

  func raise() -> StateDecoder.Unsure {
    isUnsure = true
    return StateDecoder.Unsure()
  }
}

private struct TreeDecoder: Decoder {
  let json: JSON
  let isBounded: Bool
  let doubts: Doubts
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object) = json else { throw mismatch([String: Any].self) }
    return KeyedDecodingContainer(try TreeMembers(object, self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mismatch([Any].self) }
    return TreeElements(elements: elements, decoder: self)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { TreeValue(decoder: self) }

  private func mismatch(_ type: Any.Type) -> DecodingError {
    let context = DecodingError.Context(codingPath: [], debugDescription: "")
    return json.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }

  /// A value of what lies here, or elsewhere.
  func value<Value: Decodable>(_ type: Value.Type, _ json: JSON) throws -> Value {
    if let value = try plain(type, json) { return value }
    let inner = TreeDecoder(
      json: json, isBounded: isBounded && !NumberBounds.isPlain(type), doubts: doubts)
    let value = try Value(from: inner)
    if isBounded, type == Duration.self, let duration = value as? Duration,
      !NumberBounds.duration.contains(duration)
    {
      throw doubts.raise()
    }
    return value
  }

  /// What most values are, without a container; nil for all others.
  private func plain<Value: Decodable>(_ type: Value.Type, _ json: JSON) throws -> Value? {
    if type == String.self {
      guard case .string(let text) = json else { throw mismatch(type) }
      return text as? Value
    }
    if type == Int.self {
      let number = try whole(Int.self, json)
      guard !isBounded || NumberBounds.whole.contains(number) else { throw doubts.raise() }
      return number as? Value
    }
    if type == Bool.self {
      guard case .bool(let flag) = json else { throw mismatch(type) }
      return flag as? Value
    }
    if type == [UInt8].self {
      guard case .array(let elements) = json else { throw mismatch(type) }
      return try elements.map { try whole(UInt8.self, $0) } as? Value
    }
    return nil
  }

  func whole<Number: FixedWidthInteger>(_ type: Number.Type, _ json: JSON) throws -> Number {
    switch json {
    case .integer(let number):
      guard let number = Number(exactly: number) else { throw doubts.raise() }
      return number
    case .decimal(let text):
      guard let number = Number(text), "\(number)".isExactly(text) else { throw doubts.raise() }
      return number
    default: throw mismatch(type)
    }
  }

  func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ type: Number.Type, _ json: JSON
  ) throws -> Number {
    switch json {
    case .integer(let number): return Number(number)
    case .decimal(let text):
      guard let number = Number(text), number.isFinite else { throw doubts.raise() }
      return number
    default: throw mismatch(type)
    }
  }
}

/// The members of an object, most of which are asked for in their order.
private final class MemberList {
  let members: [(key: String, value: JSON)]
  /// Of the one that was asked for last, perhaps in several steps.
  private var place = 0

  /// Nil where they do not stand as `StateEncoder` writes them.
  init?(_ object: JSONObject) {
    members = object.members
    for index in members.indices {
      let key = members[index].key
      guard key.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
      guard index == 0 || members[index - 1].key.comesBefore(key) else { return nil }
    }
  }

  func value(_ key: String) -> JSON? {
    for index in [place, place + 1] where index < members.count {
      if members[index].key.isExactly(key) { return take(index) }
    }
    // In order: halved, until what is left is the member or its place.
    var (low, high) = (0, members.count)
    while low < high {
      let middle = (low + high) / 2
      if members[middle].key.comesBefore(key) { low = middle + 1 } else { high = middle }
    }
    guard low < members.count, members[low].key.isExactly(key) else { return nil }
    return take(low)
  }

  private func take(_ index: Int) -> JSON {
    place = index
    return members[index].value
  }
}

private struct TreeMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let list: MemberList
  let decoder: TreeDecoder
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { list.members.compactMap { Key(stringValue: $0.key) } }

  init(_ object: JSONObject, _ decoder: TreeDecoder) throws {
    guard let list = MemberList(object) else { throw decoder.doubts.raise() }
    self.list = list
    self.decoder = decoder
  }

  private func member(_ key: some CodingKey) throws -> JSON {
    guard let json = list.value(key.stringValue) else {
      throw DecodingError.keyNotFound(key, .init(codingPath: [], debugDescription: ""))
    }
    return json
  }

  private func inner(_ key: some CodingKey) throws -> TreeDecoder {
    TreeDecoder(json: try member(key), isBounded: decoder.isBounded, doubts: decoder.doubts)
  }

  func contains(_ key: Key) -> Bool { list.value(key.stringValue) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
  /// For each type that the protocol names.
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decoder.value(type, try member(key))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try inner(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key).unkeyedContainer()
  }
  /// Of a class, which no state has.
  func superDecoder() throws -> any Decoder { throw decoder.doubts.raise() }
  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }
}

private struct TreeElements: UnkeyedDecodingContainer {
  let elements: [JSON]
  let decoder: TreeDecoder
  private(set) var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  init(elements: [JSON], decoder: TreeDecoder) {
    self.elements = elements
    self.decoder = decoder
  }

  private func element() throws -> JSON {
    guard !isAtEnd else { throw decoder.doubts.raise() }
    return elements[currentIndex]
  }

  /// What was asked for is passed over only when it was what it should be.
  private mutating func take<Value>(_ read: (TreeDecoder, JSON) throws -> Value) throws -> Value {
    let value = try read(decoder, try element())
    currentIndex += 1
    return value
  }

  private static func inner(_ decoder: TreeDecoder, _ json: JSON) -> TreeDecoder {
    TreeDecoder(json: json, isBounded: decoder.isBounded, doubts: decoder.doubts)
  }

  mutating func decodeNil() throws -> Bool {
    guard try element().isNull else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try take { try $0.value(type, $1) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try take { try Self.inner($0, $1).container(keyedBy: type) }
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take { try Self.inner($0, $1).unkeyedContainer() }
  }
  mutating func superDecoder() throws -> any Decoder { try take { Self.inner($0, $1) } }
}

private struct TreeValue: SingleValueDecodingContainer {
  let decoder: TreeDecoder
  var codingPath: [any CodingKey] { [] }
  private var json: JSON { decoder.json }

  init(decoder: TreeDecoder) { self.decoder = decoder }

  func decodeNil() -> Bool { json.isNull }
  func decode(_ type: Double.Type) throws -> Double { try decoder.number(type, json) }
  func decode(_ type: Float.Type) throws -> Float { try decoder.number(type, json) }
  func decode(_ type: Int8.Type) throws -> Int8 { try decoder.whole(type, json) }
  func decode(_ type: Int16.Type) throws -> Int16 { try decoder.whole(type, json) }
  func decode(_ type: Int32.Type) throws -> Int32 { try decoder.whole(type, json) }
  func decode(_ type: Int64.Type) throws -> Int64 { try decoder.whole(type, json) }
  func decode(_ type: Int128.Type) throws -> Int128 { try decoder.whole(type, json) }
  func decode(_ type: UInt.Type) throws -> UInt { try decoder.whole(type, json) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.whole(type, json) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.whole(type, json) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.whole(type, json) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.whole(type, json) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try decoder.whole(type, json) }
  func decode(_ type: String.Type) throws -> String { try decoder.value(type, json) }
  func decode(_ type: Bool.Type) throws -> Bool { try decoder.value(type, json) }
  func decode(_ type: Int.Type) throws -> Int { try decoder.value(type, json) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try decoder.value(type, json)
  }
}
