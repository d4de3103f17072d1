import Lab
import PayloadCodecs
import Testing

@Suite("What became of a run")
struct RunJudgementTests {
  private static let clean = [
    Exchanges.made(1, "s.list", "GET"), Exchanges.made(2, "s.create", "POST", content: "{}"),
    Exchanges.made(3, "s.get", "GET", target: "/y"),
  ]
  private static let empty = Exchanges.world([])
  private static let full = Exchanges.world([("file", "a")])
  private static let twice = Exchanges.world([("file", "a"), ("file", "a")])

  private func outcome(
    _ exchanges: [LabExchange], exit: Int32? = 0, bySignal: Bool = false,
    world: WorldDigest = full, output: String = "done", errors: String = ""
  ) -> RunOutcome {
    RunOutcome(
      exit: exit, isEndedBySignal: bySignal, seconds: 0.1, output: output, errors: errors,
      exchanges: exchanges, world: world)
  }

  private func judge(
    _ id: String, _ outcome: RunOutcome, unsteadyOutput: Bool = false
  ) throws -> RunJudgement {
    let first = self.outcome(Self.clean)
    let second = self.outcome(Self.clean, output: unsteadyOutput ? "other" : "done")
    let run = try #require(SweepPlan.run(id, in: Self.clean))
    return RunJudgement(
      run, rule: "r", outcome, clean: CleanRun(first, second, empty: Self.empty))
  }

  /// The clean run with the exchange at `index` failing, and `retries` more of it behind.
  private func journal(
    failing index: Int, status: Int? = nil, retries: Int = 0, pause: Double = 1,
    goesOn: Bool = true
  ) -> [LabExchange] {
    var list = Array(Self.clean[...index])
    list[index].rules = ["r"]
    list[index].status = status
    for retry in 0..<retries {
      var again = Self.clean[index]
      again.number = 10 + retry
      again.began = list[index].began.map { $0 + pause * Double(retry + 1) }
      list.append(again)
    }
    if goesOn { list += Self.clean[(index + 1)...] }
    return list
  }

  @Test("Exit 0 and the same world: coped; a retry is counted, with its pause")
  func coped() throws {
    let judgement = try judge("s.list@1:503", outcome(journal(failing: 0, status: 503, retries: 1)))
    #expect(judgement.runClass == .coped)
    #expect(judgement.flaws.isEmpty && !judgement.isFinding)
    #expect(judgement.behaviour.retries == 1)
    #expect(judgement.behaviour.pauses.count == 1)
  }

  @Test("Exit 0 and something missing: lost, and passed over")
  func lost() throws {
    let judgement = try judge(
      "s.create@1:500", outcome(journal(failing: 1, status: 500), world: Self.empty))
    #expect(judgement.runClass == .lost)
    #expect(judgement.flaws == [.swallowedError])
    #expect(judgement.difference == ["missing: s file in a"])
  }

  @Test("Exit 0 and something twice: duplicated by an unsafe retry")
  func duplicated() throws {
    let judgement = try judge(
      "s.create@1:reset-after", outcome(journal(failing: 1, retries: 1), world: Self.twice))
    #expect(judgement.runClass == .duplicated)
    #expect(judgement.flaws == [.unsafeRetry])
  }

  @Test("Ended because its time was up: hung, for want of a timeout or with tries without end")
  func hung() throws {
    let waits = try judge(
      "s.get@1:stall", outcome(journal(failing: 2, goesOn: false), exit: nil))
    #expect(waits.runClass == .hung)
    #expect(waits.flaws == [.noTimeout])
    let tries = try judge(
      "s.list@1:outage",
      outcome(journal(failing: 0, status: 503, retries: 50, goesOn: false), exit: nil))
    #expect(tries.flaws == [.endlessRetry])
  }

  @Test("A signal, or the trace of an error: crashed", arguments: [true, false])
  func crashed(bySignal: Bool) throws {
    let judgement = try judge(
      "s.create@1:500",
      outcome(
        journal(failing: 1, status: 500, goesOn: false), exit: bySignal ? 139 : 1,
        bySignal: bySignal, world: Self.empty,
        errors: bySignal ? "" : "Traceback (most recent call last):\n"))
    #expect(judgement.runClass == .crashed)
  }

  @Test(
    "Another exit status: gave up, what was made is listed; at once is a flaw where a try was safe")
  func gaveUp() throws {
    let late = try judge(
      "s.get@1:500", outcome(journal(failing: 2, status: 500, goesOn: false), exit: 3))
    #expect(late.runClass == .gaveUp)
    #expect(late.difference == ["made: s file in a"])
    #expect(late.flaws.isEmpty && !late.isFinding)
    for (id, index) in [("s.get@1:reset-before", 2), ("s.list@1:503", 0), ("s.create@1:429", 1)] {
      let judgement = try judge(id, outcome(journal(failing: index, goesOn: false), exit: 3))
      #expect(judgement.flaws == [.noRetry], "\(id)")
    }
    let careful = try judge(
      "s.create@1:reset-before", outcome(journal(failing: 1, goesOn: false), exit: 3))
    #expect(careful.flaws.isEmpty)
  }

  @Test("Retry-After is kept, or ignored", arguments: [0.2, 1.1])
  func retryAfter(pause: Double) throws {
    let judgement = try judge(
      "s.list@1:429", outcome(journal(failing: 0, status: 429, retries: 1, pause: pause)))
    #expect(judgement.behaviour.keepsRetryAfter == (pause > 1))
    #expect(judgement.flaws == (pause > 1 ? [] : [.ignoresRetryAfter]))
    #expect(judgement.runClass == .coped)
  }

  @Test("Half an answer taken as a whole one, whether or not the world shows it")
  func halfAnswer() throws {
    let same = try judge("s.list@1:cut", outcome(journal(failing: 0, status: 200)))
    #expect(same.flaws == [.halfAnswer] && same.runClass == .coped)
    let told = try judge(
      "s.list@1:corrupt", outcome(journal(failing: 0, status: 200), output: "other"))
    #expect(told.flaws == [.halfAnswer] && told.runClass == .lost)
    let unsteady = try judge(
      "s.list@1:corrupt", outcome(journal(failing: 0, status: 200), output: "other"),
      unsteadyOutput: true)
    #expect(unsteady.runClass == .coped)
    let again = try judge(
      "s.list@1:cut", outcome(journal(failing: 0, status: 200, retries: 1), output: "other"))
    #expect(again.flaws.isEmpty && again.runClass == .coped)
  }

  @Test("Who gives up after a good answer whose connection went away used it again")
  func deadConnection() throws {
    let judgement = try judge(
      "s.list@1:lost-connection", outcome(journal(failing: 0, status: 200, goesOn: false), exit: 1))
    #expect(judgement.flaws == [.deadConnection])
  }

  @Test("A fault that did not strike is nobody's flaw")
  func unstruck() throws {
    let judgement = try judge("s.list@1:cut", outcome(Self.clean))
    #expect(!judgement.behaviour.isStruck)
    #expect(judgement.runClass == .coped && judgement.flaws.isEmpty)
  }
}
