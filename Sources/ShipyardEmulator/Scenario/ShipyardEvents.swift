package import EmulatorKernel
package import PayloadCodecs

extension ShipyardService {
  /// Things that people do in the web application, and so have no operation:
  ///
  /// - `{"runFleet": "Nightly"}`, also `{"fleet": "Nightly", "overrides": {…}}`: Run now.
  /// - `{"terminateRun": "<run id>"}` or the name of a fleet, whose newest open run is meant.
  /// - `{"terminateVessel": {"run": "<run id or fleet>", "vessel": "Load"}}`.
  /// - `{"replaceWebhook": "Nightly"}`, also `{"fleet", "id", "token"}`; `{"removeWebhook": "Nightly"}`.
  /// - `{"setRunnable": {"org": "Harbor Labs", "runnable": false}}`.
  package func emit(
    _ event: JSONObject, in world: World<ShipyardState>
  ) throws(ScenarioProblems) -> Bool {
    guard let kind = ShipyardEvent.kinds.first(where: { event[$0.name] != nil }),
      let value = event[kind.name]
    else { return false }
    let (key, read) = (kind.name, kind.read)
    let decoded = try ScenarioReader.read(value, at: "/\(key)", read)
    try world.mutate { state, step throws(ScenarioProblems) in
      do throws(ShipyardError) {
        try decoded.perform(on: &state, &step)
      } catch {
        throw ScenarioProblems([ScenarioProblem("/\(key)", error.reason)])
      }
    }
    return true
  }
}

extension ShipyardService {
  package var events: [ServiceEvent]? {
    ShipyardEvent.kinds.map { kind in
      ServiceEvent(kind.name, kind.schema) { reader in
        reader.object { event in
          _ = event.required(kind.name).flatMap(kind.read)
          return ()
        }
      }
    }
  }
}

private enum ShipyardEvent: Sendable {
  struct Kind: Sendable {
    var name: String
    var schema: JSON
    var read: @Sendable (ScenarioReader) -> ShipyardEvent?
  }

  static let kinds: [Kind] = {
    typealias Schema = ScenarioSchema
    let fleet = Schema.nonEmpty("A fleet's name or id.")
    func fleetOr(_ description: String, _ members: [(String, JSON)]) -> JSON {
      let object = Schema.object(description, [("fleet", fleet)] + members, required: ["fleet"])
      return ["description": .string(description), "anyOf": [fleet, .object(object)]]
    }
    let run = Schema.nonEmpty("A run's id, or a fleet, whose newest open run is meant.")
    return [
      Kind(
        name: "runFleet", schema: fleetOr("Run now.", [("overrides", ["type": "object"])]),
        read: { runFleet($0) }),
      Kind(
        name: "terminateRun",
        schema: [
          "anyOf": [run, .object(Schema.object("A run.", [("run", run)], required: ["run"]))]
        ], read: { terminateRun($0) }),
      Kind(
        name: "terminateVessel",
        schema: .object(
          Schema.object(
            "One vessel of a run.", [("run", run), ("vessel", Schema.nonEmpty("Name or id."))],
            required: ["run", "vessel"])), read: { terminateVessel($0) }),
      Kind(
        name: "replaceWebhook",
        schema: fleetOr(
          "Another webhook, made or given.",
          [("id", Schema.text("A UUID.")), ("token", Schema.text("The token."))]),
        read: { replaceWebhook($0) }),
      Kind(
        name: "removeWebhook", schema: fleetOr("Takes the webhook away.", []),
        read: { removeWebhook($0) }),
      Kind(
        name: "setRunnable",
        schema: .object(
          Schema.object(
            "Whether an organization may start runs.",
            [("org", Schema.nonEmpty("Name or id.")), ("runnable", Schema.flag("Absent: true."))],
            required: ["org"])), read: { setRunnable($0) }),
    ]
  }()

  case runFleet(fleet: String, overrides: JSON?)
  case terminate(run: String, vessel: String?)
  case setWebhook(fleet: String, NewWebhook)
  case setRunnable(organization: String, Bool)

  enum NewWebhook: Sendable { case none, made, given(Webhook) }

  /// A name by itself, or an object that holds it under `key`.
  private static func named<Value>(
    _ reader: ScenarioReader, _ key: String, _ body: (String, ScenarioObject?) -> Value?
  ) -> Value? {
    if case .string = reader.value { return reader.nonEmptyString().flatMap { body($0, nil) } }
    return reader.object { body($0.requiredString(key), $0) }
  }

  static func runFleet(_ reader: ScenarioReader) -> ShipyardEvent? {
    named(reader, "fleet") { .runFleet(fleet: $0, overrides: $1?.json("overrides")) }
  }
  static func terminateRun(_ reader: ScenarioReader) -> ShipyardEvent? {
    named(reader, "run") { run, _ in .terminate(run: run, vessel: nil) }
  }
  static func terminateVessel(_ reader: ScenarioReader) -> ShipyardEvent? {
    reader.object {
      .terminate(run: $0.requiredString("run"), vessel: $0.requiredString("vessel"))
    }
  }
  static func removeWebhook(_ reader: ScenarioReader) -> ShipyardEvent? {
    named(reader, "fleet") { fleet, _ in .setWebhook(fleet: fleet, .none) }
  }
  static func replaceWebhook(_ reader: ScenarioReader) -> ShipyardEvent? {
    named(reader, "fleet") { fleet, object in
      guard let object, object.has("id") || object.has("token") else {
        return .setWebhook(fleet: fleet, .made)
      }
      let token = object.requiredString("token")
      guard let id = ResourceID(object.requiredString("id")), !token.contains("/") else {
        object.problem("a webhook needs a UUID and a token without slashes")
        return nil
      }
      return .setWebhook(fleet: fleet, .given(Webhook(id: id, token: token)))
    }
  }
  static func setRunnable(_ reader: ScenarioReader) -> ShipyardEvent? {
    reader.object {
      .setRunnable(organization: $0.requiredString("org"), $0.bool("runnable") ?? true)
    }
  }

  func perform(
    on state: inout ShipyardState, _ step: inout ShipyardState.Step
  ) throws(ShipyardError) {
    switch self {
    case .runFleet(let name, let json):
      let fleetID = try state.fleetID(named: name)
      var input: RunInput?
      if let json {
        let overrides = try VesselOverrides(json, isStrict: true)
        var remarks: [String] = []
        input = try state.input(
          overrides, for: fleetID, content: json.serialized(), &remarks, &step)
      }
      _ = try state.accept(fleetID, by: .onDemand, input, &step)
    case .terminate(let run, let vessel):
      try state.terminate(runNamed: run, vessel: vessel, at: step.now)
    case .setWebhook(let name, let new):
      let fleetID = try state.fleetID(named: name)
      switch new {
      case .none: state.setWebhook(nil, of: fleetID)
      case .made: state.setWebhook(state.makeWebhook(&step), of: fleetID)
      case .given(let webhook):
        guard state.webhooks[webhook.id].map({ $0 == fleetID }) ?? true else {
          throw .badRequest("another fleet has this webhook")
        }
        state.setWebhook(webhook, of: fleetID)
      }
    case .setRunnable(let name, let isRunnable):
      guard
        let id = state.organizationIDs.first(where: {
          $0 == ResourceID(name) || state.organizations[$0]?.name == name
        })
      else { throw .badRequest("no organization '\(name)'") }
      state.setRunnable(isRunnable, organization: id, &step)
    }
  }
}

extension ShipyardState {
  /// A fleet by id or by name; a name that several fleets have is refused.
  fileprivate func fleetID(named name: String) throws(ShipyardError) -> ResourceID {
    if let id = ResourceID(name), fleets[id] != nil { return id }
    let names = fleets.values.compactMap { fleet in
      versions[fleet.versionKey].map { (id: fleet.id, name: $0.definition.name) }
    }
    let found = names.filter { $0.name == name }
    guard let fleet = found.first else {
      let hint = Nearest.hint(for: name, among: names.map(\.name))
      throw .badRequest("no fleet '\(name)'\(hint)")
    }
    guard found.count == 1 else {
      throw .badRequest("\(found.count) fleets are named '\(name)': give the id")
    }
    return fleet.id
  }

  fileprivate mutating func terminate(
    runNamed name: String, vessel: String?, at now: VirtualInstant
  ) throws(ShipyardError) {
    let position = try runPosition(named: name)
    let vessels = versions[runs[position].versionKey]?.definition.vessels ?? []
    let index = vessel.flatMap { name in
      vessels.firstIndex { $0.name == name || $0.id == ResourceID(name) }
    }
    if let vessel, index == nil {
      throw .badRequest("the run has no vessel '\(vessel)'")
    }
    guard terminate(position, vessel: index, at: now) else {
      throw .badRequest("nothing is left to terminate")
    }
  }

  /// A run by id, or the newest open run of a fleet.
  private func runPosition(named name: String) throws(ShipyardError) -> Int {
    if let id = ResourceID(name), let position = runPositions[id] { return position }
    let fleetID = try fleetID(named: name)
    guard let positions = fleets[fleetID]?.runPositions else {
      throw .badRequest("no run '\(name)'")
    }
    var next = positions.endIndex
    while next > positions.startIndex {
      next -= 1
      let position = positions[next]
      guard runs.contains(position) else { break }
      let run = runs[position]
      if !run.status.isFinal, !run.isWithdrawn { return position }
    }
    throw .badRequest("the fleet '\(name)' has no run that is still open")
  }
}
