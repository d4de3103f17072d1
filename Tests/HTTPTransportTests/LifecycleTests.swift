import HTTPModel
import HTTPTransport
import Synchronization
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Stopping")
struct LifecycleTests {
  @Test(
    "Idle connections close at once, what is in flight is finished (DESIGN §11)",
    .timeLimit(.minutes(1)))
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
    while server.recorder.begun.load(ordering: .relaxed) < 2 { await Task.yield() }
    let stopping = Task { await server.server.stop(grace: .seconds(30)) }
    #expect(try idle.readToEnd().isEmpty)
    // The other loop closes its listener when it hears of it, a moment later perhaps.
    while (try? server.peer()) != nil { await Task.yield() }
    gate.open()
    let response = try busy.readResponse()
    #expect(response.text == "done" && response.fields["connection"] == "close")
    #expect(try busy.readToEnd().isEmpty)
    await stopping.value
  }

  @Test("At the end of the grace a stream ends properly and everything else is cut")
  func endOfGrace() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      if request.target.text == "/stream" {
        return .now(
          .streaming(.ok) { writer in
            try await writer.write("so far")
            while !Task.isCancelled { try await Task.sleep(for: .seconds(100)) }
          })
      }
      return .later { _ in
        await gate.wait()
        return .text("never")
      }
    }
    let server = try TestServer(handler: handler)
    let stream = try server.peer()
    try stream.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = try stream.read(until: "so far\r\n")
    let stuck = try server.peer()
    try stuck.send(get)
    while server.recorder.begun.load(ordering: .relaxed) < 2 { await Task.yield() }
    await server.server.stop(grace: .milliseconds(30))
    #expect(try stream.read(until: "\r\n\r\n") == "0\r\n\r\n")
    #expect(try stream.readToEnd().isEmpty)
    #expect(stuck.readToEnding().bytes.isEmpty)
    for _ in 0..<2 { #expect(try await server.recorder.next().ending == .serverStopped) }
    gate.open()
  }

}
