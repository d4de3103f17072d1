import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Journal entries as JSON. Credentials are masked here, whatever the form.
struct JournalText {
  let operations: OperationTable

  /// An entry in a list, or whole.
  /// - Parameter why: in place of what the entry itself can tell.
  ///   - journal: where the calls are that it belongs to; nil: they are not told.
  func write(
    _ entry: JournalEntry, isWhole: Bool, why: JSON? = nil, in journal: Journal? = nil,
    into json: inout JSONWriter
  ) {
    let operation = entry.operationIndex.map { operations.entries[$0] }
    json.object { json in
      json.member("number", Int(clamping: entry.number))
      if entry.parent > 0 { json.member("parent", Int(clamping: entry.parent)) }
      json.member("arrived", entry.arrived, .microseconds)
      json.member(orNull: "ended", entry.ended)
      if let operation {
        json.member("service", operations.serviceNames[operation.serviceIndex])
        json.member("operation", operation.operation.name)
      } else {
        json.raw(#""service":null,"operation":null"#)
      }
      json.member("method", entry.method.name)
      json.member("target", operations.shownTarget(of: entry))
      status(entry, into: &json)
      list("rules", entry.rules, into: &json)
      list("remarks", entry.remarks, into: &json)
      json.member(ifPresent: "hint", entry.hint)
      json.member("ending", entry.ending?.name ?? "in flight")
      json.member(ifPresent: "fault", entry.fault?.name)
      json.member("durationMilliseconds", entry.duration.map { Self.milliseconds($0) } ?? .null)
      json.member("requestBytes", Int(clamping: entry.requestContentBytes))
      json.member("responseBytes", Int(clamping: entry.responseContentBytes))
      if isWhole { writeRest(entry, why, into: &json) }
      if let journal, let tree = JournalTree(around: entry.number, in: journal) {
        json.key("tree")
        tree.write(journal, self, into: &json)
      }
    }
  }

  /// What a line of a tree tells.
  func writeShort(_ entry: JournalEntry, into json: inout JSONWriter) {
    json.member(
      "operation", JSON(entry.operationIndex.map { operations.entries[$0].operation.name }))
    json.member("method", entry.method.name)
    json.member("target", operations.shownTarget(of: entry))
    status(entry, into: &json)
  }

  private func status(_ entry: JournalEntry, into json: inout JSONWriter) {
    if let status = entry.status {
      json.member("status", status.code)
    } else {
      json.member("status", .null)
    }
  }

  /// Where the time went: until the request was there, until the answer was known, held back by rules, and on the line.
  private static func phases(_ entry: JournalEntry, into json: inout JSONWriter) {
    guard let answered = entry.answeredAfter, let whole = entry.duration else { return }
    let held = max(.zero, min(entry.heldBack, whole - answered))
    json.object("phases") { json in
      let read = max(.zero, min(entry.readAfter ?? .zero, answered))
      json.member("readMilliseconds", milliseconds(read))
      json.member("serviceMilliseconds", milliseconds(answered - read))
      json.member("heldMilliseconds", milliseconds(held))
      json.member("writeMilliseconds", milliseconds(max(.zero, whole - answered - held)))
    }
  }

  private func writeRest(_ entry: JournalEntry, _ why: JSON?, into json: inout JSONWriter) {
    Self.phases(entry, into: &json)
    json.member("connection", Int(clamping: entry.exchange.connectionID))
    json.member("numberOnConnection", Int(clamping: entry.exchange.sequenceNumber))
    json.member("peer", entry.exchange.peer.host)
    if entry.isSecure { json.member("secure", true) }
    let began = entry.began.map { Self.milliseconds($0 - WallClock.origin) } ?? .null
    json.member("beganMilliseconds", began)
    json.object("request") { json in
      json.member("version", entry.version == .http11 ? "HTTP/1.1" : "HTTP/1.0")
      fields(entry.requestFields, into: &json)
      Self.content(entry.requestContent, of: entry.requestContentBytes, into: &json)
    }
    json.object("response") { json in
      json.member(ifPresent: "reason", entry.status?.reason)
      fields(entry.responseFields, into: &json)
      Self.content(entry.responseContent, of: entry.responseContentBytes, into: &json)
    }
    json.member("why", why ?? entry.trace?.explained() ?? Self.plainWhy(entry))
  }

  /// What there is to say when no rule was asked.
  private static func plainWhy(_ entry: JournalEntry) -> JSON {
    guard entry.operationIndex == nil else {
      return [
        "answeredBy": "service", "reason": "No rule looks at this operation.",
        "rulesConsidered": [],
      ]
    }
    let nearest = entry.hint
    let reason =
      "The method and path belong to no operation"
      + (nearest.map { "; the nearest is \($0)." } ?? ", and none is like it.")
    return ["answeredBy": "nobody", "reason": .string(reason), "rulesConsidered": []]
  }

  private func list(_ name: StaticString, _ texts: [String], into json: inout JSONWriter) {
    json.array(name) { json in for text in texts { json.value(text) } }
  }

  private func fields(_ fields: Fields, into json: inout JSONWriter) {
    let mask = operations.mask
    json.array("fields", of: fields, mayHide: mask.mayHide) { mask.value($0, ofField: $1) }
  }

  /// Text where it is text, base64 where not; only the first bytes of a long content.
  static func content(_ bytes: [UInt8], of total: UInt64, into json: inout JSONWriter) {
    json.member("contentBytes", Int(clamping: total))
    let isCut = UInt64(bytes.count) < total
    if let text = text(bytes, isCut: isCut) {
      json.member("content", text)
    } else {
      json.member("contentBase64", Base64.encode(bytes))
    }
    if isCut { json.member("contentIsCut", true) }
  }

  /// Nil when the bytes are no UTF-8; a character that was cut at the end does not count.
  static func text(_ bytes: [UInt8], isCut: Bool) -> String? {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    guard isCut else { return nil }
    for cut in 1...3 where bytes.count > cut {
      if let text = String(validating: bytes.dropLast(cut), as: UTF8.self) { return text }
    }
    return nil
  }

  static func milliseconds(_ duration: Duration) -> JSON {
    JSON((duration.inSeconds * 1e6).rounded() / 1e3)
  }
}
