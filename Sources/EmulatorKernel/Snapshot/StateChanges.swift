package import PayloadCodecs

extension StateEncoder {
  /// What has become of a state since another moment: its tables are compared with what they were, all
  /// else is written whole. So it costs what changed, not what there is.
  ///
  /// **Shape** of the text:
  ///
  ///     {"kept": [["blocks"], …],
  ///      "patches": [{"at": ["blocks", "records"], "drop": ["3"], "put": {"7": {…}}},
  ///                  {"at": ["blocks", "order", "keys"], "dropFirst": 2, "from": 6, "put": [7]},
  ///                  {"at": ["blocks", "lastSerial"], "value": 7},
  ///                  {"at": ["runPositions"], "dropPairs": [KEY], "putPairs": [KEY, 7]},
  ///                  {"at": ["runs", "chunks"], "elements": [[0, 6, {…}]]},
  ///                  {"at": ["workspaces", "records"], "change": {"1": {"kept": …, "patches": …, "state": …}}},
  ///                  {"at": ["byBoth"], "changePairs": [KEY, {"kept": …, "patches": …, "state": …}]}],
  ///      "state": {"blocks": null, …}}
  ///
  /// `kept` are the places of tables that are what they were, but for the patches, which come in order; in
  /// `state` null stands there. What has changed and has large tables of its own is told in the same shape.
  /// `PatchedState` puts it together.
  package static func changes(
    of state: some Encodable, since former: some Encodable
  ) throws -> [UInt8] {
    let types = StateTypes()
    let noted = try TableComparison.tables(in: former, types)
    return try TableComparison.changes(of: state, since: noted, types)
  }
}

/// A collection of a state whose changes are told one by one.
package protocol ComparedTable: Encodable {
  /// About how many values are written of it.
  var count: Int { get }

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

extension WeighedDictionary: ComparedTable where Key: Codable, Value: Codable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    let changes = changes(since: former).compactMapValues { $0.value }
    return try comparison.patch(at: place, changes)
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
    _ = try comparison.patch(
      at: place + ["records"], changes.compactMapValues { $0.value })
    writeSerials(changes, since: former, at: place + ["serials"], into: comparison)
    comparison.patch(at: place + ["lastSerial"], value: lastSerial)
    return try order.writeChanges(since: former.order, at: place + ["order"], into: comparison)
  }

  /// An id is told with its record: where that came or went, or gave way to another world's.
  private func writeSerials(
    _ changes: Dictionary<Key<Record>, WeighedDictionary<Key<Record>, Record>.Box>.Changes,
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) {
    var dropped = changes.dropped.compactMap { former.records[$0]?.id }
    var put: [(id: String, serial: Int)] = []
    for (key, box, formerBox) in changes.put {
      guard let id = box.value?.id else { continue }
      let formerID = formerBox?.value?.id
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
      patches.object("put") {
        for (id, serial) in put {
          patches.text.beginMember(Record.lookUpForm(of: id))
          patches.text.value(serial)
        }
      }
    }
  }
}

extension KeySet: ComparedTable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    _ = try keys.writeChanges(since: former.keys, at: place + ["keys"], into: comparison)
    if goneCount != former.goneCount {
      comparison.patch(at: place + ["goneCount"], value: goneCount)
    }
    return true
  }
}

/// A list of records' keys: what stands behind the first one that is another.
extension Array: ComparedTable where Element: SerialKey {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    let (keys, formerKeys) = (span, former.span)
    if keys.isIdentical(to: formerKeys) { return true }
    // SAFETY: keys are whole numbers, read as bytes during the call alone.
    let commonBytes = unsafe keys.bytes.commonPrefix(with: formerKeys.bytes)
    let common = commonBytes / MemoryLayout<Element>.stride
    if common < Swift.max(count, former.count) {
      try comparison.patch(at: place, from: common, put: self[common...])
    }
    return true
  }
}

extension TextMap: ComparedTable where Value: Encodable & Equatable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    try comparison.patch(at: place, byText.changes(since: former.byText, ==))
  }
}

extension PagedDictionary: ComparedTable where Key: Codable, Value: Codable & Equatable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    try comparison.patch(at: place, changes(since: former, ==))
  }
}

/// What is written as a list of keys and values.
extension Dictionary: ComparedTable
where Key: Encodable, Value: Encodable & Equatable {
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    guard Self.isWrittenAsPairs else { return false }
    return try comparison.patch(at: place, changes(since: former, ==))
  }
}
