import EmulatorKernel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite struct TemplateTests {
  private static let cases: [(template: String, piece: String, expected: String)] = [
    ("{}", "abc", "abc"), ("Name is: {name}\n", #"{"name":"Ada"}"#, "Name is: Ada\n"),
    ("{a.b}", #"{"a":{"b":[1,2]}}"#, "[1,2]"), ("{missing}!", "no json", "!"),
    ("{{ x: {n} }}", "", "{ x: 4 }"), ("{n1}/{digit}", "", "5/4"),
    ("{length},{bytes}", "żółw", "4,7"), ("{test+1}", #"{"test":41}"#, "42"),
    ("plain", "x", "plain"), ("{not a hole}", "x", "{not a hole}"), ("{", "x", "{"),
    ("}", "x", "}"),
  ]

  @Test("Holes are filled from the piece, the count and the message", arguments: cases)
  func fills(template: String, piece: String, expected: String) {
    let rendered = Template(template).render(
      Binding(piece: Array(piece.utf8)), number: 4, now: "now")
    #expect(String(decoding: rendered, as: UTF8.self) == expected)
  }

  private static let arguments = Arguments(["a", 2, ["abc": "c"], ["d"]])
  private static let texts: [(text: String, expected: String)] = [
    ("$0", "a"), ("$0\n$1\n$2.abc\n$3[0]\n", "a\n2\nc\nd\n"), ("$9", "undefined"), ("$", "$"),
    ("costs $1.50", "costs 2.50"), ("$3[7]", #"["d"][7]"#), ("$$0", "$a"),
  ]

  @Test("Args are found by number, member and element", arguments: texts)
  func arguments(text: String, expected: String) {
    #expect(Self.arguments.fill(text) == expected)
  }
}

@Suite struct ProgramCompilerTests {
  private static let mistakes: [(spec: String, pointer: String, part: String)] = [
    (#"{"behaviour":"ecko"}"#, "/behaviour", #"did you mean "echo""#),
    (#"{"behaviour":"echo","prefxi":"x"}"#, "/prefxi", #"did you mean "prefix""#),
    (#"{"program":[{"on":"inptu","do":"echo"}]}"#, "/program/0/on", #"did you mean "input""#),
    (#"{"program":[{"on":"input"}]}"#, "/program/0", #"the key "do" is missing"#),
    (#"{"program":[{"on":"input","do":"ehco"}]}"#, "/program/0/do", #"did you mean "echo""#),
    (
      #"{"program":[{"on":"input","do":{"write":"x","to":"printer"}}]}"#, "/program/0/do/to",
      "\"output\""
    ),
    (#"{"program":[{"on":"every","do":"echo"}]}"#, "/program/0", #""every" is missing"#),
    (#"{"program":[{"on":"start","do":{"sleep":"soon"}}]}"#, "/program/0/do/sleep", "duration"),
    (
      #"{"program":[{"on":"start","do":{"write":"a","log":"b"}}]}"#, "/program/0/do",
      "exclude each other"
    ),
    (#"{"behaviour":"echo","topic":"a.b"}"#, "/topic", "letters"),
    (#"{}"#, "", #""behaviour" is missing"#), ("5", "", "expected an object"),
  ]

  @Test("A mistake is told with its place and what was meant", arguments: mistakes)
  func mistake(spec: String, pointer: String, part: String) throws {
    let value = try JSON(parsing: spec)
    let error = #expect(throws: ScenarioProblems.self) { try ProgramCompiler().compile(value) }
    let problems = try #require(error?.problems)
    #expect(
      problems.contains { $0.pointer == pointer && $0.message.contains(part) }, "\(problems)")
  }

  @Test("Every behaviour of the contract's table compiles as it stands (contract §5.2)")
  func everyBehavior() throws {
    for name in Behavior.allCases {
      _ = try ProgramCompiler().compile(["behaviour": .string(name.rawValue)])
      _ = try ProgramCompiler().compile(.string(name.rawValue))
    }
  }

  private static let packages = [
    "hello", "python-hello-2", "js-hello-world", "hello-world-x", "js-stdinout", "python-stdinout",
    "simple-stdio", "js-debug-args", "args-to-output", "args-config-test", "checksum-sequence",
    "endless-names-output", "avengers-names-output", "hello-input-out", "hello-hulk-out",
    "js-topic-producer", "python-topic-consumer", "js-events", "event-sequence-v2",
    "event-sequence", "js-forever", "process-not-responding", "js-stop-handler", "can-keep-alive",
    "python-exception-test", "sequence-with-error", "js-unhealthy", "reference-inert-function",
    "healthy-sequence", "multi-outputs", "flood-stdout-sequence", "python-chunk-lengths",
    "python-logs-test", "js-bad-sequence", "simple-counter-js", "test-output",
  ]

  @Test("Every known package has a program (contract §5.2)", arguments: packages)
  func knownPackages(name: String) throws {
    for arguments in [Arguments(), Arguments(["SEND_KEEPALIVE", 3, ["a": 1]])] {
      let spec = try #require(KnownPackages.behavior(of: name, arguments))
      _ = try ProgramCompiler(arguments).compile(spec)
    }
  }

  @Test("Each start of a sequence has the program that its own args and rules make")
  func startedAgain() throws {
    func sequence(_ name: String) throws -> Sequence {
      let manifest: JSONObject = ["name": .string(name), "main": "index.js"]
      let package = try SequencePackage(manifest: manifest, byteCount: 1, hasPath: { _ in true })
      return Sequence(id: name, package: Shared(package))
    }
    func program(
      _ sequence: Sequence, _ arguments: JSON? = nil, _ rules: [BehaviorRule] = []
    ) throws -> Program {
      var order = StartOrder()
      order.arguments = arguments
      return try ProgramChoice.program(for: sequence, on: "hub", order: order, rules: rules)
        .program.value
    }
    let first = try sequence("args-to-output")
    let plain = try program(first)
    #expect(try program(first, ["a"]) != plain)
    #expect(try program(first, nil, [BehaviorRule(spec: ["behaviour": "hash"])]) != plain)
    // More packages than are kept, two of a name.
    let names = ["checksum-sequence", "js-forever", "x"] + (0..<20).map { "y\($0)" } + ["x"]
    let others = try names.map { try sequence($0) }
    let programs = try others.map { try program($0) }
    #expect(try others.map { try program($0) } == programs)
    #expect(programs[0] != programs[1])
    #expect(try program(first) == plain)
  }

  @Test("A program that reads input and names no end is through with its input")
  func implicitEnd() throws {
    let program = try ProgramCompiler().compile(["program": [["on": "input", "do": "echo"]]])
    #expect(program.inputEnd == [.finish])
  }
}

@Suite struct LaneTests {
  private let demand = InputQueue.Demand(pieces: false, lines: true, keepsNewlines: false)

  @Test("Lines are the same however the bytes are cut", arguments: [1, 2, 3, 5, 100])
  func lines(size: Int) {
    let bytes = Array("one\r\ntwo\n\nfour without end".utf8)
    var lane = InputQueue()
    var found: [InputQueue.Item] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      lane.append(Array(bytes[start..<min(bytes.count, start + size)]))
      while let item = lane.take(demand) { found.append(item) }
    }
    lane.end()
    while let item = lane.take(demand) { found.append(item) }
    let lines = ["one", "two", "", "four without end"].map { InputQueue.Item.line(Array($0.utf8)) }
    #expect(found == lines + [.end])
  }
}
