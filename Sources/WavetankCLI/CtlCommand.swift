import HTTPModel
import PayloadCodecs
import Scenarios
import Wavetank

extension Command {
  /// Flags of every command that talks to a running server.
  static let serverFlags = [
    Flag("--url", value: "URL", "Where the server listens ($WAVETANK_URL, http://127.0.0.1:7070)."),
    Flag("--tenant", value: "NAME", "The tenant to act on (default)."),
    Flag("--token", value: "T", "The control token ($WAVETANK_CONTROL_TOKEN)."),
  ]

  static let ctl = Command(
    name: "ctl", summary: "Drive a running server through its control API.",
    operands: "WHAT …",
    flags: serverFlags + [
      Flag("--keep-journal", "reset: leave the journal as it is."),
      Flag("--mode", value: "MODE", "clock: real, manual, skip or xN."),
      Flag("--by", value: "DURATION", "clock: forward by, such as 5s or 1h30m."),
      Flag("--to", value: "INSTANT", "clock: forward to, such as 2026-01-01T00:00:00Z."),
      Flag("--next", "clock: forward to the next thing due."),
      Flag("--service", value: "S", "journal: of this service."),
      Flag("--operation", value: "GLOB", "journal, verify: of these operations."),
      Flag("--status", value: "N", "journal: with this status, or 4xx."),
      Flag("--rule", value: "GLOB", "journal: struck by these rules."),
      Flag("--request", value: "ID", "journal: with this X-Request-Id."),
      Flag("--since", value: "N", "journal: after this exchange or instant."),
      Flag("--limit", value: "N", "journal: so many at most."),
      Flag("--follow", "journal: go on as it happens."),
      Flag("--har", "journal: as HTTP Archive."),
      Flag("--whole", "journal: with fields and contents, as report reads it."),
      Flag("--clear", "journal: forget it."),
      Flag("--exactly", value: "N", "verify: so often."),
      Flag("--at-least", value: "N", "verify: so often or more."),
      Flag("--at-most", value: "N", "verify: so often or less."),
      Flag("--output", value: "FILE", "Write the answer there instead of on standard output."),
    ],
    examples: [
      "wavetank ctl reset --tenant blue",
      "wavetank ctl clock --by 90s",
      "wavetank ctl journal --operation 'steamship.*' --status 4xx",
      "wavetank ctl journal 17                     why exchange 17 came out so",
      "wavetank ctl verify --operation shipyard.fleetRun.create --exactly 1",
      "wavetank ctl verify                         what the scenario itself expects",
      "wavetank ctl scenario put flaky.json",
      "wavetank ctl snapshot get --output world.tar.gz",
      "wavetank ctl openapi scramjet --output scramjet.json",
      "wavetank ctl emit '{\"advance\": \"5s\"}'",
    ],
    run: { arguments throws(UsageError) in
      let request = try ControlRequest(arguments)
      return await request.run(try ControlClient(arguments), output: arguments.value("--output"))
    })
}

/// One `ctl` line as a request to the control API.
struct ControlRequest {
  enum Answer { case text, stream, verdict }

  var method = Method.get
  /// Below `/_wavetank/`.
  var path: String
  var query: [(String, String)] = []
  var content: [UInt8]?
  var answer = Answer.text
  var labels = ControlClient.Labels()

  /// Each with how many words may follow it.
  private static let operandsMax: KeyValuePairs = [
    "reset": 0, "clock": 0, "journal": 1, "verify": 1, "scenario": 2, "state": 1, "snapshot": 2,
    "emit": 1, "tenants": 2, "operations": 0, "openapi": 1, "metrics": 0, "schema": 0,
  ]
  static let nouns = operandsMax.map(\.key)

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    guard let noun = arguments.positionals.first else {
      throw UsageError("ctl needs to know what: \(Self.nouns.joined(separator: ", ")).")
    }
    let operands = Array(arguments.positionals.dropFirst())
    try Self.checkCount(of: operands, noun)
    path = noun
    switch noun {
    case "reset": reset(arguments)
    case "clock": clock(arguments)
    case "journal": journal(arguments, operands)
    case "verify": try verify(arguments, operands)
    case "scenario": try scenario(operands)
    case "state": if let service = operands.first { path = "state/\(service)" }
    case "snapshot": try snapshot(operands)
    case "emit":
      guard let event = operands.first else {
        throw UsageError("emit needs an event, such as '{\"advance\": \"5s\"}'.")
      }
      method = .post
      content = try Self.content(event)
    case "tenants":
      if operands.first == "drop", operands.count == 2 {
        method = .delete
        path = "tenants/\(PercentCoding.encode(operands[1]))"
      }
    case "operations", "metrics": break
    case "openapi": if let service = operands.first { path = "openapi/\(service).json" }
    case "schema": path = "scenario.schema.json"
    default: throw UsageError(CommandLineArguments.unknown(noun, among: Self.nouns))
    }
  }

  /// A word that nobody reads is a mistake: `ctl clock manual` would change nothing.
  private static func checkCount(of operands: [String], _ noun: String) throws(UsageError) {
    let most = operandsMax.first { $0.key == noun }?.value
    guard let most, operands.count > most else {
      if noun == "tenants", let verb = operands.first, verb != "drop" || operands.count != 2 {
        throw UsageError("tenants takes nothing, or drop and a tenant's name; not “\(verb)”.")
      }
      return
    }
    let hint = noun == "clock" ? " Use --mode, --by, --to or --next." : ""
    throw UsageError("ctl \(noun) does not take “\(operands[most])”.\(hint)")
  }

  private mutating func reset(_ arguments: CommandLineArguments) {
    method = .post
    if arguments.has("--keep-journal") { query = [("keep", "journal")] }
  }

  private mutating func clock(_ arguments: CommandLineArguments) {
    if let mode = arguments.value("--mode") {
      method = .put
      var members: JSONObject = ["mode": .string(mode)]
      if mode.hasPrefix("x"), Double(mode.dropFirst()) != nil {
        members = ["mode": "scaled", "factor": .decimal(String(mode.dropFirst()))]
      }
      if let to = arguments.value("--to") { members["now"] = .string(to) }
      content = JSON.object(members).serialized()
      return
    }
    let steps: [(String, JSON?)] = [
      ("by", arguments.value("--by").map { .string($0) }),
      ("to", arguments.value("--to").map { .string($0) }),
      ("toNext", arguments.has("--next") ? true : nil),
    ]
    let step = JSONObject(steps.compactMap { name, value in value.map { (name, $0) } })
    guard !step.isEmpty else { return }
    method = .post
    path = "clock/advance"
    content = JSON.object(step).serialized()
  }

  private mutating func journal(_ arguments: CommandLineArguments, _ operands: [String]) {
    if arguments.has("--clear") {
      method = .delete
      return
    }
    if let number = operands.first {
      path = "journal/\(number)"
      return
    }
    if arguments.has("--har") { path = "journal.har" }
    if arguments.has("--follow") {
      path = "journal/stream"
      answer = .stream
    }
    for name in ["service", "operation", "status", "rule", "request", "since", "limit"] {
      if let value = arguments.value("--\(name)") { query.append((name, value)) }
    }
    if arguments.has("--whole"), path == "journal" {
      query.append(("detail", "whole"))
      if !arguments.has("--limit") { query.append(("limit", "1000000")) }
    }
  }

  private mutating func verify(
    _ arguments: CommandLineArguments, _ operands: [String]
  ) throws(UsageError) {
    method = .post
    answer = .verdict
    if let operand = operands.first {
      content = try Self.content(operand)
      return
    }
    var members = JSONObject()
    if let operation = arguments.value("--operation") {
      members["match"] = ["operation": .string(operation)]
    }
    for (flag, key) in [
      ("--exactly", "exactly"), ("--at-least", "atLeast"), ("--at-most", "atMost"),
    ] {
      if let count = try arguments.integer(flag, in: 0...1_000_000_000) {
        members[key] = .integer(count)
      }
    }
    content = JSON.object(members).serialized()
  }

  private mutating func scenario(_ operands: [String]) throws(UsageError) {
    switch operands.first {
    case nil, "get": break
    case "put":
      guard operands.count == 2 else { throw UsageError("scenario put needs a file, or -.") }
      method = .put
      content = try Self.file(operands[1])
    case "add":
      guard operands.count == 2 else { throw UsageError("scenario add needs a rule, or @FILE.") }
      method = .post
      path = "scenario/rules"
      content = try Self.content(operands[1])
    case "remove":
      guard operands.count == 2 else { throw UsageError("scenario remove needs a rule's name.") }
      method = .delete
      path = "scenario/rules/\(PercentCoding.encode(operands[1]))"
    case .some(let verb):
      throw UsageError(CommandLineArguments.unknown(verb, among: ["get", "put", "add", "remove"]))
    }
  }

  private mutating func snapshot(_ operands: [String]) throws(UsageError) {
    labels.receiving = "saving the snapshot"
    switch operands.first {
    case nil, "get": break
    case "put":
      labels.sending = "sending the snapshot"
      labels.working = "the server restores it"
      guard operands.count == 2 else { throw UsageError("snapshot put needs a file, or -.") }
      method = .put
      content = try Self.file(operands[1])
    case .some(let verb):
      throw UsageError(CommandLineArguments.unknown(verb, among: ["get", "put"]))
    }
  }

  /// JSON as it stands, `@FILE`, or `-` for standard input.
  private static func content(_ operand: String) throws(UsageError) -> [UInt8] {
    if operand.hasPrefix("@") { return try file(String(operand.dropFirst())) }
    return operand == "-" ? try file("-") : Array(operand.utf8)
  }

  private static func file(_ path: String) throws(UsageError) -> [UInt8] {
    do {
      return try FileContent.read(path)
    } catch {
      throw UsageError(error.description + ".")
    }
  }

  /// Sends it and shows the answer. 0: done, or holds; 1: refused, unreachable, or does not hold.
  func run(_ client: ControlClient, output: String?) async -> Int32 {
    do {
      if answer == .stream {
        return try await client.follow(path, query: query)
      }
      let (status, content) = try await client.send(
        method, path, query: query, content: content, labels: labels)
      if let output, status < 400 {
        try FileContent.write(content, to: output)
      } else {
        show(content, isError: status >= 400)
      }
      if status >= 400 { return 1 }
      guard answer == .verdict else { return 0 }
      return (try? JSON(parsing: content))?["holds"]?.boolValue == true ? 0 : 1
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
  }

  /// JSON is laid out for people; anything else goes out as it is.
  private func show(_ content: [UInt8], isError: Bool) {
    guard !content.isEmpty else { return }
    if let json = try? JSON(parsing: content) {
      if isError {
        Terminal.complain(json["detail"]?.stringValue ?? json["title"]?.stringValue ?? json.text)
        for problem in json["problems"]?.arrayValue ?? [] {
          Terminal.complain(
            "  \(problem["pointer"]?.stringValue ?? ""): \(problem["message"]?.stringValue ?? "")")
        }
        return
      }
      Terminal.say(JSONLayout.text(json))
    } else {
      Terminal.put(content)
    }
  }
}
