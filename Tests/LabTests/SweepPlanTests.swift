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
    for word in ["of no operation", "--operations", "--all", "--max-runs", "duplicate delivery"] {
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
  }

  @Test("Each fault is one rule, for the n-th exchange of its operation and once, or from then on")
  func rules() {
    let exchange = Exchanges.made(3, "s.a")
    for fault in SweepFault.allCases {
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
