import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Reading a scenario's sections")
struct ScenarioReaderTests {
  enum Mode: String, CaseIterable, Sendable { case fast, slow }

  struct Sample: Equatable, Sendable {
    var name = ""
    var count = 0
    var share: Double?
    var delay = Duration.zero
    var size: Int?
    var mode: Mode?
    var tags: [String] = []
  }

  private static let form = Form.object(
    "A sample.", Sample(),
    [
      .required("name", \.name, .nonEmptyText, "Its name."),
      .standard("count", \.count, .int(in: 0...10), 1, "How many."),
      .optional("share", \.share, .number(in: 0...1), "Of all."),
      .standard("delay", \.delay, .duration, 0, "How late."),
      .optional("size", \.size, .size(), "How large."),
      .optional("mode", \.mode, .choice, "How."),
      .standard("tags", \.tags, .oneOrMore(of: .text), [], "Words."),
    ])

  private func decode(_ json: JSON) throws(ScenarioProblems) -> Sample {
    try ScenarioReader.read(json, Self.form.read)
  }

  private func problems(_ json: JSON) -> [ScenarioProblem] {
    do {
      _ = try decode(json)
      return []
    } catch {
      return error.problems
    }
  }

  @Test("Every kind of value is read")
  func everything() throws {
    let sample = try decode([
      "name": "a", "count": 3, "share": 0.5, "delay": "1m30s", "size": "64KiB", "mode": "slow",
      "tags": "one",
    ])
    #expect(
      sample
        == Sample(
          name: "a", count: 3, share: 0.5, delay: .seconds(90), size: 65_536, mode: .slow,
          tags: ["one"]))
  }

  @Test("Absent keys take their defaults")
  func defaults() throws {
    #expect(
      try decode(["name": "a"])
        == Sample(name: "a", count: 1, share: nil, delay: .zero, size: nil, mode: nil, tags: []))
  }

  static let wrongValues: [(JSON, String, String)] = [
    (["name": 5], "/name", "expected a string that is not empty, found 5"),
    (["name": "a", "count": 11], "/count", "expected a whole number from 0 to 10, found 11"),
    (["name": "a", "count": "3"], "/count", #"expected a whole number from 0 to 10, found "3""#),
    (["name": "a", "count": 1.5], "/count", "expected a whole number from 0 to 10, found 1.5"),
    (["name": "a", "share": 1.01], "/share", "expected a number from 0 to 1, found 1.01"),
    (
      ["name": "a", "delay": 5], "/delay",
      #"expected a duration with its unit, such as "5s", found 5"#
    ),
    (
      ["name": "a", "delay": 250], "/delay",
      #"expected a duration with its unit, such as "250ms", found 250"#
    ),
    (
      ["name": "a", "delay": 0.5], "/delay",
      #"expected a duration with its unit, such as "0.5s", found 0.5"#
    ),
    (
      ["name": "a", "delay": "soon"], "/delay",
      #"expected a duration such as "250ms" or "1m30s", found "soon""#
    ),
    (
      ["name": "a", "size": -1], "/size",
      #"expected a size such as 100, "64KiB" or "10MB", found -1"#
    ),
    (["name": "a", "mode": "slwo"], "/mode", #"unknown value "slwo"; did you mean "slow"?"#),
    (["name": "a", "tags": ["x", 2]], "/tags/1", "expected a string, found 2"),
    (["name": "a", "tasg": []], "/tasg", #"unknown key "tasg"; did you mean "tags"?"#),
    (["name": "a", "a/b~c": 1], "/a~1b~0c", #"unknown key "a/b~c"; valid: "#),
    (["nane": "a"], "", #"the key "name" is missing"#),
    ([], "", "expected an object, found an array"),
    (nil, "", "expected an object, found null"),
  ]

  @Test(
    "A wrong value names place, expectation, finding and the nearest key", arguments: wrongValues)
  func wrongValue(_ json: JSON, _ pointer: String, _ message: String) {
    let found = problems(json)
    #expect(
      found.contains { $0.pointer == pointer && $0.message.hasPrefix(message) },
      "\(found)")
  }

  @Test("All problems come in one go")
  func allAtOnce() {
    let found = problems(["count": 99, "delay": "x", "tags": [1, 2], "other": 1])
    #expect(
      Set(found.map(\.pointer)) == ["", "/count", "/delay", "/tags/0", "/tags/1", "/other"])
  }

  @Test("A key that stands twice is a problem")
  func twice() throws {
    let json = try JSON(parsing: #"{"name":"a","name":"b"}"#)
    #expect(problems(json).map(\.pointer) == ["/name"])
  }

  @Test("Keys that exclude each other are named")
  func excluding() {
    do {
      let _: String? = try ScenarioReader.read(["error": 500, "respond": 1]) { root in
        root.object { $0.atMostOne(of: ["error", "respond", "fault"]) }
      }
      Issue.record("nothing was thrown")
    } catch {
      #expect(
        error.problems.map(\.message) == [#""error" and "respond" exclude each other: keep one"#])
    }
  }
}

@Suite("Durations, sizes, globs and pointers")
struct ScenarioTextTests {
  static let durationTexts: [(String, Duration?)] = [
    ("250ms", .milliseconds(250)), ("2s", .seconds(2)), ("1m30s", .seconds(90)),
    ("1h", .seconds(3600)), ("1.5s", .milliseconds(1500)), ("0s", .zero), ("1d", .seconds(86_400)),
    ("10us", .microseconds(10)), ("10µs", .microseconds(10)), ("7ns", .nanoseconds(7)),
    ("1h2m3s4ms", .milliseconds(3_723_004)), ("", nil), ("5", nil), ("s", nil), ("-1s", nil),
    ("1 s", nil), ("1.s", nil), ("1e3s", nil), ("1S", nil), ("1s5", nil), ("999999999999h", nil),
  ]

  @Test("A duration is a sequence of numbers with units", arguments: durationTexts)
  func duration(_ text: String, _ expected: Duration?) {
    #expect(DurationText.parse(text) == expected)
  }

  @Test("A duration's text reads back as the same", arguments: durationTexts.compactMap(\.1))
  func durationRoundTrip(_ duration: Duration) {
    #expect(DurationText.parse(DurationText.format(duration)) == duration)
  }

  @Test(
    "Sizes with binary and decimal units",
    arguments: [
      ("0", 0), ("100", 100), ("100B", 100), ("64KiB", 65_536), ("10MB", 10_000_000),
      ("1.5GiB", 1_610_612_736), ("2kb", 2000), ("1tib", 1_099_511_627_776), ("x", nil),
      ("1.5", nil), ("10 MB", nil), ("1MBs", nil), ("-1B", nil), ("99999999TiB", nil), ("", nil),
    ] as [(String, Int?)])
  func size(_ text: String, _ expected: Int?) {
    #expect(SizeText.parse(text) == expected)
  }

  @Test(
    "Globs",
    arguments: [
      ("*", "", true), ("*", "a/b.c", true), ("", "", true), ("", "a", false),
      ("scramjet.*", "scramjet.store.put", true), ("scramjet.*", "shipyard.x", false),
      ("*.put", "scramjet.store.put", true), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false),
      ("slow-?", "slow-1", true), ("slow-?", "slow-", false), ("?", "é", true), ("??", "é", false),
      (#"a\*b"#, "a*b", true), (#"a\*b"#, "aXb", false), ("**a", "bba", true),
      ("A", "a", false), ("a*a", "a", false), ("*a*", "bab", true), (#"\"#, #"\"#, true),
    ])
  func glob(_ pattern: String, _ text: String, _ expected: Bool) {
    #expect(Glob(pattern).matches(text) == expected)
  }

  @Test("A glob that invites backtracking stays fast")
  func globBacktracking() {
    let pattern = Glob(String(repeating: "a*", count: 50) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 5000)))
  }

  @Test(
    "JSON Pointers (RFC 6901 §5)",
    arguments: [
      ("", #"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8}"#), ("/foo/0", #""bar""#), ("/", "0"),
      ("/a~1b", "1"), ("/m~0n", "8"), ("/foo/2", nil), ("/foo/-", nil), ("/foo/00", nil),
      ("/nope", nil), ("/foo/0/x", nil),
    ] as [(String, String?)])
  func pointer(_ text: String, _ expected: String?) throws {
    let root = try JSON(parsing: #"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8}"#)
    let pointer = try #require(JSONPointer(text))
    #expect(pointer.value(in: root)?.text == expected)
  }

  @Test("A text that is no pointer is refused", arguments: ["a", "a/b", "/~", "/~2"])
  func noPointer(_ text: String) { #expect(JSONPointer(text) == nil) }

  @Test(
    "The nearest word",
    arguments: [
      ("tims", "times"), ("Times", "times"), ("probabilty", "probability"), ("skpi", "skip"),
      ("after_bytes", "afterBytes"), ("prob", "probability"), ("zzz", nil), ("", nil),
    ] as [(String, String?)])
  func nearest(_ word: String, _ expected: String?) {
    let valid = ["times", "skip", "probability", "afterBytes", "every"]
    #expect(Nearest.match(for: word, among: valid) == expected)
  }
}
