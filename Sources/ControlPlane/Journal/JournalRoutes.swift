import Dispatch
import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What happened in a tenant.
enum JournalRoutes {
  static func list(_ call: AdminCall) throws(Problem) -> Answer {
    let filter = try JournalFilter(call, limit: 100)
    let live = try call.liveTenant()
    // The status first: what is dropped in between is missing from both.
    let status = live.journal.status
    let (entries, matched) = try filter.select(of: live)
    let text = JournalText(operations: call.pipeline.operations)
    return .object(reserving: 512 + entries.count * 512) { json in
      json.member("tenant", live.name)
      json.member("total", Int(clamping: status.total))
      json.member("kept", status.count)
      json.member("bytes", status.bytes)
      json.member("dropped", Int(clamping: status.dropped))
      json.member("first", status.first.map { .integer(Int(clamping: $0)) } ?? .null)
      json.member("matched", matched)
      json.array("entries") { json in
        for entry in entries { text.write(entry, isWhole: filter.isWhole, into: &json) }
      }
    }
  }

  static func one(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let journal = live.journal
    let name = call.parameters["number"] ?? ""
    guard let number = UInt64(name), number > 0 else {
      throw Problem(400, "Expected the number of an exchange, found \"\(name)\".")
    }
    guard let entry = journal.entry(number) else {
      let status = journal.status
      throw Problem(
        404,
        number > status.total
          ? "There has been no exchange \(number) yet; the last one is \(status.total)."
          : "Exchange \(number) is no longer kept.",
        members: ["dropped": .integer(Int(clamping: status.dropped))])
    }
    var json = JSONWriter(reserving: 8192)
    JournalText(operations: call.pipeline.operations).write(
      entry, isWhole: true, why: why(entry, live, call.pipeline), in: journal, into: &json)
    return .now(.json(.ok, json.bytes))
  }

  /// Each rule with what became of it; nil when no scenario is in force.
  private static func why(_ entry: JournalEntry, _ live: LiveTenant, _ pipeline: Pipeline) -> JSON?
  {
    (entry.trace ?? live.rules?.trace())?
      .explained(for: pipeline.subject(of: entry, in: live))
  }

  static func clear(_ call: AdminCall) throws(Problem) -> Answer {
    try call.liveTenant().journal.clear()
    return .now(Response(.noContent))
  }

  static func har(_ call: AdminCall) throws(Problem) -> Answer {
    let filter = try JournalFilter(call, limit: .max)
    let live = try call.liveTenant()
    var all = live.journal.entries
    // Hardly ever there is one, and to look for it as it goes takes each of them out of its place.
    if hasConnection(all.span) { all.removeAll { $0.isConnection } }
    try filter.checkRule(live, all)
    let har = HARExport(
      operations: call.pipeline.operations, version: call.options.version, live: live)
    var response = Response.json(.ok, har.text(filter.select(all).entries))
    response.fields.append(
      "Content-Disposition", "attachment; filename=\"wavetank-\(live.name).har\"")
    return .now(response)
  }

  private static func hasConnection(_ entries: Span<JournalEntry>) -> Bool {
    for index in entries.indices where entries[index].isConnection { return true }
    return false
  }

  /// One event for each exchange that ends, `id` its number, `data` as in the list, or with `log=text`
  /// or `log=json` a line as in the server's log (`colour=yes`: for a terminal). With `since` or
  /// `Last-Event-ID` what is kept from there on comes first. When the journal was emptied,
  /// which a reset does too, an event `anew` says so: what was told before is no longer there.
  /// It says that the connection closes, since only a reader who leaves ends it: a browser keeps a
  /// connection of which it does not know that for five seconds, and has six of them.
  /// Source: HTML Living Standard, "Server-sent events".
  static func stream(_ call: AdminCall) throws(Problem) -> Answer {
    var filter = try JournalFilter(call, limit: .max)
    let last = call.request.fields["last-event-id"].flatMap { UInt64($0) }
    if let last { filter.resume(after: last) }
    let form = try call.query("log", of: "text", "json")
    let hasColour = try call.query("colour", of: "yes", "no") == "yes"
    let live = try call.liveTenant()
    let events = JournalEvents(
      text: JournalText(operations: call.pipeline.operations), filter: filter,
      goesOn: last != nil, journal: live.journal,
      line: form.map { form in
        let style = LogStyle(form == "json" ? .json : .text, hasColour: hasColour)
        return { [line = call.pipeline.exchangeLine] in line.text($0, of: live.name, style) }
      })
    var response = Response.streaming(.ok, isLive: true) { writer in
      try await events.send(to: writer)
    }
    response.fields.append("Content-Type", "text/event-stream")
    response.heartbeat = ":\n\n"
    response.delivery.closesConnection = true
    return .now(response)
  }
}

/// A journal as server-sent events.
private struct JournalEvents: Sendable {
  let text: JournalText
  let filter: JournalFilter
  /// Behind the last event of a stream that was cut, whose exchange it begins after.
  let goesOn: Bool
  let journal: Journal
  /// Nil: as JSON, the way the list has it.
  let line: (@Sendable (JournalEntry) -> [UInt8])?

  func send(to writer: BodyWriter) async throws {
    let follower = journal.follow()
    defer { journal.remove(follower) }
    // The comment lets the head go out at once, so that a reader knows that it is connected.
    try await writer.write(": wavetank journal\n\n")
    var replayed: Set<UInt64> = []
    var filter = filter
    if filter.isAhead(of: journal.status.total) {
      // It has begun anew since.
      try await writer.write(Self.anew)
      filter.resume(after: 0)
    }
    if filter.hasStart {
      let past = await Offload.run(on: Offload.concurrent) { [filter] in ended(filter) }
      replayed = Set(past.map(\.number))
      for entry in past { try await writer.write(event(entry)) }
      if goesOn { filter.resume(after: 0) }
    }
    while let news = await follower.next() {
      var bytes: [UInt8] = []
      if news.isAnew {
        // Its numbers may begin anew too.
        replayed = []
        filter.resume(after: 0)
        bytes += Self.anew
      }
      for entry in news.entries
      where filter.matches(entry) && replayed.remove(entry.number) == nil {
        bytes += event(entry)
      }
      if news.missed > 0 {
        bytes += Array("event: missed\ndata: {\"count\":\(news.missed)}\n\n".utf8)
      }
      try await writer.write(bytes)
      await Self.gather()
    }
  }

  /// What was over before it began. Exchanges are told as they end: of a stream that goes on also those
  /// that began before the last that was told, and ended after it.
  private func ended(_ filter: JournalFilter) -> [JournalEntry] {
    guard goesOn, let end = journal.entry(filter.start, isWhole: false)?.end else {
      return journal.entries(after: filter.start).filter {
        $0.ending != nil && filter.matches($0)
      }
    }
    var all = filter
    all.resume(after: 0)
    return journal.entries(after: 0).filter {
      $0.ending != nil && all.matches($0)
        && ($0.number > filter.start || $0.end.map { $0 > end } ?? false)
    }
  }

  /// A moment in which news gather, so that thousands of exchanges in a second are some fifty writes: what
  /// comes alone is told at once.
  private static func gather() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().asyncAfter(deadline: .now() + pause) { continuation.resume() }
    }
  }
  private static let pause = DispatchTimeInterval.milliseconds(20)

  private static let anew = Array("event: anew\ndata: {}\n\n".utf8)

  /// Neither JSON text nor a line of the log holds a line break, so one data line is enough.
  private func event(_ entry: JournalEntry) -> [UInt8] {
    var data = line?(entry) ?? []
    if data.isEmpty {
      var json = JSONWriter(reserving: 512)
      text.write(entry, isWhole: false, into: &json)
      data = json.bytes
    }
    return Array("event: exchange\nid: \(entry.number)\ndata: ".utf8) + data + [0x0A, 0x0A]
  }
}

extension JournalEntry {
  /// When it was over, by the clock of durations; nil: it is not, or that is not known any more.
  fileprivate var end: Duration? {
    guard let began, let duration else { return nil }
    return began - WallClock.origin + duration
  }
}
