import EmulatorKernel
import HTTPModel
import HTTPTransport
import PayloadCodecs

/// What comes to sockets of another network goes to a server that listens in ours, as one of its tenants.
///
/// Each connection goes through a tunnel that ends at the server: what is in it, TLS or not, is the
/// server's own to answer.
package final class ServerPassage: Sendable {
  private let server: HTTPServer
  private let target: RelayTarget

  /// - Parameters:
  ///   - host: a name, or an address in numbers without brackets.
  ///   - tenant: whose all is that comes.
  package init(toServerAt host: String, port: UInt16, tenant: String) throws(StartError) {
    let shown = Base64.encode(Array("\(tenant):".utf8))
    target = RelayTarget(
      host: host, port: port,
      opening: Array(
        "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\nProxy-Authorization: Basic \(shown)\r\n\r\n"
          .utf8))
    var configuration = ServerConfiguration()
    configuration.listens = false
    configuration.loopCount = 1
    do {
      server = try HTTPServer.start(configuration: configuration, responder: Nobody())
    } catch {
      throw StartError(error, host: host, port: port)
    }
  }

  /// Takes a socket that listens over.
  package func serve(_ socket: Int32, names: NameServer) {
    server.adopt(socket) { [target] address, port in
      if case .nowhere = names.place(at: address, port: port) { return .nowhere }
      return .elsewhere(target)
    }
  }

  package func stop() async { await server.stop(grace: .zero) }
}

/// All that comes is passed on unread.
private struct Nobody: Responder {
  func respond(to request: Request, exchange: inout Exchange) -> Answer {
    .now(Response(.notFound))
  }

  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {}
}
