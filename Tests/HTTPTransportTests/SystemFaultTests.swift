import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

#if canImport(Glibc)
  import Glibc
#endif

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/// The N-th call of a kind fails, for N = 1, 2, 3… (STYLE §10).
@Suite("System calls that fail", .overBothTransports)
struct SystemFaultTests {
  private static let handler: TestServer.Handler = { request in
    switch request.target.text {
    case "/big": .now(Response(.ok, body: .bytes([UInt8](repeating: 0x62, count: 300_000))))
    case "/stream":
      .now(
        .streaming(.ok) { writer in
          for index in 0..<20 { try await writer.write("piece \(index) ") }
        })
    case "/chunks":
      .now(
        Response(.ok, body: .chunks((0..<30).map { [UInt8](repeating: UInt8($0), count: 3000) })))
    default: .now(.text("ok"))
    }
  }

  /// One connection's worth of work, whole and unchanged.
  private static func exerciseAll(_ server: TestServer) throws {
    let peer = try server.peer()
    try peer.send(
      get + "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try peer.readResponse().text == "ok")
    #expect(try peer.readResponse().content == [UInt8](repeating: 0x62, count: 300_000))
    #expect(
      try peer.readResponse().text == (0..<20).map { "piece \($0) " }.joined())
    try peer.send("GET /chunks HTTP/1.1\r\nHost: a\r\n\r\n" + get + get)
    #expect(
      try peer.readResponse().content
        == (0..<30).flatMap { [UInt8](repeating: UInt8($0), count: 3000) })
    #expect(try peer.readResponse().text == "ok")
    #expect(try peer.readResponse().text == "ok")
  }

  @Test(
    "Short writes and reads, EAGAIN and EINTR on call N change nothing on the wire",
    arguments: [
      (SystemCall.send, SystemFaults.Failure.short(1)), (.send, .short(7)), (.send, .short(4000)),
      (.send, .errno(EAGAIN)), (.send, .errno(EINTR)), (.receive, .short(1)),
      (.receive, .errno(EAGAIN)), (.receive, .errno(EINTR)), (.epollWait, .errno(EINTR)),
      (.accept, .errno(EINTR)), (.accept, .errno(ECONNABORTED)),
    ])
  func invisible(_ call: SystemCall, _ failure: SystemFaults.Failure) async throws {
    for number in 1...12 {
      let faults = SystemFaults()
      faults.fail(call, on: [number], with: failure)
      try await TestServer.with({ $0.faults = faults }, handler: Self.handler) { server in
        try Self.exerciseAll(server)
      }
    }
  }

  @Test("Every write takes a single byte")
  func onlyShortWrites() async throws {
    let faults = SystemFaults()
    faults.fail(.send, on: 1...5000, with: .short(1))
    try await TestServer.with({ $0.faults = faults }, handler: Self.handler) { server in
      let peer = try server.peer()
      try peer.send(get + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      #expect(try peer.readResponse().text == "ok")
      #expect(try peer.readResponse().text == (0..<20).map { "piece \($0) " }.joined())
      #expect(try peer.readResponse().text == "ok")
    }
  }

  @Test(
    "A broken connection on call N ends that connection and nothing else",
    arguments: [SystemCall.send, .receive], [ECONNRESET, EPIPE, ETIMEDOUT])
  func broken(_ call: SystemCall, _ code: Int32) async throws {
    for number in 1...8 {
      let faults = SystemFaults()
      faults.fail(call, on: [number], with: .errno(code))
      try await TestServer.with({ $0.faults = faults }, handler: Self.handler) { server in
        while faults.count(of: call) < number {
          // Over TLS it may be the handshake that fails.
          guard let peer = try? server.peer() else { continue }
          try? peer.send(
            get + "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
          )
          peer.closeWrite()
          _ = peer.readToEnding()
        }
        try Self.exerciseAll(server)
        try await waitUntil("all connections are gone") { server.server.connectionCount <= 0 }
        let begun = server.recorder.begun.load(ordering: .relaxed)
        #expect(server.recorder.ended.load(ordering: .relaxed) == begun)
      }
    }
  }

  @Test("Out of descriptors: accepting pauses and recovers", arguments: [EMFILE, ENFILE, ENOBUFS])
  func outOfDescriptors(_ code: Int32) async throws {
    for number in 1...4 {
      let faults = SystemFaults()
      faults.fail(.accept, on: [number, number + 2], with: .errno(code))
      try await TestServer.with({ $0.faults = faults }, handler: Self.handler) { server in
        var served = 0
        for _ in 0..<20 where served < 3 {
          // Some are turned away; sending to them may fail.
          guard let peer = try? server.peer() else { continue }
          try? peer.send(get)
          if (try? peer.readResponse().text) == "ok" { served += 1 }
        }
        #expect(served == 3)
      }
    }
  }

  @Test("epoll that refuses a connection costs that connection only")
  func epollRefuses() async throws {
    for number in 2...6 {
      let faults = SystemFaults()
      faults.fail(.epollControl, on: [number + 1], with: .errno(ENOSPC))
      try await TestServer.with({ $0.faults = faults }, handler: Self.handler) { server in
        var served = 0
        for _ in 0..<8 {
          guard let peer = try? server.peer() else { continue }
          try? peer.send(get)
          if (try? peer.readResponse().text) == "ok" { served += 1 }
        }
        #expect(served >= 7)
      }
    }
  }

  @Test(
    "A start that fails says which call, and leaves nothing behind",
    arguments: [
      SystemCall.socket, .bind, .listen, .epollCreate, .eventfd, .epollControl, .threadCreate,
    ])
  func failedStart(_ call: SystemCall) throws {
    let faults = SystemFaults()
    faults.fail(call, on: [1], with: .errno(EMFILE))
    let error = #expect(throws: SystemError.self) {
      try TestServer({ $0.faults = faults }, handler: Self.handler)
    }
    #expect(error?.call == call && error?.code == EMFILE)
  }

  @Test(
    "The client's calls that fail are told, and it goes on", arguments: [SystemCall.send, .receive])
  func client(_ call: SystemCall) async throws {
    try await TestServer.with(handler: Self.handler) { server in
      for number in 1...4 {
        let faults = SystemFaults()
        faults.fail(call, on: [number], with: .errno(ECONNRESET))
        var configuration = HTTPClient.Configuration()
        configuration.faults = faults
        let client = try HTTPClient(configuration: configuration)
        defer { client.shutdown() }
        for _ in 0..<6 {
          let response = try? await client.send(
            .post, host: "127.0.0.1", port: server.port, target: "/")
          _ = try? await response?.collect()
        }
        let last = try await client.send(.get, host: "127.0.0.1", port: server.port, target: "/")
        #expect(try await last.collect() == Array("ok".utf8))
      }
    }
  }
}
