package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// A small service for tests of the kernel: ships that arrive after a while.
package struct SampleService: EmulatedService {
  package struct State: ServiceState {
    package var heapBytes: Int { ships.spineBytes + log.heapBytes }
    package var recountedHeapBytes: Int { heapBytes }

    package typealias WakeKey = String

    package struct Ship: Codable, Sendable, Equatable {
      package var id: String
      package var cargo: BlobID?
      package var arrivesAt: VirtualInstant
      package var arrivedAt: VirtualInstant?
    }

    package init() {}

    package var ships: [String: Ship] = [:]
    /// What happened by itself, in order.
    package var log: [String] = []
    package var addedCount = 0
    package var dueRevision: UInt64 { UInt64(addedCount) }
    /// How much was jumped over.
    package var skipped = Duration.zero

    package mutating func timeSkips(by duration: Duration) { skipped += duration }

    package var inconsistencies: [String] {
      var findings = StateFindings()
      for (name, ship) in ships {
        findings.expect(!ship.id.isEmpty, "/ships/\(name)/id", "it is empty")
      }
      return findings.found
    }

    package var nextDue: VirtualInstant? {
      ships.values.filter { $0.arrivedAt == nil }.map(\.arrivesAt).min()
    }

    package mutating func advance(_ step: inout StepContext<String>) {
      let due = ships.filter { $0.value.arrivedAt == nil && $0.value.arrivesAt <= step.now }
      for (name, ship) in due.sorted(by: {
        ($0.value.arrivesAt, $0.key) < ($1.value.arrivesAt, $1.key)
      }) {
        ships[name]?.arrivedAt = step.now
        log.append("\(name)@\(ship.arrivesAt.epochSeconds)")
        step.wake(name)
      }
    }

    package mutating func add(_ name: String, in pause: Duration, _ step: inout StepContext<String>)
      -> Ship
    {
      let ship = Ship(id: step.ids.uuid("ship"), arrivesAt: step.now + pause)
      ships[name] = ship
      addedCount += 1
      return ship
    }

    /// Whether it is under way.
    package func isComing(_ name: String) -> Bool {
      ships[name].map { $0.arrivedAt == nil } ?? false
    }
  }

  package init() {}

  /// What a pilot does while a call of `ship.pilot` is at work; nil: nothing.
  package var pilot: (@Sendable () async -> Void)?

  package var name = "harbor"
  package var hostNames = ["api.harbor.example", "*.localhost"]
  package var endpoints: [Endpoint<SampleService>] {
    [
      row("ship.list", .get("/ships"), fidelity: .documented, SampleService.listShips),
      row(
        "ship.create", .post("/ships"), fidelity: .documented, content: .collected(limit: 64),
        SampleService.createShip),
      row(
        "ship.get", .get("/ships/{ship}"), fidelity: .seenInClient, per: "ship",
        SampleService.getShip),
      row(
        "cargo.put", .put("/ships/{vessel}/cargo"), content: .streamed, per: "vessel",
        SampleService.putCargo),
      row("ship.wait", .get("/ships/{ship}/wait"), SampleService.waitForShip),
      row("tides", .get("/api/v1/tides/{day}"), path: .lenient, SampleService.nameOperation),
      door,
      row("ship.pilot", .post("/ships/{ship}/pilot"), SampleService.pilotShip),
      row("ship.tow", .post("/ships/{ship}/tow"), SampleService.towShip),
      row(
        "note.add", .post("/ships/{vessel}/note"), content: .streamed, per: "vessel",
        SampleService.addNote),
    ]
  }

  private var door: Endpoint<SampleService> {
    row(
      "door.knock", .post("/doors/{ship}"), content: .collectedByDefault, per: "ship",
      SampleService.nameOperation)
  }

  private func row(
    _ operation: String, _ route: Operation.Route, fidelity: Fidelity = .assumed,
    content: ContentPolicy = .ignored, per resource: String? = nil,
    path: Operation.PathComparison = .exact, _ handler: @escaping Handler
  ) -> Endpoint<SampleService> {
    Endpoint(
      "\(name).\(operation)", [route], "Is there for tests.", fidelity, needs: nil,
      content: content, per: resource, path: path, description: .init(answers: []),
      handler: handler)
  }

  package func makeState(
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

  package var keyFields: [String] { ["x-harbor-key"] }
  package var secretFields: [String] { ["x-harbor-secret"] }

  package func credential(of request: Request) -> String? { request.fields["authorization"] }

  package func claim(_ request: Request, in world: World<State>) -> Claim? {
    let segments = request.target.path.split(separator: "/")
    guard segments.count == 1, let ship = segments.first.map(String.init),
      world.read({ $0.ships[ship] != nil })
    else { return nil }
    return Claim(
      door, PathParameters(names: ["ship"], ranges: [0..<ship.utf8.count], bytes: Array(ship.utf8)))
  }

  private func listShips(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let names = world.read { $0.ships.keys.sorted() }
    return .now(.json(.ok, JSON.array(names.map { JSON.string($0) }).serialized()))
  }

  private func createShip(_ call: Call, in world: World<State>) -> ServiceAnswer {
    guard let json = try? call.json(), let name = json["name"]?.stringValue else {
      return .now(
        failure(ServiceFailure(.badRequest, status: 400), operation: nil, request: call.request))
    }
    let made = world.mutate { state, step in
      state.add(name, in: .seconds(json["after"]?.intValue ?? 10), &step)
    }
    var response = Response.json(.created, JSON.object(["id": .string(made.id)]).serialized())
    response.fields.append("Location", "\(call.baseURL)/ships/\(name)")
    return .now(response)
  }

  private func getShip(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let ship = Self.ship(call)
    return .later { _ in
      await world.look { state in state.isComing(ship) }
      let found = world.read { $0.ships[ship] }
      guard let found else {
        return failure(
          ServiceFailure(.unknownPath, status: 404), operation: nil, request: call.request)
      }
      return .json(.ok, JSON.object(["arrived": .bool(found.arrivedAt != nil)]).serialized())
    }
  }

  private func putCargo(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let ship = Self.ship(call)
    return .later { content in
      let bytes = (try? await content.collect(limit: 1 << 20)) ?? nil
      guard let bytes, let blob = try? world.blobs.store(bytes) else {
        return Response(.init(507))
      }
      world.mutate { state, _ in state.ships[ship]?.cargo = blob }
      return Response(.noContent)
    }
  }

  /// One that is empty has to wait.
  private func addNote(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let add = { @Sendable (note: [UInt8], way: String) -> Response in
      let text = String(decoding: note, as: UTF8.self)
      world.mutate { state, _ in state.log.append("\(way): \(text)") }
      return Response(.created, body: .bytes(Array(way.utf8)))
    }
    return .atOnce(
      { note in note.isEmpty ? nil : add(note, "at once") },
      orLater: { content in
        let note = (try? await content.collect(limit: 1 << 20)) ?? nil
        return note.map { add($0, "later") } ?? Response(.badRequest)
      })
  }

  private func waitForShip(_ call: Call, in world: World<State>) -> ServiceAnswer {
    let ship = Self.ship(call)
    return .later { _ in
      let arrived = try? await world.wait(for: ship) { state, _ in
        Awaited(state.ships[ship]?.arrivedAt, else: state.isComing(ship))
      }
      guard arrived != nil else { return Response(.notFound) }
      // What it is when the answer is made.
      return .json(.ok, JSON.integer(Int(world.now.epochSeconds)).serialized())
    }
  }

  private func pilotShip(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .later { _ in
      await pilot?()
      return Response(.noContent)
    }
  }

  private func towShip(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .later { _ in
      await world.tenant.whileOutside { await pilot?() }
      return Response(.noContent)
    }
  }

  private func nameOperation(_ call: Call, in world: World<State>) -> ServiceAnswer {
    .now(
      .json(
        .ok,
        JSON.object([
          "operation": .string(call.operation.name), "ship": .string(Self.ship(call)),
        ]).serialized()))
  }

  private static func ship(_ call: Call) -> String {
    call.parameters["ship"] ?? call.parameters["vessel"] ?? ""
  }

  package func failure(_ failure: ServiceFailure, operation: Operation?, request: Request)
    -> Response
  {
    .json(
      Status(failure.status),
      JSON.object(["harborError": .string(failure.message ?? "\(failure.kind)")]).serialized())
  }

  package func describe(_ world: World<State>) -> JSON {
    .object(world.read { ["ships": .integer($0.ships.count), "arrived": .integer($0.log.count)] })
  }

  package func inventory(_ world: World<State>) -> [WorldThing] {
    world.read { $0.ships.keys.sorted() }.map { WorldThing("ship", [$0]) }
  }

  package func emit(_ event: JSONObject, in world: World<State>) throws(ScenarioProblems) -> Bool {
    guard let name = event["sink"]?.stringValue else { return false }
    world.mutate { state, _ in state.ships[name] = nil }
    return true
  }
}
