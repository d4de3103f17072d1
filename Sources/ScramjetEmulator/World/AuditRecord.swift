import EmulatorKernel
import PayloadCodecs

/// One line of an audit stream.
struct AuditRecord: Sendable {
  enum State: String, Sendable {
    case none = ""
    case start = "START"
    case end = "END"
    case active = "ACTIVE"
  }

  var state: State
  var code: Int
  var object: String
  /// The bits of a UUID.
  var request: (high: UInt64, low: UInt64) = (0, 0)
  var requestor = "system"
  var received: UInt64 = 0
  var sent: UInt64 = 0

  func write(at now: VirtualInstant, into json: inout JSONWriter) {
    json.beginObject()
    json.member("opState", state.rawValue)
    json.member("opCode", code)
    json.member("requestId", uuid: request.high, request.low)
    if !object.isEmpty { json.member("objectId", object) }
    json.member("requestorId", requestor)
    json.member("rx", Int(clamping: received))
    json.member("tx", Int(clamping: sent))
    json.member("receivedAt", Int(now.epochMilliseconds))
    json.endObject()
    json.endLine()
  }
}

extension AuditRecord {
  /// As it was noted.
  init(_ entry: UnwrittenRecords.Entry, _ texts: Span<UInt8>) {
    let (object, requestor) = (entry.objectLength, entry.requestorLength)
    self.init(
      state: entry.state, code: entry.code,
      object: Self.text(texts.extracting(0..<object)), request: entry.request,
      requestor: Self.text(texts.extracting(object..<(object + requestor))),
      received: entry.received, sent: entry.sent)
  }

  private static func text(_ utf8: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.append(contentsOf: utf8)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// All of it but the texts.
  func entry(
    _ kind: UnwrittenRecords.Entry.Kind, hub: HubKey, at now: VirtualInstant, status: UInt16 = 0
  ) -> UnwrittenRecords.Entry {
    UnwrittenRecords.Entry(
      kind: kind, hub: hub, at: now, state: state, status: status, code: code, request: request,
      received: received, sent: sent)
  }
}
