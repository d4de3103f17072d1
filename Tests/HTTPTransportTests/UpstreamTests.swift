import HTTPModel
import HTTPTransport
import HTTPWire
import Testing

/// What a client makes of servers that break off, say too much, too little or something else.
@Suite("The client and its upstream")
struct UpstreamTests {
  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  /// What comes of one request to a server with that script.
  private static func ask(
    _ script: [ScriptedServer.Step], _ method: HTTPModel.Method = .get
  ) async throws -> Result<(status: Int, text: String), HTTPClientError> {
    try await ask(ScriptedServer(script), method, HTTPClient.Configuration())
  }

  private static func ask(
    _ server: ScriptedServer, _ method: HTTPModel.Method, _ configuration: HTTPClient.Configuration
  ) async throws -> Result<(status: Int, text: String), HTTPClientError> {
    let client = try HTTPClient(configuration: configuration)
    defer { client.shutdown() }
    do throws(HTTPClientError) {
      let response = try await client.send(
        method, host: "127.0.0.1", port: server.port, target: "/")
      let content = try await response.collect()
      return .success((response.status.code, String(decoding: content, as: UTF8.self)))
    } catch {
      return .failure(error)
    }
  }

  @Test(
    "A final response right behind interim ones is not lost (RFC 9110 §15.2)",
    arguments: [
      "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
      String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 100),
    ],
    [
      (ok, "ok"), ("HTTP/1.1 204 No Content\r\n\r\n", ""),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok"),
      ("HTTP/1.1 200 OK\r\n\r\nok", "ok"),
    ])
  func interim(_ interim: String, _ final: (bytes: String, text: String)) async throws {
    for script: [ScriptedServer.Step] in [
      [.readHead, .send(interim + final.bytes)], [.readHead, .send(interim), .send(final.bytes)],
    ] {
      let found = try await Self.ask(script).get()
      #expect(found.text == final.text)
    }
  }

  @Test("A head in two segments, an interim response and half of the final one in the first")
  func interimAndHalf() async throws {
    let found = try await Self.ask([
      .readHead, .send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20"),
      .send("0 OK\r\nContent-Length: 2\r\n\r\nok"),
    ]).get()
    #expect(found.text == "ok")
  }

  @Test(
    "Bytes that are no response to the request are told as such",
    arguments: [
      ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello", .protocolSwitch),
      ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n", .protocolSwitch),
      ("SSH-2.0-OpenSSH_9.6\r\n", .malformedStatusLine), ("\u{16}\u{3}\u{3}", .controlCharacter),
      ("<html>never</html>\r\n", .malformedStatusLine),
      ("HTTP/1.1 2x0 OK\r\n", .malformedStatusLine),
      ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", .missingColon),
      ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", .invalidLength),
      ("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 70_000))\r\n", .fieldSectionTooLong),
      ("HTTP/1.1 200 \(String(repeating: "x", count: 20_000))\r\n", .startLineTooLong),
      (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 101), .tooManyInterimResponses),
    ] as [(String, HTTPParseError.Kind)])
  func nonsense(_ bytes: String, _ kind: HTTPParseError.Kind) async throws {
    let found = try await Self.ask([.readHead, .send(bytes), .silence])
    guard case .failure(.malformed(let error)) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(error.kind == kind)
  }

  @Test("A broken chunk is told as such, not as a close")
  func brokenChunk() async throws {
    let found = try await Self.ask([
      .readHead, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"), .silence,
    ])
    guard case .failure(.malformed) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test(
    "A server that closes before its response is whole is told as such",
    arguments: [
      "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ])
  func closesEarly(_ bytes: String) async throws {
    for script: [ScriptedServer.Step] in [
      [.readHead, .send(bytes)], [.readHead, .send(bytes), .reset],
    ] {
      guard case .failure(let error) = try await Self.ask(script, .post) else {
        Issue.record("\(script)")
        continue
      }
      let isReset = if case .system(let error) = error { error.call == .receive } else { false }
      #expect(error == .closed || isReset, "\(error)")
    }
  }

  @Test(
    "A server that says nothing, or never ends, holds nobody for ever",
    arguments: [
      [.silence], [.readHead, .send("HTTP/1.1 200 OK\r\n"), .silence],
      [.readHead, .send("HTTP/1.1 100 Continue\r\n\r\n"), .silence],
      [.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .silence],
      [.readHead, .send("HTTP/1.1 200 OK\r\n\r\n"), .silence],
    ] as [[ScriptedServer.Step]])
  func silent(_ script: [ScriptedServer.Step]) async throws {
    let clock = LoopClock()
    let server = try ScriptedServer(script)
    let passing = Task {
      await server.isSilent.wait()
      // What the server has said is read; then a minute passes.
      await clock.settle()
      await clock.advance(by: .seconds(61))
    }
    var configuration = HTTPClient.Configuration()
    configuration.clock = clock
    configuration.contentTimeout = .seconds(60)
    let found = try await Self.ask(server, .get, configuration)
    await passing.value
    guard case .failure(.timedOut) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("A response that goes on and on ends with the time for the whole exchange")
  func endless() async throws {
    let clock = LoopClock()
    let client = try HTTPClient(
      configuration: {
        var configuration = HTTPClient.Configuration()
        configuration.clock = clock
        configuration.exchangeTimeout = .seconds(60)
        configuration.contentTimeout = .seconds(30)
        return configuration
      }())
    defer { client.shutdown() }
    let server = try ScriptedServer([
      .readHead, .send("HTTP/1.1 200 OK\r\n\r\n"),
      .sendForever(String(repeating: "x", count: 10_000)),
    ])
    let response = try await client.send(
      .get, host: "127.0.0.1", port: server.port, target: "/")
    let error = await #expect(throws: ContentError.self) {
      while let piece = try await response.content.next() {
        _ = piece
        await clock.advance(by: .seconds(20))
      }
    }
    #expect(error == .timedOut)
  }

  @Test("A reader that takes its time is no silence of the server's, which may be gone meanwhile")
  func slowReader() async throws {
    let client = try HTTPClient(
      configuration: {
        var configuration = HTTPClient.Configuration()
        configuration.contentTimeout = .seconds(5)
        return configuration
      }())
    defer { client.shutdown() }
    let length = 600_000
    let server = try ScriptedServer([
      .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n"),
      .send(String(repeating: "x", count: length)),
    ])
    let response = try await client.send(
      .get, host: "127.0.0.1", port: server.port, target: "/")
    // Another exchange goes through meanwhile, and takes longer than the silence that is allowed.
    let other = try HTTPClient(
      configuration: {
        var configuration = HTTPClient.Configuration()
        configuration.responseTimeout = .milliseconds(5_500)
        return configuration
      }())
    defer { other.shutdown() }
    let silent = try ScriptedServer([.silence])
    await #expect(throws: HTTPClientError.timedOut) {
      try await other.send(.get, host: "127.0.0.1", port: silent.port, target: "/")
    }
    #expect(try await response.collect().count == length)
  }
}
