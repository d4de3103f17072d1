import EmulatorKernel
import PayloadCodecs

/// A hub (code name STH): holds sequences and runs their instances.
struct Hub: Codable, Sendable {
  let serial: Int
  let id: String
  let space: Int
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
  var sequences = WeighedDictionary<ExactText, Sequence>()
  /// Ids in order of upload.
  var sequenceOrder: [String] = []
  var instances: TextMap<Int> = [:]
  /// Serial numbers in order of start.
  var instanceOrder: [Int] = []
  let log: StreamID
  let audit: StreamID
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
    return sequenceOrder.lazy.compactMap { sequences[$0] }.first { $0.alias == idOrAlias }
  }
}

/// An uploaded package.
struct Sequence: Codable, Sendable {
  let id: String
  var alias: String?
  var package: Kept<SequencePackage>
  /// Serial numbers of the instances that are not gone, in order of start.
  var instances: [Int] = []
}

/// A space (code name manager, cpm): hubs, topics and the store.
struct Space: Codable, Sendable {
  let serial: Int
  let id: String
  let created: VirtualInstant
  var hubs: [Int] = []
  var topicOrder: [String] = []
  var store: [StoreItem] = []
  var accessKeys: [AccessKey] = []
  let log: StreamID
  let audit: StreamID

  struct AccessKey: Codable, Sendable {
    var key: String
    var description: String
    var created: VirtualInstant
  }
}

/// A package in a space's store.
struct StoreItem: Codable, Sendable {
  let id: String
  let fileName: String
  var package: Kept<SequencePackage>
  var blob: BlobID
  var tag: String
}
