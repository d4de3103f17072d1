import EmulatorKernel
import Foundation
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Testing
import Wavetank

/// The SDK builds `{base}block/{id}/raw` from its base, and whoever gets that URL sends no key: where
/// the key alone names the tenant, the id must lead there (DESIGN §3).
@Suite("Public data is found by its id, whatever tenant it is in")
struct PublicDataAcceptanceTests {
  /// A running emulator and a client that sends what it is told, no key by itself.
  struct Shore {
    let emulator: Emulator
    let client: HTTPClient

    init(_ change: (inout Configuration) -> Void = { _ in }) async throws {
      var configuration = Configuration()
      configuration.port = 0
      configuration.threads = 1
      change(&configuration)
      emulator = try await Emulator.start(configuration)
      client = try HTTPClient()
    }

    func stop() async {
      client.shutdown()
      await emulator.stop(within: .zero)
    }

    func send(
      _ method: Method, _ target: String, _ fields: KeyValuePairs<String, String> = [:],
      body: [UInt8]? = nil
    ) async throws -> Sea.Reply {
      let response = try await client.send(
        method, host: "127.0.0.1", port: emulator.port, target: target, fields: Fields(fields),
        body: body.map { .bytes($0) } ?? .empty)
      return Sea.Reply(
        status: response.status.code, fields: response.fields,
        bytes: try await response.collect())
    }

    func post(
      _ operation: String, _ body: JSON, key: String, prefix: String = ""
    ) async throws -> JSON {
      let reply = try await send(
        .post, "\(prefix)/api/v1/\(operation)",
        ["Authorization": "Bearer \(key)", "Content-Type": "application/json"],
        body: body.serialized())
      #expect(reply.status == 200, "\(operation): \(reply.text)")
      return reply.json["data"] ?? .null
    }

    /// A file with one block. The text of the answer to a raw read is the content.
    func makeBlock(_ text: String, isPublic: Bool, key: String) async throws -> String {
      let file = try await post("file/create", ["type": "none"], key: key)
      let block = try await post(
        "block/create",
        [
          "fileId": file["file"]?["id"] ?? "", "text": .string(text), "publicData": .bool(isPublic),
        ], key: key)
      return try #require(block["block"]?["id"]?.stringValue)
    }

    func raw(
      _ id: String, _ fields: KeyValuePairs<String, String> = [:], prefix: String = ""
    ) async throws -> Sea.Reply {
      try await send(.get, "\(prefix)/api/v1/block/\(id)/raw", fields)
    }
  }

  @Test(
    "A public block of a tenant that only its key names is read without a key, a private one not")
  func blocks() async throws {
    let shore = try await Shore()
    let open = try await shore.makeBlock("for all", isPublic: true, key: "wt-blue.s3cret")
    let closed = try await shore.makeBlock("for me", isPublic: false, key: "wt-blue.s3cret")
    let reply = try await shore.raw(open)
    #expect(reply.status == 200)
    #expect(reply.text == "for all")
    #expect(reply.fields["content-type"] == "text/plain")
    // Nothing tells whether a private thing is there.
    let unknown = try await shore.raw("00000000-0000-4000-8000-000000000000")
    let refused = try await shore.raw(closed)
    #expect(refused.status == 404)
    #expect(refused.status == unknown.status)
    #expect(
      refused.text.replacing(closed, with: "ID")
        == unknown.text.replacing("00000000-0000-4000-8000-000000000000", with: "ID"))
    // Whoever names a tenant means it.
    #expect(try await shore.raw(open, ["Authorization": "Bearer other"]).status == 404)
    #expect(try await shore.raw(open, ["Authorization": "Bearer wt-red"]).status == 404)
    #expect(try await shore.raw(open, ["X-Wavetank-Tenant": "default"]).status == 404)
    #expect(try await shore.raw(open, prefix: "/_t/default").status == 404)
    #expect(try await shore.raw(open, prefix: "/_t/blue").text == "for all")
    // The exchange is the tenant's own: its journal, its rules.
    #expect(shore.emulator.pipeline.tenants.find("default")?.journal.status.total == 5)
    // No longer public.
    _ = try await shore.post(
      "block/update", ["id": .string(open), "publicData": false], key: "wt-blue.s3cret")
    #expect(try await shore.raw(open).status == 404)
    await shore.stop()
  }

  @Test("Public files the same, HEAD too; a deleted one is gone")
  func files() async throws {
    let shore = try await Shore()
    let made = try await shore.post(
      "file/create", ["type": "value", "value": "file for all", "publicData": true], key: "wt-blue")
    let id = made["file"]?["id"]?.stringValue ?? ""
    let reply = try await shore.send(.get, "/api/v1//file/\(id.lowercased())/raw")
    #expect(reply.text == "file for all")
    let head = try await shore.send(.head, "/api/v1/file/\(id)/raw")
    #expect(head.status == 200)
    #expect(head.fields["content-length"] == "12")
    _ = try await shore.post("file/delete", ["id": .string(id)], key: "wt-blue")
    #expect(try await shore.send(.get, "/api/v1/file/\(id)/raw").status == 404)
    await shore.stop()
  }

  @Test("Of several tenants with one id, brought by a snapshot, the one that made it answers")
  func copies() async throws {
    let shore = try await Shore()
    let id = try await shore.makeBlock("first", isPublic: true, key: "wt-zeta")
    let snapshot = try await shore.send(.get, "/_wavetank/snapshot", ["X-Wavetank-Tenant": "zeta"])
    for copy in ["alpha", "beta"] {
      let put = try await shore.send(
        .put, "/_wavetank/snapshot", ["X-Wavetank-Tenant": .init(copy)], body: snapshot.bytes)
      #expect(put.status < 300, "\(put.text)")
    }
    func journaled(_ tenant: String) -> UInt64 {
      shore.emulator.pipeline.tenants.find(tenant)?.journal.status.total ?? 0
    }
    var before = journaled("zeta")
    #expect(try await shore.raw(id).text == "first")
    #expect(journaled("zeta") == before + 1)
    // It keeps it for itself: now the first by name that still shows it.
    _ = try await shore.post(
      "block/update", ["id": .string(id), "publicData": false], key: "wt-zeta")
    before = journaled("alpha")
    #expect(try await shore.raw(id).text == "first")
    #expect(journaled("alpha") == before + 1)
    for copy in ["alpha", "beta"] {
      // The owner's key, which would name the first.
      _ = try await shore.post(
        "block/delete", ["id": .string(id)], key: "wt-zeta", prefix: "/_t/\(copy)")
    }
    #expect(try await shore.raw(id).status == 404)
    await shore.stop()
  }

  @Test("Who is looked into and has it not counts as unused as before")
  func looksAreNoUses() async throws {
    let shore = try await Shore()
    let id = try await shore.makeBlock("text", isPublic: true, key: "wt-zeta")
    for name in ["yolk", "alpha"] {
      _ = try await shore.makeBlock("text", isPublic: true, key: "wt-\(name)")
    }
    #expect(try await shore.raw("00000000-0000-4000-8000-000000000000").status == 404)
    #expect(try await shore.raw(id).text == "text")
    let tenants = shore.emulator.pipeline.tenants
    tenants.evictIdle(downTo: 3)
    #expect(tenants.all.map(\.name) == ["alpha", "default", "zeta"])
    await shore.stop()
  }

  @Test("A tenant that waits in its file is read for it; one that was removed is gone")
  func sleeping() async throws {
    let directory = NSTemporaryDirectory() + "wavetank-public-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func fill() async throws -> (open: String, closed: String) {
      let shore = try await Shore { $0.dataDirectory = directory }
      let open = try await shore.makeBlock("kept", isPublic: true, key: "wt-blue")
      let closed = try await shore.makeBlock("kept", isPublic: false, key: "wt-blue")
      _ = try await shore.makeBlock("another's", isPublic: true, key: "wt-red")
      await shore.stop()
      return (open, closed)
    }
    let (open, closed) = try await fill()
    let shore = try await Shore { $0.dataDirectory = directory }
    let tenants = shore.emulator.pipeline.tenants
    tenants.evictIdle(downTo: 0)
    #expect(tenants.find("blue") == nil)
    #expect(try await shore.raw(closed).status == 404)
    tenants.evictIdle(downTo: 0)
    #expect(try await shore.raw(open).text == "kept")
    #expect(tenants.find("red") == nil, "what the id's end excludes is not read")
    #expect(try await shore.send(.delete, "/_wavetank/tenants/blue").status < 300)
    #expect(try await shore.raw(open).status == 404)
    #expect(tenants.find("blue") == nil, "looking makes no tenant")
    await shore.stop()
  }
}
