import EmulatorKernel
import PayloadCodecs

/// The records of hubs and spaces, in their audits and logs: noted while nobody reads, written when
/// somebody does.
extension ScramjetState {
  mutating func note(
    _ entry: UnwrittenRecords.Entry, object: Span<UInt8>, requestor: Span<UInt8> = Span(),
    method: Span<UInt8> = Span(), path: Span<UInt8> = Span(), _ step: inout Step
  ) {
    records.add(entry, object: object, requestor: requestor, method: method, path: path)
    if records.isRead { tellOfRecords(&step) } else if records.mustBeWritten { writeRecords() }
  }

  // MARK: Writing

  /// Somebody is going to read a stream: what was only noted for logs and audits is written first.
  mutating func readerComes(to stream: StreamKey) {
    guard streams.read(stream, { $0.isHistory }) == true else { return }
    writeRecords()
    records.readerCame()
  }

  /// Writes what was noted, for whoever is going to look.
  /// - Returns: the streams of which somebody is to be told.
  @discardableResult
  mutating func writeRecords() -> [StreamKey] {
    var told: [StreamKey] = []
    for chunk in records.take() {
      chunk.forEach { entry, texts in write(entry, texts, &told) }
    }
    return told
  }

  private mutating func tellOfRecords(_ step: inout Step) {
    let told = writeRecords()
    for stream in told { step.wake(.stream(stream)) }
    guard told.isEmpty else { return records.unreadLines = 0 }
    records.unreadLines += 1
    guard records.unreadLines >= Self.unreadLinesMax else { return }
    records.unreadLines = 0
    if !isAnyRecordRead { records.lastReaderLeft() }
  }

  /// After so many lines of which nobody was told it is looked for readers.
  private static let unreadLinesMax = 64

  private var isAnyRecordRead: Bool {
    var logs = hubs.values.flatMap { [$0.log, $0.audit] }
    for space in spaces.values { logs += [space.log, space.audit] }
    return logs.contains { key in streams.read(key) { $0.isFollowed } == true }
  }

  /// What a record's writing asks of its hub.
  private struct Place {
    let id: String
    let space: SpaceKey
    let log: StreamKey
    let audit: StreamKey
  }

  private mutating func write(
    _ entry: UnwrittenRecords.Entry, _ texts: Span<UInt8>, _ told: inout [StreamKey]
  ) {
    let found = hubs.read(entry.hub) { hub in
      Place(id: hub.id, space: hub.space, log: hub.log, audit: hub.audit)
    }
    guard let hub = found else { return }
    switch entry.kind {
    case .line: write(line: texts, hub, &told)
    case .news:
      guard let news = HubNews(rawValue: entry.code) else { return }
      let line = Self.line(of: news, AuditRecord(entry, texts).object, on: hub.id, at: entry.at)
      write(line: line.span, hub, &told)
    case .start:
      let lines = Self.startLines(
        of: AuditRecord(entry, texts).object, isProcess: entry.code == 1, on: hub.id, at: entry.at)
      write(lines: lines.span, hub, &told)
    case .end:
      let lines = Self.endLines(
        of: AuditRecord(entry, texts).object, on: hub.id, at: entry.at)
      write(lines: lines.span, hub, &told)
    case .request: write(requestOf: entry, texts, hub, &told)
    case .audit: write(AuditRecord(entry, texts), at: entry.at, hub, &told)
    case .wholeRequest:
      var record = AuditRecord(entry, texts)
      record.state = .start
      record.sent = 0
      write(record, at: entry.at, hub, &told)
      write(requestOf: entry, texts, hub, &told)
      record.state = .end
      record.sent = entry.sent
      write(record, at: entry.at, hub, &told)
    }
  }

  private mutating func write(
    requestOf entry: UnwrittenRecords.Entry, _ texts: Span<UInt8>, _ hub: Place,
    _ told: inout [StreamKey]
  ) {
    let path = texts.count - entry.pathLength
    let line = Self.requestLine(
      texts.extracting((path - entry.methodLength)..<path), texts.extracting(path...),
      status: entry.status, of: hub.id, at: entry.at)
    write(line: line.span, hub, &told)
  }

  /// - Parameter lines: each with its end.
  private mutating func write(
    lines: Span<UInt8>, _ hub: Place, _ told: inout [StreamKey]
  ) {
    var start = 0
    for index in lines.indices where lines[index] == UInt8(ascii: "\n") {
      write(line: lines.extracting(start...index), hub, &told)
      start = index + 1
    }
  }

  /// - Parameter line: as a space's log has it, with the hub's id in front.
  private mutating func write(
    line: Span<UInt8>, _ hub: Place, _ told: inout [StreamKey]
  ) {
    append(line.extracting(Self.lineStart(of: hub.id)...), to: hub.log, &told)
    if let log = spaces.read(hub.space, { $0.log }) { append(line, to: log, &told) }
  }

  private mutating func write(
    _ record: AuditRecord, at now: VirtualInstant, _ hub: Place, _ told: inout [StreamKey]
  ) {
    var json = JSONWriter(reserving: 384)
    record.write(at: now, into: &json)
    append(json.bytes.span, to: hub.audit, &told)
    guard let audit = spaces.read(hub.space, { $0.audit }) else { return }
    // A space's tells the hub, too.
    json.reopenLine()
    json.member("host", hub.id)
    json.endObject()
    json.endLine()
    append(json.bytes.span, to: audit, &told)
  }

  private mutating func append(
    _ line: Span<UInt8>, to stream: StreamKey, _ told: inout [StreamKey]
  ) {
    if streams[stream]?.append(line: line) == true { told.append(stream) }
  }

  // MARK: Audit

  /// A record without a request: 0 started, 1 stopped, 2 ended (gone), 3 terminated (its process),
  /// 4 connected; heartbeats.
  mutating func audit(
    _ code: Int, state: AuditRecord.State = .none, object: String, hub: HubKey, _ step: inout Step
  ) {
    var record = AuditRecord(state: state, code: code, object: object)
    record.request = step.ids.uuidWords("audit")
    audit(record, hub: hub, &step)
  }

  mutating func audit(_ record: AuditRecord, hub serial: HubKey, _ step: inout Step) {
    note(
      record.entry(.audit, hub: serial, at: step.now), object: record.object.utf8.span,
      requestor: record.requestor.utf8.span, &step)
  }

  /// While somebody reads a hub's audit there is a heartbeat every ten seconds.
  mutating func beat(hub serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial], hub.auditReaders > 0 else {
      hubs[serial]?.isBeating = false
      return
    }
    audit(13010, state: .active, object: hub.id, hub: serial, &step)
    for instance in hub.instanceOrder {
      guard let id = instances[instance]?.id else { continue }
      audit(13012, state: .active, object: id, hub: serial, &step)
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
