package import PayloadCodecs

/// Encodes a state as JSON whose bytes depend on its value alone: members of objects are sorted, and
/// so are the elements of sets and the pairs of dictionaries with other keys than text or whole
/// numbers, which Swift keeps in an order that changes from run to run. What comes out is what
/// Foundation's `JSONDecoder` reads back.
package enum StateEncoder {
  package static func text(of value: some Encodable) throws -> [UInt8] {
    let encoding = StateEncoding(StateTypes())
    try encoding.write(value)
    return encoding.text.bytes
  }

  /// The same for who looks into it.
  package static func encode(_ value: some Encodable) throws -> JSON {
    try JSON(parsing: text(of: value), weightLimit: .max, depthLimit: JSON.ownDepthLimit)
  }
}

/// What an encoding has found out about types.
final class StateTypes {
  private struct Name: Hashable {
    let type: ObjectIdentifier

    /// Addresses of our own, which nobody chooses for their hashes.
    func _rawHashValue(seed: Int) -> Int {
      let product = (UInt(bitPattern: type) ^ UInt(bitPattern: seed)) &* 0x9E37_79B9_7F4A_7C15
      return Int(bitPattern: product ^ (product >> 32))
    }
  }

  private var unordered: [Name: Bool] = [:]

  /// Whether values of a type are collections without an order. Asked once of each type: the question
  /// costs more than all else that is done for a value.
  func isUnordered<Value: Encodable>(_ value: Value) -> Bool {
    let name = Name(type: ObjectIdentifier(Value.self))
    if let known = unordered[name] { return known }
    let isUnordered = value is any UnorderedEncodable
    unordered[name] = isUnordered
    return isUnordered
  }
}

/// A text in the making. It is written from front to back; the members of each container are put in order
/// where they stand, when it is full.
final class StateEncoding {
  /// SAFETY: an encoding is known to one call alone, and no access reaches into another.
  @exclusivity(unchecked) private var uncheckedText = JSONWriter()
  var text: JSONWriter {
    @inline(__always) _read { yield unsafe uncheckedText }
    @inline(__always) _modify { yield unsafe &uncheckedText }
  }
  let types: StateTypes
  /// Where only changes are written; nil in what is written whole.
  var tables: TableComparison?
  /// Containers that were filled and emptied, with the room that they have.
  private var spareContainers: [StateContainer] = []
  /// The same of texts of their own.
  private var spareEncodings: [StateEncoding] = []

  init(_ types: StateTypes) { self.types = types }

  /// Writes a value, or nothing where it cannot be encoded.
  func write<Value: Encodable>(_ value: Value) throws {
    if writePlain(value) { return }
    if let tables, let table = value as? any ComparedTable, try tables.take(table, &text) { return }
    if types.isUnordered(value), let collection = value as? any UnorderedEncodable,
      try whole({ try collection.writeInOrder(self) })
    {
      return
    }
    var container = spareContainers.popLast() ?? StateContainer()
    container.contents.begin(at: text.length)
    try value.encode(to: StateValueEncoder(encoding: self, container: container))
    close(container)
    if isKnownUniquelyReferenced(&container) { spareContainers.append(container) }
  }

  /// The same of what lies those keys deeper, which are told where something is wrong in it.
  func write<Value: Encodable>(
    _ value: Value, under keys: [any CodingKey], _ key: some CodingKey
  ) throws {
    do {
      try write(value)
    } catch EncodingError.invalidValue(let value, let context) {
      throw EncodingError.invalidValue(
        value,
        .init(
          codingPath: keys + [key] + context.codingPath,
          debugDescription: context.debugDescription, underlyingError: context.underlyingError))
    }
  }

  /// Runs `body`, in which everything is written whole: what is in there has no place of its own by which
  /// it could be found again.
  func whole<Result>(_ body: () throws -> Result) rethrows -> Result {
    let tables = self.tables
    self.tables = nil
    defer { self.tables = tables }
    return try body()
  }

  /// What most values are, without a container.
  private func writePlain<Value: Encodable>(_ value: Value) -> Bool {
    if let string = same(value, String.self) {
      text.value(string)
    } else if let number = same(value, Int.self) {
      text.value(number)
    } else if let flag = same(value, Bool.self) {
      text.value(flag)
    } else if let instant = same(value, VirtualInstant.self) {
      text.object { $0.member("nanoseconds", Int(instant.nanoseconds)) }
    } else if let bytes = same(value, [UInt8].self) {
      text.array { json in for byte in bytes { json.value(Int(byte)) } }
    } else {
      return false
    }
    return true
  }

  /// The value where it is of that type: for types that are known, without a cast.
  @inline(__always)
  private func same<Value, Other>(_ value: Value, _ type: Other.Type) -> Other? {
    guard Value.self == type else { return nil }
    // SAFETY: the two types are one.
    return unsafe unsafeBitCast(value, to: type)
  }

  /// A text of its own, for a container that may still be filled when others are written.
  func makeInner() -> StateEncoding { spareEncodings.popLast() ?? StateEncoding(types) }

  /// Ends a container with its brackets, its members in order.
  func close(_ container: StateContainer) {
    defer { container.contents.end() }
    let start = container.contents.start
    switch container.contents.kind {
    case .single: return
    case .array where container.contents.inner.isEmpty: text.close(from: start, isArray: true)
    case .array: putInOrder(container.contents, Array(container.contents.starts.indices))
    case .object where !container.contents.isInOrder:
      putInOrder(container.contents, container.contents.keys.placesInOrder)
    case .object:
      // What has a text of its own and stands last goes behind the others: most cases of an enumeration.
      for (_, encoding, inner) in container.contents.inner { take(encoding, inner, behind: &text) }
      text.close(from: start, isArray: false)
    }
  }

  private func putInOrder(_ contents: StateContents, _ places: [Int]) {
    var inner: [Int: (encoding: StateEncoding, container: StateContainer)] = [:]
    for (place, encoding, container) in contents.inner { inner[place] = (encoding, container) }
    var ordered = JSONWriter(reserving: text.length - contents.start)
    for place in places {
      let end = place + 1 < contents.starts.count ? contents.starts[place + 1] : text.length
      ordered.append(written: text.bytes.span.extracting(contents.starts[place]..<end))
      if let inner = inner[place] { take(inner.encoding, inner.container, behind: &ordered) }
    }
    text.replace(from: contents.start, by: ordered.bytes.span)
    text.close(from: contents.start, isArray: contents.kind == .array)
  }

  /// Puts the text of a container that has one of its own where it belongs.
  private func take(
    _ encoding: StateEncoding, _ inner: StateContainer, behind text: inout JSONWriter
  ) {
    encoding.close(inner)
    text.append(written: encoding.text.bytes.span)
    encoding.text.empty()
    spareEncodings.append(encoding)
  }
}

/// A container while it is filled.
final class StateContainer {
  /// SAFETY: as the text of an encoding.
  @exclusivity(unchecked) private var uncheckedContents = StateContents()
  var contents: StateContents {
    @inline(__always) _read { yield unsafe uncheckedContents }
    @inline(__always) _modify { yield unsafe &uncheckedContents }
  }
}

/// Where the members of a container stand in the text.
struct StateContents {
  enum Kind { case object, array, single }

  private(set) var start = 0
  /// Of a value that encodes nothing: an empty object, as Foundation has it.
  private(set) var kind = Kind.object
  /// The members' names; none in an array.
  private(set) var keys: [String] = []
  private(set) var starts: [Int] = []
  /// Those that have a text of their own, by their places.
  private(set) var inner: [(place: Int, encoding: StateEncoding, container: StateContainer)] = []
  /// Whoever keeps it longer than that writes into nothing.
  private var isOpen = false

  mutating func begin(at start: Int) {
    self.start = start
    isOpen = true
  }

  mutating func end() {
    isOpen = false
    kind = .object
    inner.removeAll()
    keys.removeAll(keepingCapacity: keys.count < 1000)
    starts.removeAll(keepingCapacity: starts.count < 1000)
  }

  mutating func becomeArray() { kind = .array }

  /// What was written before gives way.
  mutating func becomeSingle(_ text: inout JSONWriter) -> Bool {
    guard isOpen else { return false }
    kind = .single
    if text.length > start { text.takeBack(to: start) }
    return true
  }

  /// Begins a member, or an element.
  mutating func add(_ key: String?, to text: inout JSONWriter) -> Bool {
    guard isOpen else { return false }
    starts.append(text.length)
    if let key {
      keys.append(key)
      text.beginMember(key)
    } else {
      text.beginElement()
    }
    return true
  }

  /// Takes the last member back.
  mutating func dropLast(from text: inout JSONWriter) {
    if let start = starts.popLast() { text.takeBack(to: start) }
    if kind == .object { keys.removeLast() }
  }

  mutating func addInner(_ encoding: StateEncoding, _ container: StateContainer) {
    inner.append((starts.count - 1, encoding, container))
  }

  /// Whether all of it stands where it belongs, what has a text of its own at the end.
  var isInOrder: Bool {
    guard inner.isEmpty || inner.count == 1 && inner[0].place == starts.count - 1 else {
      return false
    }
    for index in keys.indices.dropFirst() where keys[index].comesBefore(keys[index - 1]) {
      return false
    }
    return true
  }
}

/// A collection that Swift keeps in no order.
protocol UnorderedEncodable {
  /// False: it encodes itself in order, and nothing was written.
  func writeInOrder(_ encoding: StateEncoding) throws -> Bool
}

extension Set: UnorderedEncodable where Element: Encodable {
  func writeInOrder(_ encoding: StateEncoding) throws -> Bool {
    let texts = try map { String(decoding: try encoding.textAlone(of: $0), as: UTF8.self) }
    encoding.text.array { json in
      for place in texts.placesInOrder { json.raw(texts[place]) }
    }
    return true
  }
}

/// Most of a state is this: records by their numbers, which need no dictionary of their own to be written.
extension WeighedDictionary: UnorderedEncodable where Key: Codable, Value: Codable {
  func writeInOrder(_ encoding: StateEncoding) throws -> Bool {
    guard Key.self is any SerialKey.Type else { return false }
    var names: [String] = []
    var values: [Box] = []
    for (key, box) in boxes {
      guard let serial = (key as? any SerialKey)?.serial, box.value != nil else { continue }
      names.append("\(serial)")
      values.append(box)
    }
    let start = encoding.text.length
    for place in names.placesInOrder {
      guard let value = values[place].value else { continue }
      encoding.text.beginMember(names[place])
      try encoding.write(value, under: [], SerialCodingKey(stringValue: names[place]))
    }
    encoding.text.close(from: start, isArray: false)
    return true
  }
}

private struct SerialCodingKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

extension Dictionary {
  /// Not as an object, by its keys' names.
  static var isWrittenAsPairs: Bool {
    Key.self != String.self && Key.self != Int.self
      && !(Key.self is any CodingKeyRepresentable.Type)
  }
}

extension Dictionary: UnorderedEncodable where Key: Encodable, Value: Encodable {
  /// Keys that are text or numbers make an object; others an array of key, value, key, value…
  func writeInOrder(_ encoding: StateEncoding) throws -> Bool {
    guard Self.isWrittenAsPairs else { return false }
    let pairs = Array(self)
    let keys = try pairs.map { String(decoding: try encoding.textAlone(of: $0.key), as: UTF8.self) }
    let start = encoding.text.length
    for place in keys.placesInOrder {
      encoding.text.beginElement()
      encoding.text.raw(keys[place])
      encoding.text.beginElement()
      try encoding.write(pairs[place].value)
    }
    encoding.text.close(from: start, isArray: true)
    return true
  }
}

extension StateEncoding {
  /// A value's text that is to be put in order with others before it is written.
  fileprivate func textAlone(of value: some Encodable) throws -> [UInt8] {
    let start = text.length
    defer { text.takeBack(to: start) }
    try write(value)
    return Array(text.bytes[start...])
  }
}
