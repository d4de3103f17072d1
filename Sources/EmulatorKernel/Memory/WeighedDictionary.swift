public import PayloadCodecs

/// A dictionary that knows what it weighs, without asking everyone at each change: a value's weight is
/// taken anew when it was changed, and the difference is added.
///
/// Each value lies in an object of its own. So the table stays small, and neither its growth nor a
/// copy for a snapshot takes the memory of all values a second time.
///
/// What every request does is inlinable, so that each service gets code of its own types: generic code
/// looks the types' descriptions up at each step, which cost a tenth of all requests.
@usableFromInline
package struct WeighedDictionary<
  Key: Hashable & Weighed & Sendable, Value: Weighed & Sendable
>: Sendable {
  /// `@unchecked`: changed only where the dictionary holds the sole reference (`isKnownUniquelyReferenced`),
  ///   so whoever shares a box sees it unchanged; its weight, too, before anybody else has it (`share`).
  @usableFromInline
  package final class Box: @unchecked Sendable {
    /// SAFETY: a box is reached through its dictionary alone, whose own accesses exclude each other.
    @exclusivity(unchecked) @usableFromInline var uncheckedValue: Value?
    /// Where the value lies, for a look. Not by `&`, which would make a change of it: for a tool that looks
    /// for races, one with all others who look at a box that worlds share.
    ///
    /// SAFETY: the value is the first part of the object, behind the two words that all objects begin with. A
    /// test looks whether it is.
    @inlinable var place: UnsafePointer<Value?> {
      let alignment = MemoryLayout<Value?>.alignment
      let offset = (2 * MemoryLayout<Int>.size + alignment - 1) & ~(alignment - 1)
      let object = unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
      return unsafe (object + offset).assumingMemoryBound(to: Value?.self)
    }
    /// Nil only while an assignment of nil is on its way to the removal.
    @inlinable var value: Value? {
      @inline(__always) _read { yield unsafe uncheckedValue }
      @inline(__always) _modify { yield unsafe &uncheckedValue }
    }
    /// SAFETY: as at the value.
    @exclusivity(unchecked) @usableFromInline var uncheckedWeight = 0
    /// 0: it is shared with copies that did not weigh it either.
    @inlinable var weight: Int {
      @inline(__always) get { unsafe uncheckedWeight }
      @inline(__always) set { unsafe uncheckedWeight = newValue }
    }

    @inlinable init(_ value: consuming Value?) { unsafe uncheckedValue = value }

    /// Changes the value in its place, if there is one: taken out and put back it would be moved four times.
    ///
    /// SAFETY: an optional has its value at its beginning.
    @inlinable func change(_ body: (inout Value) -> Void) {
      unsafe withUnsafeMutablePointer(to: &uncheckedValue) { place in
        guard unsafe place.pointee != nil else { return }
        unsafe body(&UnsafeMutableRawPointer(place).assumingMemoryBound(to: Value.self).pointee)
      }
    }

    /// - Returns: by how much heavier it is now; nil when there is no value any more.
    @inlinable func weigh(_ key: Key) -> Int? {
      guard let heapBytes = unsafe Glance(place)?.lend({ $0.heapBytes }) else { return nil }
      let old = weight
      weight = key.heapBytes + heapBytes + WeighedDictionary.boxBytes
      return weight - old
    }
  }

  @inlinable static var boxBytes: Int { HeapOverhead.object + 16 + MemoryLayout<Value?>.size }

  @usableFromInline var boxes = PagedDictionary<Key, Box>()
  @usableFromInline var valueBytes: Int
  /// Of the table itself: asked after each change of any of a state's tables.
  @usableFromInline var spineBytes: Int

  @inlinable package init() { (valueBytes, spineBytes) = (0, 0) }

  @inlinable package var count: Int { boxes.count }
  @inlinable package var isEmpty: Bool { boxes.isEmpty }
  @inlinable package var keys: [Key] { boxes.map { $0.key } }

  @inlinable package func contains(_ key: Key) -> Bool { boxes[key] != nil }

  @inlinable package subscript(key: Key) -> Value? {
    get { boxes[key]?.value }
    // A whole value is moved to where it lies, as it came: `_modify` would have a copy in its frame first.
    @inlinable set {
      if let place = boxes.place(of: key) {
        let box = changeable(at: place)
        box.value = consume newValue
        settle(box, key, at: place)
      } else if newValue != nil {
        insert(Box(consume newValue), key)
      }
    }
    // A call would take a frame on the heap, at each change of any record.
    @inline(__always) _modify {
      if let place = boxes.place(of: key) {
        let box = changeable(at: place)
        defer { settle(box, key, at: place) }
        yield &box.value
      } else {
        var value: Value?
        defer { if value != nil { insert(Box(value), key) } }
        yield &value
      }
    }
  }

  /// Changes a value in its place. Not by the subscript, whose access takes a frame on the heap where the
  /// compiler does not put it in line.
  @inlinable package mutating func update(_ key: Key, _ body: (inout Value) -> Void) {
    guard let place = boxes.place(of: key) else { return }
    let box = changeable(at: place)
    box.change(body)
    settle(box, key, at: place)
  }

  /// Adds a value under a key that is new: nothing is looked up, and the value is moved to where it lies.
  @inlinable package mutating func add(_ value: consuming Value, _ key: Key) {
    insert(Box(consume value), key)
  }

  /// The box to change, in nobody else's hands.
  @inlinable @inline(never) mutating func changeable(
    at place: PagedDictionary<Key, Box>.Place
  ) -> Box {
    let (box, wasShared) = boxes.withPage(of: place) { page in
      if isKnownUniquelyReferenced(&page.values[place.index]) {
        return (page.values[place.index], false)
      }
      let shared = page.values[place.index]
      let own = Box(shared.value)
      own.weight = shared.weight
      page.values[place.index] = own
      return (own, true)
    }
    if wasShared, spineBytes == 0 { noteSpine() }
    return box
  }

  @inlinable mutating func settle(
    _ box: Box, _ key: Key, at place: PagedDictionary<Key, Box>.Place
  ) {
    if let difference = box.weigh(key) {
      valueBytes += difference
    } else {
      valueBytes -= box.weight
      _ = boxes.remove(at: place)
      noteSpine()
    }
  }

  @inlinable mutating func insert(_ box: Box, _ key: Key) {
    _ = box.weigh(key)
    valueBytes += box.weight
    boxes[key] = box
    noteSpine()
  }

  @inlinable mutating func noteSpine() { spineBytes = boxes.spineBytes }

  /// Many will have a copy of this: nothing weighs anything in one until it is changed there.
  package mutating func share() {
    for (_, box) in boxes { box.weight = 0 }
    (valueBytes, spineBytes) = (0, 0)
  }

  @discardableResult @inlinable
  package mutating func removeValue(forKey key: Key) -> Value? {
    guard let box = boxes.removeValue(forKey: key) else { return nil }
    valueBytes -= box.weight
    noteSpine()
    return box.value
  }

  /// - Returns: the value that was there.
  @inlinable package mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
    let old = removeValue(forKey: key)
    insert(Box(value), key)
    return old
  }

  /// Looks at a value without copying it out.
  @inlinable package func read<Result>(_ key: Key, _ body: (borrowing Value) -> Result) -> Result? {
    glance(key) { $0.lend(body) }
  }

  /// Looks at parts of a value in its place: nothing of it is copied but what is taken out.
  @inlinable package func glance<Result>(_ key: Key, _ body: (Glance<Value>) -> Result) -> Result? {
    guard let box = boxes[key] else { return nil }
    // SAFETY: the box is held during the call, and nobody changes it: its dictionary is borrowed meanwhile.
    return withExtendedLifetime(box) { unsafe Glance(box.place).map(body) }
  }

  package var values: [Value] { boxes.compactMap { $0.value.value } }

  package var entries: [(key: Key, value: Value)] {
    boxes.compactMap { key, box in box.value.map { (key, $0) } }
  }

  package func filter(_ isKept: (Key, Value) -> Bool) -> Self {
    var kept = Self()
    for (key, box) in boxes {
      if let value = box.value, isKept(key, value) {
        kept.boxes[key] = box
        kept.valueBytes += box.weight
      }
    }
    kept.noteSpine()
    return kept
  }
}

extension WeighedDictionary {
  /// Whoever holds a copy sees a value that is changed later in a box of its own (`changeable`): what still
  /// lies in the same box is the same.
  @inlinable func changes(since former: Self) -> Dictionary<Key, Box>.Changes {
    boxes.changes(since: former.boxes) { $0 === $1 }
  }
}

extension WeighedDictionary: Sequence {
  @usableFromInline package func makeIterator() -> IndexingIterator<[(key: Key, value: Value)]> {
    entries.makeIterator()
  }
}

extension WeighedDictionary: Recounted {
  @inlinable package var heapBytes: Int { valueBytes + spineBytes }

  @usableFromInline package var recountedHeapBytes: Int {
    let spine = spineBytes == 0 ? 0 : boxes.spineBytes
    return boxes.reduce(spine) { sum, entry in
      guard entry.value.weight > 0 else { return sum }
      return sum + entry.key.heapBytes + (entry.value.value?.heapBytes ?? 0) + Self.boxBytes
    }
  }
}

extension WeighedDictionary {
  @inlinable package subscript(_ text: String) -> Value? where Key == ExactText {
    get { self[ExactText(text)] }
    @inlinable set { self[ExactText(text)] = newValue }
    @inline(__always) _modify { yield &self[ExactText(text)] }
  }

  @discardableResult @inlinable
  package mutating func removeValue(forKey text: String) -> Value? where Key == ExactText {
    removeValue(forKey: ExactText(text))
  }
}

extension WeighedDictionary: Codable where Key: Codable, Value: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    self.init()
    for (key, value) in try [Key: Value](asTable: decoder) { insert(Box(value), key) }
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    try Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
      .encode(asTable: encoder)
  }
}
