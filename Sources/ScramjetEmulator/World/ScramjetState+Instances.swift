import EmulatorKernel
import PayloadCodecs

/// The life of instances from their start on: end, stop, kill, retention.
extension ScramjetState {
  // MARK: Ends

  /// The function has returned: output ends, the process stays for the exit timeout.
  mutating func finishMain(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], !instance.status.isOver else { return }
    if instance.program.returnsNothing, instance.language == "js", instance.planned == nil {
      write(Array("undefined".utf8), to: instance.output, &step)
    }
    finish(instance.output, &step)
    leaveOutputTopic(serial, &step)
    // What finishes once more, while it stays for its exit timeout, stays no longer for that.
    guard instance.planned == nil else { return }
    // A Python process goes with its function.
    let timeout =
      instance.program.value.exitTimeoutMilliseconds.map { Duration.milliseconds($0) }
      ?? (instance.isPythonProcess ? .milliseconds(200) : settings.exitTimeout)
    log("All Sequences processed.", level: "DEBUG", from: "Runner", instance: serial, &step)
    planEnding(
      ending(.completed, of: instance), of: serial, after: timeout, isFinal: false, &step)
  }

  mutating func fail(_ serial: InstanceKey, code: Int, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    log("Function errored", level: "ERROR", from: "Runner", instance: serial, &step)
    planEnding(
      ending(.failed(code), of: instance), of: serial, after: .milliseconds(500), &step)
  }

  mutating func exit(_ serial: InstanceKey, code: Int, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    let wanted = code == 0 ? Instance.Ending.completed : .failed(code)
    planEnding(ending(wanted, of: instance), of: serial, after: .milliseconds(200), &step)
  }

  /// - Parameter isFinal: the program does nothing more until then.
  mutating func planEnding(
    _ ending: Instance.Ending, of serial: InstanceKey, after delay: Duration, isFinal: Bool = true,
    _ step: inout Step
  ) {
    guard let instance = instances[serial], !instance.status.isOver else { return }
    instances[serial]?.plan(ending, isFinal: isFinal)
    agenda.add(.end(instance: serial, plan: instance.plan + 1), at: step.now + delay)
  }

  mutating func carryOut(plan: Int, of serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], instance.plan == plan, !instance.status.isOver,
      let ending = instance.planned
    else { return }
    end(serial, ending, &step)
  }

  mutating func end(_ serial: InstanceKey, _ ending: Instance.Ending, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    instances[serial]?.end(ending, at: step.now)
    if instance.process?.isDrained ?? true {
      leaveTopics(serial, &step)
      for stream in [instance.output, instance.stdout, instance.stderr] { finish(stream, &step) }
    } else {
      // What its process has written before comes behind.
      leaveInputTopic(serial, &step)
      atWork.remove(serial)
      if instance.process?.isCrashed == false { order(.leave, serial, &step) }
    }
    logEnd(serial, ending, &step)
    audit(3, object: instance.id, hub: instance.hub, &step)
    retain(instance, &step)
    wakeAll(waitingFor: serial, &step)
  }

  private func wakeAll(waitingFor serial: InstanceKey, _ step: inout Step) {
    for key in [
      WakeKey.instance(serial), .lane(serial, .input), .lane(serial, .stdin), .events(serial),
    ] { step.wake(key) }
  }

  /// It stays readable for a while. Where time jumps that lasts as much longer, unless the caller
  /// wanted it gone as early as can be.
  private mutating func retain(_ instance: Instance, _ step: inout Step) {
    if instance.removesImmediately {
      agenda.add(.remove(instance: instance.serial), at: step.now + settings.retention)
      return
    }
    let extends = !instance.failedEarly
    agenda.keep(
      instance.serial,
      until: step.now + settings.retention + (extends ? settings.lifetimeExtension : .zero))
    agenda.dropOldRetention(at: step.now)
  }

  private mutating func leaveTopics(_ serial: InstanceKey, _ step: inout Step) {
    leaveInputTopic(serial, &step)
    leaveOutputTopic(serial, &step)
  }

  private mutating func leaveInputTopic(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], let key = topicKey(instance.requires, of: instance)
    else { return }
    removeConsumer(serial, from: key, &step)
  }

  mutating func leaveOutputTopic(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], let key = topicKey(instance.provides, of: instance)
    else { return }
    if isTurn(of: .instance(serial), at: key) {
      endLine(of: key, after: streams[instance.output]?.lastByte, &step)
    }
    leaveWriters(.instance(serial), of: key, &step)
  }

  /// The instance is gone: out of every list, all its paths 404, its readers' replies end.
  mutating func removeInstance(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    if !instance.status.isOver || instance.process?.isDrained == false {
      leaveTopics(serial, &step)
    }
    atWork.remove(serial)
    audit(2, object: instance.id, hub: instance.hub, &step)
    instances[serial] = nil
    hubs[instance.hub]?.instances[instance.id] = nil
    hubs[instance.hub]?.instanceOrder.remove(serial)
    hubs[instance.hub]?.sequences[instance.sequenceID]?.instances.remove(serial)
    for stream in [instance.output, instance.stdout, instance.stderr, instance.log] {
      remove(stream, &step)
    }
    wakeAll(waitingFor: serial, &step)
  }

  /// A live stream with the instance's health, at the rate that was asked for.
  mutating func makeReportStream(of serial: InstanceKey, _ step: inout Step) -> StreamKey? {
    guard instances[serial] != nil else { return nil }
    let stream = makeStream(.history(chunks: 16, bytes: 16 * 1024))
    report(serial, to: stream, &step)
    return stream
  }

  mutating func report(_ serial: InstanceKey, to stream: StreamKey, _ step: inout Step) {
    guard streams[stream] != nil else { return }
    guard let instance = instances[serial], !instance.status.isOver else {
      return finish(stream, &step)
    }
    let line: JSON = [3001, ["healthy": .bool(instance.isHealthy)]]
    write(line.serialized() + [UInt8(ascii: "\n")], to: stream, &step)
    let rate = max(instance.monitoringRate, 0.01)
    agenda.add(
      .report(instance: serial, stream: stream), at: step.now + Duration(inSeconds: 1 / rate))
  }

  mutating func setMonitoringRate(_ rate: Double, of serial: InstanceKey, _ step: inout Step) {
    instances[serial]?.monitoringRate = rate
    guard instances[serial]?.process != nil else { return }
    let milliseconds = Int(min(1_000 / max(rate, 0.001), 1_000_000))
    order(.rate(milliseconds: milliseconds), serial, &step)
  }

  // MARK: Stop and kill

  /// - Returns: the number of the stop, for `endStop`; nil when it is over already.
  mutating func stop(
    _ serial: InstanceKey, timeout: Duration, mayCallKeepAlive: Bool, _ step: inout Step
  ) -> Int? {
    guard let instance = instances[serial], !instance.status.isOver else { return nil }
    instances[serial]?.beginStop(mayCallKeepAlive: mayCallKeepAlive)
    let number = instance.stops + 1
    step.wake(.instance(serial))
    log(
      "Control message received", level: "TRACE", data: [4001], from: "Runner", instance: serial,
      &step)
    // The deadline of a stop that grants no time is now, behind what the program does about it.
    let endsAtOnce = timeout == .zero && instance.process == nil
    if !endsAtOnce {
      agenda.add(.stopDeadline(instance: serial, stop: number), at: step.now + timeout)
    }
    if instance.process != nil {
      instances[serial]?.process?.isStopping = true
      order(
        .stop(
          milliseconds: Int(clamping: timeout.clampedNanoseconds / 1_000_000),
          mayCallKeepAlive: mayCallKeepAlive), serial, &step)
      give(serial, &step)
    }
    begin(instance.program.value.stop, [], "stop", .stop, serial, &step)
    runWork(&step)
    if endsAtOnce { endStop(number, of: serial, &step) }
    return number
  }

  /// A Python process goes when its stop handlers are through; a JavaScript one waits for the end of
  /// the time that the stop grants.
  /// Source: hub 1.0.1 on the wire.
  mutating func stopHandlersFinished(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], instance.isPythonProcess, !instance.isKeptAlive,
      instance.plannedEnding == nil
    else { return }
    planEnding(ending(.stopped, of: instance), of: serial, after: .milliseconds(200), &step)
  }

  mutating func endStop(_ stop: Int, of serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    instances[serial]?.stopsDone = max(stop, instance.stopsDone)
    step.wake(.instance(serial))
    // Of several stops the first whose time is up ends the instance.
    guard !instance.status.isOver, !instance.isKeptAlive, instance.plannedEnding == nil else {
      return
    }
    if instance.process != nil {
      atWork.remove(serial)
      order(.kill, serial, &step)
    }
    planEnding(ending(.stopped, of: instance), of: serial, after: .milliseconds(700), &step)
  }

  /// Only of a running instance; see the caller.
  mutating func kill(_ serial: InstanceKey, removesImmediately: Bool, _ step: inout Step) {
    guard let instance = instances[serial], !instance.status.isOver else { return }
    instances[serial]?.status = .killing
    instances[serial]?.removesImmediately = removesImmediately
    step.wake(.instance(serial))
    log("Handling KILL request", level: "DEBUG", from: "Runner", instance: serial, &step)
    if instance.process != nil {
      atWork.remove(serial)
      order(.kill, serial, &step)
    }
    begin(instance.program.value.kill, [], "kill", .none, serial, &step)
    planEnding(ending(.killed, of: instance), of: serial, after: .milliseconds(700), &step)
    runWork(&step)
  }

  /// Ended, if it has not, and gone as early as can be: 15 seconds after its end.
  mutating func removeSoon(_ serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    if instance.status.isOver {
      let due = (instance.ended ?? step.now) + settings.retention
      agenda.add(.remove(instance: serial), at: max(due, step.now))
    } else {
      kill(serial, removesImmediately: true, &step)
    }
  }

  /// The process adapter shows every Python process that has ended by itself, was stopped or killed
  /// or raised an exception as failed with 213; in a container a stop or a kill is 1.
  /// Source: hub 1.0.1 on the wire.
  func ending(_ ending: Instance.Ending, of instance: Instance) -> Instance.Ending {
    let isUsual = [.completed, .stopped, .killed, .failed(23)].contains(ending)
    guard instance.language == "py", isUsual else { return ending }
    if instance.isPythonProcess { return .failed(213) }
    return ending == .stopped || ending == .killed ? .runnerFailed : ending
  }

  /// Whether a listed instance keeps its sequence from being deleted: until its process has ended, and
  /// for the retention after that.
  func keepsSequence(_ serial: InstanceKey, at now: VirtualInstant) -> Bool {
    guard let instance = instances[serial] else { return false }
    guard instance.status.isOver, let ended = instance.ended else { return true }
    return now < ended + settings.retention
  }
}
