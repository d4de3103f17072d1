import EmulatorKernel
import PayloadCodecs
import TestSupport
import Testing

@Suite("Changes of a state")
struct StateChangesTests {
  private struct Thing: Stored, Equatable {
    static let idsIgnoreCase = true
    var id: String
    var number: Int
    var part = WeighedDictionary<ExactText, Int>()
    var index = Index()
    var heapBytes: Int { id.heapBytes + part.heapBytes }
    static func == (left: Self, right: Self) -> Bool { left.id == right.id }
  }

  /// What a record has of others, as it grows large.
  private struct Index: Codable, Sendable {
    var all = KeySet<Thing>()
    var list: [Key<Thing>] = []
    var keys: TextMap<Key<Thing>> = [:]
    var byKind: TextMap<KeySet<Thing>> = [:]
    var byPlace: [Place: KeySet<Thing>] = [:]
  }

  private struct Place: Hashable, Codable, Sendable, Weighed {
    var x: Int
    var y: Int
    var heapBytes: Int { 0 }
  }

  private struct Room: Codable, Sendable {
    var things = Table<Thing>()
  }

  private enum Choice: Codable, Sendable {
    case none
    case room(Room)
  }

  private struct State: Codable, Sendable {
    var things = Table<Thing>()
    var notes = WeighedDictionary<ExactText, Thing>()
    var numbered = WeighedDictionary<Int, Int>()
    var pairs = WeighedDictionary<Place, Int>()
    var counts: [Place: Int] = [:]
    var texts: [String: Int] = [:]
    var names: TextMap<Int> = [:]
    var many = PagedDictionary<ExactText, KeySet<Thing>>()
    var manyPairs = PagedDictionary<Place, Int>()
    var set = KeySet<Thing>()
    var list: [Key<Thing>] = []
    var room = Room()
    var rooms: [Room] = [Room(), Room()]
    var named: [String: Room] = ["a/b": Room(), "c~d": Room()]
    var choice = Choice.none
    var later: Table<Thing>?
    var count = 0
  }

  private struct Random {
    var noise: SeededNoise

    mutating func text() -> String {
      // Equal for who normalises, and not the same; and what a JSON Pointer has to escape.
      let texts = ["é", "e\u{301}", "/", "~1", "\"", "plain", ""]
      return texts[noise.below(texts.count)] + "\(noise.below(40))"
    }

    mutating func change(_ table: inout Table<Thing>) {
      let keys = table.keys
      switch noise.below(9) {
      case 0, 1, 2:
        table.insert(Thing(id: "Id-\(text())-\(noise.below(1_000_000))", number: noise.below(100)))
      case 3 where !keys.isEmpty: table.remove(keys[noise.below(keys.count)])
      case 4 where !keys.isEmpty:
        table.update(keys[noise.below(keys.count)]) { $0.part[text()] = noise.below(9) }
      case 5:
        // Came and went.
        table.remove(table.insert(Thing(id: "gone", number: 0)))
      case 6..<9 where !keys.isEmpty:
        table.update(keys[noise.below(min(2, keys.count))]) { change(&$0.index) }
      default: break
      }
    }

    /// Around the size from which on it is told by its changes.
    mutating func change(_ index: inout Index) {
      for _ in 0..<noise.below(24) {
        let key = Key<Thing>(serial: (index.all.keys.last?.serial ?? 0) + 1 + noise.below(3))
        index.all.insert(key)
        index.list.append(key)
        index.keys[text()] = key
        index.byKind[noise.below(9) == 0 ? text() : "k\(noise.below(2))", default: KeySet()].insert(
          key)
        index.byPlace[Place(x: noise.below(7), y: noise.below(7)), default: KeySet()].insert(key)
      }
      switch noise.below(8) {
      case 0: index = Index()
      case 1:
        index.all = KeySet()
        if !index.list.isEmpty { index.list.remove(at: noise.below(index.list.count)) }
      case 2: index.byKind["k0"] = nil
      case 3:
        for name in index.keys.keys where noise.below(2) == 0 { index.keys[name] = nil }
      case 4:
        for place in index.byPlace.keys.sorted(by: { ($0.x, $0.y) < ($1.x, $1.y) })
        where noise.below(2) == 0 { index.byPlace[place] = nil }
      default: break
      }
    }

    mutating func change(_ state: inout State) {
      state.count += 1
      switch noise.below(21) {
      case 0, 1, 2, 3: change(&state.things)
      case 4: state.notes[text()] = Thing(id: text(), number: state.count)
      case 5: state.notes[text()] = nil
      case 6: state.numbered[noise.below(20) - 10] = noise.below(3) > 0 ? state.count : nil
      case 7: state.pairs[Place(x: noise.below(3), y: noise.below(3))] = state.count
      case 8: change(&state.room.things)
      case 9: change(&state.rooms[noise.below(2)].things)
      case 10: change(&state.named[noise.below(2) > 0 ? "a/b" : "c~d", default: Room()].things)
      case 11: state.choice = noise.below(2) > 0 ? .none : .room(state.room)
      case 12 where noise.below(4) > 0:
        var later = state.later ?? Table()
        change(&later)
        state.later = later
      case 12: state.later = nil
      case 13:
        state.counts[Place(x: noise.below(5), y: 0)] = noise.below(3) > 0 ? noise.below(4) : nil
      case 14: state.texts[text()] = state.count
      case 15: state.names[text()] = noise.below(3) > 0 ? state.count : nil
      case 16:
        state.many.update(ExactText(text())) { $0 = KeySet() }
        state.many.update(ExactText(text())) { $0?.insert(Key(serial: state.count)) }
      case 17:
        for _ in 0..<noise.below(40) { state.many[text() + text()] = KeySet() }
        if noise.below(4) == 0 { state.many[text()] = nil }
      case 18:
        let place = Place(x: noise.below(60), y: noise.below(60))
        state.manyPairs[place] = noise.below(3) > 0 ? state.count : nil
      case 19:
        state.list.append(Key(serial: noise.below(9)))
        if noise.below(3) == 0 { state.list.remove(at: noise.below(state.list.count)) }
        state.set.insert(Key(serial: (state.set.keys.last?.serial ?? 0) + 1))
      default:
        // Another world altogether, with things of its own under the same numbers.
        guard noise.below(3) == 0 else { return }
        state = State()
        for _ in 0..<noise.below(8) { change(&state.things) }
      }
    }
  }

  @Test("A state put together from its changes is the state, to the byte", arguments: 1...24)
  func putTogether(_ seed: UInt64) throws {
    var random = Random(noise: SeededNoise(seed))
    var state = State()
    // Some are so large that they have pages.
    if seed % 8 == 0 {
      for number in 0..<1_500 {
        state.things.insert(Thing(id: "thing \(number)", number: number))
        state.many["\(number)"] = KeySet()
        state.manyPairs[Place(x: number % 60, y: number / 60)] = number
      }
    }
    for _ in 0..<random.noise.below(60) { random.change(&state) }
    var former = state
    var patched = try PatchedState(StateEncoder.text(of: state))
    for round in 0..<60 {
      for _ in 0..<random.noise.below(4) { random.change(&state) }
      try patched.apply(StateEncoder.changes(of: state, since: former))
      former = state
      let whole = try StateEncoder.text(of: state)
      let text = patched.text
      guard text == whole else {
        let texts = [text, whole].map { String(decoding: $0, as: UTF8.self) }
        Issue.record("seed \(seed), round \(round): \(texts[0]) is not \(texts[1])")
        return
      }
      // As a server that ends and comes back.
      if round % 20 == 19 { patched = try PatchedState(text) }
    }
  }

  @Test("What changed is told, not what there is")
  func size() throws {
    var state = State()
    for number in 0..<5_000 { state.things.insert(Thing(id: "ID-\(number)", number: number)) }
    let former = state
    #expect(try StateEncoder.changes(of: state, since: former).count < 800)
    state.things.insert(Thing(id: "ID-NEW", number: 1))
    if let key = state.things.key(id: "ID-7") { state.things.update(key) { $0.number = 8 } }
    if let key = state.things.key(id: "ID-8") { state.things.remove(key) }
    let changes = try StateEncoder.changes(of: state, since: former)
    #expect(changes.count < 1_400, "\(String(decoding: changes, as: UTF8.self))")
  }

  @Test("Nor what a record has of others")
  func sizeOfIndex() throws {
    var state = State()
    let key = state.things.insert(Thing(id: "ID", number: 1))
    func add(_ number: Int, to state: inout State) {
      state.things.update(key) { thing in
        let key = Key<Thing>(serial: number)
        thing.index.all.insert(key)
        thing.index.keys["name \(number)"] = key
        thing.index.byKind["kind", default: KeySet()].insert(key)
        thing.index.byPlace[Place(x: number, y: 0), default: KeySet()].insert(key)
      }
    }
    for number in 1...5_000 { add(number, to: &state) }
    let former = state
    add(5_001, to: &state)
    let changes = try StateEncoder.changes(of: state, since: former)
    #expect(changes.count < 2_000, "\(String(decoding: changes, as: UTF8.self))")
    var patched = try PatchedState(StateEncoder.text(of: former))
    try patched.apply(changes)
    #expect(try patched.text == StateEncoder.text(of: state))
  }

  @Test(
    "Changes that do not fit are refused",
    arguments: [
      "", "{}", "[]", #"{"kept":[],"patches":[]}"#, #"{"kept":[["x"]],"patches":[],"state":{}}"#,
      #"{"kept":[1],"patches":[],"state":{}}"#, #"{"kept":[],"patches":[1],"state":{}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["b"],"put":{},"drop":[]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"put":[],"from":9}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"put":[],"from":-1}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"put":[],"from":2,"dropFirst":1}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"put":[],"from":0,"dropFirst":3}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"put":{}}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a","b"],"put":{},"drop":[]}],"state":{"a":null}}"#,
      #"{"kept":[],"patches":[{"at":["a"],"value":1}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"elements":[[9,0,1]]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"elements":[[0,0,1]]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"elements":[[2,1,1]]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"elements":[[-1]]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"putPairs":{}}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"change":{"x":{}}}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"changePairs":[1,{}]}],"state":{"a":null}}"#,
      #"{"kept":[["a"]],"patches":[{"at":["a"],"changePairs":[9,{}]}],"state":{"a":null}}"#,
    ])
  func unfit(_ text: String) throws {
    var patched = try PatchedState(Array(#"{"a":[1,2]}"#.utf8))
    #expect(throws: SnapshotError.self) { try patched.apply(Array(text.utf8)) }
  }
}
