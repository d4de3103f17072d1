import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite struct WorldTests {
  @Test(
    "An echo gives back what it gets, on every base (contract §1.1)",
    arguments: [
      ScramjetDemo.standalone, ScramjetDemo.hub, "/api/v1/cpm/demo/api/v1/sth/sth-1/api/v1",
      "/api/v1/cpm/api/v1/sth/sth-1/api/v1",
      "/api/v1/space/demo/api/v1/sth/sth-0/api/v1/cpm/api/v1/sth/sth-1/api/v1",
    ])
  func echo(base: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(hub: base)
    try await harness.give(instance, "hello")
    #expect(try await harness.send(.get, "\(instance)/output").text == "hello")
  }

  @Test("A snapshot in the middle of a program goes on where it stood")
  func snapshot() throws {
    let start = VirtualInstant(seconds: 1_000)
    let blobs = BlobStore(budget: MemoryBudget())
    var step = ScramjetState.Step(now: start, ids: IDSource(seed: 1, tenant: "t"), blobs: blobs)
    var state = ScramjetState(settings: ScramjetSettings())
    let hub = state.addHub("h", to: state.addSpace("s", &step), &step)
    let package = try SequencePackage(
      manifest: ["name": "x", "main": "m"], byteCount: 1, hasPath: { _ in true })
    state.addSequence(Shared(package), id: "q", alias: nil, to: hub, &step)
    let program = try ProgramCompiler().compile([
      "program": [
        ["on": "line", "do": [["sleep": "1s"], ["write": "{n}:{}\n"]]],
        ["on": "end", "do": [["write": "end"], "finish"]],
      ]
    ])
    let instance = try state.start("q", on: hub, StartOrder(), program: program, &step)
    #expect(state.give(Array("a\nb\nc\n".utf8), to: instance.serial, lane: .input, &step) == true)
    state.endLane(.input, of: instance.serial, &step)
    step = ScramjetState.Step(now: start + .seconds(1), ids: step.ids, blobs: blobs)
    state.advance(&step)
    var restored = try JSONDecoder().decode(
      ScramjetState.self, from: try JSONEncoder().encode(state))
    #expect(ScramjetView.describe(restored) == ScramjetView.describe(state))
    #expect(restored.nextDue == state.nextDue)
    #expect(restored.epoch != state.epoch)
    while let due = restored.nextDue, due <= start + .seconds(9) {
      step = ScramjetState.Step(now: due, ids: step.ids, blobs: blobs)
      restored.advance(&step)
    }
    let position = restored.streams[instance.output]?.attach() ?? 0
    let taken = restored.streams[instance.output]?.take(from: position, byteLimit: .max).pieces
    #expect(String(decoding: Array((taken ?? []).joined()), as: UTF8.self) == "0:a\n1:b\n2:c\nend")
  }

  @Test("The same requests give the same bytes")
  func deterministic() async throws {
    var texts: [String] = []
    for _ in 0..<2 {
      let harness = try ServiceHarness(ScramjetService())
      let instance = try await harness.start("@scramjet/hello", ["args": [1, 2]])
      try await harness.give(instance, "you")
      var text = try await harness.send(.get, instance).text
      text += try await harness.send(.get, "\(ScramjetDemo.hub)/sequences").text
      text += try await harness.send(.get, "\(instance)/output").text
      texts.append(text)
    }
    #expect(texts[0] == texts[1])
    #expect(texts[0].contains("Hello you!"))
  }

  @Test("Time skips ahead for whoever waits, and comes to rest (DESIGN §4)")
  func skip() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let instance = try await harness.start("endless-names-output", ["args": [3]])
    let output = try await harness.send(.get, "\(instance)/output")
    #expect(output.text.split(separator: "\n").count == 4)
    let other = try await harness.start("js-forever")
    let reply = try await harness.post("\(other)/_stop", [:])
    #expect(reply.status == 202)
  }

  @Test("Strict refuses what hub 1.0.1 refuses, lenient accepts it with a remark (contract §1.6)")
  func strictness() async throws {
    for (isStrict, status) in [(true, 400), (false, 200)] {
      let harness = try ServiceHarness(ScramjetService(), isStrict: isStrict)
      let upload = try await harness.send(
        .post, "\(ScramjetDemo.hub)/sequence", [("Content-Type", "application/octet-stream")],
        body: try ServiceHarness.package(["name": "x", "main": "index.js"]))
      let id = try #require(upload.json["id"]?.stringValue)
      let reply = try await harness.send(.post, "\(ScramjetDemo.hub)/sequence/\(id)/start")
      #expect(reply.status == status)
      #expect(reply.fields.contains("X-Wavetank-Remark") == !isStrict)
      let topic = try await harness.send(
        .post, "\(ScramjetDemo.hub)/topic/T", [("Content-Type", "application/json")], body: [1])
      #expect(topic.status == (isStrict ? 400 : 202))
      let once = await harness.answer(.get, "\(ScramjetDemo.hub)/instance/none/once")
      #expect(once.status.code == 404)
    }
  }

  @Test("Keys that are listed are asked for, but never on the bare hub (contract §1.2)")
  func keys() async throws {
    let harness = try ServiceHarness(
      ScramjetService(),
      keys: [
        CredentialKeys.Key(key: "any"), CredentialKeys.Key(key: "old", status: 401),
      ])
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/version").status == 200)
    let other = Fields(["Host": "x", "Authorization": "Bearer other"])
    let old = Fields(["Host": "x", "Authorization": "Bearer old"])
    for (fields, path, status) in [
      (Fields(["Host": "x"]), ScramjetDemo.hub, 401), (other, ScramjetDemo.hub, 403),
      (old, ScramjetDemo.hub, 401),
      (other, ScramjetDemo.space, 403), (Fields(["Host": "x"]), ScramjetDemo.standalone, 200),
      (other, ScramjetDemo.standalone, 200),
    ] {
      var exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
      let answer = harness.pipeline.respond(
        to: Request(.get, "\(path)/version", fields: fields), exchange: &exchange)
      guard case .now(let response) = answer else {
        Issue.record("the answer waits")
        continue
      }
      #expect(response.status.code == status, "\(path) \(fields.pairs)")
    }
  }

  @Test("A scenario's world, with what is wrong in it (DESIGN §7)")
  func scenario() async throws {
    let given: JSON = [
      "spaces": ["one", ["id": "two"]],
      "hubs": [
        "h0", ["id": "h1", "space": "two", "selfHosted": true, "tags": ["t"], "connected": false],
      ],
      "sequences": [["id": "seq", "name": "alias", "hub": "h0", "package": ["name": "n"]]],
      "store": [["file": "f.tar.gz", "space": "two", "package": ["name": "f"]]],
      "topics": ["plain", ["name": "typed", "contentType": "text/plain"]],
      "instances": [["sequence": "alias", "args": [1]]],
      "settings": ["retention": "1s", "lifetimeExtension": "0s"],
    ]
    let harness = try ServiceHarness(
      ScramjetService(), given: given,
      behaviors: [["when": ["sequence": "n"], "behaviour": "value", "value": "v$0"]])
    let list = try await harness.send(.get, "/api/v1/instances")
    let id = try #require(list.json[0]?["id"]?.stringValue)
    #expect(try await harness.send(.get, "/api/v1/instance/\(id)/output").text == "v1")
    #expect(try await harness.send(.get, "/api/v1/space/two/api/v1/s3/f.tar.gz").status == 200)
    #expect(
      try await harness.send(.get, "/api/v1/space/two/api/v1/sth/h1/api/v1/version").status == 503)
    #expect(throws: ScenarioProblems.self) {
      try ServiceHarness(ScramjetService(), given: ["hubz": []])
    }
    #expect(throws: ScenarioProblems.self) {
      try ServiceHarness(ScramjetService(), given: ["hubs": [["id": "h", "space": "no"]]])
    }
    #expect(throws: ScenarioProblems.self) {
      try ServiceHarness(ScramjetService(), behaviors: [["behaviour": "ecko"]])
    }
  }

  @Test("A topic that feeds itself does not hold the world up")
  func circle() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(
      "x", emulator: ["behaviour": "echo", "topic": "loop", "requires": "loop"])
    _ = try await harness.send(
      .post, "\(ScramjetDemo.hub)/topic/seed", [("Content-Type", "text/plain")])
    harness.advance(.seconds(1))
    #expect(try await harness.send(.get, instance).status == 200)
  }

  @Test("A stored package has the tag that its upload told, and is read on condition and in part")
  func conditionalDownload() async throws {
    let given: JSON = [
      "spaces": ["one"], "store": [["file": "f.tar.gz", "package": ["name": "f"]]],
    ]
    let harness = try ServiceHarness(ScramjetService(), given: given)
    let path = "/api/v1/space/one/api/v1/s3/f.tar.gz"
    let put = try await harness.send(
      .put, path, body: try ServiceHarness.package(["name": "g", "main": "m.js"]))
    let whole = try await harness.send(.get, path)
    let tag = try #require(whole.fields["etag"])
    let told = put.json["etag"]?.stringValue
    #expect(put.status == 202 && told.map { "\"\($0)\"" } == tag)
    #expect((whole.status, whole.fields["accept-ranges"]) == (200, "bytes"))
    #expect(whole.body.count > 10)
    #expect(try await harness.send(.get, path, [("If-None-Match", tag)]).status == 304)
    #expect(try await harness.send(.get, path, [("If-Match", "\"other\"")]).status == 412)
    let part = try await harness.send(.get, path, [("Range", "bytes=2-4")])
    #expect(part.status == 206 && part.fields["content-range"]?.hasPrefix("bytes 2-4/") == true)
    #expect(try await harness.send(.get, path, [("Range", "bytes=999999-")]).status == 416)
  }
}
