import Glibc
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Wavetank

/// Why the server gave no answer, as a sentence for people.
struct NoAnswer: Error, CustomStringConvertible {
  let description: String

  init(_ failure: NameLookup.Failure, _ host: String, from url: String) {
    let reason =
      switch failure {
      case .unknown(let words): "the name “\(host)” leads nowhere (\(words))"
      case .timedOut: "nobody says in time where the name “\(host)” leads"
      }
    description = "no server answers at \(url): \(reason)."
  }

  init(_ error: HTTPClientError, from url: String) {
    let none = "no server answers at \(url)"
    let start = "Start one with “wavetank serve”, or name it with --url URL."
    description =
      switch error {
      case .unknownHost(let host): "\(none): “\(host)” has no address. \(start)"
      case .secure:
        "no TLS with the server at \(url) (\(error.complaint)). Trusted are the authorities of this system, or those in SSL_CERT_FILE, and this user's own CA (“wavetank ca”)."
      case .system(let error): "\(none) (\(error)). \(start)"
      case .timedOut: "\(none): whatever listens there says nothing. \(start)"
      case .closed: "the server at \(url) closed the connection before its answer was whole."
      case .malformed:
        "\(none): what listens there does not speak HTTP/1.1. \(error.complaint) \(start)"
      case .cancelled: "the request was given up."
      case .tooLarge(let limit): "the answer is longer than \(limit) bytes."
      }
  }
}

/// The server's answer is a refusal: in its own words.
struct Refused: Error, CustomStringConvertible {
  let description: String

  init(_ url: String, status: Int, _ content: [UInt8]) {
    let problem = try? JSON(parsing: content)
    let words = problem?["detail"]?.stringValue ?? problem?["title"]?.stringValue
    description =
      "the server at \(url) refuses: \(words ?? "it answers with status \(status).")"
  }
}

/// A running server's control API, as the commands use it.
struct ControlClient {
  /// As it was given, without slashes at the end.
  let baseURL: String
  /// Host and port.
  let authority: String
  private let host: String
  private let port: UInt16
  private let isSecure: Bool
  /// Where our own CA is.
  private let certificates: Configuration
  private let prefix: String
  private let fields: Fields

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    let place = ServerURL(arguments.value("--url"))
    try self.init(place, tenant: try arguments.tenant() ?? place.tenant, arguments)
  }

  /// - Parameter arguments: bring the token.
  init(
    _ place: ServerURL, tenant: String?, _ arguments: CommandLineArguments
  ) throws(UsageError) {
    let url = place.base
    baseURL = url
    let target = RequestTarget(url)
    isSecure = url.lowercased().hasPrefix("https://")
    // What stands behind a mark would be sent for a part of the path, or left out.
    guard target.form == .absolute, let authority = target.authority, !authority.isEmpty,
      !url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") })
    else {
      let origin = arguments.has("--url") ? "--url" : "WAVETANK_URL"
      throw UsageError("\(origin) must look like http://127.0.0.1:7070, not “\(url)”.")
    }
    guard let address = Authority(authority, defaultPort: isSecure ? 443 : 80) else {
      throw UsageError("“\(authority)” is no host with a port.")
    }
    (host, port) = (address.host, address.port)
    self.authority = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    var certificates = Configuration()
    certificates.caDirectory = arguments.value("--ca-dir")
    self.certificates = certificates
    prefix = target.path == "/" ? "" : target.path
    var fields = Fields()
    if let tenant { fields.append("X-Wavetank-Tenant", tenant) }
    if let token = try ControlTokens.ofClient(arguments) {
      fields.append("Authorization", "Bearer \(token)")
    }
    self.fields = fields
  }

  /// For programs in another network: into the server, as a tenant.
  func passage(tenant: String) throws(StartError) -> ServerPassage {
    try ServerPassage(toServerAt: host, port: port, tenant: tenant)
  }

  /// What a transfer is called while it lasts.
  struct Labels: Sendable {
    var sending = "sending"
    /// All has been sent, and the server works on it.
    var working = "waiting for the server"
    var receiving = "receiving"
  }

  /// Whether the server says that it is ready; fails when it has not said so in time.
  func isReady(within limit: Duration) async throws -> Bool {
    var configuration = HTTPClient.Configuration()
    configuration.connectTimeout = limit
    configuration.responseTimeout = limit
    configuration.exchangeTimeout = limit
    let client = try HTTPClient(configuration: configuration)
    defer { client.shutdown() }
    let response = try await start(client, .get, "ready", [], .empty)
    _ = try await receive(response, Labels())
    return response.status.code == 200
  }

  /// A call may take long (the clock moves by a year, a world is restored); a server that says
  /// nothing at all is told from that by asking it first whether it is there.
  private func checkPresence() async throws { _ = try await isReady(within: Self.silenceMax) }

  /// How long a server may take to say whether it is ready: a loop is never held that long.
  static let silenceMax = Duration.seconds(5)

  /// One call below `/_wavetank/`; the whole content of the answer.
  func send(
    _ method: Method, _ path: String, query: [(String, String)] = [], content: [UInt8]? = nil,
    labels: Labels = Labels()
  ) async throws -> (status: Int, content: [UInt8]) {
    try await checkPresence()
    let client = try HTTPClient()
    defer { client.shutdown() }
    let upload = content.flatMap { Terminal.Progress(labels.sending, total: $0.count) }
    defer { upload?.end() }
    let body = Self.body(content, upload, labels)
    let response = try await start(client, method, path, query, body)
    upload?.end()
    return (response.status.code, try await receive(response, labels))
  }

  /// What is to be seen there; what the server refuses to show is an error.
  func look(_ path: String, query: [(String, String)] = []) async throws -> [UInt8] {
    let (status, content) = try await send(.get, path, query: query)
    guard (200..<300).contains(status) else {
      throw Refused(baseURL, status: status, content)
    }
    return content
  }

  /// In pieces when somebody watches them go.
  private static func body(
    _ content: [UInt8]?, _ progress: Terminal.Progress?, _ labels: Labels
  ) -> HTTPClient.Body {
    guard let content else { return .empty }
    guard let progress else { return .bytes(content) }
    return .stream(length: UInt64(content.count)) { writer in
      for start in stride(from: 0, to: content.count, by: pieceByteCount) {
        let piece = content[start..<min(start + pieceByteCount, content.count)]
        try await writer.write(Array(piece))
        progress.advance(by: piece.count)
      }
      progress.wait(labels.working)
    }
  }

  private static let pieceByteCount = 256 * 1024

  private func receive(_ response: ClientResponse, _ labels: Labels) async throws -> [UInt8] {
    let total = response.fields["content-length"].flatMap { Int($0) }
    guard let progress = Terminal.Progress(labels.receiving, total: total) else {
      do {
        return try await response.collect(limit: Self.contentLimit)
      } catch {
        throw NoAnswer(error, from: baseURL)
      }
    }
    defer { progress.end() }
    var content: [UInt8] = []
    do {
      while let chunk = try await response.content.next() {
        content += chunk
        guard content.count <= Self.contentLimit else {
          throw NoAnswer(.tooLarge(limit: Self.contentLimit), from: baseURL)
        }
        progress.advance(by: chunk.count)
      }
    } catch ContentError.timedOut {
      throw NoAnswer(.timedOut, from: baseURL)
    } catch is ContentError {
      throw NoAnswer(.closed, from: baseURL)
    }
    return content
  }

  private static let contentLimit = 1 << 32

  private func start(
    _ client: HTTPClient, _ method: Method, _ path: String, _ query: [(String, String)],
    _ body: HTTPClient.Body
  ) async throws -> ClientResponse {
    var target = "\(prefix)/_wavetank/\(path)"
    if !query.isEmpty {
      target += "?" + query.map { "\($0)=\(PercentCoding.encode($1))" }.joined(separator: "&")
    }
    var fields = fields
    if case .empty = body {} else { fields.append("Content-Type", "application/json") }
    let place = try await place()
    do {
      return try await client.send(method, to: place, target: target, fields: fields, body: body)
    } catch {
      throw NoAnswer(error, from: baseURL)
    }
  }

  /// Where the server is, its name looked up, and whom it must show that it is.
  func place() async throws -> HTTPClient.Place {
    var place = HTTPClient.Place(host: host, port: port)
    do throws(NameLookup.Failure) {
      place.addresses = try await NameLookup.addresses(of: host, within: Self.silenceMax)
    } catch {
      throw NoAnswer(error, host, from: baseURL)
    }
    if isSecure {
      do {
        place.trust = try CertificateStore.trust(certificates)
      } catch {
        throw NoAnswer(.secure(error), from: baseURL)
      }
    }
    return place
  }

  /// The data of server-sent events, a line each, until the server or the user ends it.
  func follow(_ path: String, query: [(String, String)]) async throws -> Int32 {
    try await checkPresence()
    let client = try HTTPClient()
    defer { client.shutdown() }
    let response = try await start(client, .get, path, query, .empty)
    guard response.status.code == 200 else {
      Terminal.complain(refusal: try await response.collect())
      return 1
    }
    var rest: [UInt8] = []
    let (mark, anew) = (Array("data: ".utf8), Array("event: anew".utf8))
    // That a journal begins anew is no exchange.
    var isAnew = false
    while let chunk = try await response.content.next() {
      rest += chunk
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        if rest.starts(with: Array("event: ".utf8)) { isAnew = rest.starts(with: anew) }
        if !isAnew, rest.starts(with: mark) { Terminal.put(Array(rest[mark.count...end])) }
        rest.removeSubrange(...end)
      }
      // Nobody reads it any more, or it has no room.
      if Terminal.hasFailed { return 1 }
    }
    return 0
  }
}

extension Terminal {
  /// What is wrong, once.
  /// - Parameter content: of the answer, a problem as JSON.
  static func complain(refusal content: [UInt8]) {
    guard let json = try? JSON(parsing: content) else {
      return complain(String(decoding: content, as: UTF8.self))
    }
    let detail = json["detail"]?.stringValue ?? json["title"]?.stringValue ?? json.text
    complain(detail)
    for problem in json["problems"]?.arrayValue ?? [] {
      let message = problem["message"]?.stringValue ?? ""
      guard detail.firstRange(of: message) == nil else { continue }
      let place = problem["pointer"]?.stringValue ?? ""
      complain(place.isEmpty ? "  \(message)" : "  \(place): \(message)")
    }
  }
}
