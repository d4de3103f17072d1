import PayloadCodecs
import TestSupport
import Testing

@Suite("JSON5")
struct JSON5Tests {
  struct Reading: Sendable, CustomTestStringConvertible {
    let text: String
    let json: JSON
    var testDescription: String { text }
  }
  static let readings = [
    Reading(
      text:
        "// first\n{unquoted: 'single \"x\"', \"two\": 2, /* three */ $3_é: [1, 2,], 'q': {},}\n//",
      json: ["unquoted": "single \"x\"", "two": 2, "$3_é": [1, 2], "q": [:]]),
    Reading(
      text: #"['a\'b"', "\x41\u00e9\ud83d\ude00\v\0\q\/", 'line \"# + "\n" + #"two', "\ud800x"]"#,
      json: ["a'b\"", "Aé😀\u{b}\0q/", "line two", "\u{fffd}x"]),
    Reading(
      text:
        "[1, +2, -3, .5, 5., -.5e+3, 0x1F, -0X10, 1e3, 12345678901234567890, 0xFFFFFFFFFFFFFFFF, -0]",
      json: [
        1, 2, -3, .decimal("0.5"), .decimal("5.0"), .decimal("-0.5e+3"), 31, -16, .decimal("1e3"),
        .decimal("12345678901234567890"), .decimal("18446744073709551615"), .decimal("-0"),
      ]),
    Reading(text: "\u{feff}\u{a0}\u{2003}\t\u{b}null\u{2028}", json: nil),
    Reading(
      text: "{\\u0061b\\u0063: true, nullx: null, true: false}",
      json: ["abc": true, "nullx": nil, "true": false]),
    Reading(text: "'a\u{2028}b\\\r\nc'", json: "a\u{2028}bc"),
    Reading(text: "{'a/b~c': {x: [0]}}", json: ["a/b~c": ["x": [0]]]),
  ]

  @Test("JSON5's additions are understood (JSON5 specification 1.0.0)", arguments: readings)
  func reads(_ example: Reading) throws {
    let document = try JSON5Document(parsing: example.text)
    #expect(document.value == example.json)
    #expect(try JSON(parsing: document.value.serialized()) == example.json)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let text: String
    let reason: JSON5Error.Reason
    let line: Int
    let column: Int
    var testDescription: String { text }
    init(_ text: String, _ reason: JSON5Error.Reason, _ line: Int, _ column: Int) {
      self.text = text
      self.reason = reason
      self.line = line
      self.column = column
    }
  }
  static let refusals = [
    Refusal("", .unexpected("the end of the text", expected: "a value"), 1, 1),
    Refusal("{\n  a: 1\n  b: 2\n}", .unexpected("'b'", expected: "',' or '}'"), 3, 3),
    Refusal("[1 2]", .unexpected("'2'", expected: "',' or ']'"), 1, 4),
    Refusal("[,]", .unexpected("','", expected: "a value"), 1, 2),
    Refusal("[1,,2]", .unexpected("','", expected: "a value"), 1, 4),
    Refusal("{,}", .unexpected("','", expected: "a key"), 1, 2),
    Refusal("{a 1}", .unexpected("'1'", expected: "':'"), 1, 4),
    Refusal("{a: tru}", .unexpected("'tru'", expected: "a value"), 1, 5),
    Refusal("{1a: 1}", .unexpected("'1'", expected: "a key"), 1, 2),
    Refusal("{a: 1", .unexpected("the end of the text", expected: "',' or '}'"), 1, 6),
    Refusal("{a: 1,", .unexpected("the end of the text", expected: "a key"), 1, 7),
    Refusal("1 2", .unexpected("'2'", expected: "the end of the text"), 1, 3),
    Refusal("{a: 1,\r\n a: 2}", .duplicateKey("a"), 2, 2),
    Refusal("/* x", .unclosedComment, 1, 1),
    Refusal("'a\nb'", .unclosedString, 1, 1),
    Refusal("\n 'a", .unclosedString, 2, 2),
    Refusal("'\\x4'", .badEscape, 1, 2),
    Refusal("'\\u12'", .badEscape, 1, 2),
    Refusal("'\\1'", .badEscape, 1, 2),
    Refusal("'\\01'", .badEscape, 1, 2),
    Refusal("[01]", .badNumber, 1, 2),
    Refusal("[1.2.3]", .badNumber, 1, 2),
    Refusal("[.]", .badNumber, 1, 2),
    Refusal("[1e]", .badNumber, 1, 2),
    Refusal("[0x]", .badNumber, 1, 2),
    Refusal("[0xg]", .badNumber, 1, 2),
    Refusal("[3px]", .badNumber, 1, 2),
    Refusal("[Infinity]", .noJSONForm("Infinity"), 1, 2),
    Refusal("[-Infinity]", .noJSONForm("Infinity"), 1, 3),
    Refusal("[NaN]", .noJSONForm("NaN"), 1, 2),
    Refusal("[0x10000000000000000]", .noJSONForm("0x10000000000000000"), 1, 2),
    Refusal(String(repeating: "[", count: 1000), .tooDeep(limit: 64), 1, 65),
  ]

  @Test("What is no JSON5 is refused with line and column", arguments: refusals)
  func refuses(_ example: Refusal) {
    let position = SourcePosition(line: example.line, column: example.column)
    #expect(throws: JSON5Error(example.reason, position)) {
      try JSON5Document(parsing: example.text)
    }
  }

  @Test("Size and number of values are bounded")
  func bounds() {
    let bytes = Array("[1,2,3]".utf8)
    #expect(throws: JSON5Error(.tooManyValues(limit: 3), SourcePosition(line: 1, column: 6))) {
      try JSON5Document(parsing: bytes, valuesMax: 3)
    }
    #expect(throws: Never.self) { try JSON5Document(parsing: bytes, valuesMax: 4) }
    #expect(throws: JSON5Error(.tooLarge(limit: 6), SourcePosition(line: 1, column: 1))) {
      try JSON5Document(parsing: bytes, bytesMax: 6)
    }
  }

  @Test("Every JSON text is JSON5 and gives the same value")
  func superset() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    for _ in 0..<2000 {
      let value = random.json(4)
      #expect(try JSON5Document(parsing: value.serialized()).value == value)
    }
  }

  @Test("Every value can be found by its key path")
  func sourceMap() throws {
    let document = try JSON5Document(
      parsing:
        "// s\n{\n  rules: [\n    {name: 'a', 'x/y~': 1},\n    /* c */ {\n  name: 'b'},\n  ],\n}")
    let map = document.sourceMap
    #expect(map[""] == SourcePosition(line: 2, column: 1))
    #expect(map["/rules"] == SourcePosition(line: 3, column: 3))
    #expect(map["/rules/0/name"] == SourcePosition(line: 4, column: 6))
    #expect(map["/rules/0/x~1y~0"] == SourcePosition(line: 4, column: 17))
    #expect(map["/rules/1"] == SourcePosition(line: 5, column: 13))
    #expect(map.nearest("/rules/1/match/path") == map["/rules/1"])
    #expect(map.count == 7)
  }

  @Test("Mutated texts end in a typed error or a value that is JSON, and never trap")
  func fuzz() {
    var random = SeededNoise(SeededNoise.runSeed)
    for _ in 0..<8000 {
      let seed = Self.readings[random.below(Self.readings.count)].text
      let bytes = random.mutate(Array(seed.utf8), times: 5)
      if let document = try? JSON5Document(parsing: bytes) {
        #expect(throws: Never.self) { try JSON(parsing: document.value.serialized()) }
      }
    }
  }
}
