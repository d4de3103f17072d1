import Glibc
import HTTPModel
import PayloadCodecs
import Scenarios
import Wavetank

/// One `ctl` line as a request to the control API.
struct ControlRequest {
  enum Answer {
    case text, stream, verdict
    /// A tar.gz.
    case bytes
    /// The scenario that is in force by now: it is told in a line.
    case scenario
  }

  var method = Method.get
  /// Below `/_wavetank/`.
  var path: String
  var query: [(String, String)] = []
  var content: [UInt8]?
  var answer = Answer.text
  var labels = ControlClient.Labels()
  /// What comes behind it.
  private var next: Step?

  private struct Step {
    let path: String
    let content: [UInt8]
  }

  /// - Parameter arguments: checked against the words of `ctl`.
  init(_ arguments: CommandLineArguments) throws(UsageError) {
    let noun = arguments.positionals[0]
    let operands = Array(arguments.positionals.dropFirst())
    path = noun
    switch noun {
    case "reset": reset(arguments)
    case "clock": try clock(arguments)
    case "journal": try journal(arguments, operands)
    case "verify": try verify(arguments, operands)
    case "scenario": try scenario(operands)
    case "state":
      if let service = operands.first { path = "state/\(PercentCoding.encode(service))" }
    case "snapshot": try snapshot(operands, output: arguments.value("--output"))
    case "emit":
      guard let event = operands.first else {
        throw UsageError("emit needs an event, such as '{\"advance\": \"5s\"}'.")
      }
      method = .post
      content = try Self.content(event)
    case "tenants": try tenants(operands)
    case "openapi":
      let names = Emulator.serviceNames.joined(separator: ", ")
      guard let service = operands.first else {
        throw UsageError("openapi needs a service: \(names).")
      }
      path = "openapi/\(PercentCoding.encode(service)).json"
    case "schema": path = "scenario.schema.json"
    default: break
    }
  }

  private mutating func reset(_ arguments: CommandLineArguments) {
    method = .post
    if arguments.has("--keep-journal") { query = [("keep", "journal")] }
  }

  private mutating func tenants(_ operands: [String]) throws(UsageError) {
    guard let verb = operands.first else { return }
    guard verb == "drop", operands.count == 2 else {
      throw UsageError("tenants takes nothing, or drop and a tenant's name; not “\(verb)”.")
    }
    method = .delete
    path = "tenants/\(PercentCoding.encode(operands[1]))"
  }

  // MARK: Time

  /// The mode first: a clock that stands moves by exactly what was asked for.
  private mutating func clock(_ arguments: CommandLineArguments) throws(UsageError) {
    let step = try Self.step(arguments)
    guard let mode = arguments.value("--mode") else {
      guard let step else { return }
      method = .post
      (path, content) = (step.path, step.content)
      return
    }
    var readable = Configuration()
    guard readable.setClock(mode) else {
      throw UsageError("--mode must be real, manual, skip or xN (such as x60), not “\(mode)”.")
    }
    method = .put
    var members: JSONObject = ["mode": .string(mode)]
    if mode.hasPrefix("x"), let factor = Double(mode.dropFirst()) {
      members = ["mode": "scaled", "factor": .decimal("\(factor)")]
    }
    // Also back, which no advance does.
    if let to = arguments.value("--to") { members["now"] = .string(to) } else { next = step }
    content = JSON.object(members).serialized()
  }

  private static func step(_ arguments: CommandLineArguments) throws(UsageError) -> Step? {
    let given = ["--by", "--to", "--next"].filter(arguments.has)
    guard given.count <= 1 else {
      throw UsageError("Time goes one way at once: either \(given.joined(separator: " or ")).")
    }
    var move = JSONObject()
    if let by = arguments.value("--by") {
      guard Emulator.duration(by) != nil else {
        throw UsageError("--by must be a duration such as 250ms, 5s or 1h30m, not “\(by)”.")
      }
      move["by"] = .string(by)
    }
    if let to = arguments.value("--to") { move["to"] = .string(to) }
    if arguments.has("--next") { move["toNext"] = true }
    return move.isEmpty
      ? nil : Step(path: "clock/advance", content: JSON.object(move).serialized())
  }

  // MARK: What happened

  private static let filters = [
    "service", "operation", "status", "rule", "request", "parent", "since", "limit",
  ]

  private mutating func journal(
    _ arguments: CommandLineArguments, _ operands: [String]
  ) throws(UsageError) {
    let filters = Self.filters.map { "--\($0)" }.filter(arguments.has)
    // Of the ways to look, each with the flags that it does not read.
    let ways = ["--clear", "--follow", "--har", "--whole"].filter(arguments.has)
    let way = operands.first.map { "journal \($0)" } ?? ways.first
    var unread = operands.isEmpty ? Array(ways.dropFirst()) : ways
    switch way {
    case "--clear": unread += filters
    case "--follow": unread += ["--limit", "--output"].filter(arguments.has)
    case "--har", "--whole", nil: break
    default: unread += filters
    }
    if let way, let surplus = unread.first {
      throw UsageError("\(way) does not go with \(surplus).")
    }
    if arguments.has("--clear") {
      method = .delete
      return
    }
    if let number = operands.first {
      path = "journal/\(PercentCoding.encode(number))"
      return
    }
    if arguments.has("--har") { path = "journal.har" }
    if arguments.has("--follow") {
      path = "journal/stream"
      answer = .stream
      query.append(("log", arguments.value("--log") ?? "text"))
      if Terminal.Style(STDOUT_FILENO).hasColour { query.append(("colour", "yes")) }
    } else if arguments.has("--log") {
      throw UsageError("--log goes with --follow.")
    }
    for name in Self.filters {
      if let value = arguments.value("--\(name)") { query.append((name, value)) }
    }
    if arguments.has("--whole") {
      query.append(("detail", "whole"))
      if !arguments.has("--limit") { query.append(("limit", "1000000")) }
    }
  }

  private mutating func verify(
    _ arguments: CommandLineArguments, _ operands: [String]
  ) throws(UsageError) {
    method = .post
    answer = .verdict
    let counts = ["--exactly", "--at-least", "--at-most"].filter(arguments.has)
    if let operand = operands.first {
      let given = (arguments.has("--operation") ? ["--operation"] : []) + counts
      if let flag = given.first {
        throw UsageError("verify takes a question or flags: “\(operand)” does not go with \(flag).")
      }
      content = try Self.content(operand)
      return
    }
    if counts.count > 1, counts.contains("--exactly") {
      throw UsageError("--exactly does not go with \(counts[1]).")
    }
    guard arguments.has("--operation") || counts.isEmpty else {
      throw UsageError("\(counts[0]) needs --operation: which exchanges are counted.")
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

  // MARK: What is in force

  private mutating func scenario(_ operands: [String]) throws(UsageError) {
    switch operands.first {
    case nil: break
    case "get": try Self.checkAlone("scenario get", operands)
    case "put":
      guard operands.count == 2 else {
        throw UsageError("scenario put needs a file, a shipped scenario's name, or -.")
      }
      method = .put
      answer = .scenario
      try put(operands[1])
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

  /// As `serve --scenario`: a shipped one by its name, else a file.
  private mutating func put(_ operand: String) throws(UsageError) {
    let shipped = Scenarios.names
    if shipped.contains(operand) {
      query = [("name", operand)]
      return
    }
    do {
      content = try FileContent.read(operand)
    } catch {
      guard error.isMissing, !operand.contains("/") else {
        throw UsageError(error.description + ".")
      }
      throw UsageError(
        "“\(operand)” is neither a file nor a shipped scenario. "
          + CommandLineArguments.unknown(operand, among: shipped))
    }
  }

  private mutating func snapshot(_ operands: [String], output: String?) throws(UsageError) {
    labels.receiving = "saving the snapshot"
    switch operands.first {
    case nil, "get":
      if operands.count == 2 {
        throw UsageError(
          "snapshot get does not take “\(operands[1])”: name the file with --output \(operands[1])."
        )
      }
      if output == nil, Terminal.isTerminal {
        throw UsageError(
          "a snapshot is a tar.gz, which no terminal can show: name a file with --output world.tar.gz."
        )
      }
      answer = .bytes
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

  private static func checkAlone(_ what: String, _ operands: [String]) throws(UsageError) {
    if operands.count > 1 { throw UsageError("\(what) does not take “\(operands[1])”.") }
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

  // MARK: Doing it

  /// Sends it and shows the answer. 0: done, or holds; 1: refused, unreachable, or does not hold.
  func run(_ client: ControlClient, output: String?) async -> Int32 {
    do {
      if answer == .stream {
        return try await client.follow(path, query: query)
      }
      var (status, content) = try await client.send(
        method, path, query: query, content: content, labels: labels)
      if let next, status < 400 {
        (status, content) = try await client.send(.post, next.path, content: next.content)
      }
      guard status < 400 else {
        Terminal.complain(refusal: content)
        return 1
      }
      if let output { try FileContent.write(content, to: output) } else { show(content) }
      guard answer == .verdict else { return 0 }
      return (try? JSON(parsing: content))?["holds"]?.boolValue == true ? 0 : 1
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
  }

  /// JSON is laid out for people; anything else goes out as it is.
  private func show(_ content: [UInt8]) {
    guard !content.isEmpty else { return }
    guard answer != .bytes, let json = try? JSON(parsing: content) else {
      return Terminal.put(content)
    }
    Terminal.say(
      answer == .scenario
        ? Terminal.harmless(Self.line(json)) : Terminal.harmless(json: JSONLayout.text(json)))
  }

  /// What a scenario is, in one line.
  private static func line(_ scenario: JSON) -> String {
    let name = scenario["name"]?.stringValue.map { "“\($0)” is" } ?? "The scenario is"
    let rules = scenario["rules"]?.arrayValue?.count ?? 0
    return
      "\(name) in force: \(rules) rule\(rules == 1 ? "" : "s"). “wavetank ctl scenario” shows it."
  }
}
