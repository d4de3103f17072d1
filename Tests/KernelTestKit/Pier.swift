package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs
import Synchronization

/// A small service that tells each place that a request, a control call or a save comes through, so
/// that a test can do something there: what else could happen at that moment on another thread.
package struct Pier: ServiceWithOperations {
  /// Where something may happen in between.
  package enum Place: String, CaseIterable, Sendable {
    case wall, credential, claim, failure, respondBegins, respondEnds
    case workBegins, workWaits, workEnds, bodyBegins, bodyEnds
    case describe, emit, makeState
    /// Under the lock of the state.
    case nextDue, advance, encode

    /// Whether the tenant's own locks are free there.
    package var isFree: Bool {
      switch self {
      case .wall, .nextDue, .advance, .encode, .makeState: false
      default: true
      }
    }
  }

  /// Does something at one place, once, outside of what it does itself.
  package final class Interruption: Sendable {
    private struct Armed {
      var place: Place?
      var action: (@Sendable () -> Void)?
      var count = 0
    }
    private let armed = Mutex(Armed())

    package init() {}

    package func arm(_ place: Place?, _ action: @escaping @Sendable () -> Void = {}) {
      armed.withLock { $0 = Armed(place: place, action: action) }
    }

    /// How often it has happened since it was armed.
    package var count: Int { armed.withLock { $0.count } }

    package func reached(_ place: Place) {
      let action = armed.withLock { armed -> (@Sendable () -> Void)? in
        guard armed.place == place else { return nil }
        armed.count += 1
        // Not again from within.
        armed.place = nil
        return armed.action
      }
      guard let action else { return }
      action()
      armed.withLock { if $0.action != nil { $0.place = place } }
    }
  }

  /// A pipeline with this service alone, whose wall clock is a place too.
  package static func pipeline(_ interruption: Interruption) throws -> Pipeline {
    try Pipeline(
      services: [Pier(interruption)],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(clock: .init(.real, start: VirtualInstant(seconds: 0))),
        wall: {
          interruption.reached(.wall)
          return VirtualInstant(seconds: 0)
        }))
  }

  package struct State: ServiceState {
    package typealias WakeKey = Int

    package var heapBytes: Int { entries.heapBytes }
    package var recountedHeapBytes: Int { heapBytes }

    package var entries: [String] = []
    package var due: VirtualInstant?
    package var interruption: Interruption?
    package var dueRevision: UInt64 { UInt64(bitPattern: due?.nanoseconds ?? 0) }

    private enum CodingKeys: String, CodingKey { case entries, due }

    init(_ interruption: Interruption) { self.interruption = interruption }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      entries = try container.decode([String].self, forKey: .entries)
      due = try container.decodeIfPresent(VirtualInstant.self, forKey: .due)
    }

    package func encode(to encoder: any Encoder) throws {
      interruption?.reached(.encode)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(entries, forKey: .entries)
      try container.encodeIfPresent(due, forKey: .due)
    }

    /// Entries are texts: nothing in them points at anything.
    package var inconsistencies: [String] { [] }

    package var nextDue: VirtualInstant? {
      interruption?.reached(.nextDue)
      return due
    }

    package mutating func advance(_ step: inout StepContext<Int>) {
      interruption?.reached(.advance)
      if let due, due <= step.now {
        entries.append("due@\(due.epochSeconds)")
        self.due = nil
      }
    }
  }

  package let interruption: Interruption
  package init(_ interruption: Interruption) { self.interruption = interruption }

  package let name = "pier"
  package let hostNames: [String] = []
  package var operations: [Operation] {
    [
      Operation(
        "pier.list", [.init(.get, "/entries")], content: .ignored, fidelity: .assumed,
        summary: "Lists."),
      Operation(
        "pier.add", [.init(.post, "/entries/{entry}")], content: .ignored, fidelity: .assumed,
        summary: "Adds."),
      Operation(
        "pier.collect", [.init(.put, "/entries/{entry}")], content: .collectedByDefault,
        fidelity: .assumed, summary: "Adds what the content names."),
      Operation(
        "pier.work", [.init(.post, "/work/{entry}")], content: .streamed, fidelity: .assumed,
        summary: "Adds after some work."),
      Operation(
        "pier.stream", [.init(.post, "/stream/{entry}")], content: .ignored, fidelity: .assumed,
        summary: "Adds while the answer is sent."),
      Operation(
        "pier.later", [.init(.post, "/due/{seconds}")], content: .ignored, fidelity: .assumed,
        summary: "Something falls due."),
      Operation(
        "pier.claimed", [.init(.post, "/claimed/{entry}")], content: .ignored, fidelity: .assumed,
        summary: "Adds where a path is claimed."),
    ]
  }

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<Int>
  ) throws(ScenarioProblems) -> State {
    interruption.reached(.makeState)
    return State(interruption)
  }

  package func credential(of request: Request) -> String? {
    interruption.reached(.credential)
    return request.fields["authorization"]
  }

  package func claim(
    _ request: Request, in world: World<State>
  ) -> (operationIndex: Int, parameters: PathParameters)? {
    interruption.reached(.claim)
    let segments = request.target.path.split(separator: "/")
    guard segments.count == 1, let entry = segments.first.map(String.init), entry.hasPrefix("c")
    else { return nil }
    return (
      6, PathParameters(names: ["entry"], ranges: [0..<entry.utf8.count], bytes: Array(entry.utf8))
    )
  }

  private func add(_ entry: String, in world: World<State>) {
    world.mutate { state, _ in
      // A state that comes from a file has none.
      state.interruption = interruption
      state.entries.append(entry)
    }
  }

  package func respond(to call: Call, in world: World<State>) -> ServiceAnswer {
    interruption.reached(.respondBegins)
    defer { interruption.reached(.respondEnds) }
    let entry = call.parameters["entry"] ?? ""
    switch call.operationIndex {
    case 0:
      let entries = world.read { $0.entries }
      return .now(.json(.ok, JSON.array(entries.map { JSON.string($0) }).serialized()))
    case 1, 6:
      add(entry, in: world)
    case 2:
      add(String(decoding: call.content, as: UTF8.self), in: world)
    case 3:
      return .later { content in
        interruption.reached(.workBegins)
        while let _ = try? await content.next() { await Task.yield() }
        interruption.reached(.workWaits)
        await Task.yield()
        add(entry, in: world)
        interruption.reached(.workEnds)
        return Response(.created)
      }
    case 4:
      return .now(
        .streaming(.created) { writer in
          interruption.reached(.bodyBegins)
          try await writer.write("1")
          await Task.yield()
          add(entry, in: world)
          try await writer.write("2")
          interruption.reached(.bodyEnds)
        })
    default:
      let seconds = call.parameters["seconds"].flatMap { Int($0) } ?? 0
      world.mutate { state, step in
        state.interruption = interruption
        state.due = step.now + .seconds(seconds)
      }
    }
    return .now(Response(.created))
  }

  package func failure(
    _ failure: ServiceFailure, operation: Operation?, request: Request
  ) -> Response {
    interruption.reached(.failure)
    return .json(Status(failure.status), Array("{}".utf8))
  }

  package func describe(_ world: World<State>) -> JSON {
    interruption.reached(.describe)
    return .object(["entries": .array(world.read { $0.entries }.map { .string($0) })])
  }

  package func emit(_ event: JSONObject, in world: World<State>) throws(ScenarioProblems) -> Bool {
    guard let entry = event["add"]?.stringValue else { return false }
    interruption.reached(.emit)
    add(entry, in: world)
    return true
  }
}
