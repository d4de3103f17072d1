package import EmulatorKernel
package import PayloadCodecs

extension ShipyardService {
  /// Things that people do in the web application, and so have no operation.
  package func emit(
    _ event: JSONObject, in world: World<ShipyardState>
  ) throws(ScenarioProblems) -> Bool {
    guard let kind = ShipyardEvent.kinds.first(where: { event[$0.name] != nil }) else {
      return false
    }
    let key = kind.name
    let decoded = try ScenarioReader.read(.object(event), kind.form.read)
    try world.mutate { state, step throws(ScenarioProblems) in
      do throws(ShipyardError) {
        try decoded.perform(on: &state, &step)
      } catch {
        throw ScenarioProblems([ScenarioProblem("/\(key)", error.reason)])
      }
    }
    return true
  }

  package var events: [ServiceEvent]? {
    ShipyardEvent.kinds.map { kind in
      ServiceEvent(kind.name, kind.form, opposite: { ShipyardEvent.opposite(of: $0) })
    }
  }
}

private enum ShipyardEvent: Sendable {
  struct Kind: Sendable {
    var name: String
    var form: Form<ShipyardEvent>

    /// - Parameter value: what stands under the event's name.
    init(_ name: String, _ sentence: String, _ value: Form<ShipyardEvent>) {
      self.name = name
      form = .object(
        "An event.", .runFleet(fleet: "", overrides: nil),
        [.required(name, value, sentence) { $0 = $1 }])
    }
  }

  /// What takes an event back: only whether an organization may start runs can be.
  static func opposite(of event: JSONObject) -> JSONObject? {
    guard case .object(var value) = event["setRunnable"] else { return nil }
    let isRunnable = value["runnable"].map { $0.boolValue ?? false } ?? true
    value["runnable"] = .bool(!isRunnable)
    return ["setRunnable": .object(value)]
  }

  static let kinds: [Kind] = [
    Kind(
      "runFleet", "A fleet runs now.",
      fleet([
        .optional(
          "overrides", \.overrides, .json, "What vessels get in place of their own settings.",
          example: [:])
      ]).map { .runFleet(fleet: $0.name, overrides: $0.overrides) }),
    Kind(
      "terminateRun", "A run ends.",
      named("run", run, "A run's id, or a fleet, whose newest open run is meant.", []).map {
        .terminate(run: $0.name, vessel: nil)
      }),
    Kind(
      "terminateVessel", "One vessel of a run ends.",
      Form.object(
        "One vessel of a run.", Named(),
        [
          .required("run", \.name, run, "A run's id, or a fleet, whose newest open run is meant."),
          .required("vessel", \.vessel, .nonEmptyText, "Name or id.", example: "Load"),
        ]
      ).map { .terminate(run: $0.name, vessel: $0.vessel) }),
    Kind(
      "replaceWebhook", "Another webhook, made or given.",
      fleet([
        .optional(
          "id", \.id, .text, "A UUID.", example: "8d2f4b1e-7a3c-4c0b-9f5e-2d6a1b3c4d5e",
          beside: ["token": "t"]),
        .optional(
          "token", \.token, .text, "The token.", example: "t",
          beside: ["id": "8d2f4b1e-7a3c-4c0b-9f5e-2d6a1b3c4d5e"]),
      ]).checked(webhook)),
    Kind(
      "removeWebhook", "A fleet's webhook goes away.",
      fleet([]).map { .setWebhook(fleet: $0.name, .none) }),
    Kind(
      "setRunnable", "Whether an organization may start runs.",
      Form.object(
        "Whether an organization may start runs.", Named(),
        [
          .required("org", \.name, .nonEmptyText, "Name or id.", example: "Harbor Labs"),
          .standard("runnable", \.isRunnable, .flag, true, "Whether it may."),
        ]
      ).map { .setRunnable(organization: $0.name, $0.isRunnable) }),
  ]

  /// What events hold, whichever they are.
  private struct Named: Sendable {
    var name = ""
    var overrides: JSON?
    var vessel = ""
    var id: String?
    var token: String?
    var isRunnable = true
  }

  private static let run = Form<String>.nonEmptyText.described(example: "Nightly")

  private static func fleet(_ fields: [Field<Named>]) -> Form<Named> {
    named("fleet", run, "A fleet's name or id.", fields)
  }

  /// A name by itself, or an object that holds it under `key`.
  private static func named(
    _ key: String, _ form: Form<String>, _ sentence: String, _ fields: [Field<Named>]
  ) -> Form<Named> {
    .either(
      form.map { Named(name: $0) }, when: { $0.stringValue != nil },
      else: .object(
        "With more to say.", Named(), [.required(key, \.name, form, sentence)] + fields),
      sentence)
  }

  @Sendable private static func webhook(
    _ named: Named, _ reader: ScenarioReader
  ) -> ShipyardEvent? {
    guard named.id != nil || named.token != nil else {
      return .setWebhook(fleet: named.name, .made)
    }
    guard let id = ResourceID(named.id ?? ""), let token = named.token, !token.isEmpty,
      !token.contains("/")
    else {
      reader.problem("a webhook needs a UUID and a token without slashes")
      return nil
    }
    return .setWebhook(fleet: named.name, .given(Webhook(id: id, token: token)))
  }

  case runFleet(fleet: String, overrides: JSON?)
  case terminate(run: String, vessel: String?)
  case setWebhook(fleet: String, NewWebhook)
  case setRunnable(organization: String, Bool)

  enum NewWebhook: Sendable { case none, made, given(Webhook) }

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
      let hint = Nearest.hint(for: name, among: names.map(\.name).sorted())
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
