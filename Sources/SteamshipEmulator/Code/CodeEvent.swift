import CodeRuntime
import EmulatorKernel
import PayloadCodecs
import Scenarios

/// What a scenario can make happen to code.
enum CodeEvent {
  enum Kind: String, CaseIterable, Sendable {
    case crashWorker, slowWorker, outOfMemory

    var sentence: String {
      switch self {
      case .crashWorker: "The processes that have an instance's code loaded end at once."
      case .slowWorker: "The next call of an instance's code takes longer."
      case .outOfMemory:
        "The next call of an instance's code ends as one that the kernel ends for want of memory."
      }
    }

    fileprivate var form: Form<Order> {
      .object(
        "An event.", Order(kind: self),
        [.required(rawValue, \.instance, .nonEmptyText, sentence, example: "greeter-1")]
          + (self == .slowWorker
            ? [.standard("by", \.delay, .duration, "2s", "By how much.", example: "5s")]
            : []))
    }
  }

  fileprivate struct Order: Sendable {
    let kind: Kind
    /// Its handle.
    var instance = ""
    var delay = Duration.seconds(2)
  }

  static var all: [ServiceEvent] { Kind.allCases.map { ServiceEvent($0.rawValue, $0.form) } }
}

/// What the next call of an instance's code meets.
struct CodeTrouble: Sendable {
  var delay = Duration.zero
  var endsForWantOfMemory = false
}

extension SteamshipService {
  /// False: the event is about something else.
  func emitCodeEvent(
    _ event: JSONObject, in world: World<State>
  ) throws(ScenarioProblems) -> Bool {
    guard let kind = CodeEvent.Kind.allCases.first(where: { event[$0.rawValue] != nil }) else {
      return false
    }
    let order = try ScenarioReader.read(.object(event), kind.form.read)
    let versionIDs = world.mutate { state, _ -> [String] in
      let keys = state.instances.keys.filter {
        state.instances[$0]?.handle.isExactly(order.instance) ?? false
      }
      for key in keys {
        guard kind != .crashWorker else { continue }
        var trouble = state.troubles.value?[key] ?? CodeTrouble()
        if kind == .slowWorker { trouble.delay = order.delay }
        if kind == .outOfMemory { trouble.endsForWantOfMemory = true }
        state.troubles.value = (state.troubles.value ?? [:]).merging([key: trouble]) { $1 }
      }
      return keys.compactMap { state.instances[$0]?.versionID }
    }
    guard !versionIDs.isEmpty else {
      throw ScenarioProblems([
        ScenarioProblem("/\(kind.rawValue)", "there is no instance \"\(order.instance)\"")
      ])
    }
    if kind == .crashWorker, let code {
      let tenant = world.tenant.name
      Task {
        for id in versionIDs { await code.shelf.crash(versionID: id, ofTenant: tenant) }
      }
    }
    return true
  }
}

extension CodeUse {
  static let meaning =
    "What answers where code is uploaded or given: its process (with --run-code), or the stand-in."
  static let codeMeaning =
    "A zip with api.py whose code answers, where the server runs code. Only in a scenario file on disk."
}
