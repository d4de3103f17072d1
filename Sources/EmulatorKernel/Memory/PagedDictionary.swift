public import PayloadCodecs

/// A dictionary for what may grow large. A changed copy shares all with the other one but the page in which
/// the change is: so a change costs the same however much there is, also while a snapshot or the last save has
/// a copy, and so does telling what has changed since.
///
/// **Shape**: one dictionary while it is small. Then pages, each a dictionary of the keys that have some bits of
/// their hashes in common: with each so many more keys the next page in turn is parted in two (linear hashing),
/// so that nothing ever moves all of it.
@usableFromInline
package struct PagedDictionary<Key: Hashable, Value> {
  /// All of it; empty where there are pages.
  @usableFromInline var few: [Key: Value]
  @usableFromInline var pages: Pages?

  /// An object, so that a small table is hardly larger than a dictionary. Changed only where that holds the sole
  /// reference (`ownPages`).
  @usableFromInline final class Pages {
    /// SAFETY: it is reached through its dictionary alone, whose own accesses exclude each other.
    @exclusivity(unchecked) @usableFromInline var uncheckedContents: Contents
    @inlinable var contents: Contents {
      @inline(__always) _read { yield unsafe uncheckedContents }
      @inline(__always) _modify { yield unsafe &uncheckedContents }
    }

    @inlinable init(_ contents: Contents) { unsafe uncheckedContents = contents }
  }

  @usableFromInline struct Contents {
    @usableFromInline var all: [[Key: Value]]
    /// Of all pages together.
    @usableFromInline var size: Size
    /// The bits of a hash that tell pages apart, as soon as there are so many.
    @usableFromInline var mask = 0

    @inlinable init(_ few: [Key: Value]) {
      all = [few]
      size = Size(few)
    }
  }

  @usableFromInline struct Size {
    @usableFromInline var count: Int
    @usableFromInline var capacity: Int

    @inlinable init(_ page: [Key: Value]) { (count, capacity) = (page.count, page.capacity) }
  }

  /// Where a key stands, until something is added or removed.
  @usableFromInline struct Place {
    @usableFromInline let page: Int
    @usableFromInline let index: Dictionary<Key, Value>.Index

    @inlinable init(_ page: Int, _ index: Dictionary<Key, Value>.Index) {
      (self.page, self.index) = (page, index)
    }
  }

  /// A copy of so many takes no longer than the rest of a request.
  @inlinable static var fewMax: Int { 1024 }
  /// How many are in a page, on average: of a hundred thousand there are about as many pages.
  @inlinable static var pageSize: Int { 256 }

  @inlinable package init() { self.init(few: [:]) }

  /// However many they are.
  @inlinable init(few: [Key: Value]) { self.few = few }

  @inlinable package var count: Int { pages == nil ? few.count : sizeOfPages.count }
  @inlinable package var isEmpty: Bool { count == 0 }
  @inlinable package var capacity: Int { pages == nil ? few.capacity : sizeOfPages.capacity }

  // MARK: Entries

  /// To change a value in its place, see `update`.
  @inlinable package subscript(key: Key) -> Value? {
    get { pages == nil ? few[key] : valueInPages(key) }
    set {
      if pages == nil {
        few[key] = newValue
        becomePagedIfLarge()
      } else {
        putInPages(newValue, key)
      }
    }
  }

  /// Changes what stands under a key, nil for nothing, in its place.
  @inlinable package mutating func update(_ key: Key, _ body: (inout Value?) -> Void) {
    if pages == nil {
      body(&few[key])
      becomePagedIfLarge()
    } else {
      updateInPages(key, body)
    }
  }

  @inlinable func place(of key: Key) -> Place? {
    pages == nil ? few.index(forKey: key).map { Place(0, $0) } : placeInPages(key)
  }

  /// Lends the dictionary in which a place is; nothing may come to it, or leave it.
  @inlinable mutating func withPage<Result>(
    of place: Place, _ body: (inout [Key: Value]) -> Result
  ) -> Result {
    guard let pages = ownPages() else { return body(&few) }
    return body(&pages.contents.all[place.page])
  }

  // Not put in line: each change of a record may be the one that takes it out, in hundreds of places.
  @inlinable @inline(never) mutating func remove(at place: Place) -> Value {
    let value: Value
    if let pages = ownPages() {
      value = pages.contents.remove(at: place)
    } else {
      value = few.remove(at: place.index).value
    }
    // A table does not get smaller by itself.
    if capacity > 256, count * 8 < capacity { shrink() }
    return value
  }

  @discardableResult @inlinable
  package mutating func removeValue(forKey key: Key) -> Value? {
    // Asked first: a copy of what has no such key shares all.
    place(of: key).map { remove(at: $0) }
  }

  // MARK: Pages

  /// To be changed, in nobody else's hands; nil where there are none.
  @inlinable mutating func ownPages() -> Pages? {
    guard pages != nil else { return nil }
    if !isKnownUniquelyReferenced(&pages) { pages = pages.map { Pages($0.contents) } }
    return pages
  }

  @inlinable mutating func becomePagedIfLarge() {
    if few.count > Self.fewMax { becomePaged() }
  }

  @usableFromInline mutating func becomePaged() {
    var contents = Contents(few)
    few = [:]
    contents.partIfLarge()
    pages = Pages(contents)
  }

  @usableFromInline mutating func shrink() {
    var smaller = Self()
    if count <= Self.fewMax { smaller.few.reserveCapacity(count * 2) }
    for (key, value) in self { smaller[key] = value }
    self = smaller
  }

  @inlinable var pageCount: Int { pages?.contents.all.count ?? 1 }
  @inlinable func page(_ number: Int) -> [Key: Value] { pages?.contents.all[number] ?? few }

  // Not put in line: most tables are small, and what is done with them is done in many places.

  @inlinable @inline(never) var sizeOfPages: Size { pages?.contents.size ?? Size(few) }

  @inlinable @inline(never) func valueInPages(_ key: Key) -> Value? {
    pages.flatMap { $0.contents.all[$0.contents.number(of: key)][key] }
  }

  @inlinable @inline(never) func placeInPages(_ key: Key) -> Place? {
    guard let pages else { return nil }
    let number = pages.contents.number(of: key)
    return pages.contents.all[number].index(forKey: key).map { Place(number, $0) }
  }

  @inlinable @inline(never) mutating func putInPages(_ value: Value?, _ key: Key) {
    updateInPages(key) { $0 = value }
  }

  @inlinable @inline(never) mutating func updateInPages(
    _ key: Key, _ body: (inout Value?) -> Void
  ) {
    guard let pages = ownPages() else { return }
    let number = pages.contents.number(of: key)
    let size = Size(pages.contents.all[number])
    body(&pages.contents.all[number][key])
    pages.contents.settle(number, from: size)
  }
}

extension PagedDictionary.Contents {
  /// Which page has a key, or would have it.
  @inlinable func number(of key: Key) -> Int {
    // By bits other than those by which the page places it.
    let bits = (key._rawHashValue(seed: 0) >> 40) & mask
    return bits < all.count ? bits : bits & (mask >> 1)
  }

  @inlinable mutating func remove(at place: PagedDictionary.Place) -> Value {
    let size = PagedDictionary.Size(all[place.page])
    let value = all[place.page].remove(at: place.index).value
    settle(place.page, from: size)
    return value
  }

  /// A page has changed.
  @inlinable mutating func settle(_ page: Int, from former: PagedDictionary.Size) {
    let present = PagedDictionary.Size(all[page])
    size.count += present.count - former.count
    size.capacity += present.capacity - former.capacity
    if size.count > all.count * PagedDictionary.pageSize { partIfLarge() }
  }

  @usableFromInline mutating func partIfLarge() {
    while size.count > all.count * PagedDictionary.pageSize { partNext() }
  }

  /// Moves what belongs into a page that is new from the one where it was so far.
  private mutating func partNext() {
    let fresh = all.count
    if fresh > mask { mask = mask << 1 | 1 }
    all.append([:])
    let old = fresh & (mask >> 1)
    var (kept, moved): ([Key: Value], [Key: Value]) = ([:], [:])
    for (key, value) in all[old] {
      if number(of: key) == fresh { moved[key] = value } else { kept[key] = value }
    }
    size.capacity += kept.capacity + moved.capacity - all[old].capacity
    (all[old], all[fresh]) = (kept, moved)
  }
}

extension PagedDictionary {
  /// What has become of it since a former copy; looks at the pages that are not those of the copy.
  @inlinable func changes(
    since former: Self, _ isSame: (Value, Value) -> Bool
  ) -> Dictionary<Key, Value>.Changes {
    var changes = Dictionary<Key, Value>.Changes()
    var addedCount = 0
    for number in 0..<pageCount where !sharesPage(number, with: former) {
      for (key, value) in page(number) {
        let old = former[key]
        if let old, isSame(old, value) { continue }
        if old == nil { addedCount += 1 }
        changes.put.append((key, value, old))
      }
    }
    guard former.count + addedCount > count else { return changes }
    for number in 0..<former.pageCount where !former.sharesPage(number, with: self) {
      for key in former.page(number).keys where self[key] == nil { changes.dropped.append(key) }
    }
    return changes
  }

  /// Whether a page is the same piece of memory in both. Then nothing in it has changed, and no key of it
  /// stands in another page of the other one.
  @inlinable func sharesPage(_ number: Int, with other: Self) -> Bool {
    guard number < other.pageCount else { return false }
    let (own, others) = (page(number), other.page(number))
    // SAFETY: a dictionary is a reference to its storage.
    return unsafe unsafeBitCast(own, to: Int.self) == unsafeBitCast(others, to: Int.self)
  }
}

extension PagedDictionary: Sendable where Key: Sendable, Value: Sendable {}
extension PagedDictionary.Contents: Sendable where Key: Sendable, Value: Sendable {}
extension PagedDictionary.Size: Sendable {}
/// `@unchecked`: changed only where a dictionary holds the sole reference (`ownPages`), so whoever shares them
/// sees them unchanged.
extension PagedDictionary.Pages: @unchecked Sendable where Key: Sendable, Value: Sendable {}

extension PagedDictionary: Swift.Sequence {
  @usableFromInline package struct Iterator: IteratorProtocol {
    @usableFromInline var page: Dictionary<Key, Value>.Iterator
    @usableFromInline var rest: IndexingIterator<[[Key: Value]]>

    @inlinable init(
      _ page: Dictionary<Key, Value>.Iterator, _ rest: IndexingIterator<[[Key: Value]]>
    ) {
      (self.page, self.rest) = (page, rest)
    }

    @inlinable package mutating func next() -> (key: Key, value: Value)? {
      while true {
        if let entry = page.next() { return entry }
        guard let page = rest.next() else { return nil }
        self.page = page.makeIterator()
      }
    }
  }

  @inlinable package func makeIterator() -> Iterator {
    Iterator(few.makeIterator(), (pages?.contents.all ?? []).makeIterator())
  }
}

extension PagedDictionary {
  /// Of the table itself, not of what its entries refer to.
  @inlinable package var spineBytes: Int { pages == nil ? few.spineBytes : spineBytesOfPages }

  @inlinable @inline(never) var spineBytesOfPages: Int {
    HeapOverhead.object
      + HeapOverhead.table(
        capacity: capacity, entryBytes: MemoryLayout<Key>.stride + MemoryLayout<Value>.stride)
      + pageCount * (HeapOverhead.array + HeapOverhead.object)
  }
}

extension PagedDictionary where Key == ExactText {
  @inlinable package subscript(_ text: String) -> Value? {
    get { self[ExactText(text)] }
    set { self[ExactText(text)] = newValue }
  }
}

/// **Shape**: a dictionary's; where its keys are texts, a `TextMap`'s.
extension PagedDictionary: Codable where Key: Codable, Value: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    self.init()
    for (key, value) in try [Key: Value](asTable: decoder) { self[key] = value }
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    try Dictionary(uniqueKeysWithValues: map { ($0.key, $0.value) }).encode(asTable: encoder)
  }
}

extension Dictionary where Key: Codable, Value: Codable {
  init(asTable decoder: any Decoder) throws {
    if Key.self == ExactText.self, let texts = try TextMap<Value>(from: decoder).byText as? Self {
      self = texts
    } else {
      try self.init(from: decoder)
    }
  }

  /// As a value, not by its own `encode(to:)`: the encoder of states then sees a dictionary and sorts it.
  func encode(asTable encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    // An empty dictionary could be cast to any other.
    if Key.self == ExactText.self, let texts = self as? [ExactText: Value] {
      try container.encode(TextMap(texts))
    } else {
      try container.encode(self)
    }
  }
}
