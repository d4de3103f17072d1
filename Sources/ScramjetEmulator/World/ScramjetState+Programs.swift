import EmulatorKernel
import PayloadCodecs

/// How instances' programs run: one step at a time, under the state's lock, on the tenant's clock.
extension ScramjetState {
  /// Goes on with everything of an instance that can go on.
  mutating func run(_ serial: InstanceKey, _ step: inout Step) {
    let found = instances.read(serial) { instance in
      (
        isProcess: instance.process != nil, isOver: instance.status.isOver,
        activities: instance.activities
      )
    }
    guard let (isProcess, isOver, activities) = found else { return }
    if isProcess { return wakeProcess(serial, &step) }
    guard !isOver else { return }
    if !activities.isEmpty {
      for (id, activity) in activities.entries.sorted(by: { $0.key < $1.key })
      where activity.wait == .room {
        continueActivity(id, of: serial, &step)
      }
    }
    runLane(.input, of: serial, &step)
    runLane(.stdin, of: serial, &step)
  }

  /// Its process may have something to take, or room for what it has.
  private func wakeProcess(_ serial: InstanceKey, _ step: inout Step) {
    for lane in [Lane.input, .stdin] { step.wake(.process(serial, .lane(lane))) }
    for part in WakeKey.Part.sources { step.wake(.process(serial, part)) }
  }

  // MARK: Lanes

  private mutating func runLane(_ lane: Lane, of serial: InstanceKey, _ step: inout Step) {
    // Looked at in its place: it has a dozen lists.
    guard let program = instances.read(serial, { $0.program }), program.reads(lane) else {
      return
    }
    let triggers = lane.triggers
    let demand = InputQueue.Demand(
      pieces: !program.value[triggers.piece].isEmpty, lines: !program.value[triggers.line].isEmpty,
      keepsNewlines: program.value.keepsNewlines,
      pieceForm: lane == .input ? instances[serial]?.pieceForm ?? .chunk : .chunk)
    var hasTaken = false
    while let instance = instances[serial], instance.mayAct, instance[lane].activity == nil,
      let item = instances[serial]?[lane].take(demand)
    {
      hasTaken = true
      let (trigger, bytes): (ProgramCompiler.Trigger, [UInt8]) =
        switch item {
        case .piece(let bytes): (triggers.piece, bytes)
        case .line(let bytes): (triggers.line, bytes)
        case .end: (triggers.end, [])
        }
      begin(
        program.value[trigger], bytes, trigger.rawValue, Activity.Occupied(lane), serial, &step)
    }
    if hasTaken { laneMayHaveRoom(lane, of: serial, &step) }
  }

  mutating func laneMayHaveRoom(
    _ lane: Lane, of serial: InstanceKey, _ step: inout Step
  ) {
    guard let instance = instances[serial], instance[lane].hasRoom else { return }
    if instance[lane].hasWaitingWriter {
      instances[serial]?[lane].hasWaitingWriter = false
      step.wake(.lane(serial, lane))
    }
    if lane == .input, instance.topicPosition != nil,
      let key = topicKey(instance.requires, of: instance)
    {
      work.append(.feed(key))
    }
  }

  /// Data for an instance. Nil: nobody takes it any more. False: no room; the writer waits for `.lane`.
  mutating func give(
    _ bytes: [UInt8], to serial: InstanceKey, lane: Lane, _ step: inout Step
  ) -> Bool? {
    guard let instance = instances[serial], !instance.status.isOver, !instance[lane].isEnded else {
      return nil
    }
    guard instance[lane].hasRoom else {
      instances[serial]?[lane].hasWaitingWriter = true
      return false
    }
    instances[serial]?[lane].append(bytes)
    give(serial, &step)
    run(serial, &step)
    runWork(&step)
    return true
  }

  mutating func endLane(_ lane: Lane, of serial: InstanceKey, _ step: inout Step) {
    instances[serial]?[lane].end()
    give(serial, &step)
    run(serial, &step)
    runWork(&step)
  }

  // MARK: Activities

  /// Begins to do actions; what cannot be finished now is kept.
  mutating func begin(
    _ actions: [Program.Action], _ piece: [UInt8], _ rule: String,
    _ lane: Activity.Occupied, _ serial: InstanceKey, message: JSON? = nil, hops: Int = 0,
    _ step: inout Step
  ) {
    // A timer or an event whose rule waits for a reader does not pile up.
    guard !actions.isEmpty, instances.read(serial, { $0.activities.count }) ?? 0 < 256 else {
      return
    }
    var (number, id) = (0, 0)
    instances.update(serial) { instance in
      number = instance.counts[rule, default: 0]
      instance.counts[rule] = number + 1
      instance.lastActivity += 1
      id = instance.lastActivity
    }
    guard id > 0 else { return }
    var activity = Activity(
      actions, Binding(piece: piece, number: number, message: Kept(message)), lane: lane)
    activity.hops = hops
    drive(&activity, id, serial, &step)
  }

  private mutating func continueActivity(_ id: Int, of serial: InstanceKey, _ step: inout Step) {
    guard var activity = instances[serial]?.activities.removeValue(forKey: id) else { return }
    activity.wait = .nothing
    occupy(activity.lane, of: serial, with: nil)
    drive(&activity, id, serial, &step)
  }

  mutating func wakeActivity(_ id: Int, of serial: InstanceKey, _ step: inout Step) {
    guard instances[serial]?.activities[id]?.wait == .sleep else { return }
    continueActivity(id, of: serial, &step)
    run(serial, &step)
  }

  /// It is not among those that are kept: it has just begun, or was taken out to go on.
  private mutating func keep(_ activity: Activity, _ id: Int, of serial: InstanceKey) {
    instances.update(serial) { instance in
      instance.activities.add(activity, id)
      if let lane = activity.lane.lane { instance[lane].activity = id }
    }
  }

  private mutating func occupy(_ place: Activity.Occupied, of serial: InstanceKey, with id: Int?) {
    if let lane = place.lane { instances[serial]?[lane].activity = id }
  }

  private enum Flow {
    case goOn, waitForRoom
    case sleep(milliseconds: Int)
    case ended
  }

  /// Actions of one activity in one step; the rest follows a millisecond later.
  private static let actionsPerStep = 2_000

  private mutating func drive(
    _ activity: inout Activity, _ id: Int, _ serial: InstanceKey, _ step: inout Step
  ) {
    var count = 0
    while let action = activity.current {
      count += 1
      let flow: Flow =
        count > Self.actionsPerStep
        ? .sleep(milliseconds: 1) : perform(action, &activity, serial, &step)
      switch flow {
      case .goOn: continue
      case .ended: return
      case .waitForRoom:
        activity.wait = .room
        return keep(activity, id, of: serial)
      case .sleep(let milliseconds):
        activity.wait = .sleep
        keep(activity, id, of: serial)
        agenda.add(
          .resume(instance: serial, activity: id), at: step.now + .milliseconds(milliseconds))
        return
      }
    }
    if activity.lane == .stop { stopHandlersFinished(serial, &step) }
  }

  private mutating func perform(
    _ action: Program.Action, _ activity: inout Activity, _ serial: InstanceKey, _ step: inout Step
  ) -> Flow {
    switch action {
    case .write(let template, let sink):
      guard claimRoom(sink, serial, &step) else { return .waitForRoom }
      put(render(template, activity, step), to: sink, serial, &step)
    case .writeNext(let templates, let sink):
      guard claimRoom(sink, serial, &step) else { return .waitForRoom }
      guard !templates.isEmpty else { break }
      let template = templates[activity.number % templates.count]
      put(render(template, activity, step), to: sink, serial, &step)
    case .emit(let name, let message):
      let message = message.map { fill($0, activity, step) }
      emit(text(name, activity, step), message, from: serial, hops: activity.hops, &step)
    case .log(let template, let level):
      log(
        text(template, activity, step), level: level, from: "Sequence", instance: serial, &step)
    case .sleep(let milliseconds):
      activity.advance()
      // A pause of nothing would be due at once, and a loop of them for ever at the same instant.
      return milliseconds > 0 ? .sleep(milliseconds: milliseconds) : .goOn
    case .loop(let times, let actions):
      activity.enter(times: times, actions)
      return .goOn
    case .fail(let code, let stderr):
      if let stderr { put(render(stderr, activity, step), to: .stderr, serial, &step) }
      fail(serial, code: code, &step)
      return .ended
    case .failAt(let number, let code, let stderr):
      guard activity.binding.number + 1 >= number else { break }
      if let stderr { put(render(stderr, activity, step), to: .stderr, serial, &step) }
      fail(serial, code: code, &step)
      return .ended
    case .exit(let code):
      exit(serial, code: code, &step)
      return .ended
    case .finish: finishMain(serial, &step)
    case .health(let isHealthy): instances[serial]?.isHealthy = isHealthy
    case .keepAlive:
      if instances[serial]?.mayCallKeepAlive == true { instances[serial]?.isKeptAlive = true }
    case .digest: instances[serial]?.runningDigest.update(activity.binding.piece.span)
    case .writeDigest(let sink):
      guard claimRoom(sink, serial, &step) else { return .waitForRoom }
      let text = instances[serial]?.runningDigest.finalize().hexadecimal ?? ""
      put(Array(text.utf8), to: sink, serial, &step)
    }
    activity.advance()
    return .goOn
  }

  private func render(_ template: Template, _ activity: Activity, _ step: borrowing Step) -> [UInt8]
  {
    template.render(
      activity.binding, number: activity.number, now: step.now.iso8601(.milliseconds))
  }

  private func text(_ template: Template, _ activity: Activity, _ step: borrowing Step) -> String {
    String(decoding: render(template, activity, step), as: UTF8.self)
  }

  /// Templates inside the strings of a JSON value. A string that is one hole with JSON in it becomes
  /// that JSON.
  private func fill(_ value: JSON, _ activity: Activity, _ step: borrowing Step) -> JSON {
    switch value {
    case .string(let text):
      if text == "{message}" { return activity.binding.message?.value ?? .null }
      let template = Template(text)
      guard template.parts.contains(where: { if case .literal = $0 { false } else { true } }) else {
        return value
      }
      return .string(self.text(template, activity, step))
    case .array(let elements):
      var filled: [JSON] = []
      for element in elements { filled.append(fill(element, activity, step)) }
      return .array(filled)
    case .object(let object):
      var filled = JSONObject()
      for (key, member) in object.members {
        filled.members.append((key, fill(member, activity, step)))
      }
      return .object(filled)
    case .null, .bool, .integer, .decimal: return value
    }
  }

  // MARK: Where data goes

  /// Whether the sink takes data now; if not, the instance is put on the list of those to go on.
  mutating func claimRoom(_ sink: Program.Sink, _ serial: InstanceKey, _ step: inout Step)
    -> Bool
  {
    guard let outlets = outlets(of: serial) else { return true }
    switch sink {
    case .stdout: return claimRoom(in: outlets.stdout, serial)
    case .stderr: return claimRoom(in: outlets.stderr, serial)
    case .output:
      guard !outlets.provides.isEmpty else { return claimRoom(in: outlets.output, serial) }
      let found = topicKey(outlets.provides, on: outlets.hub).flatMap { key in
        topics.read(key) { topic in
          let place = topic.writers.firstIndex(of: .instance(serial))
          return (stream: topic.stream, place: place)
        }
      }
      guard let topic = found else { return true }
      guard topic.place == 0 else { return topic.place == nil }
      return claimRoom(in: topic.stream, serial) && claimRoom(in: outlets.output, serial)
    case .topic(let name):
      let stream = topicKey(name, on: outlets.hub).flatMap { topics.read($0) { $0.stream } }
      return stream.map { claimRoom(in: $0, serial) } ?? true
    }
  }

  /// Where an instance writes. Looked at in its place: it has a dozen lists.
  private struct Outlets {
    let stdout: StreamKey
    let stderr: StreamKey
    let output: StreamKey
    let provides: String
    let hub: HubKey
  }

  private func outlets(of serial: InstanceKey) -> Outlets? {
    instances.read(serial) { instance in
      Outlets(
        stdout: instance.stdout, stderr: instance.stderr, output: instance.output,
        provides: instance.provides, hub: instance.hub)
    }
  }

  private mutating func claimRoom(in stream: StreamKey, _ serial: InstanceKey) -> Bool {
    let found = streams.read(stream) { log in
      (hasRoom: log.hasRoom, isWaiting: log.blocked.contains(serial))
    }
    guard let log = found, !log.hasRoom else { return true }
    if !log.isWaiting { streams[stream]?.blocked.append(serial) }
    return false
  }

  mutating func put(
    _ bytes: [UInt8], to sink: Program.Sink, _ serial: InstanceKey, _ step: inout Step
  ) {
    guard !bytes.isEmpty, let outlets = outlets(of: serial) else { return }
    switch sink {
    case .stdout: write(bytes, to: outlets.stdout, &step)
    case .stderr: write(bytes, to: outlets.stderr, &step)
    case .output:
      write(bytes, to: outlets.output, &step)
      if let key = topicKey(outlets.provides, on: outlets.hub),
        isTurn(of: .instance(serial), at: key)
      {
        publish(bytes, to: key, &step)
      }
    case .topic(let name):
      guard let key = topicKey(name, on: outlets.hub) else { return }
      _ = topic(key, type: nil, origin: outlets.hub, &step)
      publish(bytes, to: key, &step)
    }
  }

  // MARK: Timers

  mutating func fire(timer: Int, of serial: InstanceKey, _ step: inout Step) {
    guard let instance = instances[serial], instance.mayAct,
      instance.program.value.timers.indices.contains(timer),
      instance.timersDone.indices.contains(timer)
    else { return }
    let rule = instance.program.value.timers[timer]
    instances[serial]?.timersDone[timer] += 1
    begin(rule.actions, [], "every\(timer)", .none, serial, &step)
    guard rule.count == 0 || instance.timersDone[timer] + 1 < rule.count else { return }
    agenda.add(
      .tick(instance: serial, timer: timer), at: step.now + .milliseconds(max(1, rule.milliseconds))
    )
  }

  /// A topic of the space that an instance runs in.
  func topicKey(_ name: String, of instance: Instance) -> TopicKey? {
    topicKey(name, on: instance.hub)
  }

  private func topicKey(_ name: String, on hub: HubKey) -> TopicKey? {
    hubs.read(hub) { $0.space }.map { TopicKey(space: $0, name: name) }
  }
}
