import HTTPModel
import HTTPTransport
import ParcelsEmulator
import PayloadCodecs
import Testing
import Wavetank

/// A vendor of whom kernel, control plane and transport have never heard, beside the three that ship:
/// its module and its place in the list of services are all there is.
@Suite("A fourth service has what the three have (issue: a kernel without vendors)")
struct FourthServiceTests {
  private static func with(
    _ scenario: JSON? = nil, _ body: (Emulator, Client) async throws -> Void
  ) async throws {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    configuration.furtherServices = [ParcelsService()]
    let isManual = configuration.setClock("manual")
    #expect(isManual)
    let emulator = try await Emulator.start(configuration)
    let client = Client(port: emulator.port, http: try HTTPClient())
    do {
      if let scenario {
        #expect(try await client.send(.put, "/_wavetank/scenario", scenario).status == 200)
      }
      try await body(emulator, client)
    } catch {
      client.http.shutdown()
      await emulator.stop(within: .zero)
      throw error
    }
    client.http.shutdown()
    await emulator.stop(within: .zero)
  }

  private struct Client {
    let port: UInt16
    let http: HTTPClient

    func send(
      _ method: Method, _ target: String, _ json: JSON? = nil, bytes: [UInt8]? = nil,
      key: String? = "k"
    ) async throws -> (status: Int, bytes: [UInt8], json: JSON) {
      var fields = Fields()
      if let key { fields.append("X-Parcels-Key", key) }
      let content = bytes ?? json?.serialized()
      let response = try await http.send(
        method, host: "127.0.0.1", port: port, target: target, fields: fields,
        body: content.map { .bytes($0) } ?? .empty)
      let answer = try await response.collect()
      return (response.status.code, answer, (try? JSON(parsing: answer)) ?? .null)
    }

    func post(_ receiver: String, key: String = "k") async throws -> String? {
      try await send(.post, "/parcels", ["receiver": .string(receiver)], key: key)
        .json["id"]?.stringValue
    }
  }

  @Test("Its endpoints answer in its own form, failures of the pipeline too")
  func endpoints() async throws {
    try await Self.with { _, client in
      let id = try #require(try await client.post("Ada"))
      #expect(try await client.send(.get, "/parcels/\(id)").json["receiver"] == "Ada")
      #expect(try await client.send(.get, "/parcels").json.arrayValue?.count == 1)
      #expect(try await client.send(.delete, "/parcels/\(id)").status == 204)
      let fault = try await client.send(.get, "/parcels/\(id)")
      #expect(fault.status == 404)
      #expect(fault.json["fault"]?["text"] == "No such parcel.")
      #expect(try await client.send(.get, "/parcels", key: nil).status == 401)
      let wrong = try await client.send(.patch, "/parcels")
      #expect(wrong.status == 405)
      #expect(wrong.json["fault"]?["code"] == 405)
    }
  }

  @Test("Its world goes on by the tenant's clock, and its key names the tenant")
  func time() async throws {
    try await Self.with { _, client in
      let id = try #require(try await client.post("Ada", key: "wt-blue.secret"))
      #expect(try await client.send(.get, "/parcels/\(id)").status == 404)
      func state() async throws -> JSON? {
        try await client.send(.get, "/_t/blue/parcels/\(id)").json["state"]
      }
      #expect(try await state() == "posted")
      let moved = try await client.send(
        .post, "/_t/blue/_wavetank/clock/advance", ["by": "1h"])
      #expect(moved.status == 200)
      #expect(try await state() == "delivered")
    }
  }

  static let strike: JSON = [
    "wavetank": 1,
    "given": ["parcels": ["parcels": ["Bob"]]],
    "rules": [
      [
        "name": "the second is refused", "match": ["operation": "parcels.parcel.post"], "skip": 1,
        "times": 1, "error": 503,
      ]
    ],
  ]

  @Test("Rules strike it in its own form; journal and verify know its operations")
  func rules() async throws {
    try await Self.with(Self.strike) { _, client in
      #expect(try await client.send(.get, "/parcels").json[0]?["receiver"] == "Bob")
      let parcel: JSON = ["receiver": "Ada"]
      #expect(try await client.send(.post, "/parcels", parcel).status == 201)
      let struck = try await client.send(.post, "/parcels", parcel)
      #expect(struck.status == 503)
      #expect(struck.json["fault"]?["code"] == 503)
      #expect(try await client.send(.post, "/parcels", parcel).status == 201)

      let entries = try await client.send(
        .get, "/_wavetank/journal?operation=parcels.parcel.post&status=503")
      let entry = try #require(entries.json["entries"]?[0])
      #expect(entry["rules"]?[0] == "the second is refused")
      let number = try #require(entry["number"]?.intValue)
      let whole = try await client.send(.get, "/_wavetank/journal/\(number)")
      let key = whole.json["request"]?["fields"]?.arrayValue?.first {
        $0["name"] == "X-Parcels-Key"
      }
      #expect(key?["value"]?.stringValue?.hasPrefix("***#") == true)

      let verdict = try await client.send(
        .post, "/_wavetank/verify",
        ["match": ["operation": "parcels.parcel.post"], "exactly": 3])
      #expect(verdict.json["holds"] == true)
    }
  }

  @Test("A scenario that names what it has not is refused with the place")
  func scenarioProblems() async throws {
    try await Self.with { _, client in
      let refused = try await client.send(
        .put, "/_wavetank/scenario", ["wavetank": 1, "given": ["parcels": ["parcels": [7]]]])
      #expect(refused.status == 422)
      #expect(refused.json["problems"]?[0]?["pointer"] == "/given/parcels/parcels/0")
      let unknown = try await client.send(
        .put, "/_wavetank/scenario",
        [
          "wavetank": 1,
          "rules": [["name": "a", "match": ["operation": "parcels.parcel.pst"], "error": 503]],
        ])
      #expect(unknown.status == 422)
      #expect(
        String(decoding: unknown.bytes, as: UTF8.self).contains("parcels.parcel.post"))
    }
  }

  @Test("A snapshot brings its world back")
  func snapshot() async throws {
    try await Self.with { _, client in
      let id = try #require(try await client.post("Ada"))
      let snapshot = try await client.send(.get, "/_wavetank/snapshot").bytes
      #expect(try await client.send(.post, "/_wavetank/reset").status == 200)
      #expect(try await client.send(.get, "/parcels/\(id)").status == 404)
      let restored = try await client.send(.put, "/_wavetank/snapshot", bytes: snapshot)
      #expect((200..<300).contains(restored.status))
      #expect(try await client.send(.get, "/parcels/\(id)").json["receiver"] == "Ada")
    }
  }

  @Test("Its events happen on demand, and its world is shown")
  func events() async throws {
    try await Self.with { _, client in
      let id = try #require(try await client.post("Ada"))
      let shown = try await client.send(.get, "/_wavetank/state/parcels")
      #expect(shown.json["parcels"]?[0]?["id"] == .string(id))
      let lost = try await client.send(.post, "/_wavetank/emit", ["loseParcel": .string(id)])
      #expect((200..<300).contains(lost.status))
      #expect(try await client.send(.get, "/parcels/\(id)").status == 404)
      let again = try await client.send(.post, "/_wavetank/emit", ["loseParcel": .string(id)])
      #expect(again.status == 422)
    }
  }

  @Test("OpenAPI, the list of operations, the console and the clients' variables have it")
  func told() async throws {
    try await Self.with { emulator, client in
      let document = try await client.send(.get, "/_wavetank/openapi/parcels.json").json
      #expect(document["info"]?["title"] == "Parcels")
      #expect(document["paths"]?["/parcels/{id}"]?["delete"]?["responses"]?["404"] != nil)
      let operations = try await client.send(.get, "/_wavetank/operations?service=parcels").json
      #expect(operations["operations"]?.arrayValue?.count == 4)
      let console = try await client.send(.get, "/_wavetank/console").bytes
      #expect(
        String(decoding: console, as: UTF8.self).contains(#"addService("parcels", "Parcels", "#))
      var configuration = Configuration()
      configuration.furtherServices = [ParcelsService()]
      let variables = ClientEnvironment(
        baseURL: emulator.baseURL, tenant: "blue", configuration: configuration
      ).variables
      #expect(variables.contains { $0 == ("PARCELS_URL", "\(emulator.baseURL)/_t/blue") })
      #expect(variables.contains { $0 == ("PARCELS_KEY", "wt-blue") })
    }
  }
}
