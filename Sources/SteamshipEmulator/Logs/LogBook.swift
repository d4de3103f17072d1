import EmulatorKernel
import PayloadCodecs

/// What packages and plugins did: one entry for each call, the newest last, bounded.
struct LogBook: Codable, Sendable, Recounted {
  struct Entry: Codable, Sendable {
    var user: Key<User>
    var instant: VirtualInstant
    var level: String
    var message: String
    /// `invocableHandle`, `invocableInstanceHandle`, `invocableVersionHandle`, `invocablePath`…
    var fields: JSONObject
  }

  private var entries: [Kept<Entry>] = []
  private var entryBytes = 0
  private static let countMax = 2000

  init() {}

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    entries = try values.decode([Kept<Entry>].self, forKey: .entries)
    entryBytes = entries.reduce(0) { $0 + $1.heapBytes }
  }

  private enum CodingKeys: String, CodingKey { case entries }

  var count: Int { entries.count }
  var heapBytes: Int { entries.spineBytes + entryBytes }
  var recountedHeapBytes: Int { entries.reduce(entries.spineBytes) { $0 + $1.value.heapBytes } }

  mutating func add(_ entry: Entry) {
    if entries.count >= Self.countMax * 2 {
      let old = entries.count - Self.countMax
      entryBytes -= entries.prefix(old).reduce(0) { $0 + $1.heapBytes }
      entries.removeFirst(old)
    }
    entries.append(Kept(entry))
    entryBytes += entries.last?.heapBytes ?? 0
  }

  /// The newest first: those of a user that are wanted, after the first `from` of them, and no more than `size`.
  func entries(
    of user: Key<User>, from: Int, size: Int, where isWanted: (borrowing Entry) -> Bool
  ) -> [Entry] {
    var found: [Entry] = []
    let entries = entries.span
    var (passed, place) = (0, entries.count)
    let end = max(0, place - Self.countMax)
    while place > end, found.count < size {
      place -= 1
      // Looked at in its place: most are passed over.
      guard entries[place].value.user == user, isWanted(entries[place].value) else { continue }
      if passed < from { passed += 1 } else { found.append(entries[place].value) }
    }
    return found
  }
}

extension SteamshipState {
  /// Notes how an invocation went.
  mutating func log(
    _ invocation: Invocation, _ failure: SteamshipError?, requestID: String, _ step: inout Step
  ) {
    guard let instance = instances[invocation.instance] else { return }
    log(
      instance, path: "/" + invocation.path, verb: invocation.verb, failure, requestID: requestID,
      &step)
  }

  mutating func log(
    _ instance: InvocableInstance, path: String, verb: String, _ failure: SteamshipError?,
    requestID: String, saying text: String? = nil, _ step: inout Step
  ) {
    let message =
      text
      ?? failure.map { String(pieces: verb, " ", path, " failed: ", $0.message) }
      ?? String(pieces: verb, " ", path, " succeeded")
    logs.add(
      LogBook.Entry(
        user: instance.user, instant: step.now, level: failure == nil ? "INFO" : "ERROR",
        message: message,
        fields: [
          "invocableHandle": JSON(invocables.read(instance.invocable, { $0.handle })),
          "invocableVersionHandle": .string(instance.versionHandle),
          "invocableInstanceHandle": .string(instance.handle), "invocablePath": .string(path),
          "invocableType": .string(instance.kind.rawValue),
          "workspaceId": JSON(workspaces.read(instance.workspace, { $0.id })),
          "requestId": .string(requestID),
        ]))
  }

  /// `POST logs/list`: `from` entries are passed over, `size` are shown, the newest first.
  /// Fidelity: request seen in client (`cli/cli.py`), shape of the answer assumed (contract §8).
  borrowing func listLogs(_ job: Job) throws(SteamshipError) -> RuleResult {
    let from = try job.arguments.int("from") ?? 0
    let size = try job.arguments.int("size") ?? 50
    guard from >= 0, size >= 0 else {
      throw .invalid("The fields \"from\" and \"size\" must not be negative.")
    }
    var wanted = try job.arguments.object("fieldValues") ?? JSONObject()
    let names = [
      "invocableHandle", "invocableInstanceHandle", "invocableVersionHandle", "invocablePath",
    ]
    for name in names {
      if let text = try job.arguments.name(name) { wanted[name] = .string(text) }
    }
    let shown = logs.entries(of: job.caller.user, from: from, size: size) { entry in
      wanted.members.allSatisfy { entry.fields[$0.key] == $0.value }
    }
    return RuleResult { json in
      json.object { json in
        json.member("from", from)
        json.member("size", shown.count)
        json.key("entries")
        json.array(shown, count: shown.count) { entry, json in
          json.object { json in
            json.member("timestamp", entry.instant, .milliseconds)
            json.member("level", entry.level)
            json.member("message", entry.message)
            json.members(of: entry.fields)
          }
        }
      }
    }
  }
}
