/// A JSON value (RFC 8259) that keeps what determinism needs: the order of members and the text of
/// numbers. The emulator's own JSON, because Foundation's coders cost more than all of HTTP.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other number, as its text (`1.50`, `1e5`, `12345678901234567890`).
  case decimal(String)
  case string(String)
  case array([JSON])
  case object(JSONObject)
}

/// Members in order. A name that comes twice is kept twice; look-ups see the last one, as most
/// readers do.
public struct JSONObject: Sendable {
  public var members: [(key: String, value: JSON)]

  public init() { members = [] }
  public init(_ members: [(key: String, value: JSON)]) { self.members = members }

  /// Without those members that are null: what is not set is left out.
  package init(withoutNulls object: consuming JSONObject) {
    members = object.members
    // In its place: most objects are made for this and have nothing to lose.
    if members.contains(where: { $0.value.isNull }) { members.removeAll { $0.value.isNull } }
  }

  public var isEmpty: Bool { members.isEmpty }
  public var count: Int { members.count }
  public var keys: [String] { members.map(\.key) }

  public subscript(_ key: String) -> JSON? {
    get {
      var index = members.count
      while index > 0 {
        index -= 1
        if members[index].key == key { return members[index].value }
      }
      return nil
    }
    set {
      if let newValue {
        if let index = members.lastIndex(where: { $0.key == key }) {
          members[index].value = newValue
        } else {
          members.append((key, newValue))
        }
      } else {
        members.removeAll { $0.key == key }
      }
    }
  }
}

extension JSONObject: Equatable {
  /// Equal members, in whatever order; of a name that comes twice the last one counts.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    // A look-up goes through all members: large objects from the network need a table.
    if left.count <= 8 { return left.members.allSatisfy { right[$0.key] == left[$0.key] } }
    return left.valuesByName == right.valuesByName
  }
}

extension JSONObject {
  /// The members as a table: for who looks many of them up, since each look-up of an object goes
  /// through its members. Of a name that comes twice the last one counts.
  package var valuesByName: TextMap<JSON> {
    TextMap(members.lazy.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// Takes over the members of another object: a known name's value changes in its place, others are
  /// added at the end. In time proportional to both, unlike one assignment for each member.
  package mutating func merge(_ other: JSONObject) {
    guard count + other.count > 16 else {
      for (key, value) in other.members { self[key] = value }
      return
    }
    var places = TextMap(
      members.enumerated().lazy.map { ($1.key, $0) }, uniquingKeysWith: { $1 })
    for (key, value) in other.members {
      if let place = places[key] {
        members[place].value = value
      } else {
        places[key] = members.count
        members.append((key, value))
      }
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(unlabelled: elements)
  }

  /// Takes the pairs over as they stand: objects are made by the dozen for one answer.
  fileprivate init(unlabelled pairs: [(String, JSON)]) {
    // SAFETY: the labels of a tuple are no part of its layout.
    members = unsafe unsafeBitCast(pairs, to: [(key: String, value: JSON)].self)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral, ExpressibleByStringInterpolation
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = JSON(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(JSONObject(unlabelled: elements))
  }
  public init(nilLiteral: ()) { self = .null }
}

extension JSON {
  /// A finite number; infinities and NaN have no JSON form and become null.
  public init(_ number: Double) {
    guard number.isFinite else {
      self = .null
      return
    }
    self = .decimal("\(number)")
  }

  public init(_ text: String?) { self = text.map(JSON.string) ?? .null }

  /// As `JSONObject(withoutNulls:)`.
  package init(withoutNulls object: consuming JSONObject) {
    self = .object(JSONObject(withoutNulls: object))
  }

  /// What is written, as a tree: for those few who work with what others only send.
  package init(written write: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    write(&json)
    self =
      (try? JSON(parsing: json.bytes, weightLimit: .max, depthLimit: Self.ownDepthLimit)) ?? .null
  }

  public var isNull: Bool { if case .null = self { true } else { false } }
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
  public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// A whole number, also when it was written `3.0` or `3e0`.
  public var intValue: Int? {
    switch self {
    case .integer(let value): value
    case .decimal(let text): Double(text).flatMap { Int(exactly: $0) }
    default: nil
    }
  }

  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .decimal(let text): Double(text)
    default: nil
    }
  }

  /// The member of an object; nil for anything else.
  public subscript(_ key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  /// The element of an array; nil out of range or for anything else.
  public subscript(_ index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// What kind of value it is, in the words of an error message.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .decimal: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// Whether its text takes about that many bytes at most; looks no further than they reach.
  package func fits(within byteCount: Int) -> Bool {
    var room = byteCount
    return fits(&room)
  }

  private func fits(_ room: inout Int) -> Bool {
    room -= 8
    switch self {
    case .string(let text), .decimal(let text): room -= text.utf8.count
    case .array(let elements):
      for element in elements where !element.fits(&room) { return false }
    case .object(let object):
      for (key, value) in object.members {
        room -= key.utf8.count
        guard value.fits(&room) else { return false }
      }
    case .null, .bool, .integer: break
    }
    return room >= 0
  }

  /// Whether both are written as the same text, found out without writing it.
  package func isWritten(as other: JSON) -> Bool {
    switch (self, other) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.integer(let number), .decimal(let text)), (.decimal(let text), .integer(let number)):
      text.isExactly(String(number))
    case (.decimal(let left), .decimal(let right)), (.string(let left), .string(let right)):
      left.isExactly(right)
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isWritten(as: $1) }
    case (.object(let left), .object(let right)):
      left.count == right.count
        && zip(left.members, right.members).allSatisfy {
          $0.key.isExactly($1.key) && $0.value.isWritten(as: $1.value)
        }
    default: false
    }
  }

  /// Compact text.
  public var text: String { String(decoding: serialized(), as: UTF8.self) }

  public func serialized() -> [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }
}
