import EmulatorKernel
import PayloadCodecs

/// How the vendor's own packages behave, by their names.
/// Source: the packages of scramjetorg's reference-apps, platform-samples and BDD suites.
enum KnownPackages {
  static func behavior(of name: String, _ arguments: Arguments) -> JSON? {
    fixed.first { $0.names.contains { $0.matches(name) } }?.spec ?? made(name, arguments)
  }

  private static let fixed: [(names: [Glob], spec: JSON)] = {
    guard let list = try? JSON(parsing: text).arrayValue else {
      preconditionFailure("the list of known packages is no JSON list")
    }
    return list.map { entry in
      let names = entry["for"]?.arrayValue?.compactMap(\.stringValue) ?? []
      return (names.map { Glob($0) }, entry["do"] ?? .null)
    }
  }()

  private static let text = #"""
    [
      {"for": ["hello", "python-hello*"], "do": {"behaviour": "echo", "prefix": "Hello ",
        "suffix": "!", "tee": true, "log": "Sequence started"}},
      {"for": ["js-hello-world", "hello-world*"],
        "do": {"behaviour": "value", "value": "Hello World!", "open": true}},
      {"for": ["js-stdinout", "python-stdinout"],
        "do": {"behaviour": "stdio", "prefix": "Got on stdin: "}},
      {"for": ["js-simple-stdio", "reference-simple-stdio", "simple-stdio"],
        "do": {"behaviour": "stdio", "prefix": ">>> ", "lines": true, "after": 5000}},
      {"for": ["args-to-output", "test-args-to-output", "deploy-app"],
        "do": {"behaviour": "value", "value": "$0\n$1\n$2.abc\n$3[0]\n"}},
      {"for": ["checksum-sequence"], "do": {"behaviour": "hash"}},
      {"for": ["avengers-names-output"], "do": {"behaviour": "value",
        "value": "{\"name\":\"Hulk\"}\n", "topic": "avengers",
        "contentType": "application/x-ndjson"}},
      {"for": ["hello-input-out"], "do": {"behaviour": "lines", "template": "Name is: {name}\n",
        "requires": "names", "contentType": "application/x-ndjson"}},
      {"for": ["hello-hulk-out"], "do": {"behaviour": "lines", "template": "Name is: {name}\n",
        "requires": "avenger", "contentType": "application/x-ndjson"}},
      {"for": ["js-topic-producer", "python-topic-producer*"], "do": {"behaviour": "echo",
        "prefix": "producer got: ", "topic": "topic-test", "contentType": "text/plain"}},
      {"for": ["js-topic-consumer"], "do": {"behaviour": "echo", "prefix": "consumer got: ",
        "suffix": "\n", "requires": "topic-test", "contentType": "text/plain"}},
      {"for": ["python-topic-consumer*"], "do": {"behaviour": "lines",
        "template": "consumer got: {}\n", "requires": "topic-test", "contentType": "text/plain"}},
      {"for": ["python-gen-async"], "do": {"behaviour": "echo", "prefix": "saved to db: "}},
      {"for": ["js-events", "python-events"], "do": {"behaviour": "responder", "on": "test-event",
        "emit": "test-response", "message": "reply to {message}"}},
      {"for": ["event-sequence-v2"], "do": {"behaviour": "responder", "on": "test-event",
        "emit": "test-event-response", "message": "message from sequence", "delay": 3000,
        "then": "exit"}},
      {"for": ["event-sequence"], "do": {"behaviour": "responder", "on": "$0", "emit": "$1",
        "message": "{{\"test\":{test+1}}}", "print": "event {json}\n"}},
      {"for": ["js-forever", "python-forever*", "process-not-responding"],
        "do": {"behaviour": "forever"}},
      {"for": ["js-stop-handler", "python-stop-handler"], "do": {"behaviour": "stop-handler",
        "texts": ["Cleaning up... ", "Cleanup done.\n"], "duration": 1000}},
      {"for": ["python-exception-test"], "do": {"behaviour": "crash",
        "stderr": "TestException: This exception should appear on stderr\n"}},
      {"for": ["js-exception", "sequence-with-error"], "do": {"behaviour": "crash",
        "errors": ["Function errored", "Error occurred during Sequence execution: "]}},
      {"for": ["js-unhealthy", "unhealthy-sequence", "python-unhealthy-sequence"],
        "do": {"behaviour": "unhealthy"}},
      {"for": ["reference-inert-function", "js-reference-inert-function"],
        "do": {"behaviour": "inert", "lines": 4}},
      {"for": ["healthy-sequence"], "do": {"behaviour": "inert", "lines": 3}},
      {"for": ["flood-stdout-sequence"],
        "do": {"behaviour": "flood", "kilobytes": "$0", "emit": "test-event-response"}},
      {"for": ["python-chunk-lengths"],
        "do": {"program": [{"on": "input", "do": [{"write": "{length},"}]}]}},
      {"for": ["python-logs-test"], "do": {"program": [{"on": "start", "do": [
        {"log": "Debug log message", "level": "DEBUG"}, {"log": "Info log message", "level": "INFO"},
        {"log": "Warn log message", "level": "WARN"}, "finish"]}]}},
      {"for": ["js-bad-sequence"], "do": {"behaviour": "fail-start", "code": 21}},
      {"for": ["simple-counter-js"],
        "do": {"behaviour": "forever", "tick": "{{ x: {n} }}\n", "every": 1000}},
      {"for": ["test-output"], "do": {"behaviour": "generate", "count": 0, "every": 1000,
        "template": "Test {digit}\n"}}
    ]
    """#

  /// Those that cannot be written down, or that look at the start's args more closely than `$0` can.
  private static func made(_ name: String, _ arguments: Arguments) -> JSON? {
    switch name {
    case "js-debug-args", "python-debug-args": debugArguments(arguments)
    case "args-config-test": argumentsAndConfig(arguments)
    case "endless-names-output": endlessNames(arguments)
    case "can-keep-alive", "python-can-keep-alive": keepAlive(arguments)
    case "multi-outputs": countdown
    default: nil
    }
  }

  /// The first two args as the members of an object; one that is missing is left out.
  private static func debugArguments(_ arguments: Arguments) -> JSON {
    let members = zip(["first_arg", "second_arg"], arguments.values).map { (key: $0, value: $1) }
    return ["behaviour": "value", "value": .string(JSON.object(JSONObject(members)).text)]
  }

  /// `config: …`, then a line for each arg with its JavaScript type.
  private static func argumentsAndConfig(_ arguments: Arguments) -> JSON {
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
    return ["behaviour": "value", "value": .string(text)]
  }

  private static func endlessNames(_ arguments: Arguments) -> JSON {
    let names = [
      "Alice", "Ada", "Aga", "Michał", "Patryk", "Rafał", "Aida", "Basia", "Natalia", "Monika",
      "Wojtek", "Arek",
    ]
    return [
      "behaviour": "generate", "count": arguments.values.isEmpty ? 11 : "$0+1", "every": 500,
      "topic": "names", "contentType": "application/x-ndjson",
      "items": .array(names.map { ["name": .string($0)] }),
    ]
  }

  private static func keepAlive(_ arguments: Arguments) -> JSON {
    arguments.values.first == "SEND_KEEPALIVE"
      ? ["behaviour": "stop-handler", "keepAlive": 5000] : ["behaviour": "forever"]
  }

  private static var countdown: JSON {
    let lines: [JSON] = (0..<60).map { .string("\(60 - $0)\n") }
    return [
      "program": [
        [
          "on": "every", "every": "1s", "count": 60,
          "do": ["each": .array(lines), "to": "stdout"],
        ],
        ["on": "every", "every": "1s", "count": 60, "do": ["log": "{n}"]],
        ["on": "every", "every": "500ms", "do": ["write": "{n}\n"]],
      ]
    ]
  }
}
