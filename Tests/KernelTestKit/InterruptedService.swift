package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs
import Synchronization

/// A small service that tells each place that a request, a control call or a save comes through, so
/// that a test can do something there: what else could happen at that moment on another thread.
package struct InterruptedService: EmulatedService {
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
      services: [InterruptedService(interruption)],
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
  package let endpoints: [Endpoint<InterruptedService>] = [
    row("list", .get("/entries"), InterruptedService.list),
    row("add", .post("/entries/{entry}"), InterruptedService.addEntry),
    row(
      "collect", .put("/entries/{entry}"), content: .collectedByDefault,
      InterruptedService.addContent),
    row("work", .post("/work/{entry}"), content: .streamed, InterruptedService.work),
    row("stream", .post("/stream/{entry}"), InterruptedService.stream),
    row("later", .post("/due/{seconds}"), InterruptedService.plan),
    claimed,
  ]
  private static let claimed = row(
    "claimed", .post("/claimed/{entry}"), InterruptedService.addEntry)

  private static func row(
    _ operation: String, _ route: Operation.Route, content: ContentPolicy = .ignored,
    _ handler: @escaping Handler
  ) -> Endpoint<InterruptedService> {
    Endpoint(
      "pier.\(operation)", [route], "Is there for tests.", .assumed, needs: nil, content: content,
      description: .init(answers: []), handler: handler)
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

  package func claim(_ request: Request, in world: World<State>) -> Claim? {
    interruption.reached(.claim)
    let segments = request.target.path.split(separator: "/")
    guard segments.count == 1, let entry = segments.first.map(String.init), entry.hasPrefix("c")
    else { return nil }
    return Claim(
      Self.claimed,
      PathParameters(names: ["entry"], ranges: [0..<entry.utf8.count], bytes: Array(entry.utf8)))
  }

  private func add(_ entry: String, in world: World<State>) {
    world.mutate { state, _ in
      // A state that comes from a file has none.
      state.interruption = interruption
      state.entries.append(entry)
    }
  }

  package func respond(
    to call: Call, at endpoint: Endpoint<InterruptedService>, in world: World<State>
  ) -> ServiceAnswer {
    interruption.reached(.respondBegins)
    defer { interruption.reached(.respondEnds) }
    return endpoint.handler(self)(call, world)
  }

  private func list(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let entries = world.read { $0.entries }
    return .now(.json(.ok, JSON.array(entries.map { JSON.string($0) }).serialized()))
  }

  private func addEntry(_ call: Call, in world: World<State>) -> ServiceAnswer {
    add(call.parameters["entry"] ?? "", in: world)
    return .now(Response(.created))
  }

  private func addContent(_ call: Call, in world: World<State>) -> ServiceAnswer {
    add(String(decoding: call.content, as: UTF8.self), in: world)
    return .now(Response(.created))
  }

  private func work(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .later { content in
      interruption.reached(.workBegins)
      while let _ = try? await content.next() { await Task.yield() }
      interruption.reached(.workWaits)
      await Task.yield()
      add(call.parameters["entry"] ?? "", in: world)
      interruption.reached(.workEnds)
      return Response(.created)
    }
  }

  private func stream(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .now(
      .streaming(.created) { writer in
        interruption.reached(.bodyBegins)
        try await writer.write("1")
        await Task.yield()
        add(call.parameters["entry"] ?? "", in: world)
        try await writer.write("2")
        interruption.reached(.bodyEnds)
      })
  }

  private func plan(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let seconds = call.parameters["seconds"].flatMap { Int($0) } ?? 0
    world.mutate { state, step in
      state.interruption = interruption
      state.due = step.now + .seconds(seconds)
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
