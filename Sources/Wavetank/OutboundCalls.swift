import HTTPModel
import HTTPTransport
import SteamshipEmulator

/// Calls from services to servers outside: a developer's own local server, a URL to fetch.
///
/// The client is made at the first call, so that a server that never forwards has no second loop.
/// **Isolation**: an actor; exchanges themselves run side by side on the client's loop.
actor OutboundCalls {
  private var client: HTTPClient?

  /// Plain http to numeric hosts and `localhost`: this client asks no name server and speaks no TLS.
  func send(
    _ request: OutboundRequest
  ) async -> Result<OutboundResponse, OutboundFailure> {
    guard let place = Place(request.url) else {
      return .failure(OutboundFailure("only plain http URLs can be reached from here."))
    }
    do {
      let client = try readyClient()
      let response = try await client.send(
        request.method, host: place.host, port: place.port, target: place.target,
        fields: request.fields, body: request.content.isEmpty ? .empty : .bytes(request.content))
      let content = try await response.collect(limit: request.contentLimit)
      return .success(
        OutboundResponse(
          status: response.status.code, fields: response.fields, content: content))
    } catch {
      return .failure(OutboundFailure(Self.sentence(error, place)))
    }
  }

  private func readyClient() throws(SystemError) -> HTTPClient {
    if let client { return client }
    let made = try HTTPClient()
    client = made
    return made
  }

  private static func sentence(_ error: any Error, _ place: Place) -> String {
    switch error as? HTTPClientError {
    case .unknownHost(let host): "\(host) is neither a numeric address nor localhost."
    case .timedOut: "\(place.host):\(place.port) took too long."
    case .closed: "\(place.host):\(place.port) closed the connection."
    case .tooLarge(let limit): "the answer is longer than \(limit) bytes."
    default: "\(place.host):\(place.port) cannot be reached (\(error))."
    }
  }

  /// A URL taken apart.
  private struct Place {
    var host: String
    var port: UInt16
    var target: String

    init?(_ url: String) {
      let scheme = "http://"
      guard url.lowercased().hasPrefix(scheme) else { return nil }
      let target = RequestTarget(url)
      guard let authority = target.authority.flatMap(Authority.init) else { return nil }
      host = authority.host
      port = authority.port
      let path = target.path.isEmpty ? "/" : target.path
      self.target = path + (target.query.map { "?" + $0 } ?? "")
    }
  }
}
