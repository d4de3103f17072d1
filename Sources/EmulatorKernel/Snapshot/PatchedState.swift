import PayloadCodecs

/// A state's text, put together from the one that was written whole and the changes since (their
/// shape stands at `StateEncoder.changes`). Each costs what it says, however large the state.
package struct PatchedState {
  /// In it null stands in the place of each table.
  private var state: JSON
  /// The tables, whole or, where they have been patched, but for what is in `opened`.
  private var tables: TextMap<(place: StatePlace, value: JSON)> = [:]
  /// What is being patched, by its place, and the table in which it stands.
  private var opened: TextMap<Opened> = [:]

  /// One or the other, by what it is.
  private struct Opened {
    let table: String
    let place: StatePlace
    var members: TextMap<JSON> = [:]
    var elements: [JSON] = []
    var isList: Bool

    /// As `TextMap` is written.
    var json: JSON {
      if isList { return .array(elements) }
      let sorted = members.sortedByKey
      guard members.isWrittenAsObject else {
        return .array(sorted.flatMap { [.string($0.key), $0.value] })
      }
      return .object(JSONObject(sorted.map { ($0.key, $0.value) }))
    }

    /// Where a text map was written as a list of keys and values.
    mutating func readPairs() {
      for index in stride(from: 0, to: elements.count - 1, by: 2) {
        if case .string(let key) = elements[index] { members[key] = elements[index + 1] }
      }
      (elements, isList) = ([], false)
    }
  }

  /// - Parameter text: of a whole state.
  package init(_ text: [UInt8]) throws(SnapshotError) { state = try Self.read(text) }

  private static func read(_ text: [UInt8]) throws(SnapshotError) -> JSON {
    do {
      return try JSON(parsing: text, weightLimit: .max, depthLimit: JSON.ownDepthLimit)
    } catch {
      throw .damaged("changes: \(error)")
    }
  }

  /// - Parameter text: of changes since what it is now.
  package mutating func apply(_ text: [UInt8]) throws(SnapshotError) {
    guard case .object(let changes) = try Self.read(text),
      case .array(let kept)? = changes["kept"], case .array(let patches)? = changes["patches"],
      let state = changes["state"]
    else { throw Self.unfit("they lack a member") }
    var tables: TextMap<(place: StatePlace, value: JSON)> = [:]
    for place in kept {
      let place = try Self.place(place)
      let pointer = place.pointer
      guard let table = self.tables.removeValue(forKey: pointer) ?? former(place) else {
        throw Self.unfit("there is no \(pointer)")
      }
      tables[pointer] = table
    }
    for (pointer, part) in opened where tables[part.table] == nil { opened[pointer] = nil }
    self.tables = tables
    self.state = state
    for patch in patches { try apply(patch) }
  }

  private func former(_ place: StatePlace) -> (place: StatePlace, value: JSON)? {
    state.value(at: place[...]).map { (place, $0) }
  }

  private mutating func apply(_ patch: JSON) throws(SnapshotError) {
    guard case .object(let patch) = patch, let at = patch["at"] else {
      throw Self.unfit("a patch has no place")
    }
    let place = try Self.place(at)
    if let value = patch["value"] {
      guard let name = table(of: place), let depth = tables[name]?.place.count else {
        throw Self.unfit("there is no \(place.pointer)")
      }
      tables[name]?.value.put(value, at: place[depth...])
      return
    }
    let pointer = place.pointer
    // Taken out meanwhile, and so changed in its place.
    var part: Opened
    if let former = opened.removeValue(forKey: pointer) {
      part = former
    } else {
      part = try open(place)
    }
    if part.isList, patch["drop"] != nil { part.readPairs() }
    switch (part.isList, patch["put"], patch["drop"], patch["from"]) {
    case (false, .object(let put)?, .array(let drop)?, _):
      for case .string(let name) in drop { part.members[name] = nil }
      for (name, value) in put.members { part.members[name] = value }
    case (true, .array(let put)?, _, .integer(let from)?) where 0...part.elements.count ~= from:
      part.elements.removeLast(part.elements.count - from)
      part.elements += put
    default: throw Self.unfit("a patch does not fit \(pointer)")
    }
    opened[pointer] = part
  }

  private func table(of place: StatePlace) -> String? {
    for length in stride(from: place.count, to: 0, by: -1) {
      let pointer = StatePlace(place[..<length]).pointer
      if tables[pointer] != nil { return pointer }
    }
    return nil
  }

  private func open(_ place: StatePlace) throws(SnapshotError) -> Opened {
    guard let name = table(of: place), let table = tables[name],
      let value = table.value.value(at: place[table.place.count...])
    else { throw Self.unfit("there is no \(place.pointer)") }
    switch value {
    case .object(let object):
      return Opened(table: name, place: place, members: object.valuesByName, isList: false)
    case .array(let elements):
      return Opened(table: name, place: place, elements: elements, isList: true)
    default: throw Self.unfit("\(place.pointer) cannot be patched")
    }
  }

  /// The state's text, as if it had been written whole.
  package func text() throws(SnapshotError) -> [UInt8] {
    var (state, tables) = (state, tables)
    for part in opened.values {
      let depth = tables[part.table]?.place.count ?? 0
      tables[part.table]?.value.put(part.json, at: part.place[depth...])
    }
    for table in tables.values { state.put(table.value, at: table.place[...]) }
    return state.serialized()
  }

  private static func place(_ json: JSON) throws(SnapshotError) -> StatePlace {
    guard case .array(let names) = json else { throw unfit("a place is no list") }
    return names.compactMap(\.stringValue)
  }

  private static func unfit(_ reason: String) -> SnapshotError {
    .damaged("changes that do not fit: \(reason)")
  }
}

extension JSON {
  fileprivate func value(at place: ArraySlice<String>) -> JSON? {
    guard let name = place.first else { return self }
    guard case .object(let object) = self else { return nil }
    return object[name]?.value(at: place.dropFirst())
  }

  /// Puts a value where another one is.
  fileprivate mutating func put(_ value: JSON, at place: ArraySlice<String>) {
    guard let name = place.first else {
      self = value
      return
    }
    guard case .object(var object) = self, var child = object[name] else { return }
    child.put(value, at: place.dropFirst())
    object[name] = child
    self = .object(object)
  }
}
