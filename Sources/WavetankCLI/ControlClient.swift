import Glibc
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Wavetank

/// A running server's control API, as the commands use it.
struct ControlClient {
  /// As it was given, without slashes at the end.
  let baseURL: String
  private let host: String
  private let port: UInt16
  private let prefix: String
  private let fields: Fields

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    var url =
      arguments.value("--url") ?? Terminal.environment("WAVETANK_URL") ?? "http://127.0.0.1:7070"
    while url.hasSuffix("/") { url.removeLast() }
    baseURL = url
    let target = RequestTarget(url)
    guard target.form == .absolute, url.lowercased().hasPrefix("http://"),
      let authority = target.authority, !authority.isEmpty
    else { throw UsageError("--url must look like http://127.0.0.1:7070, not “\(url)”.") }
    guard let address = Authority(authority) else {
      throw UsageError("“\(authority)” is no host with a port.")
    }
    (host, port) = (address.host, address.port)
    prefix = target.path == "/" ? "" : target.path
    var fields = Fields()
    if let tenant = arguments.value("--tenant") {
      guard ClientEnvironment.isTenantName(tenant) else {
        throw UsageError("--tenant must match [a-z0-9][a-z0-9-]{0,62}, not “\(tenant)”.")
      }
      fields.append("X-Wavetank-Tenant", tenant)
    }
    if let token = arguments.value("--token") ?? Terminal.environment("WAVETANK_CONTROL_TOKEN") {
      fields.append("Authorization", "Bearer \(token)")
    }
    self.fields = fields
  }

  /// One call below `/_wavetank/`; the whole content of the answer.
  func send(
    _ method: Method, _ path: String, query: [(String, String)] = [], content: [UInt8]? = nil
  ) async throws -> (status: Int, content: [UInt8]) {
    let client = try HTTPClient()
    defer { client.shutdown() }
    let response = try await start(client, method, path, query, content)
    return (response.status.code, try await response.collect(limit: 1 << 32))
  }

  private func start(
    _ client: HTTPClient, _ method: Method, _ path: String, _ query: [(String, String)],
    _ content: [UInt8]?
  ) async throws -> ClientResponse {
    var target = "\(prefix)/_wavetank/\(path)"
    if !query.isEmpty {
      target += "?" + query.map { "\($0)=\(PercentCoding.encode($1))" }.joined(separator: "&")
    }
    var fields = fields
    if content != nil { fields.append("Content-Type", "application/json") }
    return try await client.send(
      method, host: host, port: port, target: target, fields: fields,
      body: content.map { .bytes($0) } ?? .empty)
  }

  func isReady() async throws -> Bool {
    try await send(.get, "ready").status == 200
  }

  /// Server-sent events as lines of JSON, until the server or the user ends it.
  func follow(_ path: String, query: [(String, String)]) async throws -> Int32 {
    let client = try HTTPClient()
    defer { client.shutdown() }
    let response = try await start(client, .get, path, query, nil)
    guard response.status.code == 200 else {
      Terminal.complain(String(decoding: try await response.collect(), as: UTF8.self))
      return 1
    }
    var rest: [UInt8] = []
    let mark = Array("data: ".utf8)
    while let chunk = try await response.content.next() {
      rest += chunk
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        if rest.starts(with: mark) { Terminal.put(Array(rest[mark.count...end])) }
        rest.removeSubrange(...end)
      }
    }
    return 0
  }
}
