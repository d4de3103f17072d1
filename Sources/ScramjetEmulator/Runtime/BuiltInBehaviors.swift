import EmulatorKernel
import PayloadCodecs

/// A scenario's rule for which instances behave how.
struct BehaviorRule: Codable, Sendable {
  /// Package name or alias of the sequence; nil: any.
  var sequence: Glob?
  var hub: Glob?
  var spec: JSON

  init(sequence: Glob? = nil, hub: Glob? = nil, spec: JSON) {
    self.sequence = sequence
    self.hub = hub
    self.spec = spec
  }

  func matches(_ candidate: Sequence, on hubID: String) -> Bool {
    if let hub, !hub.matches(hubID) { return false }
    guard let sequence else { return true }
    let names = [
      candidate.package.name, candidate.package.shortName, candidate.alias ?? "", candidate.id,
    ]
    return names.contains { sequence.matches($0) }
  }
}

/// Finds the program for an instance. First match wins: the start's `appConfig.emulator`, the
/// package's own `emulator`, the scenario's rules, the table of known packages, echo.
enum ProgramChoice {
  static func program(
    for sequence: Sequence, on hub: String, order: StartOrder, rules: [BehaviorRule]
  ) throws(ScenarioProblems) -> Program {
    let arguments = Arguments(order.arguments?.arrayValue ?? [], appConfig: order.appConfig)
    let compiler = ProgramCompiler(arguments)
    if let spec = order.appConfig?["emulator"], case .object = spec {
      return try compiler.compile(spec, at: "/appConfig/emulator")
    }
    if let spec = sequence.package.emulator {
      return try compiler.compile(spec, at: "/emulator")
    }
    if let rule = rules.first(where: { $0.matches(sequence, on: hub) }) {
      return try compiler.compile(rule.spec)
    }
    let name = sequence.package.shortName
    var program = try compiler.compile(builtIn(name, arguments) ?? ["behaviour": "echo"])
    program.readsTextByLine = name.hasPrefix("python-")
    return program
  }

  /// Source: the packages of scramjetorg's reference-apps, platform-samples and BDD suites.
  static func builtIn(_ name: String, _ arguments: Arguments) -> JSON? {
    for (pattern, spec) in table where Glob(pattern).matches(name) { return spec(arguments) }
    return nil
  }

  private static let names = [
    "Alice", "Ada", "Aga", "Michał", "Patryk", "Rafał", "Aida", "Basia", "Natalia", "Monika",
    "Wojtek", "Arek",
  ]

  private static func countdown() -> JSON {
    .array((0..<60).map { .string("\(60 - $0)\n") })
  }

  /// `config: …`, then a line for each arg with its JavaScript type.
  private static func argumentsAndConfig(_ arguments: Arguments) -> String {
    var text = "config: \((arguments.appConfig ?? [:]).text)\n"
    for value in arguments.values {
      let type =
        switch value {
        case .string: "string"
        case .integer, .decimal: "number"
        case .bool: "boolean"
        case .null, .array, .object: "object"
        }
      text += "\(type), \(value.text)\n"
    }
    return text
  }

  private static let table: [(pattern: String, spec: @Sendable (Arguments) -> JSON)] = [
    ("hello", { _ in hello }), ("python-hello*", { _ in hello }),
    ("js-hello-world", { _ in helloWorld }), ("hello-world*", { _ in helloWorld }),
    ("js-stdinout", { _ in gotOnStdin }), ("python-stdinout", { _ in gotOnStdin }),
    ("js-simple-stdio", { _ in simpleStdio }), ("reference-simple-stdio", { _ in simpleStdio }),
    ("simple-stdio", { _ in simpleStdio }),
    ("js-debug-args", { debugArguments($0) }), ("python-debug-args", { debugArguments($0) }),
    ("args-to-output", { _ in argumentLines }), ("test-args-to-output", { _ in argumentLines }),
    ("deploy-app", { _ in argumentLines }),
    (
      "args-config-test",
      { arguments in
        ["behaviour": "value", "value": .string(argumentsAndConfig(arguments))]
      }
    ),
    ("checksum-sequence", { _ in ["behaviour": "hash"] }),
    (
      "endless-names-output",
      { arguments in
        [
          "behaviour": "generate", "count": arguments.values.isEmpty ? 11 : "$0+1", "every": 500,
          "topic": "names",
          "contentType": "application/x-ndjson",
          "items": .array(names.map { ["name": .string($0)] }),
        ]
      }
    ),
    (
      "avengers-names-output",
      { _ in
        [
          "behaviour": "value", "value": "{\"name\":\"Hulk\"}\n", "topic": "avengers",
          "contentType": "application/x-ndjson",
        ]
      }
    ),
    ("hello-input-out", { _ in nameIs(topic: "names") }),
    ("hello-hulk-out", { _ in nameIs(topic: "avenger") }),
    ("js-topic-producer", { _ in producer }), ("python-topic-producer*", { _ in producer }),
    ("js-topic-consumer", { _ in consumer }), ("python-topic-consumer*", { _ in lineConsumer }),
    ("python-gen-async", { _ in ["behaviour": "echo", "prefix": "saved to db: "] }),
    ("js-events", { _ in events }), ("python-events", { _ in events }),
    (
      "event-sequence-v2",
      { _ in
        [
          "behaviour": "responder", "on": "test-event", "emit": "test-event-response",
          "message": "message from sequence", "delay": 3000, "then": "exit",
        ]
      }
    ),
    (
      "event-sequence",
      { _ in
        [
          "behaviour": "responder", "on": "$0", "emit": "$1", "message": "{{\"test\":{test+1}}}",
          "print": "event {json}\n",
        ]
      }
    ),
    ("js-forever", { _ in ["behaviour": "forever"] }),
    ("python-forever*", { _ in ["behaviour": "forever"] }),
    ("process-not-responding", { _ in ["behaviour": "forever"] }),
    ("js-stop-handler", { _ in stopHandler }), ("python-stop-handler", { _ in stopHandler }),
    ("can-keep-alive", { keepAlive($0) }), ("python-can-keep-alive", { keepAlive($0) }),
    (
      "python-exception-test",
      { _ in
        [
          "behaviour": "crash",
          "stderr": "TestException: This exception should appear on stderr\n",
        ]
      }
    ),
    ("js-exception", { _ in jsException }), ("sequence-with-error", { _ in jsException }),
    ("js-unhealthy", { _ in ["behaviour": "unhealthy"] }),
    ("unhealthy-sequence", { _ in ["behaviour": "unhealthy"] }),
    ("python-unhealthy-sequence", { _ in ["behaviour": "unhealthy"] }),
    ("reference-inert-function", { _ in ["behaviour": "inert", "lines": 4] }),
    ("js-reference-inert-function", { _ in ["behaviour": "inert", "lines": 4] }),
    ("healthy-sequence", { _ in ["behaviour": "inert", "lines": 3] }),
    (
      "multi-outputs",
      { _ in
        [
          "program": [
            [
              "on": "every", "every": "1s", "count": 60,
              "do": ["each": countdown(), "to": "stdout"],
            ],
            ["on": "every", "every": "1s", "count": 60, "do": ["log": "{n}"]],
            ["on": "every", "every": "500ms", "do": ["write": "{n}\n"]],
          ]
        ]
      }
    ),
    (
      "flood-stdout-sequence",
      { _ in ["behaviour": "flood", "kilobytes": "$0", "emit": "test-event-response"] }
    ),
    (
      "python-chunk-lengths",
      { _ in ["program": [["on": "input", "do": ["write": "{length},"]]]] }
    ),
    (
      "python-logs-test",
      { _ in
        [
          "program": [
            [
              "on": "start",
              "do": [
                ["log": "Debug log message", "level": "DEBUG"],
                ["log": "Info log message", "level": "INFO"],
                ["log": "Warn log message", "level": "WARN"], "finish",
              ],
            ]
          ]
        ]
      }
    ),
    ("js-bad-sequence", { _ in ["behaviour": "fail-start", "code": 21] }),
    (
      "simple-counter-js",
      { _ in ["behaviour": "forever", "tick": "{{ x: {n} }}\n", "every": 1000] }
    ),
    (
      "test-output",
      { _ in ["behaviour": "generate", "count": 0, "every": 1000, "template": "Test {digit}\n"] }
    ),
  ]

  private static let hello: JSON = [
    "behaviour": "echo", "prefix": "Hello ", "suffix": "!", "tee": true, "log": "Sequence started",
  ]
  private static let helloWorld: JSON = [
    "behaviour": "value", "value": "Hello World!", "open": true,
  ]
  private static let gotOnStdin: JSON = ["behaviour": "stdio", "prefix": "Got on stdin: "]
  private static let simpleStdio: JSON = [
    "behaviour": "stdio", "prefix": ">>> ", "lines": true, "after": 5000,
  ]
  /// The first two args as the members of an object; one that is missing is left out.
  private static func debugArguments(_ arguments: Arguments) -> JSON {
    let members = zip(["first_arg", "second_arg"], arguments.values).map { (key: $0, value: $1) }
    return ["behaviour": "value", "value": .string(JSON.object(JSONObject(members)).text)]
  }
  private static let argumentLines: JSON = [
    "behaviour": "value", "value": "$0\n$1\n$2.abc\n$3[0]\n",
  ]
  private static let producer: JSON = [
    "behaviour": "echo", "prefix": "producer got: ", "topic": "topic-test",
    "contentType": "text/plain",
  ]
  private static let consumer: JSON = [
    "behaviour": "echo", "prefix": "consumer got: ", "suffix": "\n", "requires": "topic-test",
    "contentType": "text/plain",
  ]
  private static let lineConsumer: JSON = [
    "behaviour": "lines", "template": "consumer got: {}\n", "requires": "topic-test",
    "contentType": "text/plain",
  ]
  private static let events: JSON = [
    "behaviour": "responder", "on": "test-event", "emit": "test-response",
    "message": "reply to {message}",
  ]
  private static let stopHandler: JSON = [
    "behaviour": "stop-handler", "texts": ["Cleaning up... ", "Cleanup done.\n"], "duration": 1000,
  ]
  private static let jsException: JSON = [
    "behaviour": "crash",
    "errors": ["Function errored", "Error occurred during Sequence execution: "],
  ]

  private static func nameIs(topic: String) -> JSON {
    [
      "behaviour": "lines", "template": "Name is: {name}\n", "requires": .string(topic),
      "contentType": "application/x-ndjson",
    ]
  }

  private static func keepAlive(_ arguments: Arguments) -> JSON {
    arguments.values.first == "SEND_KEEPALIVE"
      ? ["behaviour": "stop-handler", "keepAlive": 5000] : ["behaviour": "forever"]
  }
}
