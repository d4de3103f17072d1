import PayloadCodecs
import EmulatorKernel

/// What the rules of the service rely on and a snapshot made by hand may not have.
extension ScramjetState {
  package var inconsistencies: [String] {
    var findings = StateFindings()
    checkSerials(&findings)
    for (serial, space) in spaces { check(space, serial, &findings) }
    for (serial, hub) in hubs { check(hub, serial, &findings) }
    for (serial, instance) in instances {
      instance.check("/instances/\(serial)", serial, &findings)
      findings.expect(
        hubs[instance.hub] != nil, "/instances/\(serial)/hub", "there is no hub \(instance.hub)")
      for stream in [instance.output, instance.stdout, instance.stderr, instance.log] {
        expectStream(stream, "/instances/\(serial)", &findings)
      }
    }
    for (key, topic) in topics {
      let place = "/topics/\(key.name)"
      expectStream(topic.stream, place, &findings)
      findings.expect(spaces[key.space] != nil, place, "there is no space \(key.space)")
      for serial in topic.consumers where instances[serial] == nil {
        findings.expect(false, place + "/consumers", "there is no instance \(serial)")
      }
    }
    for (id, log) in streams { log.check("/streams/\(id)", &findings) }
    agenda.check("/agenda", &findings)
    findings.expect(
      !isCatchingUp || agenda.holdsCatchUp, "/isCatchingUp", "nothing is due that ends it")
    return findings.found
  }

  /// Serial numbers are never used twice: the next one is beyond all.
  private func checkSerials(_ findings: inout StateFindings) {
    findings.expect(lastSerial, "/lastSerial")
    for (name, keys) in [
      ("spaces", spaces.keys.map(\.serial)), ("hubs", hubs.keys.map(\.serial)),
      ("instances", instances.keys.map(\.serial)), ("streams", streams.keys.map(\.serial)),
    ] {
      for key in keys where key < 1 || key > lastSerial {
        findings.expect(false, "/\(name)/\(key)", "the last serial number is \(lastSerial)")
      }
    }
    findings.expect(
      Set(spaceOrder) == Set(spaces.keys) && spaceOrder.count == spaces.count, "/spaceOrder",
      "it does not name each space once")
  }

  private func expectStream(
    _ stream: StreamKey, _ place: @autoclosure () -> String, _ findings: inout StateFindings
  ) {
    findings.expect(streams[stream] != nil, place(), "there is no stream \(stream)")
  }

  private func check(_ space: Space, _ serial: SpaceKey, _ findings: inout StateFindings) {
    let place = "/spaces/\(serial)"
    findings.expect(space.serial == serial, place + "/serial", "it is \(space.serial)")
    for stream in [space.log, space.audit] { expectStream(stream, place, &findings) }
    for hub in space.hubs where hubs[hub]?.space != serial {
      findings.expect(false, place + "/hubs", "the hub \(hub) is not there, or in another space")
    }
    let names = topics.keys.filter { $0.space == serial }.map(\.name)
    findings.expect(
      space.topicOrder.count == names.count && TextSet(space.topicOrder.texts) == TextSet(names),
      place + "/topicOrder", "it does not name each topic once")
    for item in space.store.all {
      findings.expect(
        item.package.byteCount, in: 0...(1 << 40), place + "/store/\(item.fileName)/byteCount")
    }
  }

  private func check(_ hub: Hub, _ serial: HubKey, _ findings: inout StateFindings) {
    let place = "/hubs/\(serial)"
    findings.expect(hub.serial == serial, place + "/serial", "it is \(hub.serial)")
    findings.expect(spaces[hub.space] != nil, place + "/space", "there is no space \(hub.space)")
    for stream in [hub.log, hub.audit] { expectStream(stream, place, &findings) }
    for instance in Array(hub.instances.values) + hub.instanceOrder
    where instances[instance]?.hub != serial {
      findings.expect(
        false, place + "/instances", "the instance \(instance) is not there, or on another hub")
    }
    for id in hub.sequenceOrder.texts where hub.sequences[id] == nil {
      findings.expect(false, place + "/sequenceOrder", "there is no sequence \(id)")
    }
    for sequence in hub.sequences.values {
      findings.expect(
        sequence.package.byteCount, in: 0...(1 << 40), place + "/sequences/\(sequence.id)/byteCount"
      )
    }
  }
}

extension Instance {
  fileprivate func check(_ place: String, _ key: InstanceKey, _ findings: inout StateFindings) {
    findings.expect(serial == key, place + "/serial", "it is \(serial)")
    for (name, number) in [
      ("lastActivity", lastActivity), ("firstEvent", firstEvent), ("plan", plan), ("stops", stops),
      ("stopsDone", stopsDone),
    ] { findings.expect(number, "\(place)/\(name)") }
    for (rule, count) in counts { findings.expect(count, "\(place)/counts/\(rule)") }
    for (id, activity) in activities {
      findings.expect(id, in: 0...max(0, lastActivity), "\(place)/activities/\(id)")
      activity.check("\(place)/activities/\(id)", &findings)
    }
    findings.expect(
      timersDone.count == program.timers.count, place + "/timersDone",
      "the program has \(program.timers.count) timers")
    for number in timersDone { findings.expect(number, place + "/timersDone") }
    findings.expect(
      monitoringRate >= 0 && monitoringRate <= 1_000, place + "/monitoringRate",
      "it is not from 0 to 1000")
    for lane in [Lane.input, .stdin] {
      findings.expect(
        self[lane].isConsistent, "\(place)/\(lane.rawValue)", "its queue does not fit together")
    }
    findings.expect(program.isConsistent, place + "/program", "a number is out of range")
  }
}

extension Program {
  /// Pauses and counts as a scenario may have them; see `ProgramCompiler`.
  fileprivate var isConsistent: Bool {
    rules.allSatisfy(Self.areConsistent)
      && timers.allSatisfy {
        Self.isPause($0.milliseconds) && StateFindings.counts.contains($0.count)
      }
      && exitTimeoutMilliseconds.map(Self.isPause) ?? true
  }

  fileprivate static func isPause(_ milliseconds: Int) -> Bool {
    (0...ProgramCompiler.pauseMax).contains(milliseconds)
  }

  static func areConsistent(_ actions: [Action]) -> Bool {
    actions.allSatisfy { action in
      switch action {
      case .sleep(let milliseconds): isPause(milliseconds)
      case .loop(let times, let inner):
        StateFindings.counts.contains(times) && areConsistent(inner)
      default: true
      }
    }
  }
}
