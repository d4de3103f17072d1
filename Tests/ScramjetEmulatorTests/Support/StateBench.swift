import EmulatorKernel
import KernelTestKit
import HTTPModel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

/// A Scramjet state by itself, whose rules are called directly: a space `s` with a hub `h` and a
/// sequence `q` on it. Its time stands until it is moved.
final class StateBench {
  let box: StateBox<ScramjetState>
  private(set) var now = VirtualInstant(seconds: 1_000)
  let space: SpaceKey
  let hub: HubKey

  init(_ settings: ScramjetSettings = ScramjetSettings(), engines: JSON = ["node": "*"]) throws {
    let blobs = BlobStore(budget: MemoryBudget())
    var step = ScramjetState.Step(now: now, ids: IDSource(seed: 1, tenant: "t"), blobs: blobs)
    var state = ScramjetState(settings: settings)
    space = state.addSpace("s", &step)
    hub = state.addHub("h", to: space, &step)
    let package = try SequencePackage(
      manifest: ["name": "x", "main": "m", "engines": engines], byteCount: 1, hasPath: { _ in true }
    )
    state.addSequence(Shared(package), id: "q", alias: nil, to: hub, &step)
    box = StateBox(state, ids: step.ids, blobs: blobs)
  }

  @discardableResult
  func change<Value: Sendable>(
    _ body: (inout ScramjetState, inout ScramjetState.Step) -> Value
  ) -> Value { box.mutate(at: now) { state, step in body(&state, &step) } }

  func advance(_ duration: Duration) {
    now += duration
    box.settle(to: now)
  }

  /// Starts the sequence with a behaviour, a program or the name of a behaviour.
  func start(
    _ behavior: JSON, on hub: HubKey? = nil, id: String? = nil, output: String? = nil,
    input: String? = nil
  ) throws -> InstanceKey {
    let program = try ProgramCompiler().compile(behavior)
    var order = StartOrder()
    order.instanceID = id
    order.outputTopic = output
    order.inputTopic = input
    let hub = hub ?? self.hub
    let key = change { state, step in
      try? state.start("q", on: hub, order, program: program, &step).serial
    }
    return try #require(key)
  }

  /// A second hub of the space, with the same sequence.
  func anotherHub(_ id: String) throws -> HubKey {
    let package = try #require(box.read { $0.hubs[hub]?.sequence("q")?.package.value })
    return change { state, step in
      let key = state.addHub(id, to: space, &step)
      state.addSequence(Shared(package), id: "q", alias: nil, to: key, &step)
      return key
    }
  }

  func give(_ text: String, to key: InstanceKey, _ lane: Lane = .input, ends: Bool = false) {
    change { state, step in
      _ = state.give(Array(text.utf8), to: key, lane: lane, &step)
      if ends { state.endLane(lane, of: key, &step) }
    }
  }

  func instance(_ key: InstanceKey) -> Instance? { box.read { $0.instances[key] } }

  func status(_ key: InstanceKey) -> Instance.Status? { instance(key)?.status }

  /// What a new reader of a stream gets now.
  func text(_ stream: StreamKey?) -> String {
    guard let stream else { return "(no stream)" }
    return change { state, step in
      state.writeRecords()
      let position = state.streams[stream]?.attach() ?? 0
      let taken = state.streams[stream]?.take(from: position, byteLimit: .max)
      state.streams[stream]?.detach(from: taken?.next ?? 0)
      state.roomMayHaveComeUp(in: stream, &step)
      return String(decoding: (taken?.pieces ?? []).joined(), as: UTF8.self)
    }
  }

  func output(_ key: InstanceKey) -> String { text(instance(key)?.output) }

  func topic(_ name: String) -> TopicKey { TopicKey(space: space, name: name) }
  func topicStream(_ name: String) -> StreamKey? {
    box.read { $0.topics[topic(name)]?.stream }
  }
}

extension ScramjetState {
  /// Starts a sequence by its id.
  mutating func start(
    _ id: String, on hub: HubKey, _ order: StartOrder, program: Program?, _ step: inout Step
  ) throws -> Instance {
    let sequence = try #require(startable(id, on: hub))
    let compiled = program.map { CompiledProgram($0) }
    let key = try start(sequence, on: hub, order, program: compiled, &step).serial
    return try #require(instances[key])
  }
}
