import EmulatorKernel
import PayloadCodecs

/// What a hub's log tells in its own name.
enum HubNews: Int, Sendable {
  case hostStarted, hubDisconnected, sequenceIdentified, sequenceRemoved, sequenceStarting

  var message: String {
    switch self {
    case .hostStarted: "Host started"
    case .hubDisconnected: "Hub disconnected"
    case .sequenceIdentified: "Sequence identified"
    case .sequenceRemoved: "Sequence removed"
    case .sequenceStarting: "Starting sequence"
    }
  }

  var level: String { self == .hubDisconnected ? "WARN" : "INFO" }
}

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

  /// - Parameter object: the sequence that it is about; empty: none.
  mutating func logOnHub(
    _ news: HubNews, _ object: String = "", hub serial: HubKey, _ step: inout Step
  ) {
    note(
      UnwrittenRecords.Entry(kind: .news, hub: serial, at: step.now, code: news.rawValue),
      object: object.utf8.span, &step)
  }

  static func line(
    of news: HubNews, _ object: String, on hub: String, at now: VirtualInstant
  ) -> [UInt8] {
    logLine(
      news.message.utf8.span, news.level, from: "Host", of: hub, at: now,
      { json in if !object.isEmpty { json.array("data") { $0.value(object) } } },
      whose: { Self.name("Host", hub, &$0) }
    ).bytes
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

  /// - Parameter hub: whose id stands in front; nil: none.
  private static func logLine(
    _ message: Span<UInt8>, _ level: String, from part: String, of hub: String?,
    at now: VirtualInstant, _ data: (inout JSONWriter) -> Void,
    whose names: (inout JSONWriter) -> Void
  ) -> JSONWriter {
    var json = JSONWriter(reserving: 384)
    if let hub {
      json.plain(hub.utf8.span)
      json.plain(afterName.span)
    }
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

  // MARK: Starts and ends

  /// Messages that one part of the platform says of an instance one after the other; none needs an escape.
  private struct Saying {
    let part: String
    let messages: [String]
  }

  /// The first lines of a real instance's log, and the last.
  /// Source: contract of the hub's log, observed on hub 1.0.1.
  private static let hooking = Saying(
    part: "CSIController",
    messages: ["Streams hooked and routed", "Sequence initialized", "Handshake"])
  private static let calling = Saying(
    part: "Runner",
    messages: ["Connected to host", "Sequence loaded, functions count", "Function called"])
  private static let ending = Saying(
    part: "CSIController",
    messages: ["End of sequence", "Cleanup completed", "Finalizing..."])

  /// - Parameter isProcess: the runner's lines come from itself.
  private static func startSayings(isProcess: Bool) -> [Saying] {
    isProcess ? [hooking] : [hooking, calling]
  }

  /// Writes the first lines of an instance's own log.
  static func logOpening(
    of instance: String, isProcess: Bool, at now: VirtualInstant
  ) -> @Sendable () -> [UInt8] {
    { text(of: startSayings(isProcess: isProcess), by: instance, at: now) }
  }

  /// Its hub tells of the start, too.
  mutating func logStartOnHub(
    _ instance: String, isProcess: Bool, hub: HubKey, _ step: inout Step
  ) {
    note(
      UnwrittenRecords.Entry(kind: .start, hub: hub, at: step.now, code: isProcess ? 1 : 0),
      object: instance.utf8.span, &step)
  }

  mutating func logEnd(_ serial: InstanceKey, _ ending: Instance.Ending, _ step: inout Step) {
    guard let place = logPlace(serial) else { return }
    if ending.status == .errored {
      log(
        ending.reason, level: "ERROR", data: [.integer(ending.code)], from: "Runner", at: place,
        &step)
    }
    let text = Self.text(of: [Self.ending], by: place.id, at: step.now)
    var isNews = false
    streams.update(place.log) { log in isNews = log.append(lines: text.span) }
    if isNews { step.wake(.stream(place.log)) }
    note(
      UnwrittenRecords.Entry(kind: .end, hub: place.hub, at: step.now),
      object: place.id.utf8.span, &step)
  }

  private static func text(
    of sayings: [Saying], by instance: String, at now: VirtualInstant
  ) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(sayings.count * 512)
    for saying in sayings { append(saying, of: instance, at: now, to: &text) }
    return text
  }

  /// What a hub tells of an instance's start, as a space's log has it, each with its end.
  static func startLines(
    of instance: String, isProcess: Bool, on hub: String, at now: VirtualInstant
  ) -> [UInt8] {
    var text = line(of: .sequenceStarting, instance, on: hub, at: now)
    for saying in startSayings(isProcess: isProcess) {
      append(saying, of: instance, on: hub, at: now, to: &text)
    }
    return text
  }

  /// The same of its end.
  static func endLines(
    of instance: String, on hub: String, at now: VirtualInstant
  ) -> [UInt8] {
    var text: [UInt8] = []
    append(ending, of: instance, on: hub, at: now, to: &text)
    return text
  }

  /// Lines that differ in their message alone: what stands around it is written once.
  /// - Parameter hub: whose log it is, with its id in front; nil: the instance's own.
  private static func append(
    _ saying: Saying, of instance: String, on hub: String? = nil, at now: VirtualInstant,
    to text: inout [UInt8]
  ) {
    let line = logLine(
      Span(), "DEBUG", from: saying.part, of: hub, at: now, { _ in },
      whose: { json in
        name("Runner", instance, &json)
        guard let hub else { return }
        name("CSIController", instance, &json)
        name("Host", hub, &json)
      }
    ).bytes
    // Behind `{"msg":"`.
    let middle = (hub.map(lineStart) ?? 0) + 8
    for message in saying.messages {
      text.append(contentsOf: line.span.extracting(..<middle))
      text.append(contentsOf: message.utf8.span)
      text.append(contentsOf: line.span.extracting(middle...))
    }
  }
}
