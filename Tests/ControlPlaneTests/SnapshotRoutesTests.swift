import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite struct SnapshotRoutesTests {
  let peer: TestClient

  init() throws {
    peer = TestClient(
      AdminResponder(
        pipeline: try Pipeline(
          services: [SampleService()],
          configuration: PipelineConfiguration(
            blueprint: TenantBlueprint(clock: .init(.manual, start: VirtualInstant(seconds: 10))))),
        options: AdminOptions(snapshotBytesMax: 10_000)))
  }

  func put(_ bytes: [UInt8]) async -> Reply {
    let request = Request(
      method: .put, target: RequestTarget("/_wavetank/snapshot"),
      fields: Fields(["Host": "localhost"]), framing: .length(UInt64(bytes.count)))
    return await peer.send(request, bytes)
  }

  @Test("A snapshot is taken and put back (DESIGN §9)")
  func roundTrip() async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    let snapshot = await peer.send(.get, "/_wavetank/snapshot")
    #expect(snapshot.status == 200)
    #expect(snapshot.field("content-type") == "application/gzip")
    _ = await peer.send(.post, "/ships", body: #"{"name":"b"}"#)
    #expect(await put(snapshot.body).status == 204)
    #expect(await peer.send(.get, "/ships").text == #"["a"]"#)
    _ = await peer.send(.post, "/_wavetank/reset")
    #expect(await put(snapshot.body).status == 204)
    #expect(await peer.send(.get, "/_wavetank/snapshot").body == snapshot.body)
  }

  @Test("What is no snapshot is refused as a problem")
  func refused() async throws {
    let reply = await put(Array("hello".utf8))
    #expect(reply.status == 422)
    #expect(reply.field("content-type") == "application/problem+json")
    #expect(await put([UInt8](repeating: 7, count: 10_001)).status == 413)
    #expect(await put([]).status == 422)
  }
}
