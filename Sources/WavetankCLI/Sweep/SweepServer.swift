import HTTPModel
import HTTPTransport
import Lab
import PayloadCodecs
import Wavetank

/// The private server of a sweep, by its control API: a tenant for each run.
struct SweepServer: Sendable {
  let emulator: Emulator
  private let client: HTTPClient
  /// The names of all operations.
  private(set) var operations: [String] = []
  /// The operations whose content is used as it comes.
  private var streamed: Set<String> = []

  init(_ emulator: Emulator) async throws {
    self.emulator = emulator
    client = try HTTPClient()
    for operation in try await call(.get, "operations", tenant: nil)["operations"]?.arrayValue ?? []
    {
      guard let name = operation["name"]?.stringValue else { continue }
      operations.append(name)
      if operation["streamed"] == true { streamed.insert(name) }
    }
  }

  func stop() async {
    client.shutdown()
    await emulator.stop(within: .zero)
  }

  /// Host and port.
  var authority: String { String(emulator.baseURL.dropFirst("http://".count)) }

  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  private func call(
    _ method: Method, _ path: String, tenant: String?, _ content: JSON? = nil
  ) async throws -> JSON {
    var fields = Fields()
    if let tenant { fields.append("X-Wavetank-Tenant", tenant) }
    if content != nil { fields.append("Content-Type", "application/json") }
    let response = try await client.send(
      method, host: "127.0.0.1", port: emulator.port, target: "/_wavetank/\(path)", fields: fields,
      body: content.map { .bytes($0.serialized()) } ?? .empty)
    let bytes = try await response.collect(limit: 1 << 30)
    guard (200..<300).contains(response.status.code) else {
      throw Refusal(
        description: "\(method.name) \(path): \(String(decoding: bytes, as: UTF8.self))")
    }
    return bytes.isEmpty ? .null : try JSON(parsing: bytes)
  }

  /// In front of the scenario's own rules.
  func add(_ rule: JSON, tenant: String) async throws {
    _ = try await call(.post, "scenario/rules?position=first", tenant: tenant, rule)
  }

  func exchanges(of tenant: String) async throws -> [LabExchange] {
    LabExchange.all(
      try await call(.get, "journal?detail=whole&limit=1000000", tenant: tenant),
      streamed: streamed)
  }

  func world(of tenant: String) async throws -> WorldDigest {
    WorldDigest(try await call(.get, "inventory", tenant: tenant))
  }

  func drop(_ tenant: String) async {
    _ = try? await call(.delete, "tenants/\(tenant)", tenant: nil)
  }
}
