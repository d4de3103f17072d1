import Foundation
import HTTPModel
import HTTPTransport
import PayloadCodecs
import TLSLayer
import Testing
import Wavetank
import WavetankTestKit

/// A running emulator on a free port with some scenarios, and a client for it.
struct Sea {
  let emulator: Emulator
  let client: HTTPClient
  private let certificates: String

  static let organization = "11111111-1111-4111-8111-111111111111"
  static let project = "/orgs/\(organization)/projects/22222222-2222-4222-8222-222222222222"
  static let nightly = "\(project)/fleets/33333333-3333-4333-8333-333333333333"
  static let webhook = "/44444444-4444-4444-8444-444444444444/demo-webhook-token"
  static let store = "/api/v1/space/demo/api/v1/s3"
  static let hub = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1"

  struct Reply: Sendable {
    var status: Int
    var fields: Fields
    var bytes: [UInt8]
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: bytes)) ?? .null }
  }

  /// - Parameter clock: the time of the engine's loops, for tests of its timeouts.
  /// - Parameter other: whose CA it has.
  init(
    _ scenarios: String..., clock: LoopClock? = nil, certificatesOf other: Sea? = nil
  ) async throws {
    let fresh = FileManager.default.temporaryDirectory.appending(
      path: "wavetank-ca-\(UUID().uuidString)")
    certificates = other?.certificates ?? fresh.path
    var configuration = Configuration()
    configuration.loopClock = clock
    configuration.port = 0
    configuration.threads = 1
    configuration.scenarios = scenarios
    configuration.caDirectory = certificates
    emulator = try await Emulator.start(configuration)
    client = try HTTPClient()
  }

  func stop() async {
    client.shutdown()
    await emulator.stop(within: .zero)
    try? FileManager.default.removeItem(atPath: certificates)
  }

  /// The first line of the answer to a GET over TLS, on a connection of its own.
  func secureStatus(_ target: String) throws -> String {
    let trusted = FileManager.default.contents(atPath: certificates + "/ca.pem").map(Array.init)
    let peer = try RawPeer(port: emulator.port)
    try peer.becomeSecure(
      TLSClientContext(authorities: trusted, trustsSystem: false), host: "localhost")
    try peer.send(
      "GET \(target) HTTP/1.1\r\nHost: localhost\r\nX-Shipyard-API-Key: k\r\nConnection: close\r\n\r\n"
    )
    let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
    return String(answer.prefix { $0 != "\r\n" })
  }

  /// - Throws: `HTTPClientError` when the answer does not come whole.
  func send(
    _ method: Method, _ target: String, key: String = "k", body: [UInt8]? = nil,
    fields: KeyValuePairs<String, String> = [:]
  ) async throws -> Reply {
    var fields = Fields(fields)
    fields.append("Authorization", "Bearer \(key)")
    fields.append("X-Shipyard-API-Key", key)
    let response = try await client.send(
      method, host: "127.0.0.1", port: emulator.port, target: target, fields: fields,
      body: body.map { .bytes($0) } ?? .empty)
    return Reply(
      status: response.status.code, fields: response.fields, bytes: try await response.collect())
  }

  func post(_ target: String, _ json: JSON = [:], background: Bool = false) async throws -> Reply {
    try await send(
      .post, target, body: json.serialized(),
      fields: background
        ? ["Content-Type": "application/json", "X-Task-Background": "true"]
        : ["Content-Type": "application/json"])
  }

  /// The status, or nil when no whole answer came.
  func status(
    _ method: Method, _ target: String, key: String = "k", body: [UInt8]? = nil
  ) async -> Int? {
    try? await send(method, target, key: key, body: body).status
  }

  func control(_ method: Method, _ path: String, _ json: JSON? = nil) async throws -> Reply {
    try await send(method, "/_wavetank" + path, body: json?.serialized())
  }

  func advance(_ duration: String) async throws {
    let reply = try await control(.post, "/clock/advance", ["by": .string(duration)])
    #expect(reply.status == 200)
  }

  func verify(_ question: JSON) async throws -> Bool {
    try await control(.post, "/verify", question).json["holds"]?.boolValue ?? false
  }

  /// A stored package, to put elsewhere.
  static func package() throws -> [UInt8] {
    let tar = TarWriter.archive([
      ("./package.json", Array(#"{"name":"echo","version":"1.0.0","main":"index.js"}"#.utf8)),
      ("./index.js", Array("module.exports = input => input;\n".utf8)),
    ])
    return try Gzip.compress(tar)
  }
}
