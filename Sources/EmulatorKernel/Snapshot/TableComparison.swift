import PayloadCodecs

/// The tables of a state by their places, while it is encoded: noted first, in the state as it was, and
/// then compared.
package final class TableComparison {
  private let former: TextMap<any ComparedTable>?
  /// Smaller ones are not looked for.
  private let leastCount: Int
  private var noted: TextMap<any ComparedTable> = [:]
  private var kept: [StatePlace] = []
  /// An array in the making.
  private let patches: StateEncoding
  private var place: StatePlace = []

  private init(with former: TextMap<any ComparedTable>?, leastCount: Int = 0, _ types: StateTypes) {
    self.former = former
    self.leastCount = leastCount
    patches = StateEncoding(types)
  }

  /// The tables of a value that have so many entries.
  static func tables(
    in value: some Encodable, leastCount: Int = 0, _ types: StateTypes
  ) throws -> TextMap<any ComparedTable> {
    let noting = StateEncoding(types)
    let tables = TableComparison(with: nil, leastCount: leastCount, types)
    noting.tables = tables
    try noting.write(value)
    return tables.noted
  }

  /// - Parameter former: the tables of what the value was.
  static func changes(
    of value: some Encodable, since former: TextMap<any ComparedTable>, _ types: StateTypes
  ) throws -> [UInt8] {
    let encoding = StateEncoding(types)
    let comparison = TableComparison(with: former, types)
    encoding.tables = comparison
    try encoding.write(value)
    return comparison.text(besides: encoding.text.bytes)
  }

  /// The same of what stands in a table. Nil where it is as well written whole.
  func changes<Value: Encodable>(of value: Value, since former: Value) throws -> [UInt8]? {
    let types = patches.types
    let noted = try Self.tables(in: former, leastCount: Self.largeCount, types)
    return noted.isEmpty ? nil : try Self.changes(of: value, since: noted, types)
  }

  /// From so many entries on it is shorter to tell what has become of them.
  private static let largeCount = 32

  private func text(besides state: [UInt8]) -> [UInt8] {
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
      guard table.count >= leastCount else { return false }
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

  /// A list: without its first ones, then from a place in it on.
  package func patch<Element: Encodable>(
    at place: StatePlace, dropFirst count: Int = 0, from start: Int, put: ArraySlice<Element>
  ) throws {
    try patch(at: place) { patches in
      if count > 0 {
        patches.text.beginMember("dropFirst")
        patches.text.value(count)
      }
      patches.text.beginMember("from")
      patches.text.value(start)
      try patches.array("put") { for element in put { try patches.element(element) } }
    }
  }

  /// What came or changed in a table; `former` is what it was.
  typealias Put<Key, Value> = (key: Key, value: Value, former: Value?)

  /// What is told by its own changes, and what is written whole.
  private func parted<Key, Value: Encodable>(_ put: [Put<Key, Value>]) throws -> (
    changed: [(key: Key, changes: [UInt8])], whole: [Put<Key, Value>]
  ) {
    var changed: [(key: Key, changes: [UInt8])] = []
    var whole: [Put<Key, Value>] = []
    for one in put {
      if let former = one.former, let changes = try changes(of: one.value, since: former) {
        changed.append((one.key, changes))
      } else {
        whole.append(one)
      }
    }
    return (changed, whole)
  }

  /// What has become of a table, in the form in which that is written. False: that has no patches.
  func patch<Key: Encodable, Value: Encodable>(
    at place: StatePlace, _ changes: Dictionary<Key, Value>.Changes
  ) throws -> Bool {
    if Key.self is any NamedKey.Type {
      func name(_ key: Key) -> String? { (key as? any NamedKey)?.name }
      try patch(
        at: place, dropped: changes.dropped.compactMap(name),
        put: changes.put.compactMap { key, value, former in
          name(key).map { ($0, value, former) }
        })
    } else if [Key: Value].isWrittenAsPairs {
      try patch(at: place, dropped: changes.dropped, putPairs: changes.put)
    } else {
      return false
    }
    return true
  }

  /// An object: members that went, came or changed.
  private func patch<Value: Encodable>(
    at place: StatePlace, dropped: [String], put: [Put<String, Value>]
  ) throws {
    let (changed, whole) = try parted(put)
    if !dropped.isEmpty || !whole.isEmpty {
      try patch(at: place) { patches in
        patches.text.beginMember("drop")
        patches.text.array { json in for name in dropped { json.value(name) } }
        try patches.object("put") {
          for (name, value, _) in whole {
            patches.text.beginMember(name)
            try patches.write(value)
          }
        }
      }
    }
    guard !changed.isEmpty else { return }
    patch(at: place) { patches in
      patches.object("change") {
        for (name, changes) in changed {
          patches.text.beginMember(name)
          patches.text.raw(changes.span)
        }
      }
    }
  }

  /// A list of keys and values: the same.
  private func patch<Key: Encodable, Value: Encodable>(
    at place: StatePlace, dropped: [Key], putPairs: [Put<Key, Value>]
  ) throws {
    let (changed, whole) = try parted(putPairs)
    if !dropped.isEmpty || !whole.isEmpty {
      try patch(at: place) { patches in
        try patches.array("dropPairs") { for key in dropped { try patches.element(key) } }
        try patches.array("putPairs") {
          for (key, value, _) in whole {
            try patches.element(key)
            try patches.element(value)
          }
        }
      }
    }
    guard !changed.isEmpty else { return }
    try patch(at: place) { patches in
      try patches.array("changePairs") {
        for (key, changes) in changed {
          try patches.element(key)
          patches.text.beginElement()
          patches.text.raw(changes.span)
        }
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func value(_ place: StatePlace) {
    array { json in for name in place { json.value(name) } }
  }
}

extension StateEncoding {
  /// A member that is an object.
  func object(_ name: String, _ members: () throws -> Void) rethrows {
    text.beginMember(name)
    let start = text.length
    try members()
    text.close(from: start, isArray: false)
  }

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
