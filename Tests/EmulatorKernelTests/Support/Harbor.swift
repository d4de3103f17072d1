import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A small service for tests of the kernel: ships that arrive after a while.
struct Harbor: EmulatedService {
  struct State: ServiceState {
    typealias WakeKey = String

    struct Ship: Codable, Sendable, Equatable {
      var id: String
      var cargo: BlobID?
      var arrivesAt: VirtualInstant
      var arrivedAt: VirtualInstant?
    }

    var ships: [String: Ship] = [:]
    /// What happened by itself, in order.
    var log: [String] = []

    var nextDue: VirtualInstant? {
      ships.values.filter { $0.arrivedAt == nil }.map(\.arrivesAt).min()
    }

    mutating func advance(_ step: inout StepContext<String>) {
      let due = ships.filter { $0.value.arrivedAt == nil && $0.value.arrivesAt <= step.now }
      for (name, ship) in due.sorted(by: {
        ($0.value.arrivesAt, $0.key) < ($1.value.arrivesAt, $1.key)
      }) {
        ships[name]?.arrivedAt = step.now
        log.append("\(name)@\(ship.arrivesAt.epochSeconds)")
        step.wake(name)
      }
    }

    mutating func add(_ name: String, in pause: Duration, _ step: inout StepContext<String>) -> Ship
    {
      let ship = Ship(id: step.ids.uuid("ship"), arrivesAt: step.now + pause)
      ships[name] = ship
      return ship
    }
  }

  var name = "harbor"
  var hostNames = ["api.harbor.example", "*.localhost"]
  var operations: [Operation] {
    [
      Operation(
        "\(name).ship.list", [.init(.get, "/ships")], content: .ignored, fidelity: .documented,
        summary: "Lists."),
      Operation(
        "\(name).ship.create", [.init(.post, "/ships")], content: .collected(limit: 64),
        fidelity: .documented, summary: "Creates."),
      Operation(
        "\(name).ship.get", [.init(.get, "/ships/{ship}")], content: .ignored,
        fidelity: .seenInClient, summary: "Reads.", resourceParameter: "ship"),
      Operation(
        "\(name).cargo.put", [.init(.put, "/ships/{vessel}/cargo")], content: .streamed,
        fidelity: .assumed, summary: "Loads.", resourceParameter: "vessel"),
      Operation(
        "\(name).ship.wait", [.init(.get, "/ships/{ship}/wait")], content: .ignored,
        fidelity: .assumed, summary: "Waits for arrival."),
      Operation(
        "\(name).tides", [.init(.get, "/api/v1/tides/{day}")], content: .ignored,
        fidelity: .assumed, summary: "Tides.", isLenientPath: true),
      Operation(
        "\(name).door.knock", [.init(.post, "/doors/{ship}")], content: .collectedByDefault,
        fidelity: .assumed, summary: "Knocks.", resourceParameter: "ship"),
    ]
  }

  func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<String>
  ) throws(ScenarioProblems) -> State {
    var state = State()
    if let ships = seed.given?["ships"] {
      guard let names = ships.arrayValue else {
        throw ScenarioProblems([ScenarioProblem("/ships", "expected an array")])
      }
      for name in names { _ = state.add(name.stringValue ?? "?", in: .seconds(10), &step) }
    }
    return state
  }

  func credential(of request: Request) -> String? { request.fields["authorization"] }

  func claim(
    _ request: Request, in world: World<State>
  ) -> (operationIndex: Int, parameters: PathParameters)? {
    let segments = request.target.path.split(separator: "/")
    guard segments.count == 1, let ship = segments.first.map(String.init),
      world.read({ $0.ships[ship] != nil })
    else { return nil }
    return (
      6, PathParameters(names: ["ship"], ranges: [0..<ship.utf8.count], bytes: Array(ship.utf8))
    )
  }

  func respond(to call: Call, in world: World<State>) -> ServiceAnswer {
    let ship = call.parameters["ship"] ?? call.parameters["vessel"] ?? ""
    switch call.operationIndex {
    case 0:
      let names = world.read { $0.ships.keys.sorted() }
      return .now(.json(.ok, JSON.array(names.map { JSON.string($0) }).serialized()))
    case 1:
      guard let json = try? JSON(parsing: call.content), let name = json["name"]?.stringValue else {
        return .now(
          failure(ServiceFailure(.badRequest, status: 400), operation: nil, request: call.request))
      }
      let made = world.mutate { state, step in
        state.add(name, in: .seconds(json["after"]?.intValue ?? 10), &step)
      }
      var response = Response.json(.created, JSON.object(["id": .string(made.id)]).serialized())
      response.fields.append("Location", "\(call.baseURL)/ships/\(name)")
      return .now(response)
    case 2:
      world.lookedAtPending()
      let found = world.read { $0.ships[ship] }
      guard let found else {
        return .now(
          failure(ServiceFailure(.unknownPath, status: 404), operation: nil, request: call.request))
      }
      return .now(
        .json(.ok, JSON.object(["arrived": .bool(found.arrivedAt != nil)]).serialized()))
    case 3:
      return .later { content in
        let bytes = (try? await content.collect(limit: 1 << 20)) ?? nil
        guard let bytes, let blob = try? world.blobs.store(bytes) else {
          return Response(.init(507))
        }
        world.mutate { state, _ in state.ships[ship]?.cargo = blob }
        return Response(.noContent)
      }
    case 4:
      return .later { _ in
        let arrived = try? await world.wait(for: ship) { state, _ in state.ships[ship]?.arrivedAt }
        return Response(arrived == nil ? .notFound : .ok)
      }
    default:
      return .now(
        .json(
          .ok,
          JSON.object(["operation": .string(call.operation.name), "ship": .string(ship)])
            .serialized()))
    }
  }

  func failure(_ failure: ServiceFailure, operation: Operation?, request: Request) -> Response {
    .json(
      Status(failure.status),
      JSON.object(["harborError": .string(failure.message ?? "\(failure.kind)")]).serialized())
  }

  func describe(_ world: World<State>) -> JSON {
    .object(["ships": .integer(world.read { $0.ships.count })])
  }

  func emit(_ event: JSONObject, in world: World<State>) throws(ScenarioProblems) -> Bool {
    guard let name = event["sink"]?.stringValue else { return false }
    world.mutate { state, _ in state.ships[name] = nil }
    return true
  }
}
