import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A journal as an HTTP Archive, for a browser's developer tools.
struct HARExport {
  let operations: OperationTable
  let version: String
  let live: LiveTenant

  func text(_ entries: [JournalEntry]) -> [UInt8] {
    let writer = HARWriter(
      creator: "wavetank", version: version, mayHide: operations.mask.mayHide
    ) { value, name in operations.mask.value(value, ofField: name) }
    let dropped = live.journal.status.dropped
    let comment = dropped > 0 ? "\(dropped) earlier exchanges were dropped" : nil
    return writer.text(entries.count, comment: comment) { place in
      // By a span: what is looked at in its place is not retained.
      entry(entries.span[place])
    }
  }

  /// Nil: nothing is to be told of it yet.
  private func entry(_ entry: borrowing JournalEntry) -> HAREntry? {
    entry.status != nil || entry.ending != nil ? told(entry) : nil
  }

  private func told(_ entry: borrowing JournalEntry) -> HAREntry {
    var har = HAREntry()
    har.started = entry.arrived.iso8601(.microseconds)
    let whole = entry.duration.map(Self.microseconds) ?? 0
    let answered = entry.answeredAfter.map { Self.microseconds($0 + entry.heldBack) } ?? whole
    har.waiting = min(answered, whole)
    har.receiving = whole - har.waiting
    har.method = entry.method.name
    har.url = url(entry)
    har.version = entry.version == .http11 ? "HTTP/1.1" : "HTTP/1.0"
    har.requestFields = entry.requestFields
    har.request = HAREntry.Content(entry.requestContent, total: entry.requestContentBytes)
    if entry.reachedClient, let status = entry.status {
      har.status = status.code
      har.reason = status.reason
      har.responseFields = entry.responseFields
      har.response = delivered(entry)
      har.redirect = entry.responseFields["location"].map { operations.mask.target($0) } ?? ""
    } else {
      har.failure = entry.fault?.name ?? entry.ending?.name
    }
    har.connection = String(entry.exchange.connectionID)
    har.members = members(entry)
    return har
  }

  private func url(_ entry: borrowing JournalEntry) -> String {
    let target = operations.shownTarget(of: entry)
    guard entry.target.form == .origin else { return target }
    let host = entry.requestFields["host"] ?? "localhost"
    return String(pieces: entry.isSecure ? "https://" : "http://", host, target)
  }

  /// What of the content went out: a fault may have ended it before its end.
  private func delivered(_ entry: borrowing JournalEntry) -> HAREntry.Content {
    // What is on its way still is counted when it has left.
    let sent =
      entry.ending == nil && entry.method != .head
      ? max(entry.responseContentBytes, UInt64(entry.responseContent.count))
      : entry.responseContentBytes
    let kept =
      sent < entry.responseContent.count
      ? Array(entry.responseContent.prefix(Int(clamping: sent))) : entry.responseContent
    var comment: String?
    if case .corrupt = entry.fault { comment = "as it was before a fault corrupted it" }
    return HAREntry.Content(kept, total: sent, comment: comment)
  }

  private func members(_ entry: borrowing JournalEntry) -> [(name: String, value: JSON)] {
    let operation = entry.operationIndex.map { operations.entries[$0].operation.name }
    var members: [(name: String, value: JSON)] = []
    members.reserveCapacity(5)
    members.append(("_number", .integer(Int(clamping: entry.number))))
    if let operation { members.append(("_operation", .string(operation))) }
    members.append(("_rules", .array(entry.rules.map { .string($0) })))
    members.append(("_ending", .string(entry.ending?.name ?? "in flight")))
    if let fault = entry.fault { members.append(("_fault", .string(fault.name))) }
    return members
  }

  private static func microseconds(_ duration: Duration) -> Int {
    max(0, Int(clamping: duration.clampedNanoseconds / 1000))
  }
}

extension JournalEntry {
  /// Whether the head of the answer, at least, went out.
  fileprivate var reachedClient: Bool {
    guard let status else { return false }
    switch fault {
    case .some(let fault) where fault.sendsNothing: return false
    // Head and content leave together, and it may have ended inside of the head.
    case .reset: return responseContentBytes > 0
    case .some: return true
    case nil: break
    }
    let hasContent = !responseContent.isEmpty && method != .head && !status.forbidsContent
    guard hasContent, responseContentBytes == 0 else { return true }
    // A known content leaves with its head: where nothing of it went, the peer had gone before.
    return ending == nil || ending == .completed
  }
}
