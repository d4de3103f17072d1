import EmulatorKernel
import HTTPModel
import HTTPTransport
import TLSLayer

/// Calls from services to servers outside: a developer's own local server, a URL to fetch. Each
/// carries the mark that no control API answers; redirections are handed back, never followed.
///
/// The client is made at the first call, so that a server that never forwards has no second loop.
/// **Isolation**: an actor; exchanges themselves run side by side on the client's loop.
actor OutboundCalls {
  private var client: HTTPClient?
  private var trust: TLSClientContext?
  private let own: OwnPlaces
  private let configuration: Configuration
  /// From a request to its answer's end.
  private let patience: Duration?

  /// - Parameters:
  ///   - configuration: says where our own CA is, which is trusted, too.
  ///   - patience: how long an answer may take; nil: 60 s without a byte, five minutes in all.
  init(own: OwnPlaces, _ configuration: Configuration, patience: Duration? = nil) {
    (self.own, self.configuration, self.patience) = (own, configuration, patience)
  }

  /// Over TLS the server must show a certificate that this machine trusts. A name is looked up here and now,
  /// and what it leads to is checked before anybody connects.
  func send(
    _ request: OutboundRequest
  ) async -> Result<OutboundResponse, OutboundFailure> {
    switch await find(request.url) {
    case .success(let place):
      var request = request
      request.fields.set(CallerFields.mark, "1")
      return await send(request, to: place)
    case .failure(let refusal): return .failure(OutboundFailure(refusal.text))
    }
  }

  /// Asks another Wavetank that this one's owner has named, in nobody else's name: its control API
  /// answers. Nil where the URL leads to ourselves.
  func ask(
    _ peer: OutboundRequest
  ) async -> Result<OutboundResponse, OutboundFailure>? {
    switch await find(peer.url) {
    case .success(let place): return await send(peer, to: place)
    case .failure(.ourselves): return nil
    case .failure(let refusal): return .failure(OutboundFailure(refusal.text))
    }
  }

  private func send(
    _ request: OutboundRequest, to place: OutboundTarget
  ) async -> Result<OutboundResponse, OutboundFailure> {
    var fields = request.fields
    fields.set("Host", place.authority)
    do {
      let client = try readyClient()
      let response = try await client.send(
        request.method,
        to: HTTPClient.Place(
          host: place.host, port: place.port, addresses: place.addresses,
          trust: place.isSecure ? try readyTrust() : nil),
        target: place.target, fields: fields,
        body: request.content.isEmpty ? .empty : .bytes(request.content))
      let content = try await response.collect(limit: request.contentLimit)
      return .success(
        OutboundResponse(
          status: response.status.code, fields: response.fields, content: content))
    } catch {
      return .failure(OutboundFailure(Self.sentence(error, place)))
    }
  }

  /// The place that a URL means, and its addresses.
  private func find(_ url: String) async -> Result<OutboundTarget, OutboundRefusal> {
    do throws(OutboundRefusal) {
      var place = try OutboundTarget(url, own: own)
      guard place.addresses.isEmpty else { return .success(place) }
      let found: [NumericAddress]
      do throws(NameLookup.Failure) {
        found = try await NameLookup.addresses(of: place.host, within: Self.lookupMax)
      } catch {
        return .failure(.notFound(Self.sentence(error, place.host)))
      }
      try place.lead(to: found, own: own)
      return .success(place)
    } catch {
      return .failure(error)
    }
  }

  private static let lookupMax = Duration.seconds(10)

  private static func sentence(_ failure: NameLookup.Failure, _ host: String) -> String {
    switch failure {
    case .unknown(let reason): "the name \(host) leads nowhere (\(reason))."
    case .timedOut: "nobody says in time where the name \(host) leads."
    }
  }

  private func readyTrust() throws(HTTPClientError) -> TLSClientContext {
    if let trust { return trust }
    do {
      let made = try CertificateStore.trust(configuration)
      trust = made
      return made
    } catch {
      throw .secure(error)
    }
  }

  private func readyClient() throws(SystemError) -> HTTPClient {
    if let client { return client }
    // Who is called may fall silent or never end: nobody waits for that longer than this.
    var configuration = HTTPClient.Configuration()
    configuration.contentTimeout = .seconds(60)
    configuration.exchangeTimeout = patience ?? .seconds(300)
    if let patience { configuration.responseTimeout = patience }
    let made = try HTTPClient(configuration: configuration)
    client = made
    return made
  }

  private static func sentence(_ error: any Error, _ place: OutboundTarget) -> String {
    switch error as? HTTPClientError {
    case .timedOut: "\(place.authority) took too long."
    case .secure(let error):
      "no TLS with \(place.authority) (\(error.description))."
    case .closed: "\(place.authority) closed the connection before its answer was whole."
    case .some(let malformed) where !malformed.complaint.isEmpty:
      "\(place.authority) does not answer in HTTP/1.1 as it must. \(malformed.complaint)"
    case .tooLarge(let limit): "the answer is longer than \(limit) bytes."
    default: "\(place.authority) cannot be reached (\(error))."
    }
  }
}
