import EmulatorKernel
import PayloadCodecs

/// Log lines and audit records.
extension ScramjetState {
  /// History that a hub's or space's log keeps for later readers.
  /// Source: transform-hub keeps up to 100,000 chunks of log and 1,000,000 of audit; here bytes are
  /// bounded as well, since every tenant has four of these.
  static let logHistory = StreamLog.Keeping.history(chunks: 100_000, bytes: logHistoryBytes)
  static let auditHistory = StreamLog.Keeping.history(chunks: 1_000_000, bytes: auditHistoryBytes)
  static let logHistoryBytes = 512 * 1024
  static let auditHistoryBytes = 256 * 1024

  // MARK: Log

  /// Where an instance's lines go.
  private struct LogPlace {
    let id: String
    let hub: HubKey
    let host: String
    let log: StreamKey
  }

  private func logPlace(_ serial: InstanceKey) -> LogPlace? {
    guard let (id, hub, log) = instances.read(serial, { ($0.id, $0.hub, $0.log) }),
      let host = hubs.read(hub, { $0.id })
    else { return nil }
    return LogPlace(id: id, hub: hub, host: host, log: log)
  }

  mutating func log(
    _ message: String, level: String, data: [JSON] = [], from part: String,
    instance serial: InstanceKey, _ step: inout Step
  ) {
    guard let place = logPlace(serial) else { return }
    log(message, level: level, data: data, from: part, at: place, &step)
  }

  private mutating func log(
    _ message: String, level: String, data: [JSON] = [], from part: String, at place: LogPlace,
    _ step: inout Step
  ) {
    let host = place.host
    var json = Self.logLine(message.utf8.span, level, from: part, of: host, at: step.now) { json in
      if !data.isEmpty { json.member("data", .array(data)) }
    } whose: { json in
      if part == "Sequence" { Self.name("Sequence", place.id, &json) }
      Self.name("Runner", place.id, &json)
    }
    write(line: json.bytes.span.extracting(Self.lineStart(of: host)...), to: place.log, &step)
    Self.continueOnHub(&json, place)
    note(line: json.bytes, of: host, place.hub, &step)
  }

  /// Its hub says the same, and who passed it on.
  private static func continueOnHub(_ json: inout JSONWriter, _ place: LogPlace) {
    json.reopenLine()
    name("CSIController", place.id, &json)
    name("Host", place.host, &json)
    json.endObject()
    json.endLine()
  }

  mutating func logOnHub(
    _ message: String, level: String = "DEBUG", data: [JSON] = [], hub serial: HubKey,
    _ step: inout Step
  ) {
    guard let host = hubs.read(serial, { $0.id }) else { return }
    let line = Self.logLine(
      message.utf8.span, level, from: "Host", of: host, at: step.now,
      { json in if !data.isEmpty { json.member("data", .array(data)) } },
      whose: { Self.name("Host", host, &$0) })
    note(line: line.bytes, of: host, serial, &step)
  }

  /// - Parameter line: as a space's log has it, with the hub's id in front.
  private mutating func note(
    line: [UInt8], of id: String, _ serial: HubKey, _ step: inout Step
  ) {
    note(UnwrittenRecords.Entry(kind: .line, hub: serial, at: step.now), object: line.span, &step)
  }

  /// What stands between a hub's id and its line.
  private static let afterName: [UInt8] = [UInt8(ascii: ":"), UInt8(ascii: " ")]
  static func lineStart(of hub: String) -> Int { hub.utf8.count + afterName.count }

  /// - Parameter hub: whose id stands in front.
  private static func logLine(
    _ message: Span<UInt8>, _ level: String, from part: String, of hub: String,
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

  /// The log's line of a request.
  static func requestLine(
    _ method: Span<UInt8>, _ path: Span<UInt8>, status: UInt16, of host: String,
    at now: VirtualInstant
  ) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(80 + path.count)
    text.append(contentsOf: "date: ".utf8.span)
    now.withISO8601(.milliseconds) { text.append(contentsOf: $0) }
    text.append(contentsOf: ", method: ".utf8.span)
    text.append(contentsOf: method)
    text.append(contentsOf: ", url: ".utf8.span)
    text.append(contentsOf: path)
    text.append(contentsOf: ", status: ".utf8.span)
    text.append(contentsOf: String(status).utf8.span)
    return logLine(
      "Request".utf8.span, "DEBUG", from: "Host", of: host, at: now,
      { json in json.array("data") { $0.value(text.span) } },
      whose: { Self.name("Host", host, &$0) }
    ).bytes
  }

  private static func name(_ part: StaticString, _ id: String, _ json: inout JSONWriter) {
    json.object(part) { $0.member("id", id) }
  }

  /// The first lines of a real instance's log.
  /// Source: contract of the hub's log, observed on hub 1.0.1.
  /// - Parameter isProcess: the runner's lines come from itself.
  mutating func logStart(_ serial: InstanceKey, isProcess: Bool = false, _ step: inout Step) {
    guard let place = logPlace(serial) else { return }
    logOnHub("Starting sequence", level: "INFO", data: [.string(place.id)], hub: place.hub, &step)
    debug(
      ["Streams hooked and routed", "Sequence initialized", "Handshake"], from: "CSIController",
      at: place, &step)
    if isProcess { return }
    debug(
      ["Connected to host", "Sequence loaded, functions count", "Function called"], from: "Runner",
      at: place, &step)
  }

  /// Lines that differ in their message alone, in which nothing needs an escape: what stands around it is written
  /// once. The instance's log has all of them before its hub's has the first.
  private mutating func debug(
    _ messages: [String], from part: String, at place: LogPlace, _ step: inout Step
  ) {
    let start = Self.lineStart(of: place.host)
    // Behind `{"msg":"`.
    let middle = start + 8
    var json = Self.logLine(
      Span(), "DEBUG", from: part, of: place.host, at: step.now, { _ in },
      whose: { Self.name("Runner", place.id, &$0) })
    let own = json.bytes
    var text: [UInt8] = []
    text.reserveCapacity(own.count + 128)
    func put(_ message: String, into line: borrowing [UInt8], from start: Int) {
      text.removeAll(keepingCapacity: true)
      text.append(contentsOf: line.span.extracting(start..<middle))
      text.append(contentsOf: message.utf8.span)
      text.append(contentsOf: line.span.extracting(middle...))
    }
    var isNews = false
    streams.update(place.log) { log in
      for message in messages {
        put(message, into: own, from: start)
        if log.append(line: text.span) { isNews = true }
      }
    }
    if isNews { step.wake(.stream(place.log)) }
    Self.continueOnHub(&json, place)
    for message in messages {
      put(message, into: json.bytes, from: 0)
      note(line: text, of: place.host, place.hub, &step)
    }
  }

  mutating func logEnd(_ serial: InstanceKey, _ ending: Instance.Ending, _ step: inout Step) {
    guard let place = logPlace(serial) else { return }
    if ending.status == .errored {
      log(
        ending.reason, level: "ERROR", data: [.integer(ending.code)], from: "Runner", at: place,
        &step)
    }
    debug(
      ["End of sequence", "Cleanup completed", "Finalizing..."], from: "CSIController", at: place,
      &step)
  }
}
