import Lab
import PayloadCodecs
import Testing

@Suite("The plan of a sweep")
struct SweepPlanTests {
  private func places(_ plan: SweepPlan) -> [String] {
    plan.runs.map { "\($0.operation)@\($0.occurrence)x\($0.stands)" }
  }

  private func options(_ faults: [SweepFault] = [.failed]) -> SweepPlan.Options {
    var options = SweepPlan.Options()
    options.faults = faults
    return options
  }

  static let loops: [(asked: String, places: [String])] = [
    ("a b c", ["s.a@1x1", "s.b@1x1", "s.c@1x1"]),
    ("a b b b c", ["s.a@1x1", "s.b@1x3", "s.c@1x1"]),
    ("a b a b a b", ["s.a@1x3", "s.b@1x3"]),
    ("a b b a b b b", ["s.a@1x2", "s.b@1x5"]),
    ("a b a", ["s.a@1x1", "s.b@1x1", "s.a@2x1"]),
  ]

  @Test("Exchanges at the same place of a loop are represented once", arguments: loops.indices)
  func folding(index: Int) {
    let asked = Self.loops[index].asked.split(separator: " ").map { "s.\($0)" }
    let plan = SweepPlan(Exchanges.made(asked), options())
    #expect(places(plan) == Self.loops[index].places)
    var all = options()
    all.representsEach = true
    #expect(SweepPlan(Exchanges.made(asked), all).runs.count == asked.count)
  }

  @Test("What is left out is said")
  func notes() {
    var exchanges = Exchanges.made(["s.a", "s.b", "s.b", "t.c"])
    exchanges.append(Exchanges.made(5, nil))
    var options = SweepPlan.Options()
    options.operations = "s.*"
    options.runsMax = 3
    let plan = SweepPlan(exchanges, options)
    #expect(plan.runs.count == 3)
    for word in [
      "of no operation", "--operations", "--all", "--max-runs", "no exchange went over TLS",
    ] {
      #expect(plan.notes.contains { $0.contains(word) }, "\(word) in \(plan.notes)")
    }
  }

  @Test("Which runs --max-runs leaves depends on the seed alone")
  func drawn() {
    let exchanges = Exchanges.made(["s.a", "s.b", "s.c"])
    var options = SweepPlan.Options()
    options.runsMax = 5
    func ids(_ seed: UInt64) -> [String] {
      options.seed = seed
      return SweepPlan(exchanges, options).runs.map(\.id)
    }
    #expect(ids(1) == ids(1))
    #expect(ids(1) != ids(2))
  }

  @Test("A fault makes sense where it makes a difference")
  func fits() {
    let empty = Exchanges.made(1, "s.delete", "DELETE", status: 204, answer: "")
    for fault in [SweepFault.cut, .stall, .corrupt, .framing, .wrongType, .workFails] {
      #expect(!fault.fits(empty), "\(fault)")
    }
    #expect(SweepFault.resetAfter.fits(empty))
    let task = Exchanges.made(
      1, "steamship.task.status", "POST", answer: #"{"status":{"state":"running"}}"#)
    #expect(SweepFault.workFails.fits(task))
    #expect(!SweepFault.workFails.fits(Exchanges.made(1, "steamship.task.status", "POST")))
    let table = "Fleet ID,Status,End Time\nf,Success,now\n"
    let runs = Exchanges.made(1, "shipyard.fleetRun.list", answer: table, type: "text/csv")
    #expect(SweepFault.workFails.fits(runs) && SweepFault.workNeverEnds.fits(runs))
    // Who has started none only exports the table.
    let start = Exchanges.made(1, "shipyard.fleetRun.create", "POST", status: 201)
    var look = runs
    look.number = 2
    #expect(SweepPlan([look], options([.workFails])).runs.isEmpty)
    #expect(
      SweepPlan([start, look], options([.workFails])).runs.map(\.id) == [
        "shipyard.fleetRun.list@1:work-fails"
      ])
    let none = Exchanges.made(1, "shipyard.fleetRun.list", answer: "Fleet ID,Status,End Time\n")
    #expect(!SweepFault.workFails.fits(none))
  }

  @Test(
    "A request comes twice where that may change something; a reader stalls where content streams")
  func comesTwice() {
    #expect(SweepFault.twice.fits(Exchanges.made(1, "s.create", "POST")))
    #expect(!SweepFault.twice.fits(Exchanges.made(1, "s.create", "GET")))
    #expect(!SweepFault.twice.fits(Exchanges.made(1, "s.list", "POST")))
    var upload = Exchanges.made(1, "s.put", "PUT", content: "0123456789")
    #expect(SweepFault.twice.fits(upload) && !SweepFault.readerGone.fits(upload))
    upload.isStreamed = true
    for fault in [SweepFault.readerGone, .readerStalls] {
      #expect(fault.fits(upload))
      let rule = fault.rule(named: "r", for: upload, occurrence: 1, ofService: 1)
      let kind = fault == .readerGone ? "reset" : "stall"
      #expect(rule["fault"]?[kind]?["afterBytes"] == 5)
      #expect(rule["fault"]?[kind]?["on"] == "request")
    }
  }

  @Test("Faults of TLS strike where a connection begins, counted by its host")
  func handshakes() {
    let host = "api.vendor.example:443"
    let exchanges = [
      Exchanges.made(1, "s.a", connection: 1, host: host),
      Exchanges.made(2, "s.b", connection: 1, host: host), Exchanges.made(3, "s.c", connection: 2),
      Exchanges.made(4, "s.e", connection: 3, host: "127.0.0.1:1"),
      Exchanges.made(5, "s.d", connection: 4, host: "Api.Vendor.Example"),
    ]
    let plan = SweepPlan(exchanges, options([.tlsExpired, .tlsAlert]))
    #expect(
      plan.runs.map(\.id) == [
        "s.a@1:tls-expired", "s.a@1:tls-alert", "s.d@1:tls-expired", "s.d@1:tls-alert",
      ])
    #expect(plan.notes.isEmpty)
    let rule = plan.runs[2].rule(named: "r")
    #expect(rule["match"]?["host"] == "api.vendor.example" && rule["match"]?["operation"] == nil)
    #expect(rule["skip"] == 1 && rule["times"] == nil)
    #expect(rule["fault"]?["tls"] == "expired")
    #expect(plan.runs[1].rule(named: "r")["fault"]?["tls"]?["alert"] == 40)
    #expect(plan.runs[1].rule(named: "r")["times"] == 1)
    let address = SweepPlan([exchanges[3]], options([.tlsExpired]))
    #expect(address.runs.isEmpty)
    #expect(address.notes.contains { $0.contains("no host by its name") })
  }

  @Test("Each fault is one rule, for the n-th exchange of its operation and once, or from then on")
  func rules() {
    let exchange = Exchanges.made(3, "s.a")
    for fault in SweepFault.allCases where !fault.isOfTLS {
      let rule = fault.rule(named: "r", for: exchange, occurrence: 2, ofService: 3)
      #expect(rule["skip"]?.intValue == (fault == .expired ? 2 : 1), "\(fault)")
      #expect((rule["times"]?.intValue == 1) == !fault.lasts, "\(fault)")
      let match = rule["match"]
      #expect(fault == .expired ? match?["service"] == "s" : match?["operation"] == "s.a")
    }
  }

  @Test("A run is found again by its id, in a tenant of the same name")
  func replay() {
    let exchanges = Exchanges.made(["s.a", "s.a", "s.b"])
    let run = SweepPlan.run("s.a@2:cut", in: exchanges)
    #expect(run?.occurrence == 2)
    #expect(run?.fault == .cut)
    #expect(run?.tenant == SweepPlan.run("s.a@2:cut", in: exchanges)?.tenant)
    #expect(run?.tenant != SweepPlan.run("s.a@1:cut", in: exchanges)?.tenant)
    #expect(SweepPlan.run("s.a@3:cut", in: exchanges) == nil)
    #expect(SweepPlan.run("s.a@1:flood", in: exchanges) == nil)
  }

  @Test("Two clean runs that are not the same are told apart by the first exchange that differs")
  func steady() {
    let first = Exchanges.made(["s.a", "s.b"])
    #expect(SweepPlan.difference(first, first) == nil)
    #expect(SweepPlan.difference(first, Exchanges.made(["s.a", "s.c"]))?.contains("s.c") == true)
    #expect(SweepPlan.difference(first, Exchanges.made(["s.a"]))?.contains("none") == true)
  }
}
