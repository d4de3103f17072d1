import EmulatorKernel
import HTTPModel
import HTTPTransport
import HTTPWire
import PayloadCodecs
import TLSLayer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A proxy that stands between a program and the real services, and writes down what both say.
///
/// It ends the program's TLS by this user's CA, and speaks TLS of its own with the service, whose
/// certificate must be one that the system trusts.
package final class Recorder: Sendable {
  private let server: HTTPServer
  private let client: HTTPClient
  private let proxy: RecordingProxy
  private let mask: CredentialMask

  /// Whom the recorder reaches, and whom it trusts.
  package struct Options: Sendable {
    package var upstreams: [Upstream] = []
    /// A file of authorities trusted beside the system's.
    package var authorities: String?
    package init() {}
  }

  private init(
    _ server: HTTPServer, _ client: HTTPClient, _ proxy: RecordingProxy, _ mask: CredentialMask
  ) {
    (self.server, self.client, self.proxy, self.mask) = (server, client, proxy, mask)
  }

  /// Host and port.
  package var authority: String { "\(server.host):\(server.port)" }

  /// - Parameter configuration: says whose hosts are recorded, which are let through unread, and where
  ///   the CA lies.
  package static func start(
    _ configuration: Configuration, _ options: Options
  ) throws(StartError) -> Recorder {
    let operations = OperationTable(
      Emulator.services(configuration), furtherHosts: configuration.intercepted)
    let isRecorded: @Sendable (String) -> Bool = { host in
      operations.service(ofHost: Array(host.utf8)[...]) != nil
    }
    let passed = configuration.passedThrough
    let refused = RefusedHosts()
    var transport = ServerConfiguration()
    transport.host = "127.0.0.1"
    transport.loopCount = 1
    transport.limits.contentBytesMax = configuration.uploadBytesMax
    // The program may wait for its own input, or for a service that thinks for long.
    transport.idleTimeout = .seconds(600)
    transport.tunnels = { tunnel in
      if passed.contains(where: { $0.matches(tunnel.host, port: tunnel.port) }) {
        return .goesThrough
      }
      if isRecorded(tunnel.host) { return .endsHere }
      refused.add(tunnel.host)
      return .refuse(Self.refusal(tunnel.host))
    }
    transport.makeSecureContext = { () throws(TLSError) in
      do throws(CertificateStore.Problem) {
        return try CertificateStore(configuration).serverContext()
      } catch {
        throw .library(error.description)
      }
    }
    do {
      var exchanges = HTTPClient.Configuration()
      exchanges.responseTimeout = .seconds(600)
      let client = try HTTPClient(configuration: exchanges)
      let proxy = RecordingProxy(
        client: client, trust: try trust(options), upstreams: options.upstreams,
        isRecorded: isRecorded, refused: refused)
      let server = try HTTPServer.start(configuration: transport, responder: proxy)
      return Recorder(server, client, proxy, operations.mask)
    } catch let error as SystemError {
      throw StartError(error, host: transport.host, port: 0)
    } catch {
      throw .authorities("\(error)")
    }
  }

  private static func refusal(_ host: String) -> Status {
    Status(
      403,
      "\(host) is no host of an emulated API: wavetank record --intercept \(host)=SERVICE records it, --passthrough \(host) lets it through"
    )
  }

  private struct Untrusted: Error, CustomStringConvertible {
    let description: String
  }

  /// Never our own CA: who speaks by it is no real service.
  private static func trust(_ options: Options) throws -> TLSClientContext? {
    guard TLSLibrary.lack == nil else { return nil }
    guard let file = options.authorities else { return try CertificateStore.systemTrust(nil) }
    guard let content = FileManager.default.contents(atPath: file) else {
      throw Untrusted(description: "\(file) cannot be read")
    }
    guard !PEM.certificates(in: Array(content)).isEmpty else {
      throw Untrusted(description: "\(file) has no certificate in PEM")
    }
    return try CertificateStore.systemTrust(file)
  }

  /// What was recorded so far, as an HTTP Archive without credentials.
  package func archive() -> [UInt8] {
    let exchanges = proxy.recorded
    return RecordingText(exchanges, mask).text(exchanges, version: Emulator.version)
  }

  /// For each exchange its host, and its status where there was an answer.
  package var summary: [(host: String, status: Int?)] {
    proxy.recorded.map { exchange in
      (RequestTarget(exchange.url).authority ?? "", exchange.status?.code)
    }
  }

  /// Whether there was more of contents than is kept.
  package var isRoomUsedUp: Bool { proxy.room.isUsedUp }

  /// Hosts that the program wanted to reach, and that are neither recorded nor let through, in their order.
  package var refused: [String] { proxy.refused.all }

  /// What is in flight has that long.
  package func stop(within grace: Duration = .zero) async {
    await server.stop(grace: grace)
    client.shutdown()
  }
}
