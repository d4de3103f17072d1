import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@Suite struct JournalRoutesTests {
  let responder: AdminResponder
  let peer: TestClient

  init() throws {
    responder = AdminResponder(
      pipeline: try Pipeline(
        services: [SampleService()],
        configuration: PipelineConfiguration(
          blueprint: TenantBlueprint(
            clock: .init(.manual, start: VirtualInstant(iso8601: "2026-01-01T00:00:00Z"))))))
    peer = TestClient(responder)
  }

  func fill() async {
    _ = await peer.send(
      .post, "/ships?token=abc", ["Authorization": "Bearer secret"], body: #"{"name":"ä"}"#)
    _ = await peer.send(.post, "/_wavetank/clock/advance", body: #"{"by":"1s"}"#)
    _ = await peer.send(.get, "/ships/a")
    _ = await peer.send(.get, "/ships", ["X-Request-Id": "R1"])
    _ = await peer.send(.get, "/nowhere")
    _ = await peer.send(.put, "/ships/a/cargo", body: "cargo")
  }

  static let filters: [(String, [Int])] = [
    ("", [1, 2, 3, 4, 5]), ("?limit=2", [4, 5]), ("?status=404", [2, 4]),
    ("?status=2xx,404", [1, 2, 3, 4, 5]),
    ("?status=201", [1]), ("?operation=harbor.ship.*", [1, 2, 3]),
    ("?service=harbor", [1, 2, 3, 5]),
    ("?since=3", [4, 5]), ("?since=2026-01-01T00:00:01Z", [2, 3, 4, 5]), ("?rule=*", []),
    ("?request=R1", [3]), ("?request=R2", []),
    ("?operation=harbor.ship.get&status=404", [2]), ("?tenant=blue", []),
  ]

  @Test(
    "The journal is filtered by service, operation, status, rule, request, since and limit",
    arguments: filters)
  func filter(_ query: String, _ numbers: [Int]) async throws {
    await fill()
    let json = try JSON(parsing: await peer.send(.get, "/_wavetank/journal\(query)").body)
    #expect(json["entries"]?.arrayValue?.map { $0["number"]?.intValue } == numbers)
  }

  @Test(
    "A filter that can match nothing is refused, and the nearest name told",
    arguments: [
      ("?operation=harbor.ship.gte", "harbor.ship.get"), ("?operation=hrbor.*", "harbor"),
      ("?service=habor", "harbor"), ("?rule=slow", "There is no rule"),
      ("?status=9xx", "100 to 599"), ("?status=0xx", "100 to 599"), ("?status=600", "100 to 599"),
      ("?status=2xx,6xx", "6xx"), ("?status=99", "99"),
    ])
  func unknownNames(_ query: String, _ word: String) async throws {
    await fill()
    for path in ["journal", "journal.har"] {
      let reply = await peer.send(.get, "/_wavetank/\(path)\(query)")
      #expect(reply.status == 400)
      #expect(reply.text.contains(word))
    }
  }

  @Test("One exchange tells all, without its credentials (DESIGN §8)")
  func one() async throws {
    await fill()
    let reply = await peer.send(.get, "/_wavetank/journal/1")
    let json = try JSON(parsing: reply.body)
    #expect(json["operation"] == "harbor.ship.create")
    #expect(json["status"] == 201)
    #expect(json["ending"] == "completed")
    #expect(json["request"]?["content"] == #"{"name":"ä"}"#)
    #expect(json["response"]?["content"]?.stringValue?.contains("id") == true)
    #expect(json["why"] != nil)
    #expect(!reply.text.contains("secret"))
    #expect(!reply.text.contains("token=abc"))
    #expect(reply.text.contains("Bearer ***#"))
  }

  @Test("An exchange tells the calls that code made for it, and theirs, by request id or by key")
  func tree() async throws {
    let calls = responder.pipeline.tenants.default.tenant.codeCalls
    func ships(_ fields: KeyValuePairs<String, String> = [:]) async {
      _ = await peer.send(.get, "/ships", fields)
    }
    await ships()  // 1
    let outer = calls.begin(1, requestID: "R", credential: nil)
    await ships(["X-Request-Id": "R"])  // 2, of 1
    let inner = calls.begin(2, requestID: "R", credential: "key")
    await ships(["Authorization": "Bearer key"])  // 3, of 2
    await ships(["X-Request-Id": "R", "Authorization": "Bearer another"])  // 4, of 1
    await ships(["X-Request-Id": "S"])  // 5, nobody's
    calls.end(inner)
    await ships(["Authorization": "Bearer key"])  // 6, nobody's
    calls.end(outer)
    await ships(["X-Request-Id": "R"])  // 7, nobody's
    for number in 1...4 {
      let reply = await peer.send(.get, "/_wavetank/journal/\(number)")
      let tree = try #require(try JSON(parsing: reply.body)["tree"])
      #expect(Self.shape(tree) == [1, [[2, [[3, []]]], [4, []]]])
      #expect(tree["operation"] == "harbor.ship.list")
    }
    #expect(
      try JSON(parsing: await peer.send(.get, "/_wavetank/journal/3").body)["parent"] == 2)
    for number in 5...7 {
      let reply = await peer.send(.get, "/_wavetank/journal/\(number)")
      #expect(!reply.text.contains("\"tree\"") && !reply.text.contains("\"parent\""))
    }
    let made = try JSON(parsing: await peer.send(.get, "/_wavetank/journal?parent=1").body)
    #expect(made["entries"]?.arrayValue?.map { $0["number"]?.intValue } == [2, 4])
  }

  @Test("After a reset no exchange belongs to one of before")
  func treeAfterReset() async throws {
    let calls = responder.pipeline.tenants.default.tenant.codeCalls
    for _ in 0..<3 { _ = await peer.send(.get, "/ships") }
    let mark = calls.begin(1, requestID: "R", credential: nil)
    _ = await peer.send(.post, "/_wavetank/reset")
    calls.end(mark)
    for _ in 0..<3 { _ = await peer.send(.get, "/ships", ["X-Request-Id": "R"]) }
    let made = try JSON(parsing: await peer.send(.get, "/_wavetank/journal?parent=1").body)
    #expect(made["entries"] == [])
    #expect(await peer.send(.get, "/_wavetank/journal?parent=x").status == 400)
  }

  /// Numbers and calls alone.
  private static func shape(_ tree: JSON) -> JSON {
    [tree["number"] ?? .null, .array((tree["calls"]?.arrayValue ?? []).map(shape))]
  }

  @Test("The journal is cleared; numbers go on")
  func clear() async throws {
    await fill()
    #expect(await peer.send(.delete, "/_wavetank/journal").status == 204)
    let json = try JSON(parsing: await peer.send(.get, "/_wavetank/journal").body)
    #expect(json["entries"] == [])
    #expect(json["dropped"] == 0)
    #expect(await peer.send(.get, "/ships").field("x-wavetank-exchange") == "6")
  }

  @Test("The archive has every member that HAR 1.2 demands")
  func har() async throws {
    await fill()
    let reply = await peer.send(.get, "/_wavetank/journal.har")
    #expect(!reply.text.contains("secret"))
    let log = try #require(try JSON(parsing: reply.body)["log"])
    #expect(log["version"] == "1.2")
    #expect(log["creator"]?["version"]?.stringValue != nil)
    let entries = try #require(log["entries"]?.arrayValue)
    #expect(entries.count == 5)
    for entry in entries {
      #expect(entry["startedDateTime"]?.stringValue.flatMap { VirtualInstant(iso8601: $0) } != nil)
      #expect((entry["time"]?.doubleValue ?? -1) >= 0)
      let request = try #require(entry["request"])
      let response = try #require(entry["response"])
      #expect(request["url"]?.stringValue?.hasPrefix("http://127.0.0.1:7070/") == true)
      for key in [
        "method", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize",
      ] {
        #expect(request[key] != nil, "request.\(key)")
      }
      for key in [
        "status", "statusText", "httpVersion", "cookies", "headers", "redirectURL", "headersSize",
        "bodySize",
      ] {
        #expect(response[key] != nil, "response.\(key)")
      }
      #expect(response["content"]?["size"]?.intValue != nil)
      #expect(response["content"]?["mimeType"]?.stringValue != nil)
      #expect(entry["cache"]?.objectValue != nil)
      for key in ["send", "wait", "receive"] {
        #expect((entry["timings"]?[key]?.doubleValue ?? -1) >= 0)
      }
    }
    #expect(entries[0]["request"]?["postData"]?["text"] == #"{"name":"ä"}"#)
    #expect(entries[0]["response"]?["redirectURL"]?.stringValue?.hasSuffix("/ships/ä") == true)
  }

  @Test("Exchanges are found by what was sent or answered, in either case of its letters")
  func body() async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"Endurance"}"#)
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.get, "/nowhere")
    for (text, numbers) in [("ENDUR", [1, 2]), ("endurance%22%7D", [1]), ("harbour", [])] {
      let found = try JSON(parsing: await peer.send(.get, "/_wavetank/journal?body=\(text)").text)
      #expect(found["entries"]?.arrayValue?.compactMap { $0["number"]?.intValue } == numbers)
    }
  }

  @Test("The stream gives each exchange as it ends, after what was missed (server-sent events)")
  func stream() async throws {
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.get, "/nowhere")
    let stream = try Stream(responder, "?operation=*.list", after: 0)
    var iterator = stream.pieces.makeAsyncIterator()
    #expect(await iterator.next()?.hasPrefix(":") == true)
    #expect(await iterator.next()?.hasPrefix("event: exchange\nid: 1\ndata: {") == true)
    #expect(responder.pipeline.tenants.default.journal.followerCount == 1)
    _ = await peer.send(.get, "/other")
    _ = await peer.send(.get, "/ships")
    let live = await iterator.next()
    #expect(live?.hasPrefix("event: exchange\nid: 4\ndata: {\"number\":4,") == true)
    #expect(live?.hasSuffix("}\n\n") == true)
    // A reset: what was told is void, and the next exchange is number 1 again.
    _ = await peer.send(.post, "/_wavetank/reset")
    _ = await peer.send(.get, "/ships")
    var anew = ""
    while !anew.contains("id: 1\n"), let piece = await iterator.next() { anew += piece }
    #expect(anew.hasPrefix("event: anew\ndata: {}\n\nevent: exchange\nid: 1\n"))
    await stream.end()
    #expect(responder.pipeline.tenants.default.journal.followerCount == 0)
  }

  @Test("A stream that goes on tells what began before the last event told, and ended after it")
  func goingOn() async throws {
    let (first, second) = (begin(), begin())
    _ = await peer.send(.get, "/ships")
    end(first)
    let stream = try Stream(responder, "", after: 3)
    var iterator = stream.pieces.makeAsyncIterator()
    #expect(await iterator.next()?.hasPrefix(":") == true)
    #expect(await iterator.next()?.hasPrefix("event: exchange\nid: 1\n") == true)
    end(second)
    #expect(await iterator.next()?.hasPrefix("event: exchange\nid: 2\n") == true)
    await stream.end()
  }

  /// A request that is under way.
  private func begin() -> Exchange {
    var exchange = Exchange(connectionID: 7, sequenceNumber: 1, peer: .none)
    let request = Request(.get, "/ships", fields: Fields(["Host": "localhost"]))
    _ = responder.respond(to: request, exchange: &exchange)
    return exchange
  }

  private func end(_ exchange: Exchange) {
    responder.exchangeEnded(
      exchange,
      outcome: ExchangeOutcome(
        ending: .completed, requestContentBytes: 0, responseContentBytes: 0))
  }
}

/// The journal's stream, piece by piece.
private struct Stream {
  let pieces: AsyncStream<String>
  private let box = WriterHolder()
  private let task: Task<Void, any Error>

  struct NoStream: Error {}

  /// - Parameter after: the last event that was told.
  init(_ responder: AdminResponder, _ query: String, after: Int) throws {
    var exchange = Exchange(connectionID: 1 << 40, sequenceNumber: 1, peer: .none)
    let request = Request(
      .get, "/_wavetank/journal/stream\(query)",
      fields: Fields(["Host": "localhost", "Last-Event-ID": "\(after)"]))
    guard case .now(let response) = responder.respond(to: request, exchange: &exchange),
      case .stream(nil, let producer) = response.body,
      response.fields["content-type"] == "text/event-stream"
    else { throw NoStream() }
    let (pieces, feed) = AsyncStream.makeStream(of: String.self)
    self.pieces = pieces
    let body = BodyWriter(onReady: { [box] in
      guard let writer = box.writer.withLock({ $0 }) else { return }
      for piece in writer.take(byteLimit: .max).pieces {
        feed.yield(String(decoding: piece, as: UTF8.self))
      }
    })
    box.writer.withLock { $0 = body }
    task = Task { try await producer(body) }
  }

  func end() async {
    task.cancel()
    _ = await task.result
    box.writer.withLock { $0 = nil }
  }
}

private final class WriterHolder: Sendable {
  let writer = Mutex<BodyWriter?>(nil)
}
