import Glibc
import HTTPModel
import HTTPTransport
import Synchronization
import TLSLayer
import TestSupport
import Testing
import WavetankTestKit

/// A server whose answers are a closure, and which records how every exchange ended.
final class TestServer: Sendable {
  typealias Handler = @Sendable (Request) -> Answer

  let server: HTTPServer
  let recorder: Recorder
  private let isSecure: Bool

  init(
    _ change: (inout ServerConfiguration) -> Void = { _ in }, upload: UploadFault? = nil,
    handler: @escaping Handler
  ) throws {
    var configuration = ServerConfiguration()
    configuration.loopCount = 1
    configuration.setTimeouts(.seconds(3600))
    configuration.makeSecureContext = { () throws(TLSError) in try TestIdentity.server() }
    change(&configuration)
    isSecure = BothTransports.isSecure
    recorder = Recorder(handler, upload)
    server = try HTTPServer.start(configuration: configuration, responder: recorder)
  }

  var port: UInt16 { server.port }
  func peer(receiveBuffer: Int32? = nil) throws -> RawPeer {
    let peer = try RawPeer(port: port, receiveBuffer: receiveBuffer)
    if isSecure { try peer.becomeSecure(try TestIdentity.client()) }
    return peer
  }
  func stop() async { await server.stop(grace: .zero) }

  /// Runs `body` with a server, and stops it whatever happens.
  static func with<Result>(
    _ change: (inout ServerConfiguration) -> Void = { _ in }, upload: UploadFault? = nil,
    handler: @escaping Handler, _ body: (TestServer) async throws -> Result
  ) async throws -> Result {
    let server = try TestServer(change, upload: upload, handler: handler)
    do {
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }
}

final class Recorder: Responder {
  private let handler: TestServer.Handler
  private let upload: UploadFault?
  private let outcomes: AsyncStream<ExchangeOutcome>
  private let continuation: AsyncStream<ExchangeOutcome>.Continuation
  let begun = Atomic<Int>(0)
  let ended = Atomic<Int>(0)

  init(_ handler: @escaping TestServer.Handler, _ upload: UploadFault? = nil) {
    self.handler = handler
    self.upload = upload
    (outcomes, continuation) = AsyncStream.makeStream()
  }

  func respond(to request: Request, exchange: inout Exchange) -> Answer {
    begun.wrappingAdd(1, ordering: .relaxed)
    exchange.upload = upload
    return handler(request)
  }

  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    ended.wrappingAdd(1, ordering: .relaxed)
    continuation.yield(outcome)
  }

  /// The next outcome, in the order in which exchanges ended.
  func next() async throws -> ExchangeOutcome {
    for await outcome in outcomes { return outcome }
    throw CancellationError()
  }
}

extension ServerConfiguration {
  /// What is not about time must not depend on it: all tests of a run share a few threads, and on a
  /// busy machine one may not get its turn for longer than a peer may be silent.
  mutating func setTimeouts(_ timeout: Duration) {
    headTimeout = timeout
    idleTimeout = timeout
    contentTimeout = timeout
    writeTimeout = timeout
  }
}

/// A server with the timeouts of DESIGN §11, whose loop's time is the test's.
final class TimedServer: Sendable {
  let server: TestServer
  let clock = LoopClock()
  private let faults = SystemFaults()

  init(
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    handler: @escaping TestServer.Handler
  ) throws {
    let (clock, faults) = (clock, faults)
    server = try TestServer(
      {
        let makeSecureContext = $0.makeSecureContext
        $0 = ServerConfiguration()
        ($0.loopCount, $0.makeSecureContext) = (1, makeSecureContext)
        ($0.clock, $0.faults) = (clock, faults)
        change(&$0)
      }, handler: handler)
  }

  static func with<Result>(
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    handler: @escaping TestServer.Handler, _ body: (TimedServer) async throws -> Result
  ) async throws -> Result {
    let timed = try TimedServer(change, handler: handler)
    do {
      let result = try await body(timed)
      await timed.server.stop()
      return result
    } catch {
      await timed.server.stop()
      throw error
    }
  }

  func peer(receiveBuffer: Int32? = nil) throws -> RawPeer {
    try server.peer(receiveBuffer: receiveBuffer)
  }

  func advance(by duration: Duration) async { await clock.advance(by: duration) }

  /// Does something to the loop's sockets, and returns when it has made a call of that kind because of
  /// it and has settled.
  func await(_ call: SystemCall, after body: () throws -> Void) async throws {
    let count = faults.count(of: call)
    try body()
    try await waitUntil("the loop has called \(call)") { faults.count(of: call) != count }
    await clock.settle()
  }

  /// Sends, and returns when the loop has read it.
  func deliver(_ text: String, from peer: RawPeer) async throws {
    try await self.await(.receive) { try peer.send(text) }
  }

  /// The next calls find nothing although there is something, as for a loop that was held.
  func hideEvents(turns: Int) {
    faults.fail(.epollWait, on: 1...turns, with: .errno(EINTR))
  }

  var connectionCount: Int { server.server.connectionCount }
}

extension Response {
  static func text(_ text: String, status: Status = .ok) -> Response {
    Response(status, body: .bytes(Array(text.utf8)))
  }
}

/// A gate that tasks wait at until a test opens it.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}
