import Glibc
import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let live = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n"
private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
private let lastChunk = "0\r\n\r\n"

/// News for one reader, as a topic has them: what is taken is gone for others.
private final class News: BodySource {
  private struct State {
    var waiting: [String] = []
    var taken: [String] = []
    var writer: BodyWriter?
  }
  private let state = Mutex(State())
  /// It is the whole body, or a producer follows it.
  private let isWhole: Bool

  init(isWhole: Bool) { self.isWhole = isWhole }

  func publish(_ text: String) {
    let writer = state.withLock { state in
      state.waiting.append(text)
      return state.writer
    }
    writer?.sourceIsReady()
  }

  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    state.withLock { state in
      state.writer = writer
      defer { state.waiting = [] }
      state.taken += state.waiting
      return BodyPortion(state.waiting.map { Array($0.utf8) }, .later)
    }
  }

  var taken: [String] { state.withLock { $0.taken } }
  var waiting: [String] { state.withLock { $0.waiting } }

  var handler: TestServer.Handler {
    { request in
      guard request.target.text == "/live" else { return .now(.text("ok")) }
      return .now(self.response)
    }
  }

  var response: Response {
    isWhole
      ? .following(self) : .streaming(.ok, isLive: true) { try await $0.follow(self) }
  }
}

@Suite(
  "Live responses end with their reader and with the server", .overBothTransports,
  .timeLimit(.minutes(15)))
struct LiveStreamTests {
  @Test(
    "A reader that closes its side gets the proper end, and nothing is taken for it any more",
    arguments: [true, false])
  func halfClose(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    try await TimedServer.with(handler: news.handler) { timed in
      let peer = try timed.peer()
      try peer.send(live)
      _ = try peer.read(until: "\r\n\r\n")
      news.publish("one")
      #expect(try peer.read(until: "one\r\n") == "3\r\none\r\n")
      try await timed.await(.receive) { peer.closeWrite() }
      news.publish("two")
      await timed.clock.settle()
      #expect(String(decoding: try peer.readToEnd(), as: UTF8.self) == lastChunk)
      #expect(news.taken == ["one"] && news.waiting == ["two"])
      #expect(try await timed.server.recorder.next().ending == .peerClosed)
    }
  }

  @Test(
    "A reader that has gone takes nothing with it: the next one gets it", arguments: [true, false])
  func gone(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    try await TimedServer.with(handler: news.handler) { timed in
      for round in 0..<20 {
        let peer = try timed.peer()
        try peer.send(live)
        _ = try peer.read(until: "\r\n\r\n")
        if round > 0 { _ = try peer.read(until: "news \(round - 1)\r\n") }
        try await timed.await(.receive) { peer.close() }
        news.publish("news \(round)")
        await timed.clock.settle()
        #expect(timed.connectionCount == 0)
        #expect(news.waiting == ["news \(round)"])
      }
    }
  }

  @Test(
    "What comes in the same turn of the loop as the reader's FIN is not taken",
    arguments: [true, false])
  func sameTurn(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    let isHeld = Atomic(false)
    let isLetGo = Atomic(false)
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/hold" else { return news.handler(request) }
      isHeld.store(true, ordering: .releasing)
      while !isLetGo.load(ordering: .acquiring) { sched_yield() }
      return .now(.text("ok"))
    }
    try await TimedServer.with(handler: handler) { timed in
      let (peer, holder) = (try timed.peer(), try timed.peer())
      try peer.send(live)
      _ = try peer.read(until: "\r\n\r\n")
      await timed.clock.settle()
      try holder.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
      try await waitUntil("the loop is held") { isHeld.load(ordering: .acquiring) }
      peer.closeWrite()
      news.publish("late")
      isLetGo.store(true, ordering: .releasing)
      #expect(String(decoding: try peer.readToEnd(), as: UTF8.self) == lastChunk)
      #expect(news.taken.isEmpty)
    }
  }

  @Test(
    "A blocked reader that goes on and closes gets what was sent, and nothing is taken for it",
    arguments: [true, false])
  func blocked(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    try await TimedServer.with({ $0.sendBufferBytes = 16_384 }, handler: news.handler) { timed in
      let peer = try timed.peer(receiveBuffer: 4096)
      try peer.send(live)
      _ = try peer.read(until: "\r\n\r\n")
      let large = String(repeating: "x", count: 3_000_000)
      news.publish(large)
      await timed.clock.settle()
      news.publish("late")
      try await timed.await(.receive) { peer.closeWrite() }
      let rest = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(rest.hasSuffix("x\r\n" + lastChunk))
      #expect(news.taken == [large] && news.waiting == ["late"])
    }
  }

  @Test(
    "A request whose peer has closed already gets the head and the end of a live response",
    arguments: [true, false])
  func closedBefore(isWhole: Bool) async throws {
    let (news, gate) = (News(isWhole: isWhole), Gate())
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/live" else { return .now(.text("ok")) }
      return .later { _ in
        await gate.wait()
        return news.response
      }
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try await timed.deliver(live + get, from: peer)
      news.publish("one")
      try await timed.await(.receive) { peer.closeWrite() }
      gate.open()
      let response = try peer.readResponse()
      #expect(response.status == 200 && response.content.isEmpty)
      // What is finite is answered.
      #expect(try peer.readResponse().text == "ok")
      #expect(try peer.readToEnd().isEmpty)
      #expect(news.taken.isEmpty)
    }
  }

  @Test("A finite stream of a half-closed peer comes whole, also where it pauses")
  func finite() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .now(
        .streaming(.ok) { writer in
          try await writer.write("first ")
          await gate.wait()
          try await writer.write("second")
        })
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try await timed.deliver(get, from: peer)
      try await timed.await(.receive) { peer.closeWrite() }
      await timed.advance(by: .seconds(50))
      gate.open()
      #expect(try peer.readResponse().text == "first second")
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test(
    "When the server stops live responses end at once and properly (DESIGN §11)",
    arguments: [true, false])
  func stop(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    // Its time stands still: what ends here does not end by the grace.
    try await TimedServer.with(handler: news.handler) { timed in
      let peers = try (0..<5).map { _ in try timed.peer() }
      for peer in peers {
        try peer.send(get + live)
        #expect(try peer.readResponse().text == "ok")
        _ = try peer.read(until: "\r\n\r\n")
      }
      news.publish("one")
      await timed.clock.settle()
      await timed.server.server.stop(grace: .seconds(5))
      var texts = peers.map { String(decoding: (try? $0.readToEnd()) ?? [], as: UTF8.self) }
      texts.sort()
      #expect(texts == [lastChunk, lastChunk, lastChunk, lastChunk, "3\r\none\r\n" + lastChunk])
      for _ in 0..<5 { _ = try await timed.server.recorder.next() }
      for _ in 0..<5 {
        #expect(try await timed.server.recorder.next().ending == .serverStopped)
      }
    }
  }

  @Test(
    "A live response that is decided while the server stops has its head and its end",
    arguments: [true, false])
  func lateStop(isWhole: Bool) async throws {
    let (news, gate) = (News(isWhole: isWhole), Gate())
    let handler: TestServer.Handler = { _ in
      .later { _ in
        await gate.wait()
        return news.response
      }
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try await timed.deliver(live, from: peer)
      news.publish("one")
      let stopping = Task { await timed.server.server.stop(grace: .seconds(5)) }
      try await waitUntil("the server is stopping") { timed.server.server.isStopping }
      await timed.clock.settle()
      gate.open()
      await stopping.value
      let response = try peer.readResponse()
      #expect(response.content.isEmpty && response.fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
      #expect(news.taken.isEmpty)
    }
  }

  @Test(
    "A reader who hears nothing gets a heartbeat every 15 s, counted from the last news",
    arguments: [true, false])
  func heartbeat(isWhole: Bool) async throws {
    let news = News(isWhole: isWhole)
    let handler: TestServer.Handler = { _ in
      var response = news.response
      response.heartbeat = ":\n\n"
      return .now(response)
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try await timed.deliver(live, from: peer)
      _ = try peer.read(until: "\r\n\r\n")
      await timed.advance(by: .seconds(14))
      news.publish("one")
      #expect(try peer.read(until: "one\r\n") == "3\r\none\r\n")
      await timed.clock.settle()
      for _ in 0..<3 {
        await timed.advance(by: .seconds(15) - .milliseconds(1))
        #expect(!peer.hasInput(within: .zero))
        await timed.advance(by: .milliseconds(1))
        #expect(try peer.read(until: ":\n\n\r\n") == "3\r\n:\n\n\r\n")
      }
      news.publish("two")
      #expect(try peer.read(until: "two\r\n") == "3\r\ntwo\r\n")
    }
  }

  @Test("A response that a fault has stalled does not hold up the stop")
  func stalled() async throws {
    let handler: TestServer.Handler = { _ in
      var response = Response.text("hello")
      response.delivery.fault = .stall(afterBytes: 2)
      return .now(response)
    }
    try await TimedServer.with(handler: handler) { timed in
      let peer = try timed.peer()
      try peer.send(get)
      _ = try peer.read(until: "he")
      await timed.clock.settle()
      await timed.server.server.stop(grace: .seconds(5))
      #expect(peer.readToEnding().bytes.isEmpty)
    }
  }
}
