public import PayloadCodecs

/// Something that is kept in a `Table` and known to clients by an id.
@usableFromInline package protocol Stored: Codable, Sendable, Weighed {
  var id: String { get }
  /// Whether an id is also found when it is written in other letter case.
  static var idsIgnoreCase: Bool { get }

  /// Against a former copy of a table: code of the record's own type, since it looks at each of them. No
  /// record says it for itself.
  static func changes(
    in records: WeighedDictionary<Key<Self>, Self>, since former: WeighedDictionary<Key<Self>, Self>
  ) -> Dictionary<Key<Self>, WeighedDictionary<Key<Self>, Self>.Box>.Changes
}

extension Stored {
  @inlinable package static func changes(
    in records: WeighedDictionary<Key<Self>, Self>, since former: WeighedDictionary<Key<Self>, Self>
  ) -> Dictionary<Key<Self>, WeighedDictionary<Key<Self>, Self>.Box>.Changes {
    records.changes(since: former)
  }

  @usableFromInline static func lookUpForm(of id: String) -> String {
    idsIgnoreCase ? id.asciiUppercased : id
  }
}

/// The name of a record inside the state: a serial number, so keys sort by creation and are never
/// used again.
@usableFromInline
package struct Key<Record>: Hashable, Comparable, Codable, Sendable, BitwiseCopyable {
  @usableFromInline package let serial: Int

  @inlinable package init(serial: Int) { self.serial = serial }

  @inlinable package static func < (left: Self, right: Self) -> Bool { left.serial < right.serial }

  @usableFromInline package init(from decoder: any Decoder) throws {
    serial = try decoder.singleValueContainer().decode(Int.self)
  }
  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(serial)
  }

  /// In a table or a set: serial numbers are ours, so that nobody can choose them for their hashes, and
  /// two steps do what the library's hash takes a hundred for.
  @inlinable package func _rawHashValue(seed: Int) -> Int {
    let product = (UInt(bitPattern: serial) ^ UInt(bitPattern: seed)) &* 0x9E37_79B9_7F4A_7C15
    return Int(bitPattern: product ^ (product >> 32))
  }
}

/// A key of which only the number is told: `Key` of whatever record.
package protocol SerialKey: Codable, BitwiseCopyable { var serial: Int { get } }

extension Key: SerialKey {}

extension Key: CustomStringConvertible, Weighed {
  @usableFromInline package var description: String { "\(serial)" }
  @usableFromInline package var heapBytes: Int { 0 }
}

/// As the key of a dictionary it is the name of a member: `{"1": …}`.
extension Key: CodingKeyRepresentable {
  private struct Member: CodingKey {
    let serial: Int

    init(serial: Int) { self.serial = serial }
    init(intValue: Int) { serial = intValue }
    init?(stringValue: String) {
      guard let number = Int(stringValue) else { return nil }
      serial = number
    }

    var intValue: Int? { serial }
    var stringValue: String { "\(serial)" }
  }

  @usableFromInline package var codingKey: any CodingKey { Member(serial: serial) }

  @usableFromInline package init?<T: CodingKey>(codingKey: T) {
    guard let serial = codingKey.intValue ?? Int(codingKey.stringValue) else { return nil }
    self.init(serial: serial)
  }
}

/// All records of one kind, in the order of their creation, found by key or by id.
///
/// Where letter case does not matter, ids are upper case by nature, so the exact look-up nearly always
/// hits.
@usableFromInline package struct Table<Record: Stored>: Codable, Sendable {
  @usableFromInline var records = WeighedDictionary<Key<Record>, Record>()
  @usableFromInline var serials = PagedDictionary<ExactText, Int>()
  @usableFromInline var lastSerial = 0
  /// Every key ever given out that may still be alive.
  @usableFromInline var order = KeySet<Record>()
  /// Of `serials` and `order`: asked after each change of any of a state's tables.
  @usableFromInline var spineBytes = 0

  private enum CodingKeys: CodingKey { case records, serials, lastSerial, order }

  @usableFromInline package init() {}

  @usableFromInline package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    records = try container.decode(WeighedDictionary<Key<Record>, Record>.self, forKey: .records)
    serials = try container.decode(PagedDictionary<ExactText, Int>.self, forKey: .serials)
    lastSerial = try container.decode(Int.self, forKey: .lastSerial)
    order = try container.decode(KeySet<Record>.self, forKey: .order)
    noteSpine()
  }

  @inlinable mutating func noteSpine() { spineBytes = serials.spineBytes + order.heapBytes }

  @inlinable package var count: Int { records.count }

  /// See `WeighedDictionary.share`.
  package mutating func share() {
    records.share()
    spineBytes = 0
  }

  @discardableResult @inlinable
  package mutating func insert(_ record: consuming Record) -> Key<Record> {
    lastSerial += 1
    let form = Record.lookUpForm(of: record.id)
    // Our own ids are in that form: their text is held once.
    serials[form == record.id ? record.id : form] = lastSerial
    let key = Key<Record>(serial: lastSerial)
    records.insert(.init(record), key)
    order.insert(key)
    noteSpine()
    return key
  }

  /// Assign through optional chaining only; `remove` takes a record out.
  @inlinable package subscript(key: Key<Record>) -> Record? {
    get { records[key] }
    // See `WeighedDictionary`.
    @inline(__always) _modify { yield &records[key] }
  }

  /// Looks at a record without copying it out.
  @inlinable package borrowing func read<Value>(
    _ key: Key<Record>, _ body: (borrowing Record) -> Value
  )
    -> Value?
  {
    records.read(key, body)
  }

  /// The same for what a record may lack: nil, too, where it does.
  @inlinable package borrowing func read<Value>(
    _ key: Key<Record>, _ body: (borrowing Record) -> Value?
  )
    -> Value?
  {
    records.read(key, body) ?? nil
  }

  /// Looks at parts of a record in its place: see `Glance`.
  @inlinable package borrowing func glance<Value>(
    _ key: Key<Record>, _ body: (Glance<Record>) -> Value
  ) -> Value? {
    records.glance(key, body)
  }

  /// The same for what a record may lack: nil, too, where it does.
  @inlinable package borrowing func glance<Value>(
    _ key: Key<Record>, _ body: (Glance<Record>) -> Value?
  ) -> Value? {
    records.glance(key, body) ?? nil
  }

  /// Changes a record in its place.
  @inlinable package mutating func update(_ key: Key<Record>, _ body: (inout Record) -> Void) {
    records.update(key, body)
  }

  @inlinable package func contains(_ key: Key<Record>) -> Bool { records.contains(key) }

  @inlinable package func key(id: String) -> Key<Record>? {
    (serials[id] ?? serials[Record.lookUpForm(of: id)]).map { Key(serial: $0) }
  }

  @inlinable package func record(id: String) -> Record? {
    key(id: id).flatMap { records[$0] }
  }

  @discardableResult @inlinable
  package mutating func remove(_ key: Key<Record>) -> Record? {
    guard let record = records.removeValue(forKey: key) else { return nil }
    serials[Record.lookUpForm(of: record.id)] = nil
    let records = records
    order.noteRemoval { records.contains($0) }
    noteSpine()
    return record
  }

  /// Keys of all records, in order of creation.
  @inlinable package var keys: [Key<Record>] {
    // Every record stands in the order once: as many keys as records are those of the records.
    if order.keys.count == records.count { return order.keys }
    return order.keys.filter { records.contains($0) }
  }

  /// All records, in order of creation.
  @inlinable package var all: [Record] { order.keys.compactMap { records[$0] } }
}

extension Table: Recounted {
  /// An id stands here as the record's own text.
  @inlinable package var heapBytes: Int { records.heapBytes + spineBytes }

  @usableFromInline package var recountedHeapBytes: Int {
    records.recountedHeapBytes + (spineBytes == 0 ? 0 : serials.spineBytes + order.heapBytes)
  }
}

/// A set of keys in order of creation, made for indexes over a `Table`.
///
/// Removal is only counted; readers pass over keys whose record is gone (keys are never used again),
/// and once more than half are gone they are swept out. So removing costs constant time on average,
/// however large the index.
@usableFromInline package struct KeySet<Record>: Codable, Sendable, Weighed, Equatable {
  @usableFromInline package internal(set) var keys: [Key<Record>] = []
  @usableFromInline var goneCount = 0

  @inlinable package init() {}

  @inlinable package var count: Int { keys.count - goneCount }
  @inlinable package var isEmpty: Bool { count <= 0 }

  @inlinable package var heapBytes: Int { keys.spineBytes }

  @inlinable package mutating func insert(_ key: Key<Record>) { keys.append(key) }

  /// A record that was in here has left its table.
  @inlinable package mutating func noteRemoval(from table: Table<Record>) where Record: Stored {
    noteRemoval { table.contains($0) }
  }

  @inlinable mutating func noteRemoval(isAlive: (Key<Record>) -> Bool) {
    goneCount += 1
    guard goneCount * 2 > keys.count else { return }
    keys.removeAll { !isAlive($0) }
    goneCount = 0
  }
}

// MARK: What a snapshot made by hand may not have

extension Table {
  /// In no order.
  package var bySerial: WeighedDictionary<Key<Record>, Record> { records }

  package func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastSerial, place + "/lastSerial")
    order.check(place + "/order", in: self, &findings)
    for serial in records.keys.map({ $0.serial }) where serial < 1 || serial > lastSerial {
      findings.expect(
        false, "\(place)/records/\(serial)", "the last serial number is \(lastSerial)")
    }
    // A record that is not in the order is found by its id and never listed.
    let listed = Set(order.keys)
    for key in records.keys where !listed.contains(key) {
      findings.expect(false, "\(place)/order", "it lacks \(key)")
    }
    for (id, serial) in serials
    where records[Key(serial: serial)].map({ Record.lookUpForm(of: $0.id) }) != id.text {
      findings.expect(false, "\(place)/serials/\(id.text)", "it names another record, or none")
    }
  }
}

extension KeySet {
  /// - Parameter table: where the records are: what it gives out next comes behind all keys here.
  package func check(_ place: String, in table: Table<Record>, _ findings: inout StateFindings)
  where Record: Stored {
    findings.expect(
      zip(keys, keys.dropFirst()).allSatisfy(<) && keys.first?.serial ?? 1 > 0
        && keys.last?.serial ?? 0 <= table.lastSerial, place, "its keys are not in order")
    findings.expect(goneCount, in: 0...keys.count, place + "/goneCount")
  }
}

extension Optional {
  /// Changes the value, if there is one, without a second reference to what it holds.
  @inlinable mutating func change(_ body: (inout Wrapped) -> Void) {
    guard case .some(var value) = self else { return }
    self = nil
    body(&value)
    self = value
  }
}
