import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@testable import SteamshipEmulator

@Suite("Public methods of a server that somebody develops")
struct PublicMethodTests {
  /// The developer's own server: what it says of itself, and what it was asked.
  final class Server: Sendable {
    let directory = Mutex<JSON>([
      "name": "mine",
      "methods": [
        ["path": "/open", "verb": "POST", "config": ["public": true]],
        ["path": "deep/open", "verb": "get", "config": ["public": true]],
        ["path": "/closed", "verb": "POST", "config": [:]],
        ["path": "/odd", "verb": "POST", "config": ["public": "true"]],
      ],
    ])
    let asked = Mutex<[OutboundRequest]>([])
    let isDown = Mutex(false)

    func answer(_ request: OutboundRequest) -> Result<OutboundResponse, OutboundFailure> {
      asked.withLock { $0.append(request) }
      guard !isDown.withLock({ $0 }) else { return .failure(OutboundFailure("down")) }
      // As the SDK's own local server answers: an envelope, and status 200.
      let isDirectory = request.url.hasSuffix("/__dir__")
      let data = isDirectory ? directory.withLock { $0 } : "called"
      let envelope: JSON = ["data": data, "http": ["status": 200]]
      return .success(
        OutboundResponse(
          status: 200, fields: Fields(["Content-Type": "application/json"]),
          content: envelope.serialized()))
    }

    var calls: [String] {
      asked.withLock {
        $0.map { "\($0.method.name) \($0.url.dropFirst("http://127.0.0.1:9".count))" }
      }
    }
  }

  let server = Server()

  private func harness() async throws -> ServiceHarness {
    let harness = try ServiceHarness(
      SteamshipService(outbound: { [server] in server.answer($0) }), mode: .skip)
    _ = try await harness.data(
      "package.instance.create",
      [
        "packageHandle": "hello-world", "handle": "mine",
        "localDevelopmentURL": "http://127.0.0.1:9",
      ])
    return harness
  }

  /// Nil: without a key.
  private func call(
    _ harness: ServiceHarness, _ path: String, key: String?, method: Method = .post,
    fields: [(String, String)] = [], peer: PeerAddress = .none
  ) async throws -> Reply {
    var harness = harness
    harness.key = key
    return try await harness.send(
      "package.invoke", fields: fields,
      parameters: ["workspace": "default", "instance": "mine", "path": path], method: method,
      from: peer)
  }

  static let calls: [(path: String, method: Method, key: String?, status: Int)] = [
    ("open", .post, nil, 200), ("//open", .post, nil, 200), ("deep/open", .get, nil, 200),
    ("open", .post, "another", 200), ("closed", .post, "any", 200),
    // Another verb is another method.
    ("open", .get, nil, 401), ("closed", .post, nil, 401), ("closed", .post, "another", 403),
    ("odd", .post, nil, 401), ("nothing", .post, nil, 401), ("__dir__", .get, nil, 401),
  ]

  @Test(
    "A method that its `__dir__` calls public answers without a key, no other (contract §5.4)",
    arguments: calls.indices)
  func publicMethods(_ index: Int) async throws {
    let (path, method, key, status) = Self.calls[index]
    let harness = try await harness()
    let answer = try await call(harness, path, key: key, method: method)
    #expect(answer.status == status, "\(answer.text)")
    let name = path.split(separator: "/").joined(separator: "/")
    let own = "\(method.name) /\(name)"
    switch (key, status) {
    case ("any"?, _): #expect(server.calls == [own], "the owner's call asks nothing first")
    case (_, 200): #expect(server.calls == ["GET /__dir__", own])
    default: #expect(server.calls == ["GET /__dir__"], "what is refused is not called")
    }
    // Neither question nor call carries a stranger's key.
    for request in server.asked.withLock({ $0 }) where key != "any" {
      #expect(request.fields["authorization"] == nil)
    }
  }

  @Test("The server is asked anew each time: who develops a package changes it all the time")
  func changes() async throws {
    let harness = try await harness()
    #expect(try await call(harness, "open", key: nil).status == 200)
    server.directory.withLock { $0 = ["methods": []] }
    #expect(try await call(harness, "open", key: nil).status == 401)
    for directory: JSON in [.null, [], "text", ["methods": "open"], ["methods": [1, nil, [:]]]] {
      server.directory.withLock { $0 = directory }
      #expect(try await call(harness, "open", key: nil).status == 401)
    }
    server.isDown.withLock { $0 = true }
    #expect(try await call(harness, "open", key: nil).status == 401)
  }

  @Test("A stranger elsewhere is refused without a question to the server")
  func strangers() async throws {
    let harness = try await harness()
    let elsewhere = PeerAddress(host: "192.0.2.7", port: 9, isLoopback: false)
    #expect(try await call(harness, "open", key: nil, peer: elsewhere).status == 401)
    #expect(server.calls.isEmpty)
  }

  @Test("Later work is made of a public method too, as the owner's")
  func later() async throws {
    let harness = try await harness()
    let answer = try await call(
      harness, "open", key: nil, fields: [("X-Task-Background", "true")])
    #expect(answer.status == 200)
    let id = answer.json["status"]?["taskId"]?.stringValue ?? ""
    var state: JSON?
    for _ in 0..<1000 where state != "succeeded" {
      state = try await harness.taskState(id)["state"]
      await Task.yield()
    }
    #expect(state == "succeeded")
    #expect(server.calls == ["GET /__dir__", "POST /open"])
    let refused = try await call(
      harness, "closed", key: nil, fields: [("X-Task-Background", "true")])
    #expect(refused.status == 401)
  }
}
