import HTTPModel
import HTTPTransport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Many connections", .serialized)
struct ManyConnectionsTests {
  /// What each costs in memory is a benchmark's business: other suites run in this process.
  @Test("Thousands of idle connections are kept and still answer")
  func idle() async throws {
    // Both ends live in this process.
    let count = min(10_000, (ProcessMemory.descriptorLimit - 4000) / 2)
    try await TestServer.with(
      { $0.connectionsMax = 20_000 }, handler: { _ in .now(.text("ok")) }
    ) { server in
      var peers: [RawPeer] = []
      peers.reserveCapacity(count)
      for _ in 0..<count {
        let peer = try server.peer()
        try peer.send(get)
        _ = try peer.read(until: "ok")
        peers.append(peer)
      }
      for peer in peers {
        try peer.send(get)
        #expect(try peer.readResponse().text == "ok")
      }
    }
  }

  @Test("Ten thousand answers delayed by the same time come in full, none early")
  func delayed() async throws {
    let handler: TestServer.Handler = { _ in
      var response = Response.text("late")
      response.delivery.delay = .milliseconds(200)
      return .now(response)
    }
    let count = min(10_000, (ProcessMemory.descriptorLimit - 4000) / 2)
    try await TestServer.with({ $0.connectionsMax = 20_000 }, handler: handler) { server in
      let peers = try (0..<count).map { _ in try server.peer() }
      let clock = ContinuousClock()
      let start = clock.now
      for peer in peers { try peer.send(get) }
      for peer in peers { #expect(try peer.readResponse().text == "late") }
      #expect(clock.now - start >= .milliseconds(200))
    }
  }
}
