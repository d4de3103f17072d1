import EmulatorKernel
import PayloadCodecs

/// Names of records inside the state. All kinds are counted through together, and no number is used
/// twice.
typealias SpaceKey = Key<Space>
typealias HubKey = Key<Hub>
typealias InstanceKey = Key<Instance>
typealias StreamKey = Key<StreamLog>

/// A hub (code name STH): holds sequences and runs their instances.
struct Hub: Codable, Sendable {
  let serial: HubKey
  let id: String
  let space: SpaceKey
  let created: VirtualInstant
  var lastConnected: VirtualInstant
  var lastDisconnected: VirtualInstant?
  var isConnected = true
  var isHealthy = true
  var isSelfHosted = false
  var accessKey: String?
  var description: String?
  var tags: [String] = []
  var disconnectReason: String?
  /// Why it does not answer, for people.
  var downBecause: String?
  var sequences = SequenceTable()
  /// Ids in order of upload.
  var sequenceOrder = OrderedSet<ExactText>()
  var instances: TextMap<InstanceKey> = [:]
  /// In order of start.
  var instanceOrder = OrderedSet<InstanceKey>()
  let log: StreamKey
  let audit: StreamKey
  var auditReaders = 0
  var isBeating = false
  /// Figures of a scenario in place of the machine's own.
  var load: JSON?
  /// Members of a scenario laid over the default configuration.
  var config: JSON?
  /// Answers a start with 419.
  var isOverloaded = false
  /// How often it has crashed: a connection from before is over.
  var crashes = 0

  func sequence(_ idOrAlias: String) -> Sequence? {
    if let sequence = sequences[idOrAlias] { return sequence }
    let ids = sequences.ids(alias: idOrAlias).map { ExactText($0) }
    let first = ids.min { left, right in
      sequenceOrder.position(of: left) ?? .max < sequenceOrder.position(of: right) ?? .max
    }
    return first.flatMap { sequences[$0.text] }
  }
}

/// An uploaded package.
struct Sequence: Codable, Sendable {
  let id: String
  var alias: String?
  var package: Shared<SequencePackage>
  /// Its archive, where code is run.
  var code: SequenceCode?
  /// What the scenario says that stands behind its instances.
  var runtime: SequenceRuntime?
  /// The instances that are not gone, in order of start.
  var instances = OrderedSet<InstanceKey>()
  /// How the instance that started last tells of it: the next one does the same, and shares the text.
  var description: Description?

  struct Description: Sendable, Weighed {
    /// What the text depends on besides the sequence and its hub.
    let runtime: String
    let text: Kept<WrittenJSON>

    var heapBytes: Int { runtime.heapBytes + text.heapBytes }
  }

  private enum CodingKeys: String, CodingKey {
    case id, alias, package, code, runtime, instances
  }
}

/// A space (code name manager, cpm): hubs, topics and the store.
struct Space: Codable, Sendable {
  let serial: SpaceKey
  let id: String
  let created: VirtualInstant
  var hubs: [HubKey] = []
  var topicOrder = OrderedSet<ExactText>()
  var store = PackageStore()
  var accessKeys = AccessKeys()
  let log: StreamKey
  let audit: StreamKey
}

/// A package in a space's store.
struct StoreItem: Codable, Sendable {
  let id: String
  let fileName: String
  var package: Shared<SequencePackage>
  var blob: BlobID
  var tag: String
  /// Its archive was made of a description: there is no code in it. Nil: there is.
  var isMade: Bool?
}
