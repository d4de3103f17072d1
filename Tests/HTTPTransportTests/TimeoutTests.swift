import Glibc
import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/// Every timeout strikes on time whatever happened on the connection before, and only then. `events`
/// is how much does: timers that came early once moved the deadline on.
@Suite(
  "Timeouts, on the loop's own time (DESIGN §11)", .overBothTransports, .timeLimit(.minutes(15)))
struct TimeoutTests {
  private static let counts = [1, 2, 3, 40]
  private static let moment = Duration.milliseconds(1)

  private static let answering: TestServer.Handler = { request in
    switch request.target.text {
    case "/collect": .collect(limit: 1 << 20) { _ in .now(.text("complete")) }
    case "/upload":
      .later { content in
        do {
          while let piece = try await content.next() { _ = piece }
          return .text("complete")
        } catch {
          return .text("\(error)")
        }
      }
    case "/echo":
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    case "/live":
      .later { content in
        content.allowPauses()
        return .text("\((try? await content.collect(limit: 1 << 20))?.count ?? -1)")
      }
    case "/big": .now(Response(.ok, body: .bytes([UInt8](repeating: 1, count: 30_000_000))))
    default: .now(.text("ok"))
    }
  }

  private static func post(_ path: String, _ length: Int = 1_000_000) -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
  }

  /// So many whole exchanges, a second apart.
  private static func exchanges(_ count: Int, _ peer: RawPeer, _ timed: TimedServer) async throws {
    for _ in 0..<count {
      try peer.send(get)
      #expect(try peer.readResponse().text == "ok")
      await timed.advance(by: .seconds(1))
    }
  }

  /// The connection is there until a moment before, and not any more at that time.
  private static func strikes(
    after limit: Duration, _ timed: TimedServer, sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await timed.advance(by: limit - moment)
    #expect(timed.connectionCount == 1, "too early", sourceLocation: sourceLocation)
    await timed.advance(by: moment)
    #expect(timed.connectionCount == 0, "not on time", sourceLocation: sourceLocation)
  }

  @Test("An idle connection closes 60 s after its last request", arguments: [0] + counts)
  func idle(_ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      await timed.clock.settle()
      await Self.strikes(after: .seconds(events == 0 ? 60 : 59), timed)
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("A head is 408 when it is not complete 10 s after its first byte", arguments: counts)
  func head(_ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      // Each byte is progress, and still the head as a whole is late.
      try await timed.deliver("GET / HTTP/1.1\r\nX: ", from: peer)
      let step = Duration.milliseconds(8000 / events)
      for _ in 0..<events {
        await timed.advance(by: step)
        try await timed.deliver("y", from: peer)
      }
      await timed.advance(by: .seconds(10) - step * events - Self.moment)
      #expect(!peer.hasInput(within: .zero))
      await timed.advance(by: Self.moment)
      let response = try peer.readResponse()
      #expect(response.status == 408 && response.fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("Each head has its own 10 s, also where the next one's first byte comes along")
  func headBehindHead() async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await timed.deliver("GET / HTTP/1.1\r\nX", from: peer)
      for _ in 0..<5 {
        await timed.advance(by: .seconds(9))
        try await timed.deliver(": y\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nX", from: peer)
        #expect(try peer.readResponse().text == "ok")
      }
      await timed.advance(by: .seconds(10))
      #expect(try peer.readResponse().status == 408)
    }
  }

  @Test(
    "Content that stops coming is 408 after 60 s, collected or streamed",
    arguments: ["/collect", "/upload"], counts)
  func content(_ path: String, _ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      try await timed.deliver(Self.post(path), from: peer)
      for _ in 0..<events {
        await timed.advance(by: .seconds(50))
        try await timed.deliver("abc", from: peer)
      }
      await timed.advance(by: .seconds(60) - Self.moment)
      #expect(!peer.hasInput(within: .zero))
      await timed.advance(by: Self.moment)
      let response = try peer.readResponse()
      #expect(response.status == 408 && response.fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
      for _ in 0..<events { _ = try await timed.server.recorder.next() }
      let outcome = try await timed.server.recorder.next()
      #expect(outcome.ending == .timedOut)
      #expect(outcome.requestContentBytes == UInt64(3 * events))
    }
  }

  @Test("A response that has begun is cut when the content it needs does not come")
  func contentOfStream() async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await timed.deliver(Self.post("/echo") + "abc", from: peer)
      #expect(try peer.read(until: "abc\r\n").hasSuffix("3\r\nabc\r\n"))
      await timed.advance(by: .seconds(60))
      #expect(try peer.readToEnd().isEmpty)
      #expect(try await timed.server.recorder.next().ending == .producerFailed)
    }
  }

  @Test("Content that may pause is waited for", arguments: counts)
  func livePauses(_ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await timed.deliver(Self.post("/live", events), from: peer)
      for _ in 0..<events {
        await timed.advance(by: .seconds(3600))
        try await timed.deliver("x", from: peer)
      }
      #expect(try peer.readResponse().text == "\(events)")
    }
  }

  @Test("A peer is not blamed for a service that does not read, nor for waiting for 100")
  func busyReader() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { content in
        await gate.wait()
        return .text("\((try? await content.collect(limit: 1 << 20))?.count ?? -1)")
      }
    }
    try await TimedServer.with(handler: handler) { timed in
      let (sending, waiting) = (try timed.peer(), try timed.peer())
      try await timed.deliver(Self.post("/", 6) + "abc", from: sending)
      try await timed.deliver(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n",
        from: waiting)
      for _ in 0..<5 { await timed.advance(by: .seconds(59)) }
      #expect(timed.connectionCount == 2)
      gate.open()
      #expect(try waiting.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
      await timed.advance(by: .seconds(30))
      try sending.send("def")
      #expect(try sending.readResponse().text == "6")
      await timed.advance(by: .seconds(29))
      try waiting.send("abcdef")
      #expect(try waiting.readResponse().text == "6")
    }
  }

  @Test("A peer that takes nothing for 60 s is cut, whatever it sends meanwhile", arguments: counts)
  func write(_ events: Int) async throws {
    try await TimedServer.with({ $0.sendBufferBytes = 16_384 }, handler: Self.answering) { timed in
      let peer = try timed.peer(receiveBuffer: 4096)
      try await timed.deliver("GET /big HTTP/1.1\r\nHost: a\r\n\r\n", from: peer)
      let step = Duration.milliseconds(60_000 / (events + 1))
      for _ in 0..<events {
        await timed.advance(by: step)
        try await timed.deliver("GET", from: peer)
      }
      await timed.advance(by: .seconds(60) - step * events - Self.moment)
      #expect(timed.connectionCount == 1)
      await timed.advance(by: Self.moment)
      #expect(timed.connectionCount == 0)
      #expect(try await timed.server.recorder.next().ending == .timedOut)
      #expect(peer.readToEnding().ending == .reset)
    }
  }

  @Test("A peer that takes something now and then is not cut", arguments: counts)
  func slowReader(_ events: Int) async throws {
    try await TimedServer.with({ $0.sendBufferBytes = 16_384 }, handler: Self.answering) { timed in
      let peer = try timed.peer(receiveBuffer: 4096)
      try await timed.deliver("GET /big HTTP/1.1\r\nHost: a\r\n\r\n", from: peer)
      for _ in 0..<events {
        await timed.advance(by: .seconds(59))
        try await timed.await(.send) { _ = try peer.read(count: 200_000) }
      }
      await timed.advance(by: .seconds(59))
      #expect(timed.connectionCount == 1)
      // What the last reading made room for may have been on its way.
      for _ in 0..<3 where timed.connectionCount == 1 { await timed.advance(by: .seconds(60)) }
      #expect(timed.connectionCount == 0)
    }
  }

  @Test("A half-closed peer is answered within 60 s, else closed", arguments: counts)
  func halfClosed(_ events: Int) async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      guard request.target.text != "/" else { return .now(.text("ok")) }
      return .later { _ in
        await gate.wait()
        return .text("never")
      }
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      try await timed.deliver("GET /never HTTP/1.1\r\nHost: a\r\n\r\n", from: peer)
      await timed.advance(by: .seconds(500))
      try await timed.await(.receive) { peer.closeWrite() }
      await Self.strikes(after: .seconds(60), timed)
      gate.open()
    }
  }

  @Test("What is thrown away behind an early answer may pause for 60 s", arguments: counts)
  func thrownAway(_ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      try await timed.deliver(Self.post("/", 10_000), from: peer)
      #expect(try peer.readResponse().text == "ok")
      for _ in 0..<events {
        await timed.advance(by: .seconds(59))
        try await timed.deliver("abc", from: peer)
      }
      await Self.strikes(after: .seconds(60), timed)
    }
  }

  @Test("After a refusal a peer that does not close has 2 s in all", arguments: counts)
  func linger(_ events: Int) async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      try await Self.exchanges(events, peer, timed)
      try await timed.deliver("no HTTP at all\r\n\r\n", from: peer)
      #expect(try peer.readResponse().status == 400)
      for _ in 0..<events {
        await timed.advance(by: .milliseconds(1000 / events))
        try await timed.deliver("abc", from: peer)
      }
      await Self.strikes(after: .seconds(2) - .milliseconds(1000 / events) * events, timed)
    }
  }

  @Test("A loop that was held serves what has come meanwhile before it loses patience")
  func heldLoop() async throws {
    let isHeld = Atomic(false)
    let isLetGo = Atomic(false)
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/hold" else { return Self.answering(request) }
      isHeld.store(true, ordering: .releasing)
      while !isLetGo.load(ordering: .acquiring) { sched_yield() }
      return .now(.text("ok"))
    }
    try await TimedServer.with(handler: handler) { timed in
      let (idle, sending, holder) = (try timed.peer(), try timed.peer(), try timed.peer())
      try await timed.deliver(get, from: idle)
      #expect(try idle.readResponse().text == "ok")
      try await timed.deliver(Self.post("/collect", 6) + "abc", from: sending)
      try holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
      try await waitUntil("the loop is held") { isHeld.load(ordering: .acquiring) }
      try idle.send(get)
      try sending.send("def")
      // Timers come first: epoll tells of nothing in the next turns.
      timed.hideEvents(turns: 2)
      let advancing = Task { await timed.advance(by: .seconds(61)) }
      try await waitUntil("a minute has passed") { timed.clock.now >= 61_000_000_000 }
      isLetGo.store(true, ordering: .releasing)
      await advancing.value
      #expect(try idle.readResponse().text == "ok")
      #expect(try sending.readResponse().text == "complete")
    }
  }

  @Test("A deadline that comes and goes leaves no timers behind")
  func timersDoNotPileUp() async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      let peer = try timed.peer()
      for _ in 0..<100 {
        try await timed.deliver("GET / HTTP/1.1\r\n", from: peer)
        try peer.send("Host: a\r\n\r\n")
        #expect(try peer.readResponse().text == "ok")
        await timed.advance(by: .seconds(11))
      }
      // One that was overtaken waits for its time, at most a minute: here there are never more than six.
      #expect(await timed.clock.timerCount() <= 8)
    }
  }

  @Test("The timers of closed connections are swept out before their time")
  func timersOfClosedConnections() async throws {
    try await TimedServer.with(handler: Self.answering) { timed in
      for _ in 0..<15 {
        let peers = try (0..<100).map { _ in try timed.peer() }
        while timed.connectionCount < peers.count { await Task.yield() }
        for peer in peers { peer.close() }
        while timed.connectionCount > 0 { await Task.yield() }
      }
      #expect(await timed.clock.timerCount() < 1_024)
    }
  }

  @Test("The client gives up 60 s after its request, also on a connection that is used again")
  func client() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/never" else { return .now(.text("ok")) }
      return .later { _ in
        await gate.wait()
        return .text("never")
      }
    }
    try await TestServer.with(handler: handler) { server in
      let clock = LoopClock()
      var configuration = HTTPClient.Configuration()
      configuration.clock = clock
      let client = try HTTPClient(configuration: configuration)
      defer { client.shutdown() }
      let port = server.port
      for _ in 0..<4 {
        let response = try await client.send(.get, host: "127.0.0.1", port: port, target: "/")
        #expect(try await response.collect() == Array("ok".utf8))
        await clock.advance(by: .seconds(10))
      }
      #expect(server.server.connectionCount == 1)
      let begun = server.recorder.begun.load(ordering: .relaxed)
      let waiting = Task {
        try await client.send(.get, host: "127.0.0.1", port: port, target: "/never")
      }
      try await waitUntil("the request has begun") {
        server.recorder.begun.load(ordering: .relaxed) != begun
      }
      await clock.advance(by: .seconds(59))
      #expect(server.server.connectionCount == 1)
      await clock.advance(by: .seconds(1))
      await #expect(throws: HTTPClientError.timedOut) { try await waiting.value }
      gate.open()
    }
  }
}
