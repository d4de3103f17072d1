import PayloadCodecs

extension StateEncoder {
  /// What has become of a state since another moment: its tables are compared with what they were, all
  /// else is written whole. So it costs what changed, not what there is.
  ///
  /// **Shape** of the text:
  ///
  ///     {"kept": [["blocks"], …],
  ///      "patches": [{"at": ["blocks", "records"], "drop": ["3"], "put": {"7": {…}}},
  ///                  {"at": ["blocks", "order", "keys"], "from": 6, "put": [7]},
  ///                  {"at": ["blocks", "lastSerial"], "value": 7},
  ///                  {"at": ["runPositions"], "dropPairs": [KEY], "putPairs": [KEY, 7]},
  ///                  {"at": ["runs", "chunks"], "elements": [[0, 6, {…}]]}],
  ///      "state": {"blocks": null, …}}
  ///
  /// `kept` are the places of tables that are what they were, but for the patches, which come in order; in
  /// `state` null stands there. `PatchedState` puts it together.
  package static func changes(
    of state: some Encodable, since former: some Encodable
  ) throws -> [UInt8] {
    let types = StateTypes()
    let noting = StateEncoding(types)
    let tables = TableComparison(patches: StateEncoding(types))
    noting.tables = tables
    try noting.write(former)
    let encoding = StateEncoding(types)
    let comparison = TableComparison(with: tables.noted, patches: StateEncoding(types))
    encoding.tables = comparison
    try encoding.write(state)
    return comparison.text(besides: encoding.text.bytes)
  }
}

/// A collection of a state whose changes are told one by one.
package protocol ComparedTable: Encodable {
  /// False: they cannot be told, and nothing was written.
  func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool
}

/// Where something stands in a state: the names of the members that lead there.
package typealias StatePlace = [String]

extension StatePlace {
  /// One text for each place.
  var pointer: String { map { "/" + $0.asPointerToken }.joined() }
}

extension JSONWriter {
  fileprivate mutating func value(_ place: StatePlace) {
    array { json in for name in place { json.value(name) } }
  }
}

/// The tables of a state by their places, while it is encoded: noted first, in the state as it was, and
/// then compared.
package final class TableComparison {
  private let former: TextMap<any ComparedTable>?
  private(set) var noted: TextMap<any ComparedTable> = [:]
  private(set) var kept: [StatePlace] = []
  /// An array in the making.
  let patches: StateEncoding
  private var place: StatePlace = []

  init(with former: TextMap<any ComparedTable>? = nil, patches: StateEncoding) {
    self.former = former
    self.patches = patches
  }

  func text(besides state: [UInt8]) -> [UInt8] {
    patches.text.close(from: 0, isArray: true)
    var text = JSONWriter(reserving: state.count + patches.text.length)
    text.object { json in
      json.array("kept") { json in for place in kept { json.value(place) } }
      json.key("patches")
      json.raw(patches.text.bytes.span)
      json.key("state")
      json.raw(state.span)
    }
    return text.bytes
  }

  func enter(_ key: String) { place.append(key) }
  func leave() { place.removeLast() }

  /// Writes null in a table's place where its changes can be told.
  func take(_ table: some ComparedTable, _ text: inout JSONWriter) throws -> Bool {
    if let former {
      guard try isTold(table, since: former[place.pointer]) else { return false }
      kept.append(place)
    } else {
      noted[place.pointer] = table
    }
    text.null()
    return true
  }

  private func isTold<Table: ComparedTable>(
    _ table: Table, since former: (any ComparedTable)?
  ) throws -> Bool {
    guard let former = former as? Table else { return false }
    return try table.writeChanges(since: former, at: place, into: self)
  }

  /// Writes one patch, its members in order.
  func patch(at place: StatePlace, _ members: (StateEncoding) throws -> Void) rethrows {
    patches.text.beginElement()
    let start = patches.text.length
    patches.text.beginMember("at")
    patches.text.value(place)
    try members(patches)
    patches.text.close(from: start, isArray: false)
  }

  /// Elements of chunks, each with its chunk and its place in there, behind the last one too.
  package func patch<Element: Encodable>(
    at place: StatePlace, elements: [(chunk: Int, index: Int, element: Element)]
  ) throws {
    guard !elements.isEmpty else { return }
    try patch(at: place) { patches in
      try patches.array("elements") {
        for (chunk, index, element) in elements {
          patches.text.beginElement()
          let start = patches.text.length
          try patches.element(chunk)
          try patches.element(index)
          try patches.element(element)
          patches.text.close(from: start, isArray: true)
        }
      }
    }
  }

  /// A number that is told each time.
  package func patch(at place: StatePlace, value: Int) {
    patch(at: place) { patches in
      patches.text.beginMember("value")
      patches.text.value(value)
    }
  }
}

extension WeighedDictionary: ComparedTable where Key: Codable, Value: Codable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    guard Key.self is any NamedKey.Type else { return false }
    try Self.write(changes(since: former), at: place, into: comparison)
    return true
  }

  fileprivate static func write(
    _ changes: Changes, at place: StatePlace, into comparison: TableComparison
  ) throws {
    guard !changes.isEmpty else { return }
    try comparison.patch(at: place) { patches in
      patches.text.beginMember("drop")
      patches.text.array { json in
        for key in changes.dropped { json.value((key as? any NamedKey)?.name ?? "") }
      }
      patches.text.beginMember("put")
      let start = patches.text.length
      for (key, box) in changes.put {
        guard let name = (key as? any NamedKey)?.name, let value = box.value else { continue }
        patches.text.beginMember(name)
        try patches.write(value)
      }
      patches.text.close(from: start, isArray: false)
    }
  }
}

/// A key that is the name of a member where a dictionary is written.
protocol NamedKey { var name: String { get } }

extension Key: NamedKey { var name: String { "\(serial)" } }
extension ExactText: NamedKey { var name: String { text } }
extension Int: NamedKey { var name: String { "\(self)" } }

extension Table: ComparedTable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    let changes = Record.changes(in: records, since: former.records)
    // A record that came and went has left its number behind.
    guard !changes.isEmpty || lastSerial != former.lastSerial else { return true }
    try WeighedDictionary.write(changes, at: place + ["records"], into: comparison)
    writeSerials(changes, since: former, at: place + ["serials"], into: comparison)
    comparison.patch(at: place + ["lastSerial"], value: lastSerial)
    order.writeChanges(since: former.order, at: place + ["order"], into: comparison)
    return true
  }

  /// An id is told with its record: where that came or went, or gave way to another world's.
  private func writeSerials(
    _ changes: WeighedDictionary<Key<Record>, Record>.Changes, since former: Self,
    at place: StatePlace, into comparison: TableComparison
  ) {
    var dropped = changes.dropped.compactMap { former.records[$0]?.id }
    var put: [(id: String, serial: Int)] = []
    for (key, box) in changes.put {
      guard let id = box.value?.id else { continue }
      let formerID = former.records[key]?.id
      guard formerID.map({ ExactText($0) }) != ExactText(id) else { continue }
      if let formerID { dropped.append(formerID) }
      put.append((id, key.serial))
    }
    guard !put.isEmpty || !dropped.isEmpty else { return }
    comparison.patch(at: place) { patches in
      patches.text.beginMember("drop")
      patches.text.array { json in
        for id in dropped { json.value(Record.lookUpForm(of: id)) }
      }
      patches.text.beginMember("put")
      let start = patches.text.length
      for (id, serial) in put {
        patches.text.beginMember(Record.lookUpForm(of: id))
        patches.text.value(serial)
      }
      patches.text.close(from: start, isArray: false)
    }
  }
}

extension KeySet {
  fileprivate func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) {
    var common = 0
    while common < min(keys.count, former.keys.count),
      keys[common].serial == former.keys[common].serial
    { common += 1 }
    if common < keys.count || common < former.keys.count {
      comparison.patch(at: place + ["keys"]) { patches in
        patches.text.beginMember("from")
        patches.text.value(common)
        patches.text.beginMember("put")
        patches.text.array { json in for key in keys[common...] { json.value(key.serial) } }
      }
    }
    comparison.patch(at: place + ["goneCount"], value: goneCount)
  }
}

/// What is written as a list of keys and values.
extension Dictionary: ComparedTable
where Key: Encodable, Value: Encodable & Equatable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    guard Self.isWrittenAsPairs else { return false }
    let put = filter { former[$0.key] != $0.value }
    let dropped = former.keys.filter { self[$0] == nil }
    guard !put.isEmpty || !dropped.isEmpty else { return true }
    try comparison.patch(at: place) { patches in
      try patches.array("dropPairs") { for key in dropped { try patches.element(key) } }
      try patches.array("putPairs") {
        for (key, value) in put {
          try patches.element(key)
          try patches.element(value)
        }
      }
    }
    return true
  }
}

extension StateEncoding {
  /// A member that is a list.
  fileprivate func array(_ name: String, _ elements: () throws -> Void) rethrows {
    text.beginMember(name)
    let start = text.length
    try elements()
    text.close(from: start, isArray: true)
  }

  fileprivate func element(_ value: some Encodable) throws {
    text.beginElement()
    try write(value)
  }
}
