import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

/// What a log wrote.
final class WrittenLines: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  private let isClosed = Atomic<Bool>(false)
  private let written = Atomic<Int>(0)

  var sink: ServerLog.Sink {
    { lines in
      self.written.add(1, ordering: .relaxed)
      if self.isClosed.load(ordering: .relaxed) { return false }
      self.bytes.withLock { $0 += lines }
      return true
    }
  }

  func close(_ isClosed: Bool = true) { self.isClosed.store(isClosed, ordering: .relaxed) }

  func lines(of log: ServerLog) -> [String] {
    log.flush(within: .seconds(30))
    return bytes.withLock { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      return text.utf8.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}

@Suite struct ServerLogTests {
  let written = WrittenLines()

  private func log(
    _ level: LogLevel = .info, _ form: LogStyle.Form = .text, hasColour: Bool = false
  ) -> ServerLog {
    ServerLog(level, LogStyle(form, hasColour: hasColour), written.sink)
  }

  private func peer(_ log: ServerLog, _ scenario: String? = nil) throws -> TestClient {
    let services: [any EmulatedService] = [SampleService()]
    var configuration = PipelineConfiguration()
    if let scenario {
      let catalog = ScenarioCatalog(services: services)
      configuration.blueprint = TenantBlueprint(
        try ScenarioLoader(catalog: catalog).load([
          ScenarioDocument(Array(scenario.utf8), name: "s.json")
        ]), catalog: catalog)
    }
    configuration.log = log
    return TestClient(try Pipeline(services: services, configuration: configuration))
  }

  @Test("An exchange is one line: time, level, tenant, method, target, operation, status, duration")
  func line() async throws {
    let log = log()
    let peer = try peer(log)
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
    let lines = written.lines(of: log)
    let line = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  (.*) (\d+\.\d{3})ms #1/
    let all = try lines.filter { $0.contains(" #") }.map { text in
      String(try #require(text.wholeMatch(of: line), "\(text)").1)
    }
    #expect(
      all == [
        "default GET /ships harbor.ship.list 200",
        "blue POST /_t/blue/ships harbor.ship.create 201",
      ])
    #expect(lines.contains { $0.hasSuffix("info  blue tenant begins") })
  }

  @Test("A path of no operation is a warning that names the nearest")
  func unknownPath() async throws {
    let log = log(.warn)
    let peer = try peer(log)
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.get, "/shipz")
    let lines = written.lines(of: log)
    #expect(lines.count == 1)
    #expect(lines[0].contains(" warn  default GET /shipz - 404 "))
    #expect(lines[0].contains(#"hint="harbor.ship.list GET /ships""#))
  }

  static let faults: [(fault: String, outcome: String, words: String)] = [
    (#""reset""#, " reset ", "fault=reset"), (#""empty""#, " empty ", "fault=empty"),
    (#"{"truncate": {"afterBytes": 1}}"#, " cut ", "fault=truncate after 1 bytes of content"),
    (#"{"stall": {"afterBytes": 1}}"#, " stalled ", "fault=stall after 1 bytes of content"),
    (#"{"throttle": {"bytesPerSecond": 1000}}"#, " 200 ", "fault=throttle to 1000 bytes a second"),
  ]

  @Test("A fault is named as what it was, with the rule that struck", arguments: faults.indices)
  func fault(_ index: Int) async throws {
    let (fault, outcome, words) = Self.faults[index]
    let log = log()
    let peer = try peer(
      log,
      #"{"wavetank":1,"rules":[{"name":"a \"rule\"","match":{"operation":"harbor.ship.list"},"fault":"#
        + fault + "}]}")
    _ = await peer.send(.get, "/ships")
    let line = try #require(written.lines(of: log).last)
    #expect(line.contains("GET /ships harbor.ship.list\(outcome)"), "\(line)")
    #expect(line.contains(#"rule="a \"rule\"""#) && line.contains(words), "\(line)")
  }

  static let hostile = [
    "/ships/\u{1B}[2J", "/ships/a\r\nforged line", "/ships/\u{9B}31m", "/ships/\u{202E}x",
    "/ships/\0",
    "/\u{7F}", "/ships?q=\u{1B}]0;title\u{07}", "/ships/é\u{2028}",
  ]

  @Test(
    "Nothing that a peer sends reaches a terminal raw, or begins a line",
    arguments: hostile, [LogStyle.Form.text, .json])
  func hostileBytes(_ target: String, _ form: LogStyle.Form) async throws {
    let log = log(.debug, form)
    let peer = try peer(
      log, #"{"wavetank":1,"rules":[{"match":{"path":"/other"},"error":500}]}"#)
    _ = await peer.send(.get, target)
    _ = await peer.send(Method("M\u{1B}X"), target, ["X-Wavetank-Tenant": "no\u{1B}[1mname"])
    let lines = written.lines(of: log)
    #expect(lines.count == 2)
    for line in lines {
      #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
      #expect(!line.unicodeScalars.contains { (0x80...0x9F).contains($0.value) })
      #expect(!line.unicodeScalars.contains { [0x2028, 0x202E].contains($0.value) })
      if form == .json { #expect(throws: Never.self) { try JSON(parsing: Array(line.utf8)) } }
    }
  }

  @Test("Secrets are masked as in the journal: in a path, a query and a user's name")
  func secrets() async throws {
    let log = log()
    let peer = try peer(log)
    for target in [
      "/ships?token=s3cret&q=1", "http://me:s3cret@127.0.0.1/ships",
      "/44444444-4444-4444-8444-444444444444/s3cret",
    ] {
      _ = await peer.send(.get, target, ["Authorization": "Bearer s3cret"])
    }
    let lines = written.lines(of: log)
    #expect(lines.count == 3)
    #expect(!lines.contains { $0.contains("s3cret") }, "\(lines)")
    #expect(lines.allSatisfy { $0.contains("***#") })
  }

  @Test("As JSON a line is an object with the journal's names; what was never sent has no status")
  func json() async throws {
    let log = log(.info, .json)
    let peer = try peer(
      log,
      #"{"wavetank":1,"rules":[{"name":"gone","match":{"method":"POST"},"fault":"empty"}]}"#)
    _ = await peer.send(.get, "/ships?a=\"b\\")
    _ = await peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    let lines = try written.lines(of: log).map { try JSON(parsing: Array($0.utf8)) }
    #expect(
      lines.map { $0["operation"]?.stringValue } == ["harbor.ship.list", "harbor.ship.create"])
    #expect(lines.map { $0["target"]?.stringValue } == ["/ships?a=\"b\\", "/ships"])
    #expect(lines[0]["status"]?.intValue == 200 && lines[0]["service"]?.stringValue == "harbor")
    #expect(lines[1]["status"]?.isNull == true && lines[1]["outcome"]?.stringValue == "empty")
    #expect(lines[1]["rules"]?.arrayValue?.map(\.text) == [#""gone""#])
    #expect(lines.map { $0["level"]?.stringValue } == ["info", "info"])
  }

  @Test("At debug a line says why: each rule with what did not hold")
  func why() async throws {
    let log = log(.debug)
    let peer = try peer(
      log,
      #"{"wavetank":1,"rules":[{"name":"only red","match":{"operation":"harbor.ship.list","header":{"x-colour":"red"}},"error":500}]}"#
    )
    _ = await peer.send(.get, "/ships", ["X-Colour": "blue"])
    let line = try #require(written.lines(of: log).last)
    #expect(
      line.contains(#"why="only red: not matched, match.header.x-colour expected"#), "\(line)")
    #expect(line.contains("blue"), "\(line)")
  }

  @Test("Colours stand in text alone, and only where they are wanted")
  func colours() async throws {
    for (form, hasColour) in [(LogStyle.Form.text, true), (.text, false), (.json, true)] {
      let written = WrittenLines()
      let log = ServerLog(.info, LogStyle(form, hasColour: hasColour), written.sink)
      _ = await (try peer(log)).send(.get, "/ships")
      let hasEscapes = written.lines(of: log).joined().utf8.contains(0x1B)
      #expect(hasEscapes == (form == .text && hasColour))
    }
  }

  @Test("A text of several lines is indented, so that none looks like a line of the log")
  func severalLines() {
    let log = log()
    log.tell(.error, keepsLines: true) { "one\n2026-01-01T00:00:00.000Z info  forged\u{1B}[0m" }
    let lines = written.lines(of: log)
    #expect(lines.count == 2 && lines[0].hasSuffix("error - one"))
    #expect(lines[1] == #"    2026-01-01T00:00:00.000Z info  forged\u{1b}[0m"#)
    log.tell(.warn, "a peer's\nforged")
    #expect(written.lines(of: log).last?.hasSuffix(#"warn  - a peer's\nforged"#) == true)
  }

  @Test("Who follows a journal gets the same lines")
  func follower() async throws {
    let log = log()
    let peer = try peer(log)
    let pipeline = try #require(peer.responder as? Pipeline)
    for path in ["/ships", "/nowhere", "/ships/é?token=x"] { _ = await peer.send(.get, path) }
    let written = written.lines(of: log)
    let followed = pipeline.tenants.default.journal.entries.map {
      String(decoding: pipeline.exchangeLine.text($0, of: "default", LogStyle()), as: UTF8.self)
    }
    #expect(followed.count == 3 && followed == written)
  }

  @Test("What a closed output does not take is counted, and told once it takes lines again")
  func closed() {
    let log = log()
    written.close()
    for number in 1...3 {
      log.tell(.info, "\(number)")
      // Each is lost by itself, and so is what is told of those before.
      #expect(written.lines(of: log).isEmpty)
    }
    written.close(false)
    log.tell(.info, "again")
    let lines = written.lines(of: log)
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix("again"))
    #expect(lines[1].contains("3 lines of the log dropped"))
  }

  @Test(
    "An output that takes nothing holds up nobody: beyond the bound lines are dropped and counted")
  func stuck() async throws {
    let gate = Mutex(())
    let written = written
    let log = ServerLog(.info) { lines in gate.withLock { _ in written.sink(lines) } }
    let dropped = gate.withLock { _ in
      let text = String(repeating: "x", count: 10_000)
      for _ in 0..<2_000 { log.tell(.info, text) }
      log.flush(within: .milliseconds(1))
      return 2_000
    }
    let told = written.lines(of: log)
    let kept = told.filter { $0.hasSuffix("x") }.count
    #expect(kept < dropped && kept > 100)
    let sentence = try #require(told.first { $0.contains("lines of the log dropped") })
    #expect(sentence.contains(" \(dropped - kept) lines of the log dropped"), "\(sentence)")
  }
}
