import EmulatorKernel
import PayloadCodecs

/// Topics: one table per space, shared by its hubs.
extension ScramjetState {
  /// The topic, made if there is none.
  /// - Parameter type: nil or empty: the default.
  mutating func topic(
    _ key: TopicKey, type: String?, origin: HubKey? = nil, _ step: inout Step
  ) -> Topic {
    if let topic = topics[key] { return topic }
    // It has no id, but who makes one has made something, also by a look: that shows in what is counted.
    _ = step.ids.next("scramjet.topic")
    let stream = makeStream(.untilRead, mark: Topic.mark)
    let type = type.flatMap { $0.isEmpty ? nil : $0 } ?? Topic.defaultType
    var topic = Topic(name: key.name, contentType: type, stream: stream)
    topic.origin = origin
    // A space that was removed just now has no topics: who writes or reads finds it ended.
    guard spaces[key.space] != nil else {
      finish(stream, &step)
      return topic
    }
    topics[key] = topic
    spaces[key.space]?.topicOrder.append(ExactText(key.name))
    return topic
  }

  /// Readers' replies end, instances that read it get nothing more, waiting writers go on into
  /// nothing.
  mutating func removeTopic(_ key: TopicKey, _ step: inout Step) {
    guard let topic = topics.removeValue(forKey: key) else { return }
    spaces[key.space]?.topicOrder.remove(ExactText(key.name))
    for consumer in topic.consumers {
      instances[consumer]?.topicPosition = nil
      instances[consumer]?.input.end()
      work.append(.run(instance: consumer))
    }
    for case .instance(let serial) in topic.writers { work.append(.run(instance: serial)) }
    remove(topic.stream, &step)
    step.wake(.turn(topic.stream))
    runWork(&step)
  }

  // MARK: Writers

  mutating func joinWriters(_ writer: Topic.Writer, of key: TopicKey) {
    topics[key]?.writers.append(writer)
  }

  /// The writer's data is complete: a last line gets its newline, and the next writer its turn.
  mutating func leaveWriters(
    _ writer: Topic.Writer, of key: TopicKey, _ step: inout Step
  ) {
    guard let topic = topics[key], let index = topic.writers.firstIndex(of: writer) else { return }
    topics[key]?.writers.remove(at: index)
    guard index == 0 else { return }
    step.wake(.turn(topic.stream))
    if case .instance(let next)? = topics[key]?.writers.first { work.append(.run(instance: next)) }
    runWork(&step)
  }

  /// Hub 1.0.1 separates writers on this content type only.
  mutating func endLine(of key: TopicKey, after lastByte: UInt8?, _ step: inout Step) {
    guard let topic = topics[key], topic.contentType == Topic.defaultType,
      let lastByte, lastByte != UInt8(ascii: "\n")
    else { return }
    publish([UInt8(ascii: "\n")], to: key, &step)
    runWork(&step)
  }

  func isTurn(of writer: Topic.Writer, at key: TopicKey) -> Bool {
    topics[key]?.writers.first == writer
  }

  /// Adds a chunk for all readers, whether there is room or not: writers ask for room before.
  mutating func publish(_ bytes: [UInt8], to key: TopicKey, _ step: inout Step) {
    guard let topic = topics[key] else { return }
    write(bytes, to: topic.stream, &step)
    if !topic.consumers.isEmpty { work.append(.feed(key)) }
  }

  /// A request's chunk. Nil: the topic is gone. False: no room; the writer waits for `.room`.
  mutating func publishIfRoom(
    _ bytes: [UInt8], to key: TopicKey, stream: StreamKey, _ step: inout Step
  ) -> Bool? {
    // Asked in its place: a copy that is there still when something is added would make the log another one.
    guard let hasRoom = streams.read(stream, { $0.hasRoom }) else { return nil }
    guard hasRoom else {
      streams[stream]?.hasWaitingWriter = true
      return false
    }
    publish(bytes, to: key, &step)
    runWork(&step)
    return true
  }

  // MARK: Instances that read

  mutating func addConsumer(_ serial: InstanceKey, to key: TopicKey) {
    guard let topic = topics[key], let position = streams[topic.stream]?.attach() else { return }
    topics[key]?.consumers.append(serial)
    instances[serial]?.topicPosition = position
    work.append(.feed(key))
  }

  mutating func removeConsumer(_ serial: InstanceKey, from key: TopicKey, _ step: inout Step) {
    guard let topic = topics[key], topic.consumers.contains(serial) else { return }
    topics[key]?.consumers.removeAll { $0 == serial }
    if let position = instances[serial]?.topicPosition {
      streams[topic.stream]?.detach(from: position)
      instances[serial]?.topicPosition = nil
      roomMayHaveComeUp(in: topic.stream, &step)
    }
  }

  /// Gives every instance that reads the topic what it has room for. What is written meanwhile is work
  /// of its own: an instance that writes what it reads would otherwise never be through.
  mutating func feedConsumers(of key: TopicKey, _ step: inout Step) {
    guard let topic = topics[key], let end = streams.read(topic.stream, { $0.end }) else {
      return
    }
    var hasTaken = false
    for serial in topic.consumers {
      while let position = instances[serial]?.topicPosition, position < end,
        instances[serial]?.input.hasRoom == true,
        let taken = streams[topic.stream]?.take(from: position, byteLimit: InputQueue.mark),
        !taken.pieces.isEmpty
      {
        hasTaken = true
        instances[serial]?.topicPosition = taken.next
        for piece in taken.pieces { instances[serial]?.input.append(piece) }
        give(serial, &step)
        run(serial, &step)
      }
    }
    if hasTaken { roomMayHaveComeUp(in: topic.stream, &step) }
  }
}
