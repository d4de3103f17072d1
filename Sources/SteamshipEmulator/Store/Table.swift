import EmulatorKernel
import PayloadCodecs

/// Something that is kept in a `Table` and known to clients by an id.
protocol Stored: Codable, Sendable, Weighed {
  var id: String { get }
}

/// The name of a record inside the state: a serial number, so keys sort by creation and are never
/// used again.
struct Key<Record>: Hashable, Comparable, Codable, Sendable {
  let serial: Int

  init(serial: Int) { self.serial = serial }

  static func < (left: Self, right: Self) -> Bool { left.serial < right.serial }

  init(from decoder: any Decoder) throws {
    serial = try decoder.singleValueContainer().decode(Int.self)
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(serial)
  }
}

/// All records of one kind, in the order of their creation, found by key or by id.
///
/// Ids are compared without regard to letter case (contract §8): they are upper case by nature, so
/// the exact look-up nearly always hits.
struct Table<Record: Stored>: Codable, Sendable {
  private var records = WeighedDictionary<Int, Record>()
  private var serials: TextMap<Int> = [:]
  fileprivate var lastSerial = 0
  /// Every key ever given out that may still be alive.
  private var order = KeySet<Record>()

  var count: Int { records.count }

  @discardableResult
  mutating func insert(_ record: Record) -> Key<Record> {
    lastSerial += 1
    // Our own ids are upper case: their text is held once.
    let upper = record.id.asciiUppercased
    serials[upper == record.id ? record.id : upper] = lastSerial
    records[lastSerial] = record
    let key = Key<Record>(serial: lastSerial)
    order.insert(key)
    return key
  }

  /// Assign through optional chaining only; `remove` takes a record out.
  subscript(key: Key<Record>) -> Record? {
    get { records[key.serial] }
    _modify { yield &records[key.serial] }
  }

  /// Looks at a record without copying it out.
  borrowing func read<Value>(_ key: Key<Record>, _ body: (borrowing Record) -> Value) -> Value? {
    records.read(key.serial, body)
  }

  /// Changes a record in its place.
  mutating func update(_ key: Key<Record>, _ body: (inout Record) -> Void) {
    records[key.serial].change(body)
  }

  func contains(_ key: Key<Record>) -> Bool { records.contains(key.serial) }

  func key(id: String) -> Key<Record>? {
    (serials[id] ?? serials[id.asciiUppercased]).map { Key(serial: $0) }
  }

  func record(id: String) -> Record? { key(id: id).flatMap { records[$0.serial] } }

  @discardableResult
  mutating func remove(_ key: Key<Record>) -> Record? {
    guard let record = records.removeValue(forKey: key.serial) else { return nil }
    serials[record.id.asciiUppercased] = nil
    let records = records
    order.noteRemoval { records.contains($0.serial) }
    return record
  }

  /// Keys of all records, in order of creation.
  var keys: [Key<Record>] { order.keys.filter { records.contains($0.serial) } }

  /// All records, in order of creation.
  var all: [Record] { order.keys.compactMap { records[$0.serial] } }
}

extension Table: Weighed {
  /// An id stands here as the record's own text: ours are upper case.
  var heapBytes: Int { records.heapBytes + serials.spineBytes + order.heapBytes }

  /// The same, asked of every record: for tests.
  var recountedHeapBytes: Int {
    records.recountedHeapBytes + serials.spineBytes + order.heapBytes
  }
}

/// A set of keys in order of creation, made for indexes over a `Table`.
///
/// Removal is only counted; readers pass over keys whose record is gone (keys are never used again),
/// and once more than half are gone they are swept out. So removing costs constant time on average,
/// however large the index.
struct KeySet<Record>: Codable, Sendable, Weighed {
  private(set) var keys: [Key<Record>] = []
  private var goneCount = 0

  var count: Int { keys.count - goneCount }
  var isEmpty: Bool { count <= 0 }

  var heapBytes: Int { keys.spineBytes }

  mutating func insert(_ key: Key<Record>) { keys.append(key) }

  /// A record that was in here has left its table.
  mutating func noteRemoval(isAlive: (Key<Record>) -> Bool) {
    goneCount += 1
    guard goneCount * 2 > keys.count else { return }
    keys.removeAll { !isAlive($0) }
    goneCount = 0
  }
}

// MARK: What a snapshot made by hand may not have

extension Table {
  /// In no order.
  var bySerial: WeighedDictionary<Int, Record> { records }

  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastSerial, place + "/lastSerial")
    order.check(place + "/order", in: self, &findings)
    for serial in records.keys where serial < 1 || serial > lastSerial {
      findings.expect(
        false, "\(place)/records/\(serial)", "the last serial number is \(lastSerial)")
    }
    // A record that is not in the order is found by its id and never listed.
    let listed = Set(order.keys.map(\.serial))
    for serial in records.keys where !listed.contains(serial) {
      findings.expect(false, "\(place)/order", "it lacks \(serial)")
    }
    for (id, serial) in serials where records[serial]?.id.asciiUppercased != id {
      findings.expect(false, "\(place)/serials/\(id)", "it names another record, or none")
    }
  }
}

extension KeySet {
  /// - Parameter table: where the records are: what it gives out next comes behind all keys here.
  func check(_ place: String, in table: Table<Record>, _ findings: inout StateFindings)
  where Record: Stored {
    findings.expect(
      zip(keys, keys.dropFirst()).allSatisfy(<) && keys.first?.serial ?? 1 > 0
        && keys.last?.serial ?? 0 <= table.lastSerial, place, "its keys are not in order")
    findings.expect(goneCount, in: 0...keys.count, place + "/goneCount")
  }
}

extension Optional {
  /// Changes the value, if there is one, without a second reference to what it holds.
  fileprivate mutating func change(_ body: (inout Wrapped) -> Void) {
    guard case .some(var value) = self else { return }
    self = nil
    body(&value)
    self = value
  }
}
