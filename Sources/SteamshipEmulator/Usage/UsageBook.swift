import EmulatorKernel
import PayloadCodecs

/// One use of a plugin that was done, in the words of the SDK's `UsageReport`.
/// Source: SDK `plugin/outputs/plugin_output.py`.
struct UsageRecord: Stored {
  var id: String
  var user: Key<User>
  var workspace: Key<Workspace>
  var workspaceHandle: String
  var resourceHandle: String
  var instanceHandle: String
  var operationType: String
  var amount: Int
  var requestID: String
  var createdAt: VirtualInstant
}

/// What the plugins in one workspace of a user came to, by plugin.
struct UsageTotal: Codable, Sendable {
  var user: Key<User>
  var workspace: Key<Workspace>
  var invocable: Key<Invocable>
  /// As they were called last: bills outlive workspaces and plugins.
  var workspaceHandle: String
  var resourceHandle: String
  var count = 0
  var sum = 0
  var least = Int.max
  var most = 0

  fileprivate static func comesBefore(_ left: Self, _ right: Self) -> Bool {
    (left.user.serial, left.workspace.serial, left.invocable.serial)
      < (right.user.serial, right.workspace.serial, right.invocable.serial)
  }
}

/// What a tenant's plugins did: totals of everything, and the last uses one by one.
///
/// A use costs one credit for each thing that it made or read: a block that was generated, tagged,
/// made of a file or embedded, a query, a file that was imported, an epoch of training. Calls of
/// packages cost nothing. Fidelity: assumed (contract §2.4): prices are the vendor's secret.
struct UsageBook: Codable, Sendable {
  private(set) var records = Table<UsageRecord>()
  /// In order, so that a total is found by halving.
  private(set) var totals: [UsageTotal] = []
  private var totalBytes = 0

  /// So many single uses are kept at least.
  static let recordsMax = 2000

  init() {}

  private enum CodingKeys: String, CodingKey { case records, totals }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    records = try values.decode(Table<UsageRecord>.self, forKey: .records)
    totals = try values.decode([UsageTotal].self, forKey: .totals)
    totalBytes = totals.reduce(0) { $0 + $1.heapBytes }
  }

  mutating func add(_ record: UsageRecord, of invocable: Key<Invocable>) {
    if records.count >= Self.recordsMax * 2 {
      for key in records.keys.prefix(Self.recordsMax) { records.remove(key) }
    }
    records.insert(record)
    var total = UsageTotal(
      user: record.user, workspace: record.workspace, invocable: invocable,
      workspaceHandle: record.workspaceHandle, resourceHandle: record.resourceHandle)
    let place = totals.partitioningIndex { !UsageTotal.comesBefore($0, total) }
    let isKnown = place < totals.count && !UsageTotal.comesBefore(total, totals[place])
    if isKnown {
      totalBytes -= totals[place].heapBytes
      total = totals[place]
      total.workspaceHandle = record.workspaceHandle
      total.resourceHandle = record.resourceHandle
    }
    total.count = total.count.addingClamping(1)
    total.sum = total.sum.addingClamping(record.amount)
    total.least = min(total.least, record.amount)
    total.most = max(total.most, record.amount)
    if isKnown { totals[place] = total } else { totals.insert(total, at: place) }
    totalBytes += total.heapBytes
  }

  func check(_ findings: inout StateFindings) {
    records.check("/usage/records", &findings)
    findings.expect(
      zip(totals, totals.dropFirst()).allSatisfy(UsageTotal.comesBefore), "/usage/totals",
      "they are not in order")
  }
}

extension KeyedDecodingContainer {
  /// Older snapshots have none.
  func decode(_ type: UsageBook.Type, forKey key: Key) throws -> UsageBook {
    try decodeIfPresent(type, forKey: key) ?? UsageBook()
  }
}

extension UsageBook: Recounted {
  var heapBytes: Int { records.heapBytes + totals.spineBytes + totalBytes }

  var recountedHeapBytes: Int {
    totals.reduce(records.recountedHeapBytes + totals.spineBytes) { $0 + $1.heapBytes }
  }
}

extension UsageTotal: Weighed {
  var heapBytes: Int { workspaceHandle.heapBytes + resourceHandle.heapBytes }
}

extension UsageRecord {
  var heapBytes: Int {
    id.heapBytes + workspaceHandle.heapBytes + resourceHandle.heapBytes
      + instanceHandle.heapBytes + operationType.heapBytes + requestID.heapBytes
  }
}
