import Lab
import PayloadCodecs
import Testing

@Suite("The report of a sweep")
struct SweepReportTests {
  private static let nasty = "<script>alert('x')</script> & \"|`\u{1}"

  private func report(known: Bool = false) throws -> SweepReport {
    let exchanges = [Exchanges.made(1, "s.create", "POST", target: "/" + Self.nasty)]
    let empty = Exchanges.world([])
    func outcome(_ exit: Int32?, _ exchanges: [LabExchange]) -> RunOutcome {
      RunOutcome(
        exit: exit, seconds: 0.25, output: "", errors: Self.nasty, exchanges: exchanges,
        world: exit == 0 ? Exchanges.world([("file", Self.nasty)]) : empty)
    }
    let clean = CleanRun(outcome(0, exchanges), outcome(0, exchanges), empty: empty)
    var struck = exchanges
    struck[0].rules = ["r"]
    let entries = try ["s.create@1:500", "s.create@1:stall"].map { id in
      let run = try #require(SweepPlan.run(id, in: exchanges))
      let outcome = RunOutcome(
        exit: run.fault == .stall ? nil : 0, seconds: 1, output: "", errors: Self.nasty,
        exchanges: struck, world: empty)
      return SweepReport.Entry(
        run, RunJudgement(run, rule: "r", outcome, clean: clean), outcome)
    }
    return SweepReport(
      command: ["python", Self.nasty], seed: 7, flags: ["--clock", "skip"], clean: clean,
      notes: [Self.nasty],
      entries: entries)
  }

  @Test("The JSON has the documented members (DESIGN §15)")
  func json() throws {
    let json = try report().json
    #expect(json["version"] == 1)
    #expect(json["seed"]?.intValue == 7)
    #expect(json["clean"]?["exchanges"] == 1)
    let run = json["runs"]?[0]
    #expect(run?["id"] == "s.create@1:500")
    #expect(run?["operation"] == "s.create")
    #expect(run?["occurrence"] == 1)
    #expect(run?["fault"] == "500")
    #expect(run?["class"] == "lost")
    #expect(run?["exit"] == 0)
    #expect(run?["retries"] == 0)
    #expect(run?["difference"]?[0]?.stringValue?.hasPrefix("missing: ") == true)
    #expect(json["runs"]?[1]?["class"] == "hung")
    #expect(json["runs"]?[1]?["exit"]?.isNull == true)
  }

  @Test("In a page every value is text, and nothing is fetched")
  func html() throws {
    let page = try report().html
    #expect(!page.contains("<script"))
    #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
    for outside in ["http://", "https://", "src=", "@import", "url("] {
      #expect(!page.contains(outside), "\(outside)")
    }
    #expect(page.contains("href=\"#r0\"") && page.contains("id=\"r0\""))
    #expect(page.contains("wavetank sweep --seed 7 --clock skip --replay s.create@1:500 -- python"))
  }

  @Test("JUnit XML holds a failure for each finding, Markdown a row, and both only text")
  func texts() throws {
    let report = try report()
    let junit = report.junit
    #expect(junit.contains("tests=\"2\" failures=\"2\""))
    #expect(!junit.contains("<script") && !junit.contains("\u{1}"))
    let markdown = report.markdown
    #expect(markdown.contains("| s.create@1 | 500 | lost (swallowedError) |"))
    #expect(!markdown.contains("<script"))
  }

  @Test("What a baseline has is known: only new findings fail")
  func baseline() throws {
    var report = try report()
    #expect(report.exitStatus == 1)
    let all = report.json
    report.compare(with: all)
    #expect(report.exitStatus == 0)
    #expect(report.findings.count == 2 && report.newFindings.isEmpty)
    #expect(report.junit.contains("failures=\"0\""))
    var other = try self.report()
    other.compare(with: ["runs": .array(Array((all["runs"]?.arrayValue ?? []).prefix(1)))])
    #expect(other.newFindings.map(\.run.id) == ["s.create@1:stall"])
    #expect(other.exitStatus == 1)
  }
}
