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
    guard let instance = instances[serial] else { return }
    let id: JSON = ["id": .string(instance.id)]
    var line = Self.logLine(message, level, data, part, at: step.now)
    if part == "Sequence" { line["Sequence"] = id }
    line["Runner"] = id
    write(Self.text(line), to: instance.log, &step)
    line["CSIController"] = id
    line["Host"] = ["id": .string(hubs[instance.hub]?.id ?? "")]
    logOnHub(line, instance.hub, &step)
  }

  mutating func logOnHub(
    _ message: String, level: String = "DEBUG", data: [JSON] = [], from part: String = "Host",
    hub serial: HubKey, _ step: inout Step
  ) {
    var line = Self.logLine(message, level, data, part, at: step.now)
    line["Host"] = ["id": .string(hubs[serial]?.id ?? "")]
    logOnHub(line, serial, &step)
  }

  private mutating func logOnHub(_ line: JSONObject, _ serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    let text = Self.text(line)
    write(text, to: hub.log, &step)
    guard let log = spaces.read(hub.space, { $0.log }) else { return }
    var named: [UInt8] = []
    named.reserveCapacity(hub.id.utf8.count + 2 + text.count)
    named.append(contentsOf: hub.id.utf8.span)
    named.append(UInt8(ascii: ":"))
    named.append(UInt8(ascii: " "))
    named.append(contentsOf: text)
    write(named, to: log, &step)
  }

  private static func logLine(
    _ message: String, _ level: String, _ data: [JSON], _ part: String, at now: VirtualInstant
  ) -> JSONObject {
    JSONObject(withoutNulls: [
      "msg": .string(message), "level": .string(level), "ts": .integer(Int(now.epochMilliseconds)),
      "data": data.isEmpty ? .null : .array(data), "from": .string(part),
    ])
  }

  private static func text(_ line: JSONObject) -> [UInt8] {
    var text = JSON.object(line).serialized()
    text.append(UInt8(ascii: "\n"))
    return text
  }

  /// The first lines of a real instance's log.
  /// Source: contract of the hub's log, observed on hub 1.0.1.
  /// - Parameter isProcess: the runner's lines come from itself.
  mutating func logStart(_ serial: InstanceKey, isProcess: Bool = false, _ step: inout Step) {
    guard let instance = instances[serial] else { return }
    logOnHub(
      "Starting sequence", level: "INFO", data: [.string(instance.id)], hub: instance.hub, &step)
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
    record.request = step.ids.uuid("audit")
    audit(record, hub: hub, &step)
  }

  mutating func audit(_ record: AuditRecord, hub serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    write(record.line(at: step.now, host: nil), to: hub.audit, &step)
    guard let audit = spaces.read(hub.space, { $0.audit }) else { return }
    write(record.line(at: step.now, host: hub.id), to: audit, &step)
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
  var request = ""
  var requestor = "system"
  var received: UInt64 = 0
  var sent: UInt64 = 0

  /// Written straight away: each request to a hub makes four of these.
  /// - Parameter host: the hub's id, which a space's audit tells.
  func line(at now: VirtualInstant, host: String?) -> [UInt8] {
    var json = JSONWriter(reserving: 288)
    json.beginObject()
    json.member("opState", state)
    json.member("opCode", code)
    json.member("requestId", request)
    if !object.isEmpty { json.member("objectId", object) }
    json.member("requestorId", requestor)
    json.member("rx", Int(clamping: received))
    json.member("tx", Int(clamping: sent))
    json.member("receivedAt", Int(now.epochMilliseconds))
    if let host { json.member("host", host) }
    json.endObject()
    json.endLine()
    return json.bytes
  }
}
