import EmulatorKernel
import PayloadCodecs

/// What a start call asks for.
struct StartOrder: Sendable {
  var instanceID: String?
  var appConfig: JSON?
  /// As they came: a list, or what the hub takes and the sequence cannot use.
  var arguments: JSON?
  var outputTopic: String?
  var inputTopic: String?
  var limits: JSON?
}

/// What a start gives.
struct StartedInstance: Sendable {
  let serial: InstanceKey
  let id: String
  /// Its own code is to run, in a process.
  let runsCode: Bool
}

/// Why a start is refused.
enum StartError: Error, Sendable, Equatable {
  case unknownSequence
  case instanceExists
  case overloaded
  case missingMain(String)
  case refused(String)
}

/// How instances start.
extension ScramjetState {
  /// The sequence of a hub, found by id or alias, without the list of its instances: held in a second
  /// place, that would be copied when the next one comes to it.
  func startable(_ idOrAlias: String, on hub: HubKey) -> Sequence? {
    guard var sequence = hubs.read(hub, { $0.sequence(idOrAlias) }) ?? nil else { return nil }
    sequence.instances = OrderedSet()
    return sequence
  }

  /// - Parameters:
  ///   - sequence: as `startable` gives it.
  ///   - chosen: what stands in for its code; nil: that runs, in a process that the caller starts.
  mutating func start(
    _ sequence: Sequence, on hubSerial: HubKey, _ order: StartOrder,
    program chosen: CompiledProgram?, _ step: inout Step
  ) throws(StartError) -> StartedInstance {
    let hub = try hubID(forStarting: sequence, on: hubSerial, order)
    let program = try program(chosen, of: sequence)
    let failure = program.program.value.startFailure
    if case .refused(let text)? = failure { throw .refused(text) }

    let id = order.instanceID ?? step.ids.uuid("instance")
    let runsCode = chosen == nil
    let serial = newKey(Instance.self)
    let written = written(sequence, on: hub)
    let description = Sequence.Description(runtime: settings.runtime, text: written)
    // Made where it is handed on: one that has a name is copied, with half a hundred parts to count.
    instances.add(
      makeInstance(
        serial, id, of: sequence, written, on: hubSerial, order, program, runsCode: runsCode, step),
      serial)
    hubs.update(hubSerial) { hub in
      hub.instances[id] = serial
      hub.instanceOrder.append(serial)
      hub.sequences.update(sequence.id) { sequence in
        sequence.instances.append(serial)
        sequence.description = description
      }
    }
    audit(4, object: id, hub: hubSerial, &step)
    audit(0, object: id, hub: hubSerial, &step)
    logStartOnHub(id, isProcess: runsCode, hub: hubSerial, &step)
    if runsCode {
      atWork.insert(serial)
    } else if case .errored(let code)? = failure {
      planEnding(.failed(code), of: serial, after: .milliseconds(500), &step)
    } else {
      begin(serial, program.program, &step)
    }
    return StartedInstance(serial: serial, id: id, runsCode: runsCode)
  }

  /// What it has to do from its start on.
  private mutating func begin(
    _ serial: InstanceKey, _ program: Shared<Program>, _ step: inout Step
  ) {
    wireTopics(of: serial, &step)
    begin(program.value.start, [], "start", .none, serial, &step)
    for (index, timer) in program.value.timers.enumerated() {
      agenda.add(
        .tick(instance: serial, timer: index),
        at: step.now + .milliseconds(max(1, timer.milliseconds)))
    }
    work.append(.run(instance: serial))
    runWork(&step)
  }

  /// The id of the hub, where nothing keeps it from starting the sequence.
  private func hubID(
    forStarting sequence: borrowing Sequence, on hub: HubKey, _ order: borrowing StartOrder
  ) throws(StartError) -> String {
    let wanted = order.instanceID
    let found = hubs.read(hub) { hub in
      var isTaken = false
      if let wanted { isTaken = hub.instances[wanted] != nil }
      return (id: hub.id, isTaken: isTaken, isOverloaded: hub.isOverloaded)
    }
    guard let found else { throw .unknownSequence }
    if found.isTaken { throw .instanceExists }
    if found.isOverloaded { throw .overloaded }
    if sequence.package.value.engines.count > 1 {
      throw .refused("Multiple engines provided in configuration")
    }
    return found.id
  }

  private func program(
    _ chosen: CompiledProgram?, of sequence: borrowing Sequence
  ) throws(StartError) -> CompiledProgram {
    let package = sequence.package
    guard !package.value.hasMain else { return chosen ?? .none }
    // The Python runner is started without a look at its file, and fails by itself.
    guard package.value.language == "py" else { throw .missingMain(package.value.main) }
    guard let chosen else { return .none }
    var program = chosen.program.value
    program.startFailure = .errored(code: 213)
    return CompiledProgram(program)
  }

  /// From so many unread bytes on a program that writes to an output stream waits.
  static let streamMark = 64 * 1024

  private mutating func makeInstance(
    _ serial: InstanceKey, _ id: String, of sequence: Sequence, _ written: Kept<WrittenJSON>,
    on hub: HubKey, _ order: StartOrder, _ compiled: CompiledProgram, runsCode: Bool,
    _ step: borrowing Step
  ) -> Instance {
    let mark = Self.streamMark
    // Each part by its name: all of it would be counted.
    let program = compiled.program
    let provides = order.outputTopic ?? program.value.provides
    var instance = Instance(
      serial: serial, id: id, hub: hub, sequenceID: sequence.id, sequence: written,
      language: sequence.package.language,
      appConfig: Kept(order.appConfig), arguments: Kept(order.arguments), created: step.now,
      started: step.now, program: compiled.program, stdout: makeStream(.untilRead, mark: mark),
      stderr: makeStream(.untilRead, mark: mark),
      output: makeStream(provides.isEmpty ? .untilRead : .untilReadOrStale, mark: mark),
      log: makeStream(
        .history(chunks: 1_000, bytes: 256 * 1024),
        opening: Self.logOpening(of: id, isProcess: runsCode, at: step.now)))
    instance.limits = order.limits
    instance.provides = provides
    instance.requires = order.inputTopic ?? program.value.requires
    instance.isHealthy = program.value.isHealthy
    instance.timersDone = program.value.timers.map { _ in 0 }
    instance.namedTopics = compiled.namedTopics
    if runsCode {
      instance.process = CodeProcess(at: step.now)
    } else if case .errored(let code)? = program.value.startFailure {
      instance.failedEarly = code == 22
    } else {
      instance.status = .running
    }
    return instance
  }

  /// A sequence as an instance that starts now has it.
  private func written(_ sequence: Sequence, on hub: String) -> Kept<WrittenJSON> {
    let runtime = settings.runtime
    if let known = sequence.description, known.runtime.isExactly(runtime) { return known.text }
    return Kept(
      WrittenJSON { json in
        json.object { json in
          json.member("id", sequence.id)
          json.key("config")
          sequence.package.value.writeConfig(id: sequence.id, runtime: runtime, into: &json)
          json.member(ifPresent: "name", sequence.alias)
          json.member("location", hub)
        }
      })
  }

  private mutating func wireTopics(of serial: InstanceKey, _ step: inout Step) {
    // Most have none.
    let isWired = instances.read(serial) { !$0.provides.isEmpty || !$0.requires.isEmpty }
    guard isWired == true, let instance = instances[serial] else { return }
    if !instance.provides.isEmpty, let key = topicKey(instance.provides, of: instance) {
      _ = topic(key, type: instance.program.providesType, origin: instance.hub, &step)
      joinWriters(.instance(serial), of: key)
    }
    if !instance.requires.isEmpty, let key = topicKey(instance.requires, of: instance) {
      let topic = topic(key, type: instance.program.requiresType, origin: instance.hub, &step)
      instances[serial]?.inputType = topic.contentType
      addConsumer(serial, to: key)
    }
  }
}
