import HTTPModel
import HTTPTransport
import PayloadCodecs
import Synchronization
import TLSLayer

/// Hosts that a program wanted to reach in vain, each once.
final class RefusedHosts: Sendable {
  private static let keptMax = 1000
  private let hosts = Mutex<[String]>([])

  func add(_ host: String) {
    hosts.withLock { hosts in
      guard hosts.count < Self.keptMax, !hosts.contains(host) else { return }
      hosts.append(host)
    }
  }

  var all: [String] { hosts.withLock { $0 } }
}

/// Passes requests on to the real service and its answers back, both while they come, and keeps what
/// both sides said.
final class RecordingProxy: Responder {
  private let client: HTTPClient
  private let trust: TLSClientContext?
  private let upstreams: [Upstream]
  private let isRecorded: @Sendable (_ host: String) -> Bool
  let refused: RefusedHosts
  let room = RecordingRoom()
  private let exchanges = Mutex<[RecordedExchange]>([])

  /// - Parameters:
  ///   - trust: nil: this program speaks no TLS.
  ///   - isRecorded: whether a host is of a service that is recorded.
  ///   - refused: is told of the others.
  init(
    client: HTTPClient, trust: TLSClientContext?, upstreams: [Upstream],
    isRecorded: @escaping @Sendable (String) -> Bool, refused: RefusedHosts
  ) {
    (self.client, self.trust, self.upstreams) = (client, trust, upstreams)
    (self.isRecorded, self.refused) = (isRecorded, refused)
  }

  var recorded: [RecordedExchange.State] { exchanges.withLock { $0 }.map(\.now) }

  // MARK: Requests

  func respond(to request: Request, exchange: inout Exchange) -> Answer {
    guard let destination = Destination(request) else {
      return Self.refusal(
        400,
        "This is the proxy of wavetank record: it passes on what comes through it, and answers nothing itself."
      )
    }
    guard isRecorded(destination.host) else {
      refused.add(destination.host)
      return Self.refusal(
        403,
        "\(destination.host) is no host of an emulated API: wavetank record --intercept \(destination.host)=SERVICE records it."
      )
    }
    let record = RecordedExchange(request, url: destination.url, exchange: exchange, room: room)
    exchange.tag = exchanges.withLock { exchanges in
      exchanges.append(record)
      return UInt64(exchanges.count)
    }
    return .later { [self] content in await pass(request, content, to: destination, record) }
  }

  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    guard exchange.tag > 0 else { return }
    let record = exchanges.withLock { $0[Int(exchange.tag) - 1] }
    if outcome.ending == .peerClosed { record.failed("the client left before the answer's end") }
    record.ended()
  }

  private static func refusal(_ status: Int, _ sentence: String) -> Answer {
    .now(text(status, sentence))
  }

  private static func text(_ status: Int, _ sentence: String) -> Response {
    Response(
      Status(status), fields: Fields(["Content-Type": "text/plain; charset=utf-8"]),
      body: .bytes(Array((sentence + "\n").utf8)))
  }

  private func pass(
    _ request: Request, _ content: RequestContent, to destination: Destination,
    _ record: RecordedExchange
  ) async -> Response {
    do {
      let place = try await place(of: destination)
      record.reached(place.addresses?.first?.text ?? place.host)
      let response = try await client.send(
        request.method, to: place, target: destination.target,
        fields: ForwardedFields.ofRequest(request.fields, authority: destination.authority),
        body: Self.body(request, content, record))
      record.answered(response.status, response.fields)
      return answer(to: request, response, record)
    } catch {
      let reason = "\(destination.authority) is not reached: \(Self.sentence(error))"
      record.failed(reason)
      return Self.text(502, reason)
    }
  }

  private static func body(
    _ request: Request, _ content: RequestContent, _ record: RecordedExchange
  ) -> HTTPClient.Body {
    let length: UInt64?
    switch request.framing {
    case .none: return .empty
    case .length(0): return .empty
    case .length(let bytes): length = bytes
    case .chunked: length = nil
    }
    content.allowPauses()
    return .stream(length: length) { writer in
      while let piece = try await content.next() {
        record.sent(piece)
        try await writer.write(piece)
      }
    }
  }

  // MARK: Answers

  private func answer(
    to request: Request, _ response: ClientResponse, _ record: RecordedExchange
  ) -> Response {
    var answer = Response(response.status, fields: ForwardedFields.ofAnswer(response.fields))
    let length = response.fields["content-length"].flatMap { UInt64($0) }
    if request.method == .head {
      // It says how long the content would be, and none follows.
      if length != nil { answer.body = .stream(length: length) { _ in } }
      return answer
    }
    guard !response.status.forbidsContent else { return answer }
    answer.body = .stream(length: length) { writer in
      do {
        while let piece = try await response.content.next() {
          record.received(piece)
          try await writer.write(piece)
        }
      } catch {
        if error is ContentError { record.failed("the service ended the answer before its end") }
        response.cancel()
        throw error
      }
    }
    return answer
  }

  // MARK: Places

  private struct Unreached: Error {
    let reason: String
  }

  private func place(of destination: Destination) async throws -> HTTPClient.Place {
    let upstream = upstreams.first { $0.host == destination.host }
    let isSecure = upstream?.isSecure ?? destination.isSecure
    if isSecure, trust == nil { throw Unreached(reason: TLSLibrary.lack ?? "there is no TLS") }
    let addresses: [NumericAddress]
    if let upstream {
      addresses = NumericAddress(host: upstream.place.host).map { [$0] } ?? []
    } else {
      addresses = try await NameLookup.addresses(of: destination.host, within: .seconds(10))
    }
    return HTTPClient.Place(
      host: destination.host, port: upstream?.place.port ?? destination.port,
      addresses: addresses, trust: isSecure ? trust : nil)
  }

  private static func sentence(_ error: any Error) -> String {
    switch error {
    case let error as Unreached: error.reason
    case NameLookup.Failure.unknown(let reason): "its name leads nowhere (\(reason))"
    case NameLookup.Failure.timedOut: "nobody says in time where its name leads"
    case HTTPClientError.secure(let error): "no TLS with it (\(error.description))"
    case HTTPClientError.timedOut: "it took too long"
    case HTTPClientError.closed: "it closed the connection before its answer"
    case HTTPClientError.system(let error): "\(error)"
    case let error as HTTPClientError where !error.complaint.isEmpty: error.complaint
    default: "\(error)"
    }
  }
}

/// Where a request wants to go that came through us.
private struct Destination: Sendable {
  /// In lower case, without brackets.
  let host: String
  let port: UInt16
  let isSecure: Bool
  /// As the field `Host` has it.
  let authority: String
  let target: String

  /// Nil: it came to us as if we were a server.
  init?(_ request: Request) {
    let isAbsolute = request.target.form == .absolute
    guard isAbsolute || request.arrival?.tunnelHost != nil else { return nil }
    isSecure =
      isAbsolute
      ? request.target.text.asciiLowercased.hasPrefix("https://")
      : request.arrival?.isSecure ?? false
    let named = request.host ?? request.arrival?.tunnelHost ?? ""
    guard let parsed = Authority(named, defaultPort: isSecure ? 443 : 80) else { return nil }
    authority = named
    host = (request.arrival?.tunnelHost ?? parsed.host).asciiLowercased
    port = parsed.port
    let query = request.target.query.map { "?" + $0 } ?? ""
    target = isAbsolute ? request.target.path + query : request.target.text
  }

  var url: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }
}

/// What is passed on of the fields of a message: not what is meant for us alone (RFC 9110 §7.6.1).
private enum ForwardedFields {
  private static let ofConnection: TextSet = [
    "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    "content-length", "proxy-authorization", "proxy-authenticate", "expect", "host",
    "accept-encoding",
  ]

  static func ofRequest(_ fields: Fields, authority: String) -> Fields {
    var passed = Fields(["Host": authority])
    passed.append(others(fields, ofConnection))
    // A coding that nobody can take off here would hide from the recording what was said.
    let takesGzip = fields.list("accept-encoding").contains { coding in
      let name = coding.asciiLowercased
      return name.hasPrefix("gzip") && !name.hasSuffix("q=0")
    }
    passed.append("Accept-Encoding", takesGzip ? "gzip" : "identity")
    return passed
  }

  static func ofAnswer(_ fields: Fields) -> Fields { others(fields, ofConnection) }

  private static func others(_ fields: Fields, _ left: TextSet) -> Fields {
    let named = fields.list("connection").map(\.asciiLowercased)
    var others = Fields()
    for (name, value) in fields.pairs {
      let key = name.asciiLowercased
      if left.contains(key) || named.contains(where: { $0 == key }) { continue }
      others.append(name, value)
    }
    return others
  }
}
