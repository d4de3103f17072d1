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

  private struct Opened {
    enum Kind { case members, elements, pairs }

    let table: String
    let place: StatePlace
    /// What it was written as; what stands in the other ones is empty.
    var kind: Kind
    var members: TextMap<JSON> = [:]
    var elements: [JSON] = []
    /// Keys and values, by the keys' texts.
    var pairs: TextMap<(key: JSON, value: JSON)> = [:]
    /// What of these was changed in its place, by the members' names, or the keys' texts.
    var changed: TextMap<PatchedState> = [:]

    /// As the state's encoder writes it.
    var json: JSON {
      switch kind {
      case .elements: return .array(elements)
      case .pairs:
        var pairs = pairs
        for (key, state) in changed { pairs[key]?.value = state.json }
        return .array(pairs.sortedByKey.flatMap { [$0.value.key, $0.value.value] })
      case .members:
        var members = members
        for (name, state) in changed { members[name] = state.json }
        let sorted = members.sortedByKey
        guard members.isWrittenAsObject else {
          return .array(sorted.flatMap { [.string($0.key), $0.value] })
        }
        return .object(JSONObject(sorted.map { ($0.key, $0.value) }))
      }
    }

    /// Takes a list for one of keys and values, as it turns out to be.
    mutating func become(_ kind: Kind) {
      guard self.kind == .elements, kind != .elements else { return }
      for index in stride(from: 0, to: elements.count - 1, by: 2) {
        put(elements[index], elements[index + 1], kind)
      }
      (elements, self.kind) = ([], kind)
    }

    private mutating func put(_ key: JSON, _ value: JSON, _ kind: Kind) {
      if kind == .pairs {
        pairs[key.text] = (key, value)
      } else if case .string(let name) = key {
        members[name] = value
      }
    }

    /// False: it does not fit.
    mutating func apply(_ patch: JSONObject) throws(SnapshotError) -> Bool {
      if case .object(let put)? = patch["put"], case .array(let drop)? = patch["drop"] {
        become(.members)
        for case .string(let name) in drop { (members[name], changed[name]) = (nil, nil) }
        for (name, value) in put.members { (members[name], changed[name]) = (value, nil) }
        return kind == .members
      }
      if case .array(let put)? = patch["putPairs"], case .array(let drop)? = patch["dropPairs"] {
        become(.pairs)
        for key in drop { (pairs[key.text], changed[key.text]) = (nil, nil) }
        for index in stride(from: 0, to: put.count - 1, by: 2) {
          let key = put[index].text
          (pairs[key], changed[key]) = ((put[index], put[index + 1]), nil)
        }
        return kind == .pairs
      }
      if case .object(let change)? = patch["change"] {
        become(.members)
        for (name, changes) in change.members {
          guard let former = members[name] else { return false }
          members[name] = .null
          try self.change(name, former, changes)
        }
        return kind == .members
      }
      if case .array(let change)? = patch["changePairs"] {
        become(.pairs)
        for index in stride(from: 0, to: change.count - 1, by: 2) {
          let key = change[index].text
          guard let former = pairs[key] else { return false }
          pairs[key]?.value = .null
          try self.change(key, former.value, change[index + 1])
        }
        return kind == .pairs
      }
      if case .array(let put)? = patch["put"], case .integer(let from)? = patch["from"] {
        if case .integer(let count)? = patch["dropFirst"] {
          guard 0...elements.count ~= count else { return false }
          elements.removeFirst(count)
        }
        guard kind == .elements, 0...elements.count ~= from else { return false }
        elements.removeLast(elements.count - from)
        elements += put
        return true
      }
      guard case .array(let put)? = patch["elements"], kind == .elements else { return false }
      return put.allSatisfy { putElement($0) }
    }

    private mutating func change(
      _ key: String, _ former: JSON, _ changes: JSON
    ) throws(SnapshotError) {
      // Taken out meanwhile, and so changed in its place.
      var state = changed.removeValue(forKey: key) ?? PatchedState(of: former)
      try state.apply(changes)
      changed[key] = state
    }

    /// `[chunk, place, element]`, behind the last one too.
    private mutating func putElement(_ patch: JSON) -> Bool {
      guard case .array(let patch) = patch, patch.count == 3,
        case .integer(let chunk) = patch[0], case .integer(let index) = patch[1],
        0...elements.count ~= chunk
      else { return false }
      if chunk == elements.count { elements.append(.array([])) }
      guard case .array(var inner) = elements[chunk], 0...inner.count ~= index else { return false }
      elements[chunk] = .null
      if index == inner.count { inner.append(patch[2]) } else { inner[index] = patch[2] }
      elements[chunk] = .array(inner)
      return true
    }
  }

  /// - Parameter text: of a whole state.
  package init(_ text: [UInt8]) throws(SnapshotError) { state = try Self.read(text) }

  private init(of state: JSON) { self.state = state }

  private static func read(_ text: [UInt8]) throws(SnapshotError) -> JSON {
    do {
      return try JSON(parsing: text, weightLimit: .max, depthLimit: JSON.ownDepthLimit)
    } catch {
      throw .damaged("changes: \(error)")
    }
  }

  /// - Parameter text: of changes since what it is now.
  package mutating func apply(_ text: [UInt8]) throws(SnapshotError) {
    try apply(Self.read(text))
  }

  private mutating func apply(_ changes: JSON) throws(SnapshotError) {
    guard case .object(let changes) = changes,
      case .array(let kept)? = changes["kept"], case .array(let patches)? = changes["patches"],
      let state = changes["state"]
    else { throw Self.unfit("they lack a member") }
    var places: [StatePlace] = []
    for place in kept { places.append(try Self.place(place)) }
    // One that is new here may have stood in another one so far, or have had others in it.
    let isKnown = places.allSatisfy { self.tables[$0.pointer] != nil }
    let whole: JSON? = isKnown ? nil : json
    var tables: TextMap<(place: StatePlace, value: JSON)> = [:]
    for place in places {
      let pointer = place.pointer
      if let table = self.tables.removeValue(forKey: pointer) {
        tables[pointer] = table
      } else if let value = whole?.value(at: place[...]) {
        tables[pointer] = (place, value)
      } else {
        throw Self.unfit("there is no \(pointer)")
      }
    }
    for (pointer, part) in opened where tables[part.table] == nil { opened[pointer] = nil }
    self.tables = tables
    self.state = state
    for patch in patches { try put(patch) }
  }

  private mutating func put(_ patch: JSON) throws(SnapshotError) {
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
    guard try part.apply(patch) else { throw Self.unfit("a patch does not fit \(pointer)") }
    opened[pointer] = part
  }

  private func table(of place: StatePlace) -> String? {
    for length in stride(from: place.count, through: 0, by: -1) {
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
      return Opened(table: name, place: place, kind: .members, members: object.valuesByName)
    case .array(let elements):
      return Opened(table: name, place: place, kind: .elements, elements: elements)
    default: throw Self.unfit("\(place.pointer) cannot be patched")
    }
  }

  /// The state's text, as if it had been written whole.
  package var text: [UInt8] { json.serialized() }

  private var json: JSON {
    var (state, tables) = (state, tables)
    for part in opened.values {
      let depth = tables[part.table]?.place.count ?? 0
      tables[part.table]?.value.put(part.json, at: part.place[depth...])
    }
    for table in tables.values { state.put(table.value, at: table.place[...]) }
    return state
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
