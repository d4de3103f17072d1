import Foundation
import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

/// Tenants begin with the same planted world and share nothing that anybody can observe (DESIGN §3).
@Suite("What tenants share is never seen")
struct TenantSharingTests {
  private func sea(seed: Int = 5) async throws -> Sea {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "wavetank-sharing-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    let scenario: JSON = [
      "wavetank": 1, "seed": .integer(seed),
      "clock": ["mode": "manual", "start": "2026-01-01T00:00:00Z"],
    ]
    try Data(scenario.serialized()).write(to: file)
    return try await Sea(file.path)
  }

  private func state(_ sea: Sea, _ service: String, of tenant: String) async throws -> String {
    let reply = try await sea.control(.get, "/state/\(service)?tenant=\(tenant)")
    #expect(reply.status == 200)
    return reply.text
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let service: String
    let method: HTTPModel.Method
    let path: String
    let body: JSON?
    var testDescription: String { "\(service): \(method.name) \(path)" }
  }

  /// Each changes something that was planted, or adds to it.
  static let changes = [
    Change(
      service: "steamship", method: .post, path: "/api/v1/package/instance/create",
      body: ["packageHandle": "hello-world", "handle": "mine"]),
    Change(
      service: "steamship", method: .post, path: "/api/v1/package/create",
      body: ["handle": "other-world"]),
    Change(
      service: "steamship", method: .post, path: "/api/v1/workspace/delete",
      body: ["handle": "demo"]),
    Change(
      service: "scramjet", method: .delete, path: "\(Sea.store)/echo.tar.gz", body: nil),
    Change(
      service: "scramjet", method: .post, path: "\(Sea.hub)/topics",
      body: ["id": "cargo", "content-type": "text/x-ndjson"]),
    Change(service: "shipyard", method: .post, path: "\(Sea.nightly)/fleetruns", body: [:]),
    Change(
      service: "shipyard", method: .post, path: "/orgs/\(Sea.organization)/blueprints",
      body: ["name": "Crane", "pallet_type": 2]),
  ]

  @Test("What one tenant changes no other sees, and a reset gives it back", arguments: changes)
  func apart(_ change: Change) async throws {
    let sea = try await sea()
    // A user comes with the first key; both have one before they are compared.
    for tenant in ["one", "two"] {
      _ = await sea.status(.post, "/_t/\(tenant)/api/v1/account/current")
    }
    let before = try await state(sea, change.service, of: "one")
    let other = try await state(sea, change.service, of: "two")
    let reply = try await sea.send(
      change.method, "/_t/one" + change.path, body: change.body?.serialized(),
      fields: ["Content-Type": "application/json"])
    #expect((200..<300).contains(reply.status), "\(reply.text)")
    #expect(try await state(sea, change.service, of: "one") != before)
    #expect(try await state(sea, change.service, of: "two") == other)
    _ = await sea.status(.post, "/_t/three/api/v1/account/current")
    let third = try await state(sea, change.service, of: "three")
    if change.service != "steamship" { #expect(third == before && third == other) }
    #expect(try await sea.control(.post, "/reset?tenant=one").status < 300)
    _ = await sea.status(.post, "/_t/one/api/v1/account/current")
    #expect(try await state(sea, change.service, of: "one") == before)
    await sea.stop()
  }

  @Test("A planted package has the same id in every tenant, a user's workspace its tenant's own")
  func ids() async throws {
    let sea = try await sea()
    func id(_ tenant: String, _ operation: String, _ handle: String) async throws -> String {
      let reply = try await sea.post(
        "/_t/\(tenant)/api/v1/\(operation)", ["handle": .string(handle)])
      let data = reply.json["data"]?.objectValue
      return data?.members.first?.value["id"]?.stringValue ?? "none in \(reply.text)"
    }
    let one = try await id("one", "package/get", "hello-world")
    #expect(try await id("two", "package/get", "hello-world") == one)
    let workspace = try await id("one", "workspace/get", "demo")
    #expect(try await id("two", "workspace/get", "demo") != workspace)
    await sea.stop()
  }

  @Test("The same seed plants the same world, another seed another one")
  func seeds() async throws {
    var found: [[String]] = []
    for seed in [5, 5, 6] {
      let sea = try await sea(seed: seed)
      var states: [String] = []
      for service in ["steamship", "scramjet", "shipyard"] {
        states.append(try await state(sea, service, of: "blue"))
      }
      found.append(states)
      await sea.stop()
    }
    #expect(found[0] == found[1])
    for (left, right) in zip(found[0], found[2]) { #expect(left != right) }
  }

  @Test("A snapshot holds what a tenant shares: it is the same elsewhere, stored content too")
  func snapshot() async throws {
    let (here, there) = (try await sea(), try await sea(seed: 6))
    let body: JSON = ["id": "cargo", "content-type": "text/x-ndjson"]
    #expect(try await here.post("/_t/one\(Sea.hub)/topics", body).status < 300)
    let package = try await here.send(.get, "/_t/one\(Sea.store)/echo.tar.gz")
    #expect(package.status == 200 && !package.bytes.isEmpty)
    let snapshot = try await here.control(.get, "/snapshot?tenant=one")
    #expect(snapshot.status == 200)
    let put = try await there.send(
      .put, "/_wavetank/snapshot?tenant=copy", body: snapshot.bytes)
    #expect(put.status < 300, "\(put.text)")
    for service in ["steamship", "scramjet", "shipyard"] {
      #expect(
        try await state(there, service, of: "copy") == state(here, service, of: "one"), "\(service)"
      )
    }
    let copy = try await there.send(.get, "/_t/copy\(Sea.store)/echo.tar.gz")
    #expect(copy.bytes == package.bytes)
    // What is stored from then on stands beside it.
    let put2 = try await there.send(
      .put, "/_t/copy\(Sea.store)/more.tar.gz", body: try Sea.package())
    #expect(put2.status < 300, "\(put2.text)")
    #expect(try await there.send(.get, "/_t/copy\(Sea.store)/echo.tar.gz").bytes == package.bytes)
    await here.stop()
    await there.stop()
  }
}
