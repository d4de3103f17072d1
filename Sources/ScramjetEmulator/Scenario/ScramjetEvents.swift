import EmulatorKernel
import PayloadCodecs

/// What a scenario can make happen.
///
/// **Shape**: one of `{"crashHub": ID}`, `{"recoverHub": ID}`, `{"disconnectHub": ID}`, `{"addHub":
/// ID}`, `{"removeHub": ID}` (each with an optional `space`), `{"killInstance": ID}`, `{"failInstance":
/// ID, "code": N}`, `{"endInstance": ID}`, `{"instanceEvent": ID, "name", "message"}`, `{"health": ID,
/// "healthy": BOOL}`.
enum ScramjetEvents {
  private enum Kind: String, CaseIterable {
    case crashHub, recoverHub, disconnectHub, addHub, removeHub
    case killInstance, failInstance, endInstance, instanceEvent, health

    var isOfHub: Bool {
      switch self {
      case .crashHub, .recoverHub, .disconnectHub, .addHub, .removeHub: true
      case .killInstance, .failInstance, .endInstance, .instanceEvent, .health: false
      }
    }

    /// What may stand beside the id.
    var others: [(String, JSON)] {
      switch self {
      case .failInstance: [("code", ["type": "integer", "minimum": 1, "maximum": 255])]
      case .instanceEvent:
        [("name", ScenarioSchema.text("The event's name.")), ("message", ["description": "Any."])]
      case .health: [("healthy", ScenarioSchema.flag("Absent: false."))]
      default: isOfHub ? [("space", ScenarioSchema.text("The space; absent: the first."))] : []
      }
    }
  }

  private struct Order: Sendable {
    let kind: Kind
    let id: String
    let space: String?
    let code: Int
    let name: String
    let message: JSON?
    let isHealthy: Bool

    init(_ kind: Kind, _ object: ScenarioObject) {
      self.kind = kind
      id = object.requiredString(kind.rawValue)
      space = kind.isOfHub ? object.string("space") : nil
      code = (kind == .failInstance ? object.int("code", in: 1...255) : nil) ?? 1
      name = (kind == .instanceEvent ? object.string("name") : nil) ?? "event"
      message = kind == .instanceEvent ? object.json("message") : nil
      isHealthy = (kind == .health ? object.bool("healthy") : nil) ?? false
    }
  }

  static var all: [ServiceEvent] {
    Kind.allCases.map { kind in
      let value = ScenarioSchema.nonEmpty(kind.isOfHub ? "A hub's id." : "An instance's id.")
      return ServiceEvent(kind.rawValue, value, beside: JSONObject(kind.others)) { reader in
        _ = reader.object { Order(kind, $0) }
      }
    }
  }

  static func perform(
    _ event: JSONObject, in world: World<ScramjetState>
  ) throws(ScenarioProblems) -> Bool {
    guard let kind = Kind.allCases.first(where: { event[$0.rawValue] != nil }) else { return false }
    let order = try ScenarioReader.read(.object(event)) { reader in
      reader.object { Order(kind, $0) }
    }
    let problem = world.mutate { state, step -> ScenarioProblem? in
      defer { state.runWork(&step) }
      return order.kind.isOfHub
        ? changeHub(order, &state, &step) : changeInstance(order, &state, &step)
    }
    if let problem { throw ScenarioProblems([problem]) }
    return true
  }

  private static func changeHub(
    _ order: Order, _ state: inout ScramjetState, _ step: inout ScramjetState.Step
  ) -> ScenarioProblem? {
    let space =
      order.space.map { state.space($0) } ?? state.spaceOrder.first.flatMap { state.spaces[$0] }
    guard let space else {
      return ScenarioProblem("/space", "there is no space \"\(order.space ?? "")\"")
    }
    let hub = state.hub(order.id, in: space)
    let place = "/" + order.kind.rawValue
    if order.kind == .addHub {
      guard hub == nil else {
        return ScenarioProblem(place, "the hub \"\(order.id)\" is there already")
      }
      state.addHub(order.id, to: space.serial, &step)
      return nil
    }
    guard let hub else { return ScenarioProblem(place, "there is no hub \"\(order.id)\"") }
    switch order.kind {
    case .crashHub: state.crashHub(hub.serial, &step)
    case .recoverHub: state.recoverHub(hub.serial, &step)
    case .disconnectHub: state.disconnectHub(hub.serial, reason: "id_drop", &step)
    default: state.removeHub(hub.serial, &step)
    }
    return nil
  }

  private static func changeInstance(
    _ order: Order, _ state: inout ScramjetState, _ step: inout ScramjetState.Step
  ) -> ScenarioProblem? {
    guard let key = state.hubs.values.lazy.compactMap({ $0.instances[order.id] }).first else {
      return ScenarioProblem(
        "/" + order.kind.rawValue, "there is no instance \"\(order.id)\"")
    }
    switch order.kind {
    case .killInstance: state.end(key, .killed, &step)
    case .failInstance: state.end(key, .failed(order.code), &step)
    case .endInstance: state.finishMain(key, &step)
    case .health: state.instances[key]?.isHealthy = order.isHealthy
    default: state.emit(order.name, order.message, from: key, hops: 0, &step)
    }
    return nil
  }
}
