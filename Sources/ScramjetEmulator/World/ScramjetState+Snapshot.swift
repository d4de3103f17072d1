import PayloadCodecs
import EmulatorKernel

/// A world in a snapshot: everything but the connections, which do not survive.
extension ScramjetState {
  private enum Key: String, CodingKey {
    case settings, lastSerial, spaces, spaceOrder, hubs, instances, streams, topics, agenda, work
    case isCatchingUp
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(settings: try values.decode(ScramjetSettings.self, forKey: .settings))
    lastSerial = try values.decode(Int.self, forKey: .lastSerial)
    spaces = try values.decode(WeighedDictionary<Int, Space>.self, forKey: .spaces)
    spaceOrder = try values.decode([Int].self, forKey: .spaceOrder)
    hubs = try values.decode(WeighedDictionary<Int, Hub>.self, forKey: .hubs)
    instances = try values.decode(WeighedDictionary<Int, Instance>.self, forKey: .instances)
    streams = try values.decode(WeighedDictionary<StreamID, StreamLog>.self, forKey: .streams)
    topics = try values.decode(WeighedDictionary<TopicKey, Topic>.self, forKey: .topics)
    agenda = try values.decode(Agenda.self, forKey: .agenda)
    work = try values.decode([Work].self, forKey: .work)
    isCatchingUp = try values.decode(Bool.self, forKey: .isCatchingUp)
    forgetConnections()
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(settings, forKey: .settings)
    try values.encode(lastSerial, forKey: .lastSerial)
    try values.encode(spaces, forKey: .spaces)
    try values.encode(spaceOrder, forKey: .spaceOrder)
    try values.encode(hubs, forKey: .hubs)
    try values.encode(instances, forKey: .instances)
    try values.encode(streams, forKey: .streams)
    try values.encode(topics, forKey: .topics)
    try values.encode(agenda, forKey: .agenda)
    try values.encode(work, forKey: .work)
    try values.encode(isCatchingUp, forKey: .isCatchingUp)
  }

  /// Readers and writers that were requests are gone; instances take their places again. A stream
  /// that was made for one reader has no owner any more.
  private mutating func forgetConnections() {
    for key in topics.keys {
      topics[key]?.writers.removeAll { if case .request = $0 { true } else { false } }
    }
    for hub in hubs.keys {
      hubs[hub]?.auditReaders = 0
    }
    for instance in instances.values {
      guard let position = instance.topicPosition, let space = hubs[instance.hub]?.space,
        let topic = topics[TopicKey(space: space, name: instance.requires)]
      else { continue }
      instances[instance.serial]?.topicPosition = streams[topic.stream]?.reattach(at: position)
    }
    var owned: Set<StreamID> = Set(topics.values.map(\.stream))
    for space in spaces.values { owned.formUnion([space.log, space.audit]) }
    for hub in hubs.values { owned.formUnion([hub.log, hub.audit]) }
    for instance in instances.values {
      owned.formUnion([instance.output, instance.stdout, instance.stderr, instance.log])
    }
    streams = streams.filter { id, _ in owned.contains(id) }
  }
}
