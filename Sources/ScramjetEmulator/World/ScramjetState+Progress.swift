import EmulatorKernel
import PayloadCodecs

/// What time alone brings: where the clock skips, it jumps for these things and for no others.
extension ScramjetState {
  /// Whether an instance does something by itself some time: its program sleeps or has a timer, its
  /// end is planned, or one whose topic or events it takes is such an instance.
  func isMovedByTime(_ serial: InstanceKey) -> Bool {
    var seen: Set<InstanceKey> = [serial]
    var open = [serial]
    while let next = open.popLast() {
      guard let instance = instances[next], !instance.status.isOver else { continue }
      if isCatchingUp || instance.hasTime { return true }
      for other in sources(of: instance) where seen.insert(other).inserted { open.append(other) }
    }
    return false
  }

  /// Instances whose output may make this one go on.
  private func sources(of instance: Instance) -> [InstanceKey] {
    var found: [InstanceKey] = []
    // Of the topic that it writes, it waits for its turn behind those.
    for name in [instance.requires, instance.provides] where !name.isEmpty {
      if let key = topicKey(name, of: instance) { found += writers(to: key) }
    }
    if !instance.program.events.isEmpty {
      found += hubs[instance.hub].map { Array($0.instanceOrder) } ?? []
    }
    return found
  }

  private func writers(to key: TopicKey) -> [InstanceKey] {
    guard let topic = topics[key] else { return [] }
    let named = topic.writers.compactMap { writer -> InstanceKey? in
      if case .instance(let serial) = writer { serial } else { nil }
    }
    // Any program of the space may write to any topic by its name.
    let others = hubs.values.filter { $0.space == key.space }.flatMap(\.instanceOrder)
    return named + others.filter { instances[$0]?.namedTopics?.contains(key.name) ?? false }
  }

  /// Whether an instance comes to its end by itself, as far as can be told: a client that polls for
  /// that end is not to be led through the endless ticks of a program that never ends.
  func endsByTime(_ serial: InstanceKey) -> Bool {
    guard let instance = instances[serial], !instance.status.isOver else { return false }
    return isCatchingUp || instance.isNearingItsEnd
  }

  /// Whether something will be written to a topic by itself, or read from it so that there is room.
  func isMovedByTime(_ key: TopicKey) -> Bool {
    guard let topic = topics[key] else { return false }
    return (writers(to: key) + topic.consumers).contains { isMovedByTime($0) }
  }
}

extension Instance {
  private var isAsleep: Bool { activities.values.contains { $0.wait == .sleep } }
  /// Its end is planned, or a stop's time is running.
  private var isEnding: Bool { planned != nil || stops > stopsDone }

  private func hasTimer(where isWanted: (Program.Timer) -> Bool) -> Bool {
    zip(program.timers, timersDone).contains { timer, done in
      (timer.count == 0 || done < timer.count) && isWanted(timer)
    }
  }

  fileprivate var hasTime: Bool {
    isEnding || isAsleep || process?.standsStill == true || hasTimer { _ in true }
  }

  fileprivate var isNearingItsEnd: Bool {
    isEnding || activities.values.contains { $0.wait == .sleep && !$0.isEndless }
      || hasTimer { timer in timer.count > 0 || timer.actions.contains(where: \.mayEnd) }
  }
}

extension Program.Action {
  /// Whether the instance may end by it.
  var mayEnd: Bool {
    switch self {
    case .fail, .failAt, .exit, .finish: true
    case .loop(_, let actions): actions.contains(where: \.mayEnd)
    case .write, .writeNext, .emit, .log, .sleep, .health, .keepAlive, .digest, .writeDigest: false
    }
  }

  /// The topics that it writes to by name.
  fileprivate var topics: [String] {
    switch self {
    case .write(_, .topic(let name)), .writeNext(_, .topic(let name)),
      .writeDigest(.topic(let name)):
      [name]
    case .loop(_, let actions): actions.flatMap(\.topics)
    case .write, .writeNext, .emit, .log, .sleep, .health, .keepAlive, .digest, .writeDigest, .fail,
      .failAt, .exit, .finish:
      []
    }
  }
}

extension Program {
  /// The topics that some action writes by their names.
  var namedTopics: TextSet {
    TextSet(rules.flatMap { $0.flatMap(\.topics) })
  }
}
