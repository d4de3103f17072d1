import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import TestSupport
import Testing

@testable import SteamshipEmulator

@Suite("Work outside goes on where its world comes back, and ends where its instance is gone")
struct OutsideWorkTests {
  /// A server on this machine that a package's calls are forwarded to.
  private struct Place {
    let outside = OutboundTests.Outside()
    let harness: ServiceHarness

    init() throws {
      harness = try ServiceHarness(
        SteamshipService(outbound: { [outside] in .success(outside.answer($0)) }))
    }

    func snapshot() throws -> [UInt8] { try Snapshot(of: harness.live).archive() }

    func restore(_ archive: [UInt8]) throws {
      let reader = try SnapshotReader(budget: harness.pipeline.tenants.budget)
      try reader.feed(archive)
      try Restore(reader, into: harness.live, of: harness.pipeline).putInForce()
    }

    /// A call of the instance `one` in a minute, and a task that waits for it: their ids.
    func callLater() async throws -> (call: String, waiting: String) {
      _ = try await harness.data(
        "package.instance.create",
        [
          "packageHandle": "hello-world", "handle": "one",
          "localDevelopmentURL": "http://127.0.0.1:9/x",
        ])
      let call = try await harness.json(
        "package.instance.invoke",
        ["instanceHandle": "one", "payload": ["invocationPath": "x"]],
        fields: [
          ("X-Task-Background", "true"), ("X-Task-Run-After", "2026-01-05T10:01:00+00:00"),
        ])
      let id = try #require(call["status"]?["taskId"]?.stringValue)
      return (id, try await harness.noop([("X-Task-Dependency", id)]))
    }

    /// Lets time go on, looking at this task alone.
    func end(of task: String) async throws -> JSON {
      var status = JSON.null
      try await waitUntil("the task has ended", within: .seconds(60)) {
        harness.advance(.seconds(1))
        status = try await harness.taskState(task)
        return ["succeeded", "failed"].contains(status["state"]?.stringValue)
      }
      return status
    }
  }

  @Test("A call that a snapshot holds is made where it is put back, although nobody looks at it")
  func elsewhere() async throws {
    let (first, second) = (try Place(), try Place())
    let tasks = try await first.callLater()
    try second.restore(try first.snapshot())
    second.harness.advance(.seconds(60))
    #expect(try await second.end(of: tasks.waiting)["state"] == "succeeded")
    let calls = second.outside.calls.withLock { $0 }
    #expect(calls.map { $0.fields["authorization"] } == ["Bearer any"])
    #expect(first.outside.count == 0)
  }

  @Test("Put back into its own tenant it is made once: who waited in the world before lets it go")
  func again() async throws {
    let place = try Place()
    let tasks = try await place.callLater()
    let archive = try place.snapshot()
    for _ in 0..<3 { try place.restore(archive) }
    place.harness.advance(.seconds(60))
    #expect(try await place.end(of: tasks.waiting)["state"] == "succeeded")
    await letOthersRun()
    #expect(place.outside.count == 1)
  }

  @Test("A call whose instance is gone when its time comes fails, and who waits for it fails too")
  func instanceGone() async throws {
    let place = try Place()
    let tasks = try await place.callLater()
    let instance = try await place.harness.data("package.instance.get", ["handle": "one"])
    _ = try await place.harness.data(
      "package.instance.delete", ["id": instance["packageInstance"]?["id"] ?? ""])
    place.harness.advance(.seconds(60))
    #expect(try await place.end(of: tasks.waiting)["statusCode"] == "DependencyFailed")
    #expect(try await place.harness.taskState(tasks.call)["statusCode"] == "NotFound")
    #expect(place.outside.count == 0)
  }
}
