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

  fileprivate var order: (Int, Int, Int) { (user.serial, workspace.serial, invocable.serial) }

  fileprivate mutating func add(_ amount: Int) {
    count = count.addingClamping(1)
    sum = sum.addingClamping(amount)
    least = min(least, amount)
    most = max(most, amount)
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
    let wanted = (record.user.serial, record.workspace.serial, invocable.serial)
    let place = totals.partitioningIndex { $0.order >= wanted }
    if place < totals.count, totals[place].order == wanted {
      totalBytes -= totals[place].heapBytes
      totals[place].workspaceHandle = record.workspaceHandle
      totals[place].resourceHandle = record.resourceHandle
    } else {
      totals.insert(
        UsageTotal(
          user: record.user, workspace: record.workspace, invocable: invocable,
          workspaceHandle: record.workspaceHandle, resourceHandle: record.resourceHandle), at: place
      )
    }
    totals[place].add(record.amount)
    totalBytes += totals[place].heapBytes
  }

  func check(_ findings: inout StateFindings) {
    records.check("/usage/records", &findings)
    findings.expect(
      zip(totals, totals.dropFirst()).allSatisfy { $0.order < $1.order }, "/usage/totals",
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
