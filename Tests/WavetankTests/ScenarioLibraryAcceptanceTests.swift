import HTTPModel
import HTTPTransport
import PayloadCodecs
import TLSLayer
import Testing
import Wavetank
import WavetankTestKit

/// Each shipped scenario does what its description says: over a real socket, with all services.
@Suite("The shipped scenarios", .serialized)
struct ScenarioLibraryAcceptanceTests {
  @Test("Every one starts")
  func starts() async throws {
    for (name, summary) in Scenarios.shipped {
      #expect(Scenarios.problems(in: [name]) == [])
      #expect(!summary.isEmpty)
      let sea = try await Sea(name)
      #expect(try await sea.control(.get, "/scenario").json["name"] == .string(name))
      await sea.stop()
    }
  }

  @Test("demo: all three services answer, and nothing struck")
  func demo() async throws {
    let sea = try await Sea("demo")
    #expect(try await sea.post("/api/v1/workspace/list").status == 200)
    #expect(await sea.status(.get, Sea.store) == 200)
    #expect(await sea.status(.get, "/orgs") == 200)
    #expect(try await sea.verify(["match": [:], "exactly": 3]))
    #expect(try await sea.verify(["unmatched": 0]))
    await sea.stop()
  }

  @Test("flaky-network: some requests fail in every way, most get through, the same in every run")
  func flaky() async throws {
    var runs: [[Int?]] = []
    for _ in 0..<2 {
      let sea = try await Sea("flaky-network")
      var statuses: [Int?] = []
      // A method that the client never repeats by itself.
      for _ in 0..<80 { statuses.append(try? await sea.post("/api/v1/workspace/list").status) }
      runs.append(statuses)
      await sea.stop()
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0].count { $0 == 200 } > 50)
    #expect(runs[0].count { $0 == 503 } > 1)
    #expect(runs[0].count { $0 == nil } > 3)
  }

  @Test("slow-tasks: a task waits and runs before it succeeds, without anybody waiting")
  func slow() async throws {
    let sea = try await Sea("slow-tasks")
    let task = try await sea.post("/api/v1/task/noop", background: true).json["status"]
    #expect(task?["state"] == "waiting")
    let id = try #require(task?["taskId"])
    var states: [JSON?] = []
    for _ in 0..<4 {
      states.append(
        try await sea.post("/api/v1/task/status", ["taskId": id]).json["status"]?["state"])
    }
    #expect(states.contains("running"))
    #expect(states.last == "succeeded")
    let instant = try await sea.control(.get, "/clock").json["now"]?.stringValue ?? ""
    #expect(instant >= "2026-01-01T00:00:25")
    await sea.stop()
  }

  @Test("failing-half-way: tasks fail while running, the last vessel exits with an error")
  func halfWay() async throws {
    let sea = try await Sea("failing-half-way")
    let id = try #require(
      try await sea.post("/api/v1/task/noop", background: true).json["status"]?["taskId"])
    var last: JSON?
    for _ in 0..<5 {
      last = try await sea.post("/api/v1/task/status", ["taskId": id]).json["status"]
    }
    #expect(last?["state"] == "failed")
    #expect(last?["statusMessage"] == "out of memory")
    #expect(await sea.status(.post, Sea.nightly + "/fleetruns") == 201)
    var runs = ""
    for _ in 0..<6 { runs = try await sea.send(.get, Sea.nightly + "/fleetruns").text }
    #expect(runs.contains("Errored") || runs.contains("Failed"), "\(runs)")
    await sea.stop()
  }

  @Test("rate-limited: ten requests pass, then 429 with Retry-After until the window has moved")
  func rateLimited() async throws {
    let sea = try await Sea("rate-limited")
    for target in ["/orgs", Sea.store, "/api/v1/account/current"] {
      for _ in 0..<10 { #expect(await sea.status(.get, target) != 429) }
      let refused = try await sea.send(.get, target)
      #expect(refused.status == 429)
      #expect(refused.fields["retry-after"] == "10")
      #expect(await sea.status(.get, target, key: "other") != 429)
    }
    try await sea.advance("10s")
    #expect(await sea.status(.get, "/orgs") == 200)
    await sea.stop()
  }

  @Test(
    "certificate-trouble: five bad certificates, then good ones",
    .enabled(if: TLSLibrary.lack == nil))
  func certificates() async throws {
    let sea = try await Sea("certificate-trouble")
    for _ in 0..<5 { #expect(throws: (any Error).self) { try sea.secureStatus("/orgs") } }
    #expect(try sea.secureStatus("/orgs").hasPrefix("HTTP/1.1 200"))
    // In the clear nothing was ever wrong.
    #expect(await sea.status(.get, "/orgs") == 200)
    #expect(try await sea.verify(["match": [:], "exactly": 2]))
    let entries = try await sea.control(.get, "/journal").json["entries"]?.arrayValue ?? []
    #expect(
      entries.prefix(5).map { $0["fault"] } == [
        "tls expired", "tls notYetValid", "tls wrongHost", "tls selfSigned", "tls untrusted",
      ])
    await sea.stop()
  }

  @Test("bad-credentials: each key is treated as it says")
  func credentials() async throws {
    let sea = try await Sea("bad-credentials")
    for target in ["/orgs", Sea.store, "/api/v1/account/current"] {
      #expect(await sea.status(.get, target, key: "good-key") == 200, "\(target)")
      #expect(await sea.status(.get, target, key: "hour-key") == 200, "\(target)")
      #expect(await sea.status(.get, target, key: "read-key") == 200, "\(target)")
      for key in ["expired-key", "blocked-key", "stranger"] {
        let status = await sea.status(.get, target, key: key) ?? 0
        #expect((400..<500).contains(status), "\(target) \(key) \(status)")
      }
    }
    let package = try Sea.package()
    #expect(await sea.status(.put, Sea.store, key: "read-key", body: package) == 403)
    #expect(await sea.status(.put, Sea.store, key: "good-key", body: package) == 202)
    let body = Array(#"{"handle":"x"}"#.utf8)
    #expect(await sea.status(.post, "/api/v1/workspace/create", key: "read-key", body: body) == 403)
    #expect(await sea.status(.post, "/api/v1/workspace/create", key: "good-key", body: body) == 200)
    try await sea.advance("1h")
    #expect(await sea.status(.get, Sea.store, key: "hour-key") != 200)
    await sea.stop()
  }

  @Test("store-full: two more packages, then 507 until something is deleted")
  func storeFull() async throws {
    let sea = try await Sea("store-full")
    let package = try Sea.package()
    #expect(await sea.status(.put, Sea.store, body: package) == 202)
    #expect(await sea.status(.put, Sea.store, body: package) == 202)
    #expect(await sea.status(.put, Sea.store, body: package) == 507)
    #expect((200..<300).contains(await sea.status(.delete, Sea.store + "/echo.tar.gz") ?? 0))
    #expect(await sea.status(.put, Sea.store, body: package) == 202)
    await sea.stop()
  }

  @Test("corrupt-downloads: cut, then damaged, then whole")
  func corrupt() async throws {
    let whole = try await Sea("demo")
    let good = try await whole.send(.get, Sea.store + "/echo.tar.gz").bytes
    await whole.stop()
    let sea = try await Sea("corrupt-downloads")
    await #expect(throws: HTTPClientError.self) {
      try await sea.send(.get, Sea.store + "/echo.tar.gz")
    }
    let damaged = try await sea.send(.get, Sea.store + "/echo.tar.gz").bytes
    #expect(damaged.count == good.count)
    #expect(damaged != good)
    #expect(try await sea.send(.get, Sea.store + "/echo.tar.gz").bytes == good)
    await sea.stop()
  }

  @Test("hub-crash: the hub is gone after three requests and back after fifteen")
  func hubCrash() async throws {
    let sea = try await Sea("hub-crash")
    var statuses: [Int] = []
    for _ in 0..<16 { statuses.append(await sea.status(.get, Sea.hub + "/version") ?? 0) }
    #expect(statuses[..<2] == [200, 200])
    #expect(statuses[2..<14].allSatisfy { $0 != 200 }, "\(statuses)")
    #expect(statuses[15] == 200, "\(statuses)")
    let other = Sea.hub.replacing("sth-0", with: "sth-1") + "/version"
    #expect(await sea.status(.get, other) == 200)
    #expect(try await sea.verify(["rules": ["crash": 1, "recovery": 1]]))
    await sea.stop()
  }

  @Test("stalled-reader: the first subscriber of a topic gets a stall, the second a throttle")
  func stalled() async throws {
    let sea = try await Sea("stalled-reader")
    let topic = "/api/v1/topic/news"
    #expect(await sea.status(.post, topic, body: Array("x\n".utf8)) != nil)
    for _ in 0..<3 {
      let reader = try RawPeer(port: sea.emulator.port)
      try reader.send(
        "GET \(topic) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n\r\n")
      #expect(try reader.read(until: "\r\n\r\n").contains("200"))
      reader.close()
    }
    let after = try await sea.control(.get, "/scenario/rules").json["rules"]
    #expect(after?[0]?["struck"] == 1)
    #expect(after?[1]?["struck"] == 1)
    await sea.stop()
  }

  @Test("fleet-retries: the third attempt succeeds; a vessel is terminated")
  func fleetRetries() async throws {
    let sea = try await Sea("fleet-retries")
    #expect(await sea.status(.post, Sea.nightly + "/fleetruns") == 201)
    try await sea.advance("30m")
    let nightly = try await sea.send(.get, Sea.nightly + "/fleetruns").text
    #expect(nightly.contains("Completed") || nightly.contains("Success"), "\(nightly)")
    let weekly = "\(Sea.project)/fleets/55555555-5555-4555-8555-555555555555/fleetruns"
    #expect(await sea.status(.post, weekly) == 201)
    try await sea.advance("5s")
    let runs = try await sea.send(.get, weekly).text
    try await sea.advance("1m")
    let later = try await sea.send(.get, weekly).text
    #expect((runs + later).contains("Terminated"), "\(runs) \(later)")
    await sea.stop()
  }

  @Test("webhook-storm: five in a second, the others 429, and all five arrived")
  func webhooks() async throws {
    let sea = try await Sea("webhook-storm")
    var statuses: [Int] = []
    for _ in 0..<8 { statuses.append(await sea.status(.post, Sea.webhook) ?? 0) }
    #expect(statuses[..<5].allSatisfy { $0 < 300 }, "\(statuses)")
    #expect(statuses[5...].allSatisfy { $0 == 429 }, "\(statuses)")
    try await sea.advance("1s")
    #expect(await sea.status(.post, Sea.webhook).map { $0 < 300 } == true)
    #expect(try await sea.verify(["rules": ["five in a second": 3, "every fourth is slow": 1]]))
    await sea.stop()
  }

  @Test("brown-out: begins and ends by the clock")
  func brownOut() async throws {
    let sea = try await Sea("brown-out")
    for _ in 0..<5 { #expect(await sea.status(.get, "/orgs") == 200) }
    try await sea.advance("1m")
    #expect(try await sea.send(.get, "/orgs").fields["x-wavetank-rule"] == "slow")
    try await sea.advance("1m")
    var statuses: [Int?] = []
    for _ in 0..<20 { statuses.append(await sea.status(.get, "/orgs")) }
    #expect(statuses.contains(503) && statuses.contains(200), "\(statuses)")
    try await sea.advance("30s")
    #expect(await sea.status(.get, "/orgs") == nil)
    try await sea.advance("30s")
    for _ in 0..<5 { #expect(await sea.status(.get, "/orgs") == 200) }
    await sea.stop()
  }

  @Test("duplicate-on-retry: the work is done although the answer is lost")
  func duplicate() async throws {
    let sea = try await Sea("duplicate-on-retry")
    #expect(await sea.status(.post, Sea.nightly + "/fleetruns") == nil)
    #expect(await sea.status(.post, Sea.nightly + "/fleetruns") == 201)
    let runs = try await sea.send(.get, Sea.nightly + "/fleetruns").text
    #expect(runs.split(separator: "\n").count == 3, "\(runs)")
    let package = try Sea.package()
    #expect(await sea.status(.put, Sea.store, body: package) == 504)
    #expect(await sea.status(.put, Sea.store, body: package) == 202)
    #expect(try await sea.send(.get, Sea.store).json.arrayValue?.count == 3)
    await sea.stop()
  }

  @Test("overloaded-uploads: two refusals, then slow, and its own expect holds")
  func overloaded() async throws {
    let sea = try await Sea("overloaded-uploads")
    let package = try Sea.package()
    #expect(try await sea.control(.post, "/verify").json["verdict"] == "fails")
    var statuses: [Int?] = []
    for _ in 0..<4 { statuses.append(await sea.status(.put, Sea.store, body: package)) }
    #expect(statuses == [503, 503, 202, 202])
    #expect(try await sea.control(.post, "/verify").json["verdict"] == "holds")
    await sea.stop()
  }
}
