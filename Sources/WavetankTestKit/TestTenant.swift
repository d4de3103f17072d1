public import HTTPModel
import HTTPTransport
import PayloadCodecs

/// One tenant of a server: where clients are pointed, and what a test may do to it.
public struct TestTenant: Sendable {
  public let server: WavetankServer
  /// The tenant's name.
  public let name: String

  /// Base URL of everything in this tenant; no slash at the end.
  public var baseURL: String { "\(server.baseURL)/_t/\(name)" }
  /// A key that means this tenant, with or without the prefix of `baseURL`.
  public var key: String { "wt-\(name)" }

  public var steamshipAPI: String { "\(baseURL)/api/v1/" }
  public var steamshipApps: String { "\(baseURL)/apps/" }
  public var scramjetHub: String { "\(baseURL)/api/v1" }
  public func scramjetSpace(_ space: String = "demo") -> String {
    "\(baseURL)/api/v1/space/\(space)/api/v1"
  }
  /// For `…/orgs/…` and webhooks.
  public var shipyard: String { baseURL }

  // MARK: The world

  /// Puts a scenario in force, JSON or YAML; the tenant starts anew.
  public func scenario(_ text: String) async throws {
    _ = try await control(.put, "scenario", Array(text.utf8))
  }

  /// As at its start: state, clock, counts and journal.
  public func reset() async throws { _ = try await control(.post, "reset") }

  /// Drops the tenant with everything in it.
  public func drop() async throws { _ = try await control(.delete, "tenants/\(name)") }

  /// The whole tenant as a tar.gz.
  public func snapshot() async throws -> [UInt8] { try await control(.get, "snapshot") }

  public func restore(_ snapshot: [UInt8]) async throws {
    _ = try await control(.put, "snapshot", snapshot, type: "application/gzip")
  }

  /// One service's world as JSON text, for people and for looking something up.
  public func state(of service: String) async throws -> String {
    String(decoding: try await control(.get, "state/\(service)"), as: UTF8.self)
  }

  /// Makes something happen now: `{"crashHub": "sth-0"}`.
  public func emit(_ event: String) async throws {
    _ = try await control(.post, "emit", Array(event.utf8))
  }

  // MARK: Time

  /// `real`, `manual` or `skip`.
  public func clock(_ mode: String) async throws {
    _ = try await control(.put, "clock", JSON.object(["mode": .string(mode)]).serialized())
  }

  /// Forward; everything due on the way has happened when this returns.
  public func advance(by step: Duration) async throws {
    let milliseconds =
      step.components.seconds * 1000 + step.components.attoseconds / 1_000_000_000_000_000
    try await advance(["by": .string("\(milliseconds)ms")])
  }

  /// To the next thing that is due.
  public func advanceToNext() async throws { try await advance(["toNext": true]) }

  private func advance(_ step: JSONObject) async throws {
    _ = try await control(.post, "clock/advance", JSON.object(step).serialized())
  }

  // MARK: What happened

  public enum Count: Sendable {
    case exactly(Int)
    case atLeast(Int)
    case atMost(Int)

    var member: (String, Int) {
      switch self {
      case .exactly(let count): ("exactly", count)
      case .atLeast(let count): ("atLeast", count)
      case .atMost(let count): ("atMost", count)
      }
    }
  }

  /// Throws, with the nearest misses, unless the journal has so many exchanges of the operations.
  /// - Parameter operation: a name such as `shipyard.fleetRun.create`, or a pattern with `*`.
  public func verify(operation: String, _ count: Count) async throws {
    let (name, value) = count.member
    try await verify(["match": ["operation": .string(operation)], name: .integer(value)])
  }

  /// Throws unless it came as the scenario itself expects.
  public func verify() async throws { try await verify(JSONObject()) }

  /// What the scenario expects, if it expects something.
  func verifyExpectations() async throws {
    let scenario = try JSON(parsing: try await control(.get, "scenario"))
    if let expected = scenario["expect"]?.objectValue, !expected.isEmpty { try await verify() }
  }

  private func verify(_ what: JSONObject) async throws {
    let answer = try await control(.post, "verify", JSON.object(what).serialized())
    guard (try? JSON(parsing: answer))?["holds"]?.boolValue == true else {
      throw WavetankError(status: nil, message: String(decoding: answer, as: UTF8.self))
    }
  }

  /// The last exchanges, and why each was answered so: for people.
  public func story(of count: Int = 8) async throws -> String {
    let newest = try JSON(parsing: try await control(.get, "journal?limit=\(count)"))
    var lines: [String] = []
    for entry in newest["entries"]?.arrayValue ?? [] {
      guard let number = entry["number"]?.intValue else { continue }
      lines += Self.told(try JSON(parsing: try await control(.get, "journal/\(number)")))
    }
    return lines.isEmpty
      ? "no request has reached this tenant" : lines.joined(separator: "\n")
  }

  private static func told(_ exchange: JSON) -> [String] {
    func text(_ json: JSON?) -> String { json.map { $0.stringValue ?? $0.text } ?? "" }
    let operation = exchange["operation"]?.stringValue.map { " (\($0))" } ?? ""
    let outcome =
      exchange["ending"]?.stringValue == "fault"
      ? "fault: \(text(exchange["fault"]))"
      : exchange["status"]?.intValue.map(String.init) ?? "no answer"
    var lines = [
      ["number", "method", "target"].map { text(exchange[$0]) }.joined(separator: " ")
        + " → \(outcome)\(operation)"
    ]
    let rules = exchange["rules"]?.arrayValue?.compactMap(\.stringValue) ?? []
    if !rules.isEmpty { lines.append("     rules that struck: \(rules.joined(separator: ", "))") }
    let why = exchange["why"]
    if let reason = why?["reason"]?.stringValue { lines.append("     why: \(reason)") }
    for rule in why?["rulesConsidered"]?.arrayValue ?? [] where rule["failed"] != nil {
      lines.append(
        "     near miss: rule \(text(rule["rule"])): \(text(rule["failed"])) wants \(text(rule["expected"])), found \(text(rule["found"]))"
      )
    }
    for remark in exchange["remarks"]?.arrayValue ?? [] {
      lines.append("     remark: \(text(remark))")
    }
    return lines
  }

  // MARK: Requests

  /// An answer, whole.
  public struct Answer: Sendable {
    public let status: Int
    public let fields: Fields
    public let content: [UInt8]
    public var text: String { String(decoding: content, as: UTF8.self) }
  }

  /// A request as any client makes it, for tests without a client of their own.
  /// - Parameter target: below `baseURL`, with its slash.
  public func send(
    _ method: Method, _ target: String, fields: KeyValuePairs<String, String> = [:],
    content: String? = nil
  ) async throws -> Answer {
    try await send(
      method, target: "/_t/\(name)\(target)", Fields(fields), content.map { Array($0.utf8) })
  }

  private func send(
    _ method: Method, target: String, _ fields: Fields, _ content: [UInt8]?
  ) async throws -> Answer {
    let response = try await server.client.send(
      method, host: "127.0.0.1", port: server.port, target: target, fields: fields,
      body: content.map { .bytes($0) } ?? .empty)
    return Answer(
      status: response.status.code, fields: response.fields,
      content: try await response.collect(limit: 1 << 30))
  }

  private func control(
    _ method: Method, _ path: String, _ content: [UInt8]? = nil, type: String = "application/json"
  ) async throws -> [UInt8] {
    var fields = Fields(["X-Wavetank-Tenant": name])
    // YAML and JSON both: the server tells them apart by their content.
    if content != nil, path != "scenario" { fields.append("Content-Type", type) }
    let answer = try await send(method, target: "/_wavetank/\(path)", fields, content)
    guard answer.status < 400 else {
      throw WavetankError(status: answer.status, message: answer.text)
    }
    return answer.content
  }
}
