import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Stopping", .overBothTransports)
struct LifecycleTests {
  @Test(
    "Idle connections close at once, what is in flight is finished (DESIGN §11)",
    .timeLimit(.minutes(15)))
  func drain() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/slow" else { return .now(.text("ok")) }
      return .later { _ in
        await gate.wait()
        return .text("done")
      }
    }
    let server = try TestServer({ $0.loopCount = 2 }, handler: handler)
    let idle = try server.peer()
    try idle.send(get)
    #expect(try idle.readResponse().text == "ok")
    let busy = try server.peer()
    try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    try await waitUntil("two requests have begun") {
      server.recorder.begun.load(ordering: .relaxed) >= 2
    }
    let stopping = Task { await server.server.stop(grace: .seconds(30)) }
    // Waits without holding the thread that the task may need.
    try await waitUntil("the idle peer hears something") { idle.hasInput(within: .zero) }
    #expect(try idle.readToEnd().isEmpty)
    // The other loop closes its listener when it hears of it, a moment later perhaps.
    try await waitUntil("nobody is accepted any more") { (try? server.peer()) == nil }
    gate.open()
    let response = try busy.readResponse()
    #expect(response.text == "done" && response.fields["connection"] == "close")
    #expect(try busy.readToEnd().isEmpty)
    await stopping.value
  }

  @Test("At the end of the grace whatever has not ended is cut, and not as if it were whole")
  func endOfGrace() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      if request.target.text == "/export" {
        return .now(
          .streaming(.ok) { writer in
            try await writer.write("so far")
            await gate.wait()
          })
      }
      return .later { _ in
        await gate.wait()
        return .text("never")
      }
    }
    try await TimedServer.with(handler: handler) { timed in
      let (export, stuck) = (try timed.peer(), try timed.peer())
      try export.send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n")
      _ = try export.read(until: "so far\r\n")
      try await timed.deliver(get, from: stuck)
      let stopping = Task { await timed.server.server.stop(grace: .seconds(5)) }
      try await waitUntil("the server is stopping") { timed.server.server.isStopping }
      await timed.advance(by: .milliseconds(4999))
      #expect(timed.connectionCount == 2)
      await timed.advance(by: .milliseconds(1))
      await stopping.value
      #expect(export.readToEnding().bytes.isEmpty)
      #expect(stuck.readToEnding().bytes.isEmpty)
      for _ in 0..<2 {
        #expect(try await timed.server.recorder.next().ending == .serverStopped)
      }
      gate.open()
    }
  }
}
