import PayloadCodecs
import TestSupport
import Testing

@Suite("YAML")
struct YAMLTests {
  /// Texts that need care when written.
  static let awkward = [
    "", " ", "a", "a b", "4:05", "22:00", "1:2:3", "yes", "No", "ON", "off", "y", "N", "true",
    "False",
    "null", "~", "3.9", "1.2.3", "0123", "0x1f", "0b1", "0o7", "1_000", "+1", "-1", "-", "--",
    "---", "...",
    "--- a", "-a", "- a", "?", "? a", "?a", ":", ":a", ": a", "a:", "a: b", "a:b", "a #b", "a#b",
    "#a",
    "[a]", "{a}", "a, b", "&a", "*a", "!a", "|", ">", "'", "''", "\"", "it's", "\"q\"", "%a", "@a",
    "`a",
    " a", "a ", "\ta", "a\t", "a\tb", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "\n", "a\n", " a\nb",
    "a\n b\n",
    "a\r\nb", "a\rb", "2024-06-03", "2024-06-03T04:05:06Z", "2001-12-14 21:59:43.10 -5", ".5", "1.",
    ".",
    ".inf", "-.INF", ".NaN", "1e3", "1e+3", "1E400", "<<", "=", "é", "日本語", "😀", "\u{85}", "\u{a0}",
    "\u{2028}x", "\u{feff}", "\u{0}", "\u{7f}", "\u{fffe}", "0s", "5m0s", "4h0m0s",
    "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c44", "12345678-91a2-4b3c-9d4e-5f6a7b8c9d55", "1e10-2",
    "http://h:80/#x",
    "#!/bin/sh\necho hi\n", "x: |\n  y\n", "k\u{301}", "\n\u{301}", "a\n\u{301}b", "0", "00", "-0",
    "012e03",
    "1,000", "a\n\n\nb", "a\n   \nb", "_1", "__", "0xg", "190:20:30", "100_000.5", "12:30:45.5",
  ]

  @Test("What the writer writes the reader reads back, and the layout holds")
  func roundTrip() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    // Texts are looked through by eights, too.
    let lengths = ["", "seven77", "eight888", "a text of more than sixteen"]
    let awkward = Self.awkward.flatMap { text in lengths.flatMap { [$0 + text, text + $0] } }
    let values = awkward.map { JSON.string($0) } + (0..<3000).map { _ in random.json(4) }
    for value in values {
      let text = YAMLWriter.text(value)
      let node = try YAMLNode(yaml: text)
      #expect(node.json == value, "\(text)")
      #expect(text.utf8.last == 0x0a)
    }
  }

  @Test("Strings that a YAML version would take for something else are quoted, others are not")
  func quoting() {
    let plain = [
      "a", "a b", "0s", "4h0m0s", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c44", "a#b", "a:b", "-a", "?a",
      "extract.py", "Warehouse - Upload File", "it's", "é", "12345678-91a2-4b3c-9d4e-5f6a7b8c9d55",
      "ops@example.com", "1e10-2",
    ]
    for text in plain { #expect(YAMLWriter.text(.string(text)) == text + "\n") }
    for text in ["4:05", "yes", "3.9", "0123", "", "null", "22:00", "1_0", "2024-06-03", "Off"] {
      #expect(YAMLWriter.text(.string(text)) == "\"\(text)\"\n")
    }
    #expect(YAMLWriter.text(.string("a: b")) == "'a: b'\n")
    #expect(YAMLWriter.text(.string("'")) == "''''\n")
    #expect(YAMLWriter.text(.string("a\rb\u{7}")) == #""a\rb\x07""# + "\n")
  }

  @Test("What is written member by member is what its tree would be")
  func pieces() {
    for text in Self.awkward {
      let inner: JSON = ["b": .string(text)]
      let value: JSON = ["a": [1, inner], "c": [:]]
      let element: JSON = .object(JSONObject([("flag", true), (text, .null)]))
      var yaml = YAMLWriter()
      yaml.member("text", text)
      yaml.member(named: text, text)
      yaml.object("outer") { yaml in
        yaml.object(named: text) { yaml in
          yaml.member("number", 7)
          yaml.member("value", value)
        }
        yaml.object("empty") { _ in }
        yaml.array("none") { _ in }
        yaml.array("list") { yaml in
          yaml.value(text)
          yaml.value(3)
          yaml.object { yaml in
            yaml.member("flag", true)
            yaml.member(named: text, JSON.null)
          }
          yaml.object { _ in }
        }
      }
      let outer: [(key: String, value: JSON)] = [
        (text, ["number": 7, "value": value]), ("empty", [:]), ("none", []),
        ("list", [.string(text), 3, element, [:]]),
      ]
      let tree: JSON = .object(
        JSONObject([
          ("text", .string(text)), (text, .string(text)), ("outer", .object(JSONObject(outer))),
        ]))
      #expect(String(decoding: yaml.bytes, as: UTF8.self) == YAMLWriter.text(tree))
    }
  }

  /// Shipyard contract 6.8: what PyYAML sends.
  static let upsert = """
    connections:
      Extract:
        Load: SUCCESS
    name: Nightly load
    notifications: &id001
      after_error: true
      emails:
      - ops@example.com
    triggers:
      schedules:
      - at: '4:05'
        how_often: DAILY
    vessels:
      Extract:
        notifications: *id001
        source:
          environment:
          - name: REGION
            value: us
          file:
            content: 'import os

              print(os.environ["REGION"])

              '
            name: extract.py
          file_to_run: extract.py
          language: PYTHON
          type: CODE
      Load:
        source:
          blueprint: Warehouse - Upload File
          inputs:
            FILE_NAME: out.csv
            WAREHOUSE_PASSWORD: s3cret
          type: BLUEPRINT

    """

  /// The editor's layout of the same contract, as it comes back.
  static let fleet = """
    name: Nightly load
    _id: c4a8e1d2-5b76-49f3-8d20-9e1f7a6b5c33
    vessels:
        Extract:
            _id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c44
            source:
                language: PYTHON
                file:
                    name: extract.py
                    content: |
                        import os
                        print(os.environ["REGION"])
                file_to_run: extract.py
                environment:
                    - name: REGION
                      value: us
                type: CODE
            guardrails:
                retry_count: 0
                retry_wait: 0s
                runtime_cutoff: 4h0m0s
            notifications:
                emails:
                    - ops@example.com
                after_error: true
                after_on_demand: false
        Load:
            notifications:
                emails: []
                after_error: true
                after_on_demand: false
    connections:
        Extract:
            Load: SUCCESS
    triggers:
        schedules:
            - how_often: DAILY
              at: "4:05"

    """

  @Test("A fleet as the Shipyard client sends it is understood (contract 6.8)")
  func client() throws {
    let node = try YAMLNode(yaml: Self.upsert)
    let vessel = try #require(node["vessels"]?["Extract"])
    #expect(
      vessel["source"]?["file"]?["content"]?.text == "import os\nprint(os.environ[\"REGION\"])\n")
    #expect(vessel["notifications"]?["emails"]?[0]?.text == "ops@example.com")
    #expect(vessel["notifications"]?.json == ["after_error": true, "emails": ["ops@example.com"]])
    #expect(node["triggers"]?["schedules"]?[0]?["at"]?.text == "4:05")
    #expect(node["name"]?.position == SourcePosition(line: 4, column: 7))
    #expect(
      node.mapping?.map { $0.key.text } == [
        "connections", "name", "notifications", "triggers", "vessels",
      ])
  }

  @Test("A stored fleet is written exactly as the editor shows it (contract 6.8)")
  func layout() throws {
    #expect(YAMLWriter.text(try YAMLNode(yaml: Self.fleet).json) == Self.fleet)
  }

  @Test("A document that is one string holding a fleet is read twice (contract 6.9)")
  func textInText() throws {
    let body = #"""
      "name: tiny\nvessels:\n  only:\n    source:\n      type: CODE\n      language: BASH\n\
        \      file: {name: a.sh, content: echo hi}\n      file_to_run: a.sh\n"

      """#
    let outer = try YAMLNode(yaml: body)
    let inner = try YAMLNode(yaml: try #require(outer.text))
    #expect(inner["vessels"]?["only"]?["source"]?["file"]?["content"]?.text == "echo hi")
  }

  struct Reading: Sendable, CustomTestStringConvertible {
    let yaml: String
    let json: JSON
    var testDescription: String { yaml }
  }
  static let readings = [
    Reading(yaml: "", json: nil),
    Reading(yaml: "# only a comment\n", json: nil),
    Reading(yaml: "---\n...\n", json: nil),
    Reading(yaml: "%YAML 1.1\n---\na\n", json: "a"),
    Reading(yaml: "%TAG !e! tag:yaml.org,2002:\n--- !e!str 1\n", json: "1"),
    Reading(
      yaml: "a: 1\nb: 0x1F\nc: 0o17\nd: 1e3\ne: -.5\nf: +1.\ng: 007\n",
      json: [
        "a": 1, "b": 31, "c": 15, "d": .decimal("1e3"), "e": .decimal("-0.5"), "f": .decimal("1.0"),
        "g": 7,
      ]),
    Reading(
      yaml: "a: ~\nb:\nc: null\nd: 'null'\ne: !!str null\nf: !!null x\n? g\n",
      json: ["a": nil, "b": nil, "c": nil, "d": "null", "e": "null", "f": nil, "g": nil]),
    Reading(
      yaml: "a: true\nb: yes\nc: False\nd: .inf\ne: !!int '3'\nf: ! 4\ng: 12345678901234567890\n",
      json: [
        "a": true, "b": "yes", "c": false, "d": ".inf", "e": 3, "f": "4",
        "g": .decimal("12345678901234567890"),
      ]),
    Reading(
      yaml: "a:\n- 1\n- - 2\n  - 3\n-\nb:\n  - c: 4\n    d: 5\n",
      json: ["a": [1, [2, 3], nil], "b": [["c": 4, "d": 5]]]),
    Reading(
      yaml: "{a: 1, b: [2, 3,], 'c':4, \"d\":5, e, ? f : 6, g: ,}",
      json: ["a": 1, "b": [2, 3], "c": 4, "d": 5, "e": nil, "f": 6, "g": nil]),
    Reading(
      yaml: "[a: 1, b c, ? d, http://x/?y]", json: [["a": 1], "b c", ["d": nil], "http://x/?y"]),
    Reading(yaml: "a: b\n  c\n\n  d\n", json: ["a": "b c\nd"]),
    Reading(yaml: "a: 'b\n  c''d\n\n  e '\n", json: ["a": "b c'd\ne "]),
    Reading(
      yaml: "a: \"b \\\n   \\ c\\x41\\u00e9\\U0001F600\\ud83d\\ude00\\/\\e\"",
      json: ["a": "b  cAé😀😀/\u{1b}"]),
    Reading(
      yaml:
        "a: |\n  b\n   c\n\n  d\n\ne: |-\n  f\n\ng: |+\n  h\n\ni: >\n  j\n  k\n\n  l\n   m\n  n\n",
      json: ["a": "b\n c\n\nd\n", "e": "f", "g": "h\n\n", "i": "j k\nl\n m\nn\n"]),
    Reading(
      yaml: "a: |2-\n   b\n  c\nd: >+1\n  e\n f\n\n", json: ["a": " b\nc", "d": " e\nf\n\n"]),
    Reading(
      yaml: "a: | # comment\n  b # none\nc: d # comment\n", json: ["a": "b # none\n", "c": "d"]),
    Reading(yaml: "? long key\n: v\n", json: ["long key": "v"]),
    Reading(
      yaml: "a: &x [1, 2]\nb: *x\nc: &y\nd: *y\n",
      json: ["a": [1, 2], "b": [1, 2], "c": nil, "d": nil]),
    Reading(
      yaml: "d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3\nf: {<<: [*d, {c: 4}]}\n",
      json: ["d": ["a": 1, "b": 2], "e": ["a": 1, "b": 3], "f": ["a": 1, "b": 2, "c": 4]]),
    Reading(
      yaml: "a:\tb\nc: d\t# e\nf: [1,\t2]\n\t\ng: h\n",
      json: ["a": "b", "c": "d", "f": [1, 2], "g": "h"]),
    Reading(yaml: "\u{feff}a: 1\r\nb:\r\n  - 2\r\n", json: ["a": 1, "b": [2]]),
    Reading(yaml: "a: b: c", json: nil),
    Reading(yaml: "- !!binary aGk=\n- !!set {a, b}\n", json: ["aGk=", ["a": nil, "b": nil]]),
    Reading(yaml: "--- >\n a\n b\n", json: "a b\n"),
    Reading(yaml: "- &a a\n- &a b\n- *a\n", json: ["a", "b", "b"]),
  ]

  @Test(
    "Documents of all kinds are read (YAML 1.2.2; contract, \"What the reader must understand\")",
    arguments: readings)
  func reads(_ example: Reading) throws {
    if example.yaml == "a: b: c" {
      #expect(throws: YAMLError(.unexpected("':'"), SourcePosition(line: 1, column: 5))) {
        try YAMLNode(yaml: example.yaml)
      }
    } else {
      #expect(try YAMLNode(yaml: example.yaml).json == example.json)
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let yaml: String
    let reason: YAMLError.Reason
    let line: Int
    let column: Int
    var testDescription: String { yaml }
    init(_ yaml: String, _ reason: YAMLError.Reason, _ line: Int, _ column: Int) {
      self.yaml = yaml
      self.reason = reason
      self.line = line
      self.column = column
    }
  }
  /// In forty lists, one inside of the other.
  private static func nested(_ text: String) -> String {
    String(repeating: "[", count: 40) + text + String(repeating: "]", count: 40)
  }

  static let refusals = [
    Refusal("a:\n\tb: c\n", .tabIndentation, 2, 1),
    Refusal("a:\n  b: c\n\td: e\n", .tabIndentation, 3, 1),
    Refusal("a: !!python/object:os.system x\n", .refusedTag("!!python/object:os.system"), 1, 4),
    Refusal("!!python/tuple [1]\n", .refusedTag("!!python/tuple"), 1, 1),
    Refusal("- !foo x\n", .refusedTag("!foo"), 1, 3),
    Refusal("- !<tag:x,2000:y> x\n", .refusedTag("tag:x,2000:y"), 1, 3),
    Refusal("- !u!x y\n", .refusedTag("!u!x"), 1, 3),
    Refusal("a: *b\n", .undefinedAlias("b"), 1, 4),
    Refusal("a: &a [*a]\n", .recursiveAlias("a"), 1, 8),
    // An alias is as deep as what it stands for: what is read must be readable when it is written out.
    Refusal(
      "a: &a \(nested("1"))\nb: &b \(nested("2"))\nc: \(nested("*a"))\n",
      .tooDeep(limit: 64), 3, 44),
    Refusal("a: 'b\n", .unclosedQuote, 1, 4),
    Refusal("a: \"b\n---\nc\"\n", .unclosedQuote, 1, 4),
    Refusal("a: \"\\q\"\n", .badEscape, 1, 5),
    Refusal("a: \"\\x4\"\n", .badEscape, 1, 5),
    Refusal("a: \"\\ud800\"\n", .badEscape, 1, 5),
    Refusal("a: \"\\UFFFFFFFF\"\n", .badEscape, 1, 5),
    Refusal("a: |x\n  b\n", .badBlockScalarHeader, 1, 5),
    Refusal("a: |0\n  b\n", .badBlockScalarHeader, 1, 5),
    Refusal("a: 1\nb\n", .missingColon, 2, 1),
    Refusal("a: 1\na: 2\n", .duplicateKey("a"), 2, 1),
    Refusal("{a: 1, a: 2}", .duplicateKey("a"), 1, 8),
    Refusal("a: [1, 2\n", .unexpected("the end of the text"), 2, 1),
    Refusal("a: ]\n", .unexpected("']'"), 1, 4),
    Refusal("a: [1 2: 3}\n", .unexpected("'}'"), 1, 11),
    Refusal("a: - b\n", .unexpected("a list entry"), 1, 4),
    Refusal("a: @b\n", .unexpected("'@'"), 1, 4),
    Refusal("a: %b\n", .unexpected("'%'"), 1, 4),
    Refusal("a\u{7}b", .badCharacter, 1, 2),
    Refusal("a\n---\nb\n", .severalDocuments, 2, 1),
    Refusal("a\n...\nb\n", .severalDocuments, 3, 1),
    Refusal("%YAML 2.0\n---\na\n", .badDirective, 1, 1),
    Refusal("%YAML 1\n---\na\n", .badDirective, 1, 1),
    Refusal("%YAML 1.2\na\n", .unexpected("a scalar"), 2, 1),
    Refusal("a: &\n", .badAnchor, 1, 4),
    Refusal("a:\n  b\n c: d\n", .unexpected("':'"), 3, 3),
    Refusal("a:\n    b: c\n  d: e\n", .unexpected("a key"), 3, 3),
    Refusal("<<: 3\n", .badMerge, 1, 5),
    Refusal("? - a\n: b\n", .collectionKey, 1, 3),
    Refusal("a:\n  {b: c}: d\n", .collectionKey, 2, 3),
    Refusal("[[a]: b]\n", .collectionKey, 1, 2),
  ]

  @Test("What is no YAML is refused with line and column", arguments: refusals)
  func refuses(_ example: Refusal) {
    let position = SourcePosition(line: example.line, column: example.column)
    #expect(throws: YAMLError(example.reason, position)) { try YAMLNode(yaml: example.yaml) }
  }

  @Test("Invalid UTF-8 is refused")
  func encoding() {
    #expect(throws: YAMLError.self) { try YAMLNode(yaml: [0x61, 0xff]) }
    #expect(throws: YAMLError.self) { try YAMLNode(yaml: [0xff, 0xfe, 0x61, 0]) }
  }

  @Test("Aliases that multiply without end are refused at once")
  func bombs() {
    var laughs = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for (name, before) in zip("bcdefghijk", "abcdefghij") {
      let list = Array(repeating: "*\(before)", count: 9).joined(separator: ",")
      laughs += "\(name): &\(name) [\(list)]\n"
    }
    let long =
      "- &a " + String(repeating: "x", count: 1 << 20) + "\n"
      + String(repeating: "- *a\n", count: 9999)
    let merges =
      "a: &a {" + (0..<100).map { "k\($0): 1, " }.joined() + "}\n" + "b: {<<: ["
      + String(repeating: "*a,", count: 1000) + "]}\n"
    for text in [laughs, long, merges] {
      let error = #expect(throws: YAMLError.self) { try YAMLNode(yaml: text) }
      guard case .tooManyNodes = error?.reason else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("Depth and size are bounded", arguments: ["[", "{a: ", "- ", "? ", "a:\n"])
  func depth(_ opening: String) {
    var text = ""
    for level in 0..<200 {
      text += opening == "a:\n" ? String(repeating: " ", count: level) + opening : opening
    }
    #expect(throws: YAMLError.self) { try YAMLNode(yaml: text) }
    let many = String(repeating: opening, count: 100_000)
    #expect(throws: YAMLError.self) { try YAMLNode(yaml: many) }
    var limits = YAMLLimits()
    limits.bytesMax = 10
    #expect(throws: YAMLError(.tooLarge(limit: 10), SourcePosition(line: 1, column: 1))) {
      try YAMLNode(yaml: "01234567890", limits: limits)
    }
  }

  @Test("Every value can be found by its key path")
  func sourceMap() throws {
    let node = try YAMLNode(yaml: "rules:\n  - name: a\n    match: {x/y~: 1}\n  -\n    name: b\n")
    let map = node.sourceMap
    #expect(map["/rules"] == SourcePosition(line: 1, column: 1))
    #expect(map["/rules/0/name"] == SourcePosition(line: 2, column: 5))
    #expect(map["/rules/0/match/x~1y~0"] == SourcePosition(line: 3, column: 13))
    #expect(map["/rules/1/name"] == SourcePosition(line: 5, column: 5))
    #expect(map.nearest("/rules/1/missing/x") == map["/rules/1"])
    #expect(map.nearest("/nothing") == map[""])
    #expect(map["/nothing"] == nil)
  }

  @Test("Mutated documents end in a typed error or a value, and never trap")
  func fuzz() {
    var random = SeededNoise(SeededNoise.runSeed)
    let seeds = [Self.upsert, Self.fleet] + Self.readings.map(\.yaml)
    for _ in 0..<6000 {
      let bytes = random.mutate(Array(seeds[random.below(seeds.count)].utf8), times: 6)
      if let node = try? YAMLNode(yaml: bytes) {
        let text = YAMLWriter.text(node.json)
        let back = Result { () throws(YAMLError) in try YAMLNode(yaml: text) }
        #expect(throws: Never.self, "\(text)") { try back.get() }
      }
    }
  }
}

extension YAMLWriter {
  static func text(_ value: JSON) -> String { String(decoding: write(value), as: UTF8.self) }
}
