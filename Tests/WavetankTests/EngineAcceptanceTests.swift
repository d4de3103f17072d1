import HTTPModel
import HTTPTransport
import PayloadCodecs
import TestSupport
import Testing
import Wavetank
import WavetankTestKit

/// What the engine promises, seen through the whole emulator. Its loops' time stands still unless a
/// test moves it: what ends by itself here does not end by a timeout.
@Suite("Streams and uploads end when they must (DESIGN §11)", .timeLimit(.minutes(15)))
struct EngineAcceptanceTests {
  private static let key = "Authorization: Bearer k\r\nX-Shipyard-API-Key: k\r\n"

  private static func get(_ target: String) -> String {
    "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(key)\r\n"
  }

  private static func with(_ body: (Sea, LoopClock) async throws -> Void) async throws {
    let clock = LoopClock()
    let sea = try await Sea(clock: clock)
    do {
      try await body(sea, clock)
      await sea.stop()
    } catch {
      await sea.stop()
      throw error
    }
  }

  private static func metric(_ name: String, _ sea: Sea) async throws -> Double {
    let text = try await sea.send(.get, "/_wavetank/metrics").text
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return Double(line?.split(separator: " ").last ?? "") ?? -1
  }

  @Test(
    "A reader that closes its side takes nothing with it: the next reader gets the next message",
    arguments: ["/api/v1", Sea.hub, "/api/v1/space/demo/api/v1"])
  func readerThatHasGone(_ base: String) async throws {
    try await Self.with { sea, _ in
      for round in 0..<3 {
        let leaving = try RawPeer(port: sea.emulator.port)
        try leaving.send(Self.get("\(base)/topic/q"))
        let head = try leaving.read(until: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200"))
        leaving.closeWrite()
        #expect(String(decoding: try leaving.readToEnd(), as: UTF8.self) == "0\r\n\r\n")
        let sent = try await sea.send(
          .post, "\(base)/topic/q", body: Array("\(round)\n".utf8),
          fields: ["Content-Type": "application/x-ndjson"])
        #expect((200..<300).contains(sent.status))
        let staying = try RawPeer(port: sea.emulator.port)
        try staying.send(Self.get("\(base)/topic/q"))
        _ = try staying.read(until: "\r\n\r\n")
        #expect(try staying.read(until: "\(round)\n\r\n") == "2\r\n\(round)\n\r\n")
        staying.closeWrite()
        _ = try staying.readToEnd()
      }
    }
  }

  @Test("A stop ends every open stream at once, with its last chunk")
  func stopEndsStreams() async throws {
    let clock = LoopClock()
    let sea = try await Sea(clock: clock)
    let started = try await sea.post("/api/v1/sequence/echo.tar.gz/start")
    let instance = try #require(started.json["id"]?.stringValue)
    let file = try await sea.post("/api/v1/file/create")
    let fileID = try #require(
      file.json["data"]?["file"]?["id"]?.stringValue ?? file.json["data"]?["id"]?.stringValue)
    let targets = [
      "/api/v1/topic/q", "/api/v1/log", "/api/v1/audit", "/_wavetank/journal/stream",
      "/_wavetank/tap/scramjet?instance=\(instance)",
      "/api/v1/space/demo/api/v1/log", "/api/v1/space/demo/api/v1/audit",
      "/api/v1/instance/\(instance)/output", "/api/v1/instance/\(instance)/stdout",
      "/api/v1/instance/\(instance)/stderr", "/api/v1/instance/\(instance)/log",
      "/api/v1/instance/\(instance)/events/any", "/api/v1/file/\(fileID)/stream",
    ]
    var peers: [(target: String, peer: RawPeer)] = []
    for target in targets {
      let peer = try RawPeer(port: sea.emulator.port)
      try peer.send(Self.get(target))
      let head = try peer.read(until: "\r\n\r\n")
      #expect(head.hasPrefix("HTTP/1.1 200"), "\(target): \(head)")
      // A browser that leaves a stream keeps a connection which might have served for more.
      #expect(
        head.lowercased().contains("connection: close") == target.hasPrefix("/_wavetank"),
        "\(target): \(head)")
      peers.append((target, peer))
    }
    await clock.settle()
    await sea.emulator.stop(within: .seconds(5))
    for (target, peer) in peers {
      let rest = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(rest.hasSuffix("0\r\n\r\n"), "\(target): \(rest)")
    }
    await sea.stop()
  }

  enum Upload: CaseIterable, Sendable {
    case storedPackage, form

    var line: String {
      switch self {
      case .storedPackage: "PUT \(Sea.store)/big.tar.gz"
      case .form: "POST /api/v1/file/create"
      }
    }

    var type: String {
      switch self {
      case .storedPackage: "application/octet-stream"
      case .form: "multipart/form-data; boundary=b"
      }
    }

    /// More than a megabyte of it, right as far as it goes.
    func content() throws -> [UInt8] {
      var noise: UInt64 = 1
      let file = (0..<1_200_000).map { _ in
        noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: noise >> 33)
      }
      switch self {
      case .storedPackage:
        return try Gzip.compress(
          TarWriter.archive([
            ("package.json", Array(#"{"name":"big","main":"index.js"}"#.utf8)), ("data", file),
          ]), level: 1)
      case .form:
        let head =
          "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
        return Array(head.utf8) + file
      }
    }
  }

  @Test(
    "An upload that stalls is 408 after a minute, and what it had reserved is free again",
    arguments: Upload.allCases)
  func stalledUpload(_ upload: Upload) async throws {
    let content = try upload.content()
    try await Self.with { sea, clock in
      let before = try await Self.metric("wavetank_stored_bytes", sea)
      let peer = try RawPeer(port: sea.emulator.port)
      try peer.send(
        "\(upload.line) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(Self.key)"
          + "Content-Type: \(upload.type)\r\nContent-Length: \(content.count)\r\n\r\n")
      for piece in 0..<3 {
        try peer.send(Array(content[piece * 300_000..<(piece + 1) * 300_000]))
        // All of it has arrived; a form's head and what may be a boundary do not count.
        let expected = before + Double(piece + 1) * 300_000 - 1000
        try await waitUntil("the upload is accounted for") {
          try await Self.metric("wavetank_stored_bytes", sea) >= expected
        }
        await clock.advance(by: .seconds(50))
        #expect(!peer.hasInput(within: .zero))
      }
      // What is still on its way counts as having come late.
      try await waitUntil("the peer is told") {
        await clock.advance(by: .seconds(60))
        return peer.hasInput(within: .zero)
      }
      #expect(try peer.readResponse().status == 408)
      // Journals and the like have grown meanwhile.
      try await waitUntil("its room is free again") {
        try await Self.metric("wavetank_stored_bytes", sea) < before + 300_000
      }
    }
  }

  @Test("The metrics tell how long the loops were held, as a histogram")
  func loopLag() async throws {
    try await Self.with { sea, _ in
      let count = try await Self.metric("wavetank_loop_lag_seconds_count", sea)
      #expect(count > 0)
      for _ in 0..<10 { _ = try await sea.send(.get, "/orgs") }
      let text = try await sea.send(.get, "/_wavetank/metrics").text
      let buckets = text.split(separator: "\n").filter {
        $0.hasPrefix("wavetank_loop_lag_seconds_bucket{le=")
      }
      #expect(buckets.count == 14 && buckets.last?.contains("+Inf") == true)
      let values = buckets.compactMap { Double($0.split(separator: " ").last ?? "") }
      #expect(values == values.sorted() && (values.last ?? 0) >= count + 10)
      #expect(text.contains("# TYPE wavetank_loop_lag_seconds histogram"))
    }
  }

  @Test("No request brings more content than the configuration says", arguments: [1000, 1001])
  func uploadLimit(_ count: Int) async throws {
    var configuration = Configuration()
    (configuration.port, configuration.threads, configuration.uploadBytesMax) = (0, 1, 1000)
    let emulator = try await Emulator.start(configuration)
    let content = String(repeating: "a", count: count)
    let status = Result {
      let peer = try RawPeer(port: emulator.port)
      try peer.send(
        "PUT /api/v1/space/demo/api/v1/s3/a.tar.gz HTTP/1.1\r\nHost: a\r\n\(Self.key)"
          + "Content-Type: application/octet-stream\r\nContent-Length: \(count)\r\n\r\n\(content)")
      return try peer.readResponse().status
    }
    await emulator.stop(within: .zero)
    #expect(try (status.get() == 413) == (count > 1000))
  }
}
