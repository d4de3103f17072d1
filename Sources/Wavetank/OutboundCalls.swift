import EmulatorKernel
import HTTPModel
import HTTPTransport

/// Calls from services to servers outside: a developer's own local server, a URL to fetch. Each
/// carries the mark that no control API answers; redirections are handed back, never followed.
///
/// The client is made at the first call, so that a server that never forwards has no second loop.
/// **Isolation**: an actor; exchanges themselves run side by side on the client's loop.
actor OutboundCalls {
  private var client: HTTPClient?
  private let own: OwnPorts

  init(own: OwnPorts) { self.own = own }

  /// Plain http to numeric hosts and `localhost`: this client asks no name server and speaks no TLS.
  func send(
    _ request: OutboundRequest
  ) async -> Result<OutboundResponse, OutboundFailure> {
    let place: OutboundTarget
    do {
      place = try OutboundTarget(request.url, own: own)
    } catch {
      return .failure(OutboundFailure(error.text))
    }
    var fields = request.fields
    fields.set(CallerFields.mark, "1")
    fields.set("Host", place.authority)
    do {
      let client = try readyClient()
      let response = try await client.send(
        request.method, host: place.address.text, port: place.port, target: place.target,
        fields: fields, body: request.content.isEmpty ? .empty : .bytes(request.content))
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
    // Who is called may fall silent or never end: nobody waits for that longer than this.
    var configuration = HTTPClient.Configuration()
    configuration.contentTimeout = .seconds(60)
    configuration.exchangeTimeout = .seconds(300)
    let made = try HTTPClient(configuration: configuration)
    client = made
    return made
  }

  private static func sentence(_ error: any Error, _ place: OutboundTarget) -> String {
    switch error as? HTTPClientError {
    case .timedOut: "\(place.authority) took too long."
    case .closed: "\(place.authority) closed the connection before its answer was whole."
    case .some(let malformed) where !malformed.complaint.isEmpty:
      "\(place.authority) does not answer in HTTP/1.1 as it must. \(malformed.complaint)"
    case .tooLarge(let limit): "the answer is longer than \(limit) bytes."
    default: "\(place.authority) cannot be reached (\(error))."
    }
  }
}
