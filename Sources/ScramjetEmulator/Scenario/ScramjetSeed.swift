import EmulatorKernel
import PayloadCodecs

/// A tenant's Scramjet world at its start: the scenario's `given.scramjet` and `behaviors.scramjet`,
/// or the built-in world.
enum ScramjetSeed {
  /// - Parameter runsCode: whether this server runs code.
  static func makeState(
    _ seed: WorldSeed, runsCode: Bool = false, _ step: inout ScramjetState.Step
  ) throws(ScenarioProblems) -> ScramjetState {
    var settings = ScramjetSettings()
    settings.isStrict = seed.isStrict
    if let behaviors = seed.behaviors { settings.behaviors = try self.behaviors(behaviors) }
    guard let given = seed.given else { return builtIn(settings, &step) }
    let plan = try ScenarioReader.read(given, Plan.form(settings).read)
    // Who only says how the platform works leaves the world as it is.
    let isWorldNamed = given.objectValue?.keys.contains { $0 != "settings" } ?? false
    return isWorldNamed ? try build(plan, runsCode, &step) : builtIn(plan.settings, &step)
  }

  static func behaviors(_ value: JSON) throws(ScenarioProblems) -> [BehaviorRule] {
    try ScenarioReader.read(value, BehaviorRule.list.read)
  }

  /// Space `demo` with hubs `sth-0` (also the bare hub) and `sth-1`, and a stored `echo.tar.gz`.
  /// Source: DESIGN §4, "the built-in world".
  private static func builtIn(
    _ settings: ScramjetSettings, _ step: inout ScramjetState.Step
  ) -> ScramjetState {
    var state = ScramjetState(settings: settings)
    let space = state.addSpace("demo", &step)
    state.addHub("sth-0", to: space, &step)
    state.addHub("sth-1", to: space, &step)
    store(echo.manifest, echo.archive, as: "echo.tar.gz", in: space, of: &state, &step)
    return state
  }

  /// What every tenant begins with, packed once and shared.
  private static let echo: (manifest: JSONObject, archive: Packed?) = {
    let manifest: JSONObject = [
      "name": "echo", "version": "1.0.0", "main": "index.js", "engines": ["node": ">=16"],
      "description": "Gives back what it gets",
    ]
    return (manifest, Packed(manifest))
  }()

  /// A package made of a manifest.
  private struct Packed: Sendable {
    let package: Shared<SequencePackage>
    let bytes: [UInt8]
    let tag: String

    init?(_ manifest: JSONObject) {
      guard let bytes = archive(manifest),
        let package = try? SequencePackage(
          manifest: manifest, byteCount: bytes.count, hasPath: { _ in true })
      else { return nil }
      (self.package, self.bytes) = (Shared(package), bytes)
      tag = MD5.digest(bytes).hexadecimal
    }
  }

  /// Puts a package made of a manifest into the store, where there is room.
  private static func store(
    _ manifest: JSONObject, _ packed: Packed?, as file: String, in space: SpaceKey,
    of state: inout ScramjetState, _ step: inout ScramjetState.Step
  ) {
    guard let packed, let id = try? step.blobs.store(packed.bytes) else { return }
    let item = StoreItem(
      id: step.ids.uuid("store"), fileName: name(file, manifest["name"]?.stringValue),
      package: packed.package, blob: id, tag: packed.tag, isMade: true)
    state.putInStore(item, space: space, &step)
  }

  /// False: it is no package of a sequence, or there is no room.
  private static func store(
    archive: [UInt8], as file: String, in space: SpaceKey, of state: inout ScramjetState,
    _ step: inout ScramjetState.Step
  ) -> Bool {
    guard let (package, code) = content(of: archive, &step) else { return false }
    let item = StoreItem(
      id: step.ids.uuid("store"), fileName: name(file, package.name), package: Shared(package),
      blob: code.blob, tag: code.tag)
    state.putInStore(item, space: space, &step)
    return true
  }

  private static func store(
    _ item: Plan.StorePlan, in space: SpaceKey, of state: inout ScramjetState,
    _ step: inout ScramjetState.Step
  ) -> ScenarioProblem? {
    switch item.content {
    case .none: break
    case .manifest(let manifest, _):
      store(manifest, Packed(manifest), as: item.file, in: space, of: &state, &step)
    case .archive(let bytes):
      if store(archive: bytes, as: item.file, in: space, of: &state, &step) { break }
      return ScenarioProblem(item.pointer + "/code", "it is no package of a sequence")
    }
    return nil
  }

  private static func name(_ file: String, _ package: String?) -> String {
    guard file.isEmpty else { return file }
    return (package ?? "package") + ".tar.gz"
  }

  /// A tar.gz with `package.json` and a main file.
  static func archive(_ manifest: JSONObject) -> [UInt8]? {
    let main = manifest["main"]?.stringValue ?? "index.js"
    let tar = TarWriter.archive([
      ("./package.json", JSON.object(manifest).serialized()),
      ("./" + main, Array("module.exports = input => input;\n".utf8)),
    ])
    return try? Gzip.compress(tar)
  }

  /// Nil: its archive is none.
  private static func content(
    of sequence: Plan.SequencePlan, _ step: inout ScramjetState.Step
  ) -> (SequencePackage, SequenceCode?)? {
    switch sequence.content {
    case .none: nil
    case .manifest(_, let package): (package, nil)
    case .archive(let bytes): content(of: bytes, &step).map { ($0.0, $0.1) }
    }
  }

  private static func content(
    of archive: [UInt8], _ step: inout ScramjetState.Step
  ) -> (SequencePackage, SequenceCode)? {
    guard let id = try? step.blobs.store(archive), let blob = step.blobs.blob(id) else {
      return nil
    }
    guard let (package, tag) = try? PackageUpload.read(blob) else {
      step.blobs.remove(id)
      return nil
    }
    return (package, SequenceCode(blob: id, tag: tag))
  }

  private static func build(
    _ plan: Plan, _ runsCode: Bool, _ step: inout ScramjetState.Step
  ) throws(ScenarioProblems) -> ScramjetState {
    var state = ScramjetState(settings: plan.settings)
    var problems: [ScenarioProblem] = []
    let spaces = plan.spaces.isEmpty ? ["demo"] : plan.spaces
    for id in spaces where state.space(id) == nil { state.addSpace(id, &step) }
    guard let first = state.spaceOrder.first else { return state }
    func spaceKey(_ id: String?, _ pointer: String) -> SpaceKey {
      guard let id else { return first }
      if let space = state.space(id) { return space.serial }
      problems.append(ScenarioProblem(pointer, "there is no space \"\(id)\""))
      return first
    }
    let hubs = plan.hubs.isEmpty ? [Plan.HubPlan(id: "sth-0", pointer: "")] : plan.hubs
    for hub in hubs {
      let serial = state.addHub(hub.id, to: spaceKey(hub.space, hub.pointer + "/space"), &step)
      hub.apply(to: &state, serial, &step)
    }
    func hubKey(_ id: String?, _ pointer: String) -> HubKey? {
      guard let id else { return state.defaultHubKey() }
      for serial in state.spaceOrder.flatMap({ state.spaces[$0]?.hubs ?? [] })
      where state.hubs[serial]?.id == id { return serial }
      problems.append(ScenarioProblem(pointer, "there is no hub \"\(id)\""))
      return nil
    }
    for item in plan.store {
      let space = spaceKey(item.space, item.pointer + "/space")
      if let problem = store(item, in: space, of: &state, &step) { problems.append(problem) }
    }
    for sequence in plan.sequences {
      guard let hub = hubKey(sequence.hub, sequence.pointer + "/hub") else { continue }
      guard let (package, code) = content(of: sequence, &step) else {
        problems.append(
          ScenarioProblem(sequence.pointer + "/code", "it is no package of a sequence"))
        continue
      }
      let id = sequence.id ?? step.ids.uuid("sequence")
      state.addSequence(
        Shared(package), code: code, runtime: sequence.runtime, id: id, alias: sequence.alias,
        to: hub, &step)
    }
    for topic in plan.topics {
      let key = TopicKey(
        space: spaceKey(topic.space, topic.pointer + "/space"), name: topic.name)
      _ = state.topic(key, type: topic.type, &step)
    }
    for instance in plan.instances {
      let hub = hubKey(instance.hub, instance.pointer + "/hub").flatMap { state.hubs[$0] }
      do throws(ScenarioProblems) {
        try start(instance, on: hub, of: &state, runsCode, &step)
      } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw ScenarioProblems(problems) }
    return state
  }

  /// One whose own code is to run waits for its process, which begins once the world is in force.
  private static func start(
    _ instance: Plan.InstancePlan, on hub: Hub?, of state: inout ScramjetState, _ runsCode: Bool,
    _ step: inout ScramjetState.Step
  ) throws(ScenarioProblems) {
    guard let hub, let sequence = state.startable(instance.sequence, on: hub.serial) else {
      throw ScenarioProblems(
        "there is no sequence \"\(instance.sequence)\"", at: instance.pointer + "/sequence")
    }
    let rules = state.settings.behaviors
    let runtime = ProgramChoice.runtime(
      for: sequence, on: hub.id, order: instance.order, rules: rules)
    let lacksCode = runtime == .process && !runsCode
    let program =
      lacksCode
      ? nil
      : try ProgramChoice.program(
        for: sequence, on: hub.id, order: instance.order, rules: rules, runsCode: runsCode)
    let started = try? state.start(
      sequence, on: hub.serial, instance.order, program: program, &step)
    if lacksCode, let started { state.processFails(started.serial, ProgramChoice.noCode, &step) }
  }
}
