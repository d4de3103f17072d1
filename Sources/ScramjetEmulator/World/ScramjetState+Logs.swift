import EmulatorKernel
import PayloadCodecs

/// Log lines and audit records.
extension ScramjetState {
  /// History that a hub's or space's log keeps for later readers.
  /// Source: transform-hub keeps up to 100,000 chunks of log and 1,000,000 of audit; here bytes are
  /// bounded as well, since every tenant has four of these.
  static let logHistory = StreamLog.Keeping.history(chunks: 100_000, bytes: 512 * 1024)
  static let auditHistory = StreamLog.Keeping.history(chunks: 1_000_000, bytes: 256 * 1024)

  // MARK: Log

  mutating func log(
    _ message: String, level: String, data: [JSON] = [], from part: String,
    instance serial: InstanceKey,
    _ step: inout Step
  ) {
    guard let (id, hub, log) = instances.read(serial, { ($0.id, $0.hub, $0.log) }) else { return }
    let host = hubs.read(hub) { $0.id } ?? ""
    var json = Self.logLine(message, level, from: part, of: host, at: step.now) { json in
      if !data.isEmpty { json.member("data", .array(data)) }
    } whose: { json in
      if part == "Sequence" { Self.name("Sequence", id, &json) }
      Self.name("Runner", id, &json)
    }
    write(line: json.bytes.span.extracting(Self.lineStart(of: host)...), to: log, &step)
    // Its hub says the same, and who passed it on.
    json.reopenLine()
    Self.name("CSIController", id, &json)
    Self.name("Host", host, &json)
    json.endObject()
    json.endLine()
    logOnHub(json.bytes, of: host, hub, &step)
  }

  mutating func logOnHub(
    _ message: String, level: String = "DEBUG", data: [JSON] = [], hub serial: HubKey,
    _ step: inout Step
  ) {
    logOnHub(message, level: level, hub: serial, &step) { json in
      if !data.isEmpty { json.member("data", .array(data)) }
    }
  }

  /// - Parameter data: writes the member of that name, if there is one.
  mutating func logOnHub(
    _ message: String, level: String, hub serial: HubKey, _ step: inout Step,
    data: (inout JSONWriter) -> Void
  ) {
    let host = hubs.read(serial) { $0.id } ?? ""
    let line = Self.logLine(
      message, level, from: "Host", of: host, at: step.now, data,
      whose: { Self.name("Host", host, &$0) })
    logOnHub(line.bytes, of: host, serial, &step)
  }

  /// - Parameter line: as a space's log has it, with the hub's id in front.
  private mutating func logOnHub(
    _ line: [UInt8], of id: String, _ serial: HubKey, _ step: inout Step
  ) {
    guard let (log, space) = hubs.read(serial, { ($0.log, $0.space) }) else { return }
    write(line: line.span.extracting(Self.lineStart(of: id)...), to: log, &step)
    guard let log = spaces.read(space, { $0.log }) else { return }
    write(line: line.span, to: log, &step)
  }

  /// What stands between a hub's id and its line.
  private static let afterName: [UInt8] = [UInt8(ascii: ":"), UInt8(ascii: " ")]
  private static func lineStart(of hub: String) -> Int { hub.utf8.count + afterName.count }

  /// - Parameter hub: whose id stands in front.
  private static func logLine(
    _ message: String, _ level: String, from part: String, of hub: String,
    at now: VirtualInstant, _ data: (inout JSONWriter) -> Void,
    whose names: (inout JSONWriter) -> Void
  ) -> JSONWriter {
    var json = JSONWriter(reserving: 384)
    json.plain(hub.utf8.span)
    json.plain(afterName.span)
    json.beginObject()
    json.member("msg", message)
    json.member("level", level)
    json.member("ts", Int(now.epochMilliseconds))
    data(&json)
    json.member("from", part)
    names(&json)
    json.endObject()
    json.endLine()
    return json
  }

  private static func name(_ part: StaticString, _ id: String, _ json: inout JSONWriter) {
    json.object(part) { $0.member("id", id) }
  }

  /// The first lines of a real instance's log.
  /// Source: contract of the hub's log, observed on hub 1.0.1.
  /// - Parameter isProcess: the runner's lines come from itself.
  mutating func logStart(_ serial: InstanceKey, isProcess: Bool = false, _ step: inout Step) {
    guard let (id, hub) = instances.read(serial, { ($0.id, $0.hub) }) else { return }
    logOnHub("Starting sequence", level: "INFO", data: [.string(id)], hub: hub, &step)
    for message in ["Streams hooked and routed", "Sequence initialized", "Handshake"] {
      log(message, level: "DEBUG", from: "CSIController", instance: serial, &step)
    }
    if isProcess { return }
    for message in ["Connected to host", "Sequence loaded, functions count", "Function called"] {
      log(message, level: "DEBUG", from: "Runner", instance: serial, &step)
    }
  }

  mutating func logEnd(_ serial: InstanceKey, _ ending: Instance.Ending, _ step: inout Step) {
    if ending.status == .errored {
      log(
        ending.reason, level: "ERROR", data: [.integer(ending.code)], from: "Runner",
        instance: serial, &step)
    }
    for message in ["End of sequence", "Cleanup completed", "Finalizing..."] {
      log(message, level: "DEBUG", from: "CSIController", instance: serial, &step)
    }
  }

  // MARK: Audit

  /// A record without a request: 0 started, 1 stopped, 2 ended (gone), 3 terminated (its process),
  /// 4 connected; heartbeats.
  mutating func audit(
    _ code: Int, state: String = "", object: String, hub: HubKey, _ step: inout Step
  ) {
    var record = AuditRecord(state: state, code: code, object: object)
    record.request = step.ids.uuidWords("audit")
    audit(record, hub: hub, &step)
  }

  mutating func audit(_ record: AuditRecord, hub serial: HubKey, _ step: inout Step) {
    guard let (id, audit, space) = hubs.read(serial, { ($0.id, $0.audit, $0.space) }) else {
      return
    }
    var json = JSONWriter(reserving: 384)
    record.write(at: step.now, into: &json)
    write(line: json.bytes.span, to: audit, &step)
    guard let audit = spaces.read(space, { $0.audit }) else { return }
    // A space's tells the hub, too.
    json.reopenLine()
    json.member("host", id)
    json.endObject()
    json.endLine()
    write(line: json.bytes.span, to: audit, &step)
  }

  /// While somebody reads a hub's audit there is a heartbeat every ten seconds.
  mutating func beat(hub serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial], hub.auditReaders > 0 else {
      hubs[serial]?.isBeating = false
      return
    }
    audit(13010, state: "ACTIVE", object: hub.id, hub: serial, &step)
    for instance in hub.instanceOrder {
      guard let id = instances[instance]?.id else { continue }
      audit(13012, state: "ACTIVE", object: id, hub: serial, &step)
    }
    agenda.add(.heartbeat(hub: serial), at: step.now + .seconds(10))
  }

  mutating func auditReaderCame(hub serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    hubs[serial]?.auditReaders += 1
    if !hub.isBeating {
      hubs[serial]?.isBeating = true
      agenda.add(.heartbeat(hub: serial), at: step.now + .seconds(10))
    }
  }

  mutating func auditReaderLeft(hub serial: HubKey) {
    if let count = hubs[serial]?.auditReaders, count > 0 { hubs[serial]?.auditReaders = count - 1 }
  }
}

/// One line of an audit stream.
struct AuditRecord: Sendable {
  var state: String
  var code: Int
  var object: String
  /// The bits of a UUID.
  var request: (high: UInt64, low: UInt64) = (0, 0)
  var requestor = "system"
  var received: UInt64 = 0
  var sent: UInt64 = 0

  func write(at now: VirtualInstant, into json: inout JSONWriter) {
    json.beginObject()
    json.member("opState", state)
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
