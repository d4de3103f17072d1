import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ScramjetEmulator

@Suite("Numbers of a start call, a package and a snapshot end nothing (contract §5.2)")
struct BoundsTests {
  static let specs: [(spec: JSON, arguments: [JSON])] = [
    (["behaviour": "generate", "count": 3, "start": .integer(.max), "every": 0], []),
    (["behaviour": "generate", "count": 3, "start": "$0", "every": 0], [.integer(.max)]),
    (["behaviour": "generate", "count": 3, "start": "$0+9", "every": 0], [.integer(.max)]),
    (["behaviour": "generate", "count": 3, "start": .integer(.min), "every": 0], []),
    (["behaviour": "generate", "count": .integer(.max), "every": 1], []),
    (
      ["behaviour": "generate", "count": 2, "every": 0, "template": "{n+9223372036854775807}\n"], []
    ),
    (["behaviour": "inert", "lines": .integer(.max)], []),
    (["behaviour": "flood", "kilobytes": .integer(.max)], []),
    (["behaviour": "crash", "afterChunks": .integer(.max)], []),
    (["behaviour": "crash", "after": .integer(.max)], []),
    (["behaviour": "slow", "delay": .decimal("1e308")], []),
    (["behaviour": "echo", "exitTimeout": .integer(.max)], []),
    (["program": [["on": "start", "do": ["repeat": 0, "do": ["sleep": 0]]]]], []),
    (
      ["program": [["on": "start", "do": ["repeat": .integer(.max), "do": ["sleep": "$0"]]]]], [0]
    ),
    (
      ["program": [["on": "every", "every": 0, "count": .integer(.max), "do": ["write": "{n1}"]]]],
      []
    ),
    (["program": [["on": "start", "do": ["fail": .integer(.max)]]]], []),
  ]

  @Test(
    "A start call's numbers are bounded or refused, and the hub goes on", arguments: specs.indices)
  func start(_ index: Int) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let body: JSON = [
      "appConfig": ["emulator": Self.specs[index].spec],
      "args": .array(Self.specs[index].arguments),
    ]
    let reply = try await harness.send(
      .post, "\(ScramjetDemo.hub)/sequence/echo.tar.gz/start",
      [("content-type", "application/json")],
      body: body.serialized())
    #expect([200, 400, 422].contains(reply.status), "\(reply.text)")
    let tenant = harness.pipeline.tenants.default.tenant
    _ = tenant.advance(to: tenant.clock.now + .seconds(60), stepLimit: 1_000)
    tenant.clock.set(to: .earliest)
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/instances").status == 200)
  }

  @Test("Repeats inside each other end where a snapshot could not hold them")
  func depth() throws {
    func nested(_ count: Int) -> JSON {
      (0..<count).reduce(["write": "x"]) { inner, _ in ["repeat": 1, "do": inner] }
    }
    let program = try ProgramCompiler().compile(["program": [["on": "start", "do": nested(32)]]])
    let json = try StateEncoder.encode(program)
    #expect(
      try SnapshotJSON.decode(Program.self, from: json.serialized(), path: "p") == program)
    #expect(throws: ScenarioProblems.self) {
      try ProgramCompiler().compile(["program": [["on": "start", "do": nested(33)]]])
    }
  }

  /// A state with an instance that writes, one that reads a topic, and what they have made.
  private static func state() throws -> (state: ScramjetState, step: ScramjetState.Step) {
    var step = ScramjetState.Step(
      now: VirtualInstant(seconds: 1_900_000_000), ids: IDSource(seed: 1, tenant: "default"),
      blobs: BlobStore(budget: MemoryBudget()))
    let package: JSON = ["name": "s", "version": "1.0.0"]
    let ticking: JSON = [
      "program": [
        ["on": "start", "do": ["repeat": 9, "do": [["write": "{n}\n"], ["sleep": "1s"]]]],
        ["on": "every", "every": "2s", "do": ["emit": "tick"]],
      ]
    ]
    var state = try ScramjetSeed.makeState(
      WorldSeed(
        given: [
          "sequences": [["id": "s", "package": package]],
          "topics": ["news"],
          "instances": [
            ["sequence": "s", "id": "a", "appConfig": ["emulator": ticking], "outputTopic": "out"],
            ["sequence": "s", "id": "b", "inputTopic": "news"],
          ],
        ]), &step)
    step = ScramjetState.Step(now: step.now + .seconds(3), ids: step.ids, blobs: step.blobs)
    state.advance(&step)
    return (state, step)
  }

  @Test("A state that was saved fits together")
  func good() throws {
    let (state, _) = try Self.state()
    #expect(state.inconsistencies == [])
    let json = try StateEncoder.encode(state)
    let again = try ScramjetState.read(json)
    #expect(again.inconsistencies == [])
    #expect(try StateEncoder.encode(again) == json)
  }

  /// Every number of a saved state, each at one of the ends of what numbers can be;
  /// `check_numbers.py` goes through all of them.
  @Test("A state whose number is at an end is refused, or goes on")
  func everyNumber() throws {
    let (state, step) = try Self.state()
    let json = try StateEncoder.encode(state)
    let (taken, refusedCount) = ScramjetState.readWithNumbersAtEnds(of: json)
    for (place, state) in taken {
      let box = StateBox(state, ids: step.ids, blobs: step.blobs)
      box.settle(to: step.now + .seconds(30))
      box.mutate(at: step.now + .seconds(40)) { state, step in
        for serial in state.instances.keys.sorted() {
          _ = state.give(Array("x\n".utf8), to: serial, lane: .input, &step)
          state.emit("news", ["a": 1], from: serial, hops: 0, &step)
        }
        for key in state.topics.keys { state.publish([1], to: key, &step) }
        for stream in state.streams.keys {
          if let position = state.streams[stream]?.attach() {
            _ = state.streams[stream]?.take(from: position, byteLimit: 10)
          }
        }
        _ = ScramjetView.describe(state)
      }
      #expect(box.read { $0.inconsistencies } == [], "\(place)")
    }
    #expect(refusedCount > 20 && taken.count > 20)
  }
}
