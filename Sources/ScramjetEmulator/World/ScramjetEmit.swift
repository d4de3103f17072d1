import EmulatorKernel
import PayloadCodecs

/// What a scenario can make happen.
///
/// **Shape**: one of `{"crashHub": ID}`, `{"recoverHub": ID}`, `{"disconnectHub": ID}`, `{"addHub":
/// ID}`, `{"removeHub": ID}` (each with an optional `space`), `{"killInstance": ID}`, `{"failInstance":
/// ID, "code": N}`, `{"endInstance": ID}`, `{"instanceEvent": ID, "name", "message"}`, `{"health": ID,
/// "healthy": BOOL}`.
enum ScramjetEmit {
  private static let kinds = [
    "crashHub", "recoverHub", "disconnectHub", "addHub", "removeHub", "killInstance",
    "failInstance", "endInstance", "instanceEvent", "health",
  ]

  private struct Order: Sendable {
    var id: String
    var space: String?
    var code: Int
    var name: String
    var message: JSON?
    var isHealthy: Bool
  }

  static var events: [ServiceEvent] {
    let space = ("space", ScenarioSchema.text("The space; absent: the first."))
    return kinds.map { kind in
      var others: [(String, JSON)] = kind.hasSuffix("Hub") ? [space] : []
      switch kind {
      case "failInstance":
        others = [("code", ["type": "integer", "minimum": 1, "maximum": 255])]
      case "instanceEvent":
        others = [
          ("name", ScenarioSchema.text("The event's name.")), ("message", ["description": "Any."]),
        ]
      case "health": others = [("healthy", ScenarioSchema.flag("Absent: false."))]
      default: break
      }
      let value = ScenarioSchema.nonEmpty(
        kind.hasSuffix("Hub") ? "A hub's id." : "An instance's id.")
      return ServiceEvent(kind, value, beside: JSONObject(others)) { reader in
        _ = reader.object { read(kind, $0) }
      }
    }
  }

  private static func read(_ kind: String, _ object: ScenarioObject) -> Order {
    Order(
      id: object.requiredString(kind), space: kind.hasSuffix("Hub") ? object.string("space") : nil,
      code: kind == "failInstance" ? object.int("code", in: 1...255) ?? 1 : 1,
      name: (kind == "instanceEvent" ? object.string("name") : nil) ?? "event",
      message: kind == "instanceEvent" ? object.json("message") : nil,
      isHealthy: kind == "health" ? object.bool("healthy") ?? false : false)
  }

  static func perform(
    _ event: JSONObject, in world: World<ScramjetState>
  ) throws(ScenarioProblems) -> Bool {
    guard let kind = kinds.first(where: { event[$0] != nil }) else { return false }
    let order = try ScenarioReader.read(.object(event)) { reader in
      reader.object { read(kind, $0) }
    }
    let problem = world.mutate { state, step -> ScenarioProblem? in
      let space =
        order.space.flatMap { state.space($0) }
        ?? state.spaceOrder.first.flatMap { state.spaces[$0] }
      guard let space, order.space == nil || space.id == order.space else {
        return ScenarioProblem("/space", "there is no space \"\(order.space ?? "")\"")
      }
      if kind.hasSuffix("Hub") { return changeHub(kind, order.id, space, &state, &step) }
      guard let serial = instance(order.id, state) else {
        return ScenarioProblem("/" + kind, "there is no instance \"\(order.id)\"")
      }
      switch kind {
      case "killInstance": state.end(serial, .killed, &step)
      case "failInstance": state.end(serial, .failed(order.code), &step)
      case "endInstance": state.finishMain(serial, &step)
      case "health": state.instances[serial]?.isHealthy = order.isHealthy
      default: state.emit(order.name, order.message, from: serial, hops: 0, &step)
      }
      state.runWork(&step)
      return nil
    }
    if let problem { throw ScenarioProblems([problem]) }
    return true
  }

  private static func changeHub(
    _ kind: String, _ id: String, _ space: Space, _ state: inout ScramjetState,
    _ step: inout ScramjetState.Step
  ) -> ScenarioProblem? {
    let hub = state.hub(id, in: space)
    if kind == "addHub" {
      guard hub == nil else {
        return ScenarioProblem("/addHub", "the hub \"\(id)\" is there already")
      }
      state.addHub(id, to: space.serial, &step)
      return nil
    }
    guard let hub else { return ScenarioProblem("/" + kind, "there is no hub \"\(id)\"") }
    switch kind {
    case "crashHub": state.crashHub(hub.serial, &step)
    case "recoverHub": state.recoverHub(hub.serial, &step)
    case "disconnectHub": state.disconnectHub(hub.serial, reason: "id_drop", &step)
    default: state.removeHub(hub.serial, &step)
    }
    return nil
  }

  private static func instance(_ id: String, _ state: borrowing ScramjetState) -> Int? {
    for hub in state.hubs.values { if let serial = hub.instances[id] { return serial } }
    return nil
  }
}
