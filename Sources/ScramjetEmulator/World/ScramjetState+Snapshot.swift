import PayloadCodecs
import EmulatorKernel

/// A world in a snapshot: everything but the connections, which do not survive.
extension ScramjetState {
  enum CodingKeys: String, CodingKey {
    case settings, lastSerial, spaces, spaceOrder, hubs, instances, streams, topics, agenda, work
    case isCatchingUp
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(settings: try values.decode(ScramjetSettings.self, forKey: .settings))
    lastSerial = try values.decode(Int.self, forKey: .lastSerial)
    spaces = try values.decode(WeighedDictionary<SpaceKey, Space>.self, forKey: .spaces)
    spaceOrder = try values.decode([SpaceKey].self, forKey: .spaceOrder)
    hubs = try values.decode(WeighedDictionary<HubKey, Hub>.self, forKey: .hubs)
    instances = try values.decode(WeighedDictionary<InstanceKey, Instance>.self, forKey: .instances)
    streams = try values.decode(WeighedDictionary<StreamKey, StreamLog>.self, forKey: .streams)
    topics = try values.decode(WeighedDictionary<TopicKey, Topic>.self, forKey: .topics)
    agenda = try values.decode(Agenda.self, forKey: .agenda)
    work = try values.decode([Work].self, forKey: .work)
    isCatchingUp = try values.decode(Bool.self, forKey: .isCatchingUp)
    forgetConnections()
    forgetProcesses()
  }

  package func encode(to encoder: any Encoder) throws {
    var state = self
    state.writeRecords()
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(state.settings, forKey: .settings)
    try values.encode(state.lastSerial, forKey: .lastSerial)
    try values.encode(state.spaces, forKey: .spaces)
    try values.encode(state.spaceOrder, forKey: .spaceOrder)
    try values.encode(state.hubs, forKey: .hubs)
    try values.encode(state.instances, forKey: .instances)
    try values.encode(state.streams, forKey: .streams)
    try values.encode(state.topics, forKey: .topics)
    try values.encode(state.agenda, forKey: .agenda)
    try values.encode(state.work, forKey: .work)
    try values.encode(state.isCatchingUp, forKey: .isCatchingUp)
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
    var owned: Set<StreamKey> = Set(topics.values.map(\.stream))
    for space in spaces.values { owned.formUnion([space.log, space.audit]) }
    for hub in hubs.values { owned.formUnion([hub.log, hub.audit]) }
    for instance in instances.values {
      owned.formUnion([instance.output, instance.stdout, instance.stderr, instance.log])
    }
    streams = streams.filter { id, _ in owned.contains(id) }
    wakeWriters()
  }

  /// Instances whose turn or room a request held have it now, and nobody else will tell them: they
  /// go on with the next reader, writer or thing that is due, at its time.
  private mutating func wakeWriters() {
    let waiting = instances.values.filter { instance in
      instance.activities.values.contains { $0.wait == .room }
    }
    work += waiting.map(\.serial).sorted().map { .run(instance: $0) }
  }
}
