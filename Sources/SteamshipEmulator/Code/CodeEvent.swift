import CodeRuntime
import EmulatorKernel
import PayloadCodecs
import Scenarios

/// What the next call of an instance's code meets.
struct CodeTrouble: Sendable {
  var delay = Duration.zero
  var endsForWantOfMemory = false
}

extension SteamshipService {
  /// False: the event is about something else, or another service's instance.
  func emitCodeEvent(
    _ event: JSONObject, in world: World<State>
  ) throws(ScenarioProblems) -> Bool {
    guard let order = try CodeEvent.read(event) else { return false }
    let versionIDs = world.mutate { state, _ -> [String] in
      let keys = state.instances.keys.filter {
        state.instances.read($0, { $0.handle })?.isExactly(order.instance) ?? false
      }
      for key in keys {
        guard order.kind != .crashWorker else { continue }
        var trouble = state.troubles.value?[key] ?? CodeTrouble()
        if order.kind == .slowWorker { trouble.delay = order.delay }
        if order.kind == .outOfMemory { trouble.endsForWantOfMemory = true }
        state.troubles.value = (state.troubles.value ?? [:]).merging([key: trouble]) { $1 }
      }
      return keys.compactMap { state.instances.read($0, { $0.versionID }) }
    }
    guard !versionIDs.isEmpty else { return false }
    if order.kind == .crashWorker, let code {
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

  /// A zip with an `api.py` of five lines.
  static let sampleArchive: JSON = .string(
    "UEsDBBQAAAAIAAAAIVxoP8HpRgAAAFkAAAAGAAAAYXBpLnB5SyvKz1UoLklNzC3OyCzQy8wry09OTMpJVcjMLcgvKl"
      + "EISEzOTkxPDU4tKstMTuXi4krOSSwuhglroEprWnEpAEEBUAUXAFBLAQIUAxQAAAAIAAAAIVxoP8HpRgAAAFkAAAAG"
      + "AAAAAAAAAAAAAACAAQAAAABhcGkucHlQSwUGAAAAAAEAAQA0AAAAagAAAAAA")
}
