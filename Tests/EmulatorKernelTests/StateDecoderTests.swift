import FoundationEssentials
import HTTPModel
import PayloadCodecs
import Testing

@testable import EmulatorKernel

@Suite("A state is decoded by our own decoder as by Foundation's, or by that one")
struct StateDecoderTests {
  private struct Probe: Codable, Equatable {
    enum Kind: Codable, Equatable { case plain, named(String), pair(first: Int, second: Bool) }
    struct Inner: Codable, Equatable { var z = 1, a = 2, m = [3, 4] }

    var whole = -7
    var large = UInt64.max
    var small: Int8 = -128
    var real = 0.1
    var absent: String?
    var present: String? = "é \u{1} \"\\/ 💧"
    var bytes: [UInt8] = [0, 255]
    var instant = VirtualInstant(iso8601: "2026-01-05T10:00:00.123456Z")
    var duration = Duration.milliseconds(1500)
    var kinds: [Kind] = [.plain, .named("n"), .pair(first: 1, second: true)]
    var byNumber = [3: "c", 1: "a", 22: "b"]
    var byKey: [Key<Inner>: Inner] = [Key(serial: 9): Inner(), Key(serial: 10): Inner(z: 5)]
    var byText: TextMap<Inner> = ["b": Inner(), "a": Inner(a: 0)]
    var set: Set<Int> = [5, 1, 3]
    var json: JSON = ["b": 1, "a": [nil, 1.50]]
    var inner = Inner()

    static func == (left: Probe, right: Probe) -> Bool {
      (try? StateEncoder.encode(left)) == (try? StateEncoder.encode(right))
    }
  }

  @Test("What was encoded comes back, without Foundation's help")
  func roundTrip() throws {
    let bytes = try StateEncoder.encode(Probe()).serialized()
    let back = try StateDecoder.decode(Probe.self, from: bytes)
    #expect(back == Probe())
    #expect(back.duration == Probe().duration && back.large == .max && back.byKey.count == 2)
    #expect(try StateEncoder.encode(back).serialized() == bytes)
    let many = Dictionary(uniqueKeysWithValues: (0..<300).map { ("k\($0)", $0) })
    let manyBytes = try StateEncoder.encode(many).serialized()
    #expect(try StateDecoder.decode([String: Int].self, from: manyBytes) == many)
  }

  static let numberTexts = [
    #"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, #"{"a":1,"a":2}"#, #"{"é":1}"#, #"{"a":1.0}"#,
    #"{"a":1e2}"#, #"{"a":-0}"#, #"{"a":9007199254740992}"#, #"{"a":9007199254740993}"#,
    #"{"a":99999999999999999999}"#, #"{"a":null}"#, #"{"a":"1"}"#, #"{"a":true}"#, #"{"a":[1]}"#,
    "[1]", "1", "", "{", #"{"a":1}x"#, #"{"\ud83d":1}"#, #"{"\u0061":1}"#, " {\"a\" : 1 } ",
    "\u{FEFF}{\"a\":1}",
  ]

  @Test(
    "Whatever text there is, the value or the words are Foundation's", arguments: Self.numberTexts)
  func numbers(_ text: String) {
    check([String: Int].self, text)
    check([String: Double].self, text)
    check([String: Bool].self, text)
    check([String: Int?].self, text)
    check([String: UInt8].self, text)
    check(TextMap<Int>.self, text)
  }

  static let textLists = [
    #"["a","b"]"#, #"["a",1]"#, #"["\ud83d\udca7","\u0000"]"#, #"["\ud83d"]"#, #"[null]"#, #"[[]]"#,
    #"["a",]"#, "{}",
  ]

  @Test("The same of texts", arguments: Self.textLists)
  func texts(_ text: String) {
    check([String].self, text)
    check([String?].self, text)
    check(TextSet.self, text)
    check([UInt8].self, text)
  }

  @Test("Containers that are filled in turns, and values that fail, are written where they belong")
  func inTurns() throws {
    enum Name: String, CodingKey { case z, m, b, a }
    struct Failing: Encodable { var before = [1], real = Double.nan }
    struct Value: Encodable {
      func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Name.self)
        var late = object.nestedContainer(keyedBy: Name.self, forKey: .z)
        try object.encode("m", forKey: .m)
        try? object.encode(Failing(), forKey: .a)
        var list = object.nestedUnkeyedContainer(forKey: .b)
        try late.encode(2, forKey: .m)
        try list.encode(1)
        try? list.encode(Failing())
        var inner = list.nestedUnkeyedContainer()
        _ = list.nestedContainer(keyedBy: Name.self)
        try list.encode(true)
        try inner.encodeNil()
        try late.encode([String](), forKey: .a)
        var single = object.superEncoder().singleValueContainer()
        try single.encode("first")
        try single.encode("\u{1F4A7}\n")
      }
    }
    #expect(
      try String(decoding: StateEncoder.text(of: [Value()]), as: UTF8.self)
        == #"[{"b":[1,[null],{},true],"m":"m","super":"💧\n","z":{"a":[],"m":2}}]"#)
  }

  @Test("A number without a form in JSON is told with its place")
  func notFinite() {
    struct Inner: Encodable { var real = Double.nan }
    enum Kind: Encodable { case some(inner: [Inner]) }
    struct Outer: Encodable { var list = ["a": [7: Kind.some(inner: [Inner()])]] }
    do {
      _ = try StateEncoder.encode(Outer())
      Issue.record("it was encoded")
    } catch EncodingError.invalidValue(_, let context) {
      let place = context.codingPath.map(\.stringValue).joined(separator: "/")
      #expect(place == "list/a/7/some/inner/real")
      #expect(context.debugDescription == "nan has no JSON form")
    } catch {
      Issue.record(error)
    }
  }

  @Test("Half a character is found wherever it stands")
  func surrogates() {
    for padding in [0, 1, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 250] {
      check([String].self, #"[""# + String(repeating: "a", count: padding) + #"\ud83d"]"#)
      check([String].self, #"[""# + String(repeating: "a", count: padding) + #"\ud83d\udca7\\"]"#)
    }
  }

  private func check<Value: Decodable>(
    _ type: Value.Type, _ text: String, _ location: SourceLocation = #_sourceLocation
  ) {
    let bytes = Array(text.utf8)
    let theirs = Result { try JSONDecoder().decode(Bounded<Value>.self, from: Data(bytes)).value }
    let ours = Result { () throws(SnapshotError) -> Value in
      try SnapshotJSON.decode(type, from: bytes, path: "p")
    }
    switch (ours, theirs) {
    case (.success(let ours), .success(let theirs)):
      #expect("\(ours)".utf8.sorted() == "\(theirs)".utf8.sorted(), sourceLocation: location)
    case (.failure, .failure): break
    default: Issue.record("\(type) of \(text): \(ours), \(theirs)", sourceLocation: location)
    }
  }

  @Test("Texts are put in the order of code points, equal ones stay as they are")
  func order() {
    var state: UInt64 = 7
    for count in [0, 1, 2, 7, 8, 9, 16, 17, 100, 1000] {
      let texts = (0..<count).map { _ -> String in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return "\((state >> 33) % 200)"
      }
      let sorted = texts.enumerated().sorted {
        $0.element.isExactly($1.element)
          ? $0.offset < $1.offset : $0.element.comesBefore($1.element)
      }
      #expect(texts.placesInOrder == sorted.map(\.offset), "\(count)")
    }
  }
}
