import EmulatorKernel
import PayloadCodecs
import Scenarios

/// What a scenario can make happen.
enum ScramjetEvents {
  private enum Kind: String, CaseIterable {
    case crashHub, recoverHub, disconnectHub, addHub, removeHub
    case killInstance, failInstance, endInstance, holdInstance, instanceEvent, health

    var isOfHub: Bool {
      switch self {
      case .crashHub, .recoverHub, .disconnectHub, .addHub, .removeHub: true
      case .killInstance, .failInstance, .endInstance, .holdInstance, .instanceEvent, .health: false
      }
    }

    var sentence: String {
      switch self {
      case .crashHub: "A hub crashes: its instances are gone."
      case .recoverHub: "A hub comes back."
      case .disconnectHub: "The platform does not reach a hub any more."
      case .addHub: "A hub joins."
      case .removeHub: "A hub goes for good."
      case .killInstance: "An instance is killed."
      case .failInstance: "An instance fails."
      case .endInstance: "An instance is through with its work."
      case .holdInstance: "An instance's own process stands still for a while."
      case .instanceEvent: "An instance emits an event."
      case .health: "An instance says how it is."
      }
    }

    /// What takes an event of this kind back; nil: nothing does.
    func opposite(of event: JSONObject) -> JSONObject? {
      let other: Kind
      switch self {
      case .crashHub, .disconnectHub: other = .recoverHub
      case .addHub: other = .removeHub
      case .health:
        var opposite = event
        opposite["healthy"] = .bool(!(event["healthy"]?.boolValue ?? false))
        return opposite
      default: return nil
      }
      return JSONObject(
        event.members.map { ($0.key == rawValue ? other.rawValue : $0.key, $0.value) })
    }

    /// What may stand beside the id.
    var others: [Field<Order>] {
      switch self {
      case .failInstance:
        [.standard("code", \.code, .int(in: 1...255), 1, "Its exit code.", example: 137)]
      case .instanceEvent:
        [
          .standard("name", \.name, .text, "event", "The event's name.", example: "progress"),
          .optional("message", \.message, .json, "Its message.", example: ["percent": 50]),
        ]
      case .holdInstance:
        [.standard("by", \.delay, .duration, "2s", "For how long.", example: "5s")]
      case .health:
        [.standard("healthy", \.isHealthy, .flag, false, "Whether it is well.")]
      case .killInstance, .endInstance: []
      case .crashHub, .recoverHub, .disconnectHub, .addHub, .removeHub:
        [.optional("space", \.space, .text, "The space's id; absent: the first.", example: "demo")]
      }
    }

    var form: Form<Order> {
      .object(
        "An event.", Order(kind: self),
        [
          .required(
            rawValue, \.id, .nonEmptyText, sentence,
            example: isOfHub ? "sth-0" : "11111111-1111-4111-8111-111111111112")
        ] + others)
    }
  }

  /// Made once: a form is many objects.
  private static let forms = Kind.allCases.map { (kind: $0, form: $0.form) }

  private struct Order: Sendable {
    let kind: Kind
    var id = ""
    /// As it was asked for.
    var text = ""
    var space: String?
    var code = 1
    var name = "event"
    var message: JSON?
    var isHealthy = false
    var delay = Duration.seconds(2)
  }

  static var all: [ServiceEvent] {
    forms.map { kind, form in
      ServiceEvent(kind.rawValue, form, opposite: { kind.opposite(of: $0) })
    } + CodeEvent.all
  }

  static func perform(
    _ event: JSONObject, in world: World<ScramjetState>
  ) throws(ScenarioProblems) -> Bool {
    if let event = try CodeEvent.read(event) { return try perform(event, in: world) }
    guard let form = forms.first(where: { event[$0.kind.rawValue] != nil })?.form else {
      return false
    }
    var order = try ScenarioReader.read(.object(event), form.read)
    order.text = JSON.object(event).text.clipped(to: 200)
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
    case .crashHub: state.crashHub(hub.serial, by: "crashed by emit \(order.text)", &step)
    case .recoverHub: state.recoverHub(hub.serial, &step)
    case .disconnectHub:
      state.disconnectHub(
        hub.serial, reason: "id_drop", by: "disconnected by emit \(order.text)", &step)
    default: state.removeHub(hub.serial, &step)
    }
    return nil
  }

  /// A stand-in ends as the code that it stands for; there is nothing of it that could be slow.
  /// False: the instance is another service's.
  private static func perform(
    _ event: CodeEvent, in world: World<ScramjetState>
  ) throws(ScenarioProblems) -> Bool {
    try world.mutate { state, step throws(ScenarioProblems) in
      defer { state.runWork(&step) }
      guard let key = state.instance(withID: event.instance) else { return false }
      switch event.kind {
      case .crashWorker: state.crash(key, .failed(213), &step)
      case .outOfMemory: state.crash(key, .failed(137), &step)
      case .slowWorker:
        guard state.instances[key]?.process?.isDrained == false else {
          throw ScenarioProblems("\(event.instance) has no process", at: "/slowWorker")
        }
        state.slowDown(key, by: event.delay)
      }
      return true
    }
  }

  private static func changeInstance(
    _ order: Order, _ state: inout ScramjetState, _ step: inout ScramjetState.Step
  ) -> ScenarioProblem? {
    guard let key = state.instance(withID: order.id) else {
      return ScenarioProblem(
        "/" + order.kind.rawValue, "there is no instance \"\(order.id)\"")
    }
    let isOver = state.instances[key]?.status.isOver ?? true
    switch order.kind {
    case .killInstance where isOver, .failInstance where isOver:
      return ScenarioProblem("/" + order.kind.rawValue, "\(order.id) is over already")
    case .killInstance: state.end(key, .killed, &step)
    case .failInstance: state.end(key, .failed(order.code), &step)
    case .endInstance: state.finishMain(key, &step)
    case .holdInstance:
      guard state.instances[key]?.process?.isDrained == false else {
        return ScenarioProblem("/holdInstance", "\(order.id) has no process")
      }
      state.holdProcess(key, for: order.delay, &step)
    case .health: state.instances[key]?.isHealthy = order.isHealthy
    default: state.emit(order.name, order.message, from: key, hops: 0, &step)
    }
    return nil
  }
}
