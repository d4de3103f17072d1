import HTTPModel
import HTTPTransport
import Synchronization
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
private let content = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

/// Each fault of DESIGN §7, seen on the wire.
@Suite("Faults on the wire", .overBothTransports)
struct TransportFaultTests {
  enum Shape: String, CaseIterable, Sendable {
    case bytes, pieces, stream, source
    var isChunked: Bool { self == .stream || self == .source }
  }

  private static func response(_ shape: Shape, _ fault: TransportFault?) -> Response {
    let body: Response.Body =
      switch shape {
      case .bytes: .bytes(content)
      case .pieces: .chunks([Array(content[..<10]), Array(content[10...])])
      case .stream:
        .stream(length: nil) {
          try await $0.write(Array(content[..<10]))
          try await $0.write(Array(content[10...]))
        }
      case .source: .followed(PieceSource([Array(content[..<10]), Array(content[10...])]))
      }
    var response = Response(.ok, body: body)
    response.delivery.fault = fault
    return response
  }

  private static func serving(
    _ shape: Shape, _ fault: TransportFault, _ body: (TestServer) async throws -> Void
  ) async throws {
    let response = response(shape, fault)
    try await TestServer.with(handler: { _ in .now(response) }, body)
  }

  private static func split(_ bytes: [UInt8]) -> (head: String, content: [UInt8]) {
    guard let range = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
      return (String(decoding: bytes, as: UTF8.self), [])
    }
    return (
      String(decoding: bytes[..<range.upperBound], as: UTF8.self),
      Array(bytes[range.upperBound...])
    )
  }

  /// What the response is on the wire without any fault.
  private static func whole(_ shape: Shape) -> String {
    shape.isChunked
      ? "a\r\n0123456789\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"
      : String(decoding: content, as: UTF8.self)
  }

  @Test("reset: exactly N bytes, then RST", arguments: Shape.allCases, [0, 1, 17, 100, 150])
  func reset(_ shape: Shape, _ count: Int) async throws {
    try await Self.serving(shape, .reset(afterBytes: count)) { server in
      let peer = try server.peer()
      try peer.send(get)
      let (bytes, ending) = peer.readToEnding()
      let wholeCount = shape.isChunked ? 149 : 109
      #expect(bytes.count == min(count, wholeCount) || bytes.count > 100 && bytes.count < count)
      #expect(ending == .reset)
      #expect(try await server.recorder.next().ending == .fault)
    }
  }

  @Test("reset after more bytes than fit into the socket's buffers")
  func resetLate() async throws {
    var response = Response(.ok, body: .bytes([UInt8](repeating: 7, count: 8_000_000)))
    response.delivery.fault = .reset(afterBytes: 5_000_000)
    let shown = response
    try await TestServer.with(handler: { _ in .now(shown) }) { server in
      let peer = try server.peer(receiveBuffer: 8192)
      try peer.send(get)
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.count == 5_000_000)
      #expect(ending == .reset)
    }
  }

  @Test("empty: FIN and not a byte", arguments: Shape.allCases)
  func empty(_ shape: Shape) async throws {
    try await Self.serving(shape, .empty) { server in
      let peer = try server.peer()
      try peer.send(get + get)
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.isEmpty && ending == .closed)
      #expect(try await server.recorder.next().ending == .fault)
    }
  }

  @Test(
    "truncate: the whole head, N bytes of content, FIN", arguments: Shape.allCases,
    [0, 5, 10, 36, 99, nil])
  func truncate(_ shape: Shape, _ count: Int?) async throws {
    try await Self.serving(shape, .truncate(afterBytes: count)) { server in
      let peer = try server.peer()
      try peer.send(get)
      let (bytes, ending) = peer.readToEnding()
      let (head, rest) = Self.split(bytes)
      #expect(ending == .closed)
      #expect(head.contains(shape.isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 36"))
      let text = String(decoding: rest, as: UTF8.self)
      #expect(Self.whole(shape).hasPrefix(text))
      #expect(!text.hasSuffix("0\r\n\r\n"))
      // In the middle, where its length is known.
      let wanted = count ?? (shape.isChunked ? 1 : 18)
      let expected = shape.isChunked ? min(wanted, 36) : min(wanted, 35)
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .fault)
      #expect(outcome.responseContentBytes == UInt64(expected))
      if !shape.isChunked { #expect(rest.count == expected) }
    }
  }

  @Test("stall: N bytes of content, then silence on an open connection", arguments: Shape.allCases)
  func stall(_ shape: Shape) async throws {
    try await Self.serving(shape, .stall(afterBytes: 5)) { server in
      let peer = try server.peer()
      try peer.send(get)
      _ = try peer.read(until: "01234")
      #expect(!peer.hasInput(within: .milliseconds(50)))
      peer.close()
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .fault && outcome.responseContentBytes == 5)
    }
  }

  @Test("throttle: everything arrives, no faster than the rate", arguments: Shape.allCases)
  func throttle(_ shape: Shape) async throws {
    try await Self.serving(shape, .throttle(bytesPerSecond: 1500)) { server in
      let peer = try server.peer()
      let clock = ContinuousClock()
      let start = clock.now
      try peer.send(get)
      #expect(try peer.readResponse().content == content)
      // About 110 to 150 bytes in quanta of 30; the first leaves at once.
      #expect(clock.now - start >= .milliseconds(60))
      #expect(try await server.recorder.next().ending == .completed)
      try peer.send(get)
      let again = try peer.readResponse()
      #expect(again.content == content, "\(again.status) \(again.text)")
    }
  }

  @Test("dribble: small pieces with a pause before each", arguments: Shape.allCases)
  func dribble(_ shape: Shape) async throws {
    let response = Self.response(shape, .dribble(bytes: 4, pause: .milliseconds(5)))
    try await TimedServer.with(handler: { _ in .now(response) }) { timed in
      let peer = try timed.peer()
      try peer.send(get)
      _ = try peer.read(until: "\r\n\r\n")
      await timed.clock.settle()
      var pieces: [String] = []
      while timed.server.recorder.ended.load(ordering: .relaxed) == 0 {
        await timed.advance(by: .milliseconds(4))
        #expect(!peer.hasInput(within: .zero))
        await timed.advance(by: .milliseconds(1))
        pieces.append(String(decoding: try peer.socket.receive(), as: UTF8.self))
      }
      switch shape {
      case .bytes: #expect(pieces.prefix(3) == ["0123", "4567", "89ab"] && pieces.count == 9)
      case .pieces: #expect(pieces.prefix(3) == ["0123", "4567", "89"] && pieces.count == 10)
      case .stream, .source:
        #expect(pieces.prefix(3) == ["4\r\n0123\r\n", "4\r\n4567\r\n", "2\r\n89\r\n"])
        #expect(pieces.joined().hasSuffix("2\r\nyz\r\n0\r\n\r\n"))
      }
    }
  }

  @Test("corrupt chunk framing: a size line that is no number, then the end")
  func corruptFraming() async throws {
    for shape in Shape.allCases {
      try await Self.serving(shape, .corrupt(.chunkFraming)) { server in
        let peer = try server.peer()
        try peer.send(get)
        let (bytes, ending) = peer.readToEnding()
        let (head, rest) = Self.split(bytes)
        #expect(ending == .closed)
        #expect(head.contains("Transfer-Encoding: chunked"))
        #expect(rest.starts(with: Array("ZZ\r\n".utf8)))
        #expect(try await server.recorder.next().ending == .fault)
      }
    }
  }

  @Test(
    "corrupt content: bits flipped where the seed says, framing right", arguments: Shape.allCases)
  func flippedBytes(_ shape: Shape) async throws {
    try await Self.serving(shape, .corrupt(.flippedBytes(count: 3, seed: 42))) { server in
      let peer = try server.peer()
      try peer.send(get + get)
      let first = try peer.readResponse()
      #expect(first.content.count == content.count)
      let flips = zip(first.content, content).filter { $0 != $1 }
      #expect((1...3).contains(flips.count))
      #expect(flips.allSatisfy { ($0 ^ $1).nonzeroBitCount == 1 })
      #expect(try peer.readResponse().content == first.content)
      #expect(try await server.recorder.next().ending == .completed)
    }
  }

  @Test("refuse and empty: closed without a byte, and nobody else is touched")
  func refuse() async throws {
    for fault in [TransportFault.refuse(for: .seconds(1)), .empty] {
      let response = Self.response(.bytes, fault)
      let handler: TestServer.Handler = { request in
        request.target.text == "/refuse" ? .now(response) : .now(.text("fine"))
      }
      try await TestServer.with(handler: handler) { server in
        let open = try server.peer()
        try open.send(get)
        #expect(try open.readResponse().text == "fine")
        let peer = try server.peer()
        // Also in the middle of content that nobody waits for.
        try peer.send(
          "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\nsome")
        let (bytes, ending) = peer.readToEnding()
        #expect(bytes.isEmpty && ending == .closed)
        try open.send(get)
        #expect(try open.readResponse().text == "fine")
        let next = try server.peer()
        try next.send(get)
        #expect(try next.readResponse().text == "fine")
      }
    }
  }

  @Test("A delay holds the answer back, and neither the connection nor others")
  func delay() async throws {
    let handler: TestServer.Handler = { request in
      var response = Response.text("late")
      if request.target.text == "/late" { response.delivery.delay = .milliseconds(40) }
      return .now(response)
    }
    try await TestServer.with(handler: handler) { server in
      let late = try server.peer()
      let clock = ContinuousClock()
      let start = clock.now
      try late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      let other = try server.peer()
      try other.send(get)
      #expect(try other.readResponse().text == "late")
      #expect(try late.readResponse().text == "late")
      #expect(clock.now - start >= .milliseconds(40))
      #expect(try late.readResponse().text == "late")
    }
  }

  @Test("A delay before each piece", arguments: [Shape.pieces, .stream, .source])
  func delayPerPiece(_ shape: Shape) async throws {
    var response = Self.response(shape, nil)
    response.delivery.piecePause = { _ in .milliseconds(15) }
    let shown = response
    try await TestServer.with(handler: { _ in .now(shown) }) { server in
      let peer = try server.peer()
      let clock = ContinuousClock()
      let start = clock.now
      try peer.send(get)
      _ = try peer.read(until: "\r\n\r\n")
      _ = try peer.read(until: "0123456789")
      #expect(clock.now - start >= .milliseconds(15))
      _ = try peer.read(until: "xyz")
      #expect(clock.now - start >= .milliseconds(30))
    }
  }

  @Test("Each piece has its own pause; content in one piece has one", arguments: Shape.allCases)
  func unequalPauses(_ shape: Shape) async throws {
    var response = Self.response(shape, nil)
    response.delivery.piecePause = { .milliseconds($0 == 0 ? 60 : 1) }
    let shown = response
    try await TimedServer.with(handler: { _ in .now(shown) }) { timed in
      let peer = try timed.peer()
      try peer.send(get)
      _ = try peer.read(until: "\r\n\r\n")
      await timed.clock.settle()
      await timed.advance(by: .milliseconds(59))
      #expect(!peer.hasInput(within: .zero))
      await timed.advance(by: .milliseconds(1))
      if shape != .bytes {
        _ = try peer.read(until: "0123456789")
        await timed.advance(by: .milliseconds(1))
      }
      _ = try peer.read(until: "xyz")
    }
  }

  @Test("closesConnection closes after a complete response")
  func closes() async throws {
    var response = Response.text("last")
    response.delivery.closesConnection = true
    let shown = response
    try await TestServer.with(handler: { _ in .now(shown) }) { server in
      let peer = try server.peer()
      try peer.send(get + get)
      #expect(try peer.readResponse().fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
    }
  }
}
