import CodeRuntime
import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Instances whose own code runs: what their processes are given, and what they say.
extension ScramjetState {
  /// What a process gets next of a lane.
  struct Supply: Sendable {
    var bytes: [UInt8] = []
    var ends = false
  }

  /// So much is handed to a process at once.
  private static let supplyBytes = 64 * 1024

  // MARK: To the process

  /// Counts something that the process was given: it is at work until it says that it rests.
  mutating func give(_ serial: InstanceKey, _ step: inout Step) {
    guard instances[serial]?.process != nil else { return }
    instances[serial]?.process?.give()
    if instances[serial]?.process?.standsStill == false { atWork.insert(serial) }
    step.wake(.process(serial, .orders))
  }

  mutating func order(_ order: CodeProcess.Order, _ serial: InstanceKey, _ step: inout Step) {
    // Its end does not wait.
    if order == .kill || order == .leave, instances[serial]?.process?.pace != .usual {
      instances[serial]?.process?.pace = .usual
      run(serial, &step)
    }
    guard instances[serial]?.process?.order(order) == false else {
      return step.wake(.process(serial, .orders))
    }
    log(
      "The instance hears nothing: what it is told is dropped", level: "WARN",
      from: "CSIController", instance: serial, &step)
  }

  /// What is to be told to the process now; nil: nothing.
  /// - Parameter asks: whether somebody wants to know when it rests.
  mutating func takeOrders(
    for serial: InstanceKey, asks: Bool, _ step: inout Step
  ) throws(ProcessIsOver) -> [CodeProcess.Order]? {
    guard let process = instances[serial]?.process else { throw ProcessIsOver() }
    guard process.hasWork ? mayPass(serial, &step) : process.pace != .slow else { return nil }
    let orders = instances[serial]?.process?.takeOrders(asks: asks) ?? []
    return orders.isEmpty ? nil : orders
  }

  /// Nil: there is nothing yet. Throws when there will be nothing more.
  mutating func supply(
    _ lane: Lane, to serial: InstanceKey, _ step: inout Step
  ) throws(ProcessIsOver) -> Supply? {
    guard let instance = instances[serial], instance.process != nil, !instance.status.isOver else {
      throw ProcessIsOver()
    }
    guard instance[lane].hasItem, mayPass(serial, &step) else { return nil }
    let demand = InputQueue.Demand(pieces: true, lines: false, keepsNewlines: true)
    var supply = Supply()
    while !supply.ends, supply.bytes.count < Self.supplyBytes,
      let item = instances[serial]?[lane].take(demand)
    {
      switch item {
      case .piece(let bytes), .line(let bytes):
        if supply.bytes.isEmpty { supply.bytes = bytes } else { supply.bytes += bytes }
      case .end: supply.ends = true
      }
    }
    guard supply.ends || !supply.bytes.isEmpty else { return nil }
    laneMayHaveRoom(lane, of: serial, &step)
    runWork(&step)
    return supply
  }

  // MARK: From the process

  /// Takes what a process has written. False: no room. Throws when nobody takes it any more.
  mutating func take(
    _ bytes: [UInt8], from source: SequenceProcess.Source, of serial: InstanceKey,
    _ step: inout Step
  ) throws(ProcessIsOver) -> Bool {
    guard let instance = instances[serial], let process = instance.process, !process.isDrained
    else { throw ProcessIsOver() }
    let sink = source.sink
    // Once the process is over, what its pipes hold is all there will be.
    if !process.isDraining {
      guard sink != .output || process.hasDeclared, mayPass(serial, &step),
        claimRoom(sink, serial, &step)
      else { return false }
    }
    put(bytes, to: sink, serial, &step)
    runWork(&step)
    return true
  }

  /// A stream of the process has ended.
  mutating func sourceEnded(
    _ source: SequenceProcess.Source, of serial: InstanceKey, _ step: inout Step
  ) {
    // Of one that has not begun there may be something to say.
    guard let instance = instances[serial], instance.process?.isDrained == false,
      instance.status != .starting
    else { return }
    switch source {
    case .output:
      leaveOutputTopic(serial, &step)
      finish(instance.output, &step)
    case .stdout: finish(instance.stdout, &step)
    case .stderr: finish(instance.stderr, &step)
    }
    runWork(&step)
  }

  mutating func hear(
    _ saying: SequenceProcess.Saying, from serial: InstanceKey, _ step: inout Step
  ) {
    guard let instance = instances[serial], instance.process != nil else { return }
    if case .health = saying {} else { instances[serial]?.process?.lastHeard = step.now }
    switch saying {
    case .hello: begin(serial, &step)
    case .topics(let content): declare(content, of: serial, &step)
    case .health(let content): note(health: content, of: serial)
    case .log(let level, let message, let data, let isRunners):
      log(
        String(decoding: message.asText, as: UTF8.self), level: level, data: data,
        from: isRunners ? "Runner" : "Sequence", instance: serial, &step)
    case .event(let name, let message):
      guard step.blobs.budget.hasRoom() else { return }
      emit(name, message, from: serial, hops: 0, &step)
    case .keepAlive: if instance.mayCallKeepAlive { instances[serial]?.isKeptAlive = true }
    case .stopped(let error):
      if let error {
        log(
          "A stop handler failed", level: "ERROR", data: [.string(error)], from: "Runner",
          instance: serial, &step)
      }
      instances[serial]?.process?.isStopping = false
      give(serial, &step)
    case .completed(let milliseconds): mainCompleted(serial, milliseconds, &step)
    case .idle(let number):
      if instance.process?.given == number, instance.process?.isStopping == false {
        atWork.remove(serial)
      }
    case .leaving(let code): instances[serial]?.process?.leavingCode = code
    }
    runWork(&step)
  }

  private mutating func begin(_ serial: InstanceKey, _ step: inout Step) {
    guard instances[serial]?.status == .starting else { return }
    instances[serial]?.status = .running
    step.wake(.instance(serial))
  }

  private mutating func note(health content: JSONObject, of serial: InstanceKey) {
    guard let instance = instances[serial], content.heapBytes <= 64 << 10 else { return }
    let isHealthy = content["healthy"]?.boolValue ?? !(content["healthy"]?.isFalsy ?? false)
    var others = content
    others["healthy"] = nil
    if instance.isHealthy != isHealthy { instances[serial]?.isHealthy = isHealthy }
    if instance.process?.health != others { instances[serial]?.process?.health = others }
  }

  /// What it reads, once it is loaded; what it writes, once its functions have been called. Names that
  /// were given at the start stand for its own.
  private mutating func declare(
    _ content: JSONObject, of serial: InstanceKey, _ step: inout Step
  ) {
    guard let instance = instances[serial], !instance.status.isOver else { return }
    let type = content["contentType"]?.stringValue
    if let wanted = content["requires"]?.stringValue {
      let name = instance.requires.isEmpty ? wanted : instance.requires
      guard Topic.isName(name), instance.topicPosition == nil else { return }
      instances[serial]?.requires = name
      guard let key = topicKey(name, of: instance) else { return }
      let topic = topic(key, type: type, origin: instance.hub, &step)
      instances[serial]?.inputType = topic.contentType
      order(.input(type: topic.contentType), serial, &step)
      addConsumer(serial, to: key)
    } else if let made = content["provides"]?.stringValue, !(instance.process?.hasDeclared ?? true)
    {
      instances[serial]?.process?.hasDeclared = true
      for part in WakeKey.Part.sources { step.wake(.process(serial, part)) }
      let name = instance.provides.isEmpty ? made : instance.provides
      guard Topic.isName(name) else { return }
      instances[serial]?.provides = name
      guard let key = topicKey(name, of: instance) else { return }
      _ = topic(key, type: type, origin: instance.hub, &step)
      streams[instance.output]?.givesWay()
      joinWriters(.instance(serial), of: key)
    }
  }

  private mutating func mainCompleted(
    _ serial: InstanceKey, _ milliseconds: Int, _ step: inout Step
  ) {
    guard let instance = instances[serial], instance.planned == nil, instance.language != "py"
    else {
      return
    }
    let pause = min(max(milliseconds, 0), ProgramCompiler.pauseMax)
    planEnding(
      ending(.completed, of: instance), of: serial, after: .milliseconds(pause), isFinal: false,
      &step)
  }

  // MARK: The end

  /// The process is over, or cannot be started: all that is left in its pipes is taken from now on.
  mutating func processEnds(_ serial: InstanceKey, _ step: inout Step) {
    instances[serial]?.process?.isDraining = true
    for part in WakeKey.Part.sources { step.wake(.process(serial, part)) }
  }

  /// The process is over, and nothing more comes from it.
  /// - Parameter how: told where it has not even begun.
  mutating func processEnded(
    _ serial: InstanceKey, how: ProcessEnd? = nil, _ step: inout Step
  ) {
    guard let instance = instances[serial], let process = instance.process, !process.isDrained
    else { return }
    if let how, instance.status == .starting {
      tell("The runner's process has ended before it began: \(how).", serial, &step)
    }
    instances[serial]?.process?.isDrained = true
    instances[serial]?.process?.pid = nil
    atWork.remove(serial)
    if instance.status.isOver {
      leaveOutputTopic(serial, &step)
      for stream in [instance.output, instance.stdout, instance.stderr] { finish(stream, &step) }
    } else if instance.plannedEnding == nil {
      // One that is killed or stopped is over when its time comes, on the tenant's clock.
      instances[serial]?.failedEarly = process.leavingCode == 22 && !instance.isPythonProcess
      end(serial, exitEnding(of: instance, process), &step)
    }
    runWork(&step)
  }

  /// How an instance ends whose process has gone: as was planned, or by the code that its runner
  /// announced. One that goes without a word has failed, whatever its code.
  /// Source: hub 1.0.1 on the wire (`end-exit-5`, `end-python-…`).
  private func exitEnding(of instance: Instance, _ process: CodeProcess) -> Instance.Ending {
    if let planned = instance.planned { return planned }
    let ending: Instance.Ending =
      switch process.leavingCode {
      case nil: .failed(213)
      case 0: .completed
      case 137: .killed
      case 138: .stopped
      case let code?: .failed(code)
      }
    return self.ending(instance.isPythonProcess ? .failed(213) : ending, of: instance)
  }

  /// It cannot be run at all: the reason is where people look for it.
  mutating func processFails(_ serial: InstanceKey, _ reason: String, _ step: inout Step) {
    guard instances[serial]?.process?.isDrained == false else { return }
    tell(reason, serial, &step)
    processEnded(serial, &step)
  }

  private mutating func tell(_ reason: String, _ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    write(Array((reason + "\n").utf8), to: instance.stderr, &step)
    log(reason, level: "ERROR", from: "CSIController", instance: serial, &step)
  }

  /// A process does not survive a snapshot: the instance has ended when it was last heard of.
  mutating func forgetProcesses() {
    for instance in instances.values {
      guard let process = instance.process else { continue }
      let serial = instance.serial
      instances[serial]?.process?.isDrained = true
      instances[serial]?.process?.pid = nil
      guard !instance.status.isOver else {
        if !process.isDrained { endOutputs(of: instance) }
        continue
      }
      streams[instance.stderr]?.append(
        Array("The process of this instance did not survive the snapshot.\n".utf8))
      instances[serial]?.plan(.failed(213), isFinal: true)
      agenda.add(.end(instance: serial, plan: instance.plan + 1), at: process.lastHeard)
    }
  }

  /// What the end of a process ends behind an instance that was over before.
  private mutating func endOutputs(of instance: Instance) {
    for stream in [instance.output, instance.stdout, instance.stderr] { streams[stream]?.finish() }
    guard let key = topicKey(instance.provides, of: instance) else { return }
    topics[key]?.writers.removeAll { $0 == .instance(instance.serial) }
  }
}

/// Nothing more is to be done for a process.
struct ProcessIsOver: Error {}

extension SequenceProcess.Source {
  var sink: Program.Sink {
    switch self {
    case .output: .output
    case .stdout: .stdout
    case .stderr: .stderr
    }
  }
}
