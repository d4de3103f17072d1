import Glibc
import HTTPModel
import HTTPTransport
import Synchronization
import Testing
import WavetankTestKit

@Suite("The client")
struct HTTPClientTests {
  private static func withClient(
    _ change: (inout HTTPClient.Configuration) -> Void = { _ in },
    handler: @escaping TestServer.Handler,
    _ body: (HTTPClient, TestServer) async throws -> Void
  ) async throws {
    var configuration = HTTPClient.Configuration()
    change(&configuration)
    let client = try HTTPClient(configuration: configuration)
    defer { client.shutdown() }
    try await TestServer.with(handler: handler) { try await body(client, $0) }
  }

  @Test("sends a request and reads the response; the connection is used again")
  func simple() async throws {
    let connections = Mutex<Set<String>>([])
    let handler: TestServer.Handler = { request in
      connections.withLock { _ = $0.insert(request.host ?? "") }
      return .collect(limit: 100) { content in
        guard case .complete(let bytes) = content else { return .now(.text("?")) }
        return .now(.text("\(request.method.name) \(request.target.text) \(bytes.count)"))
      }
    }
    try await Self.withClient(handler: handler) { client, server in
      for index in 0..<5 {
        let response = try await client.send(
          .post, host: "localhost", port: server.port, target: "/x?\(index)",
          body: .bytes([1, 2, 3]))
        #expect(response.status == .ok)
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text == "POST /x?\(index) 3")
      }
      #expect(server.server.connectionCount == 1)
    }
  }

  @Test(
    "finds a server at each of its addresses; IPv6 stands in brackets in Host (RFC 3986 §3.2.2)")
  func addresses() async throws {
    let handler: TestServer.Handler = { request in .now(.text(request.host ?? "-")) }
    let change: (inout ServerConfiguration) -> Void = {
      $0.loopCount = 2
      $0.furtherHosts = ["127.0.0.2"]
      $0.listensOnLoopback6 = true
    }
    let client = try HTTPClient()
    defer { client.shutdown() }
    try await TestServer.with(change, handler: handler) { server in
      for host in ["127.0.0.1", "127.0.0.2", "::1"] {
        // A machine may be without IPv6, and then is served without.
        if host == "::1", (try? BlockingSocket(host: host, port: server.port)) == nil { continue }
        let response = try await client.send(.get, host: host, port: server.port, target: "/")
        let name = host == "::1" ? "[::1]" : host
        #expect(
          String(decoding: try await response.collect(), as: UTF8.self) == "\(name):\(server.port)")
      }
    }
  }

  @Test("An address that cannot be listened on is refused, and the others are let go")
  func missingAddress() async throws {
    let handler: TestServer.Handler = { _ in .now(.text("")) }
    let error = #expect(throws: SystemError.self) {
      try TestServer({ $0.furtherHosts = ["192.0.2.1"] }, handler: handler)
    }
    #expect(error?.call == .bind)
  }

  @Test("A server listens on further ports, on all its addresses; one that is taken is named")
  func furtherPorts() async throws {
    let handler: TestServer.Handler = { request in .now(.text(request.host ?? "-")) }
    let further = try BlockingListener().port
    let change: (inout ServerConfiguration) -> Void = {
      $0.loopCount = 2
      $0.furtherHosts = ["127.0.0.2"]
      $0.furtherPorts = [further]
    }
    let client = try HTTPClient()
    defer { client.shutdown() }
    try await TestServer.with(change, handler: handler) { server in
      for (host, port) in [
        ("127.0.0.1", server.port), ("127.0.0.1", further), ("127.0.0.2", further),
      ] {
        let response = try await client.send(.get, host: host, port: port, target: "/")
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text.elementsEqual("\(host):\(port)"))
      }
    }
    let taken = try BlockingListener()
    let error = #expect(throws: SystemError.self) {
      try TestServer({ $0.furtherPorts = [taken.port] }, handler: handler)
    }
    #expect(error?.port == taken.port && error?.isAddressInUse == true)
  }

  @Test("streams content both ways at the same time")
  func bothWays() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    }
    try await Self.withClient(handler: handler) { client, server in
      let gate = Gate()
      let response = try await client.send(
        .put, host: "127.0.0.1", port: server.port, target: "/",
        body: .stream(length: nil) { writer in
          try await writer.write("first ")
          await gate.wait()
          try await writer.write("second")
        })
      #expect(try await response.content.next() == Array("first ".utf8))
      gate.open()
      #expect(try await response.collect() == Array("second".utf8))
    }
  }

  @Test("carries ten megabytes each way with a known length")
  func large() async throws {
    let handler: TestServer.Handler = { request in
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    }
    try await Self.withClient(handler: handler) { client, server in
      let piece = [UInt8](repeating: 0x41, count: 100_000)
      let response = try await client.send(
        .post, host: "127.0.0.1", port: server.port, target: "/",
        body: .stream(length: 10_000_000) { writer in
          for _ in 0..<100 { try await writer.write(piece) }
        })
      var count = 0
      while let next = try await response.content.next() { count += next.count }
      #expect(count == 10_000_000)
    }
  }

  @Test("tells a refused connection, an unknown host and a server that closes")
  func errors() async throws {
    let handler: TestServer.Handler = { _ in
      var response = Response.text("never")
      response.delivery.fault = .empty
      return .now(response)
    }
    try await Self.withClient(handler: handler) { client, server in
      await #expect(throws: HTTPClientError.closed) {
        try await client.send(.post, host: "127.0.0.1", port: server.port, target: "/")
      }
      await #expect(throws: HTTPClientError.unknownHost("no.such.host.example")) {
        try await client.send(.get, host: "no.such.host.example", port: 80, target: "/")
      }
      let (socket, port) = try ListeningSocket.make(listens: false)
      defer { close(socket) }
      let error = await #expect(throws: HTTPClientError.self) {
        try await client.send(.get, host: "127.0.0.1", port: port, target: "/")
      }
      guard case .system(let system)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(system.call == .connect && system.isRefused)
    }
  }

  @Test("gives up when no head comes in time, and when the caller does")
  func givesUp() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { _ in
        await gate.wait()
        return .text("late")
      }
    }
    try await Self.withClient({ $0.responseTimeout = .milliseconds(30) }, handler: handler) {
      client, server in
      await #expect(throws: HTTPClientError.timedOut) {
        try await client.send(.get, host: "127.0.0.1", port: server.port, target: "/")
      }
    }
    try await Self.withClient(handler: handler) { client, server in
      let port = server.port
      let waiting = Task {
        try await client.send(.get, host: "127.0.0.1", port: port, target: "/")
      }
      waiting.cancel()
      await #expect(throws: HTTPClientError.cancelled) { try await waiting.value }
    }
    gate.open()
  }

  @Test("A response that is let go closes its connection, and the server's producer ends")
  func letGo() async throws {
    let handler: TestServer.Handler = { _ in
      .now(
        .streaming(.ok) { while true { try await $0.write([UInt8](repeating: 1, count: 9999)) } })
    }
    try await Self.withClient(handler: handler) { client, server in
      do {
        let response = try await client.send(
          .get, host: "127.0.0.1", port: server.port, target: "/")
        _ = try await response.content.next()
      }
      #expect(try await server.recorder.next().ending == .peerClosed)
    }
  }

  @Test("A kept connection that the server has closed meanwhile is replaced")
  func replaced() async throws {
    let handler: TestServer.Handler = { _ in .now(.text("a")) }
    var configuration = ServerConfiguration()
    configuration.loopCount = 1
    let client = try HTTPClient()
    defer { client.shutdown() }
    let first = try TestServer(handler: handler)
    _ = try await client.send(.get, host: "127.0.0.1", port: first.port, target: "/").collect()
    let port = first.port
    await first.stop()
    let second = try TestServer({ $0.port = port }, handler: handler)
    let response = try await client.send(.get, host: "127.0.0.1", port: port, target: "/")
    #expect(try await response.collect() == Array("a".utf8))
    await second.stop()
  }

  @Test("A request that a kept connection is reset for is sent again, as one that it is closed for")
  func reset() async throws {
    // Other tests may hold the thread of the script for long.
    var configuration = HTTPClient.Configuration()
    configuration.connectTimeout = .seconds(600)
    configuration.responseTimeout = .seconds(600)
    configuration.idleTimeout = .seconds(600)
    let client = try HTTPClient(configuration: configuration)
    defer { client.shutdown() }
    for ending in [[ScriptedServer.Step.reset], []] {
      let server = try ScriptedServer(
        [.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), .readHead] + ending)
      for _ in 0..<2 {
        let response = try await client.send(
          .get, host: "127.0.0.1", port: server.port, target: "/")
        #expect(try await response.collect() == Array("a".utf8))
      }
    }
  }

  @Test("lives on a server's loop as well, and forwards from there")
  func onGivenLoop() async throws {
    let handler: TestServer.Handler = { _ in .now(.text("upstream")) }
    try await TestServer.with(handler: handler) { upstream in
      let loop = try EventLoop.start()
      let client = try HTTPClient(loop: loop)
      let port = upstream.port
      let forward: TestServer.Handler = { _ in
        .later { _ in
          guard
            let response = try? await client.send(
              .get, host: "127.0.0.1", port: port, target: "/"),
            let bytes = try? await response.collect()
          else { return .text("failed", status: Status(502)) }
          return Response(.ok, body: .bytes(bytes))
        }
      }
      try await TestServer.with(handler: forward) { server in
        let peer = try server.peer()
        try peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try peer.readResponse().text == "upstream")
      }
      client.shutdown()
      loop.stop()
    }
  }
}
