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
    // How many there were until it was ended is chance.
    #expect(tries.behaviour.retries == 3 && tries.behaviour.pauses.count == 1)
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

  // MARK: TLS

  private static let secure = [
    Exchanges.made(1, "s.list", "GET", connection: 1, host: "v.example"),
    Exchanges.made(2, "s.create", "POST", content: "{}", connection: 1, host: "v.example"),
  ]

  private func judgeTLS(
    _ fault: String, _ exchanges: [LabExchange], exit: Int32?, world: WorldDigest = full
  ) throws -> RunJudgement {
    let run = try #require(SweepPlan.run("s.list@1:\(fault)", in: Self.secure))
    return RunJudgement(
      run, rule: "r", outcome(exchanges, exit: exit, world: world),
      clean: CleanRun(outcome(Self.secure), outcome(Self.secure), empty: Self.empty))
  }

  /// The record of a connection that was struck, then what came on which connection.
  private func handshake(_ records: Int = 1, then connection: Int?) -> [LabExchange] {
    var list = (1...records).map { number in
      Exchanges.made(
        number, nil, "TLS", status: nil, target: "https://v.example", rule: "r", at: Double(number),
        connection: number)
    }
    for (index, exchange) in Self.secure.enumerated() {
      guard let connection else { break }
      var moved = exchange
      moved.number = records + index + 1
      moved.began = Double(moved.number)
      moved.connection = connection
      list.append(moved)
    }
    return list
  }

  @Test("Whoever asks over a connection with a bad certificate takes any")
  func badCertificate() throws {
    let takes = try judgeTLS("tls-expired", handshake(then: 1), exit: 0)
    #expect(takes.runClass == .coped && takes.flaws == [.badCertificate])
    let refuses = try judgeTLS("tls-expired", handshake(3, then: nil), exit: 3, world: Self.empty)
    #expect(refuses.runClass == .gaveUp && !refuses.isFinding)
    #expect(refuses.behaviour.retries == 2)
    let swallows = try judgeTLS("tls-untrusted", handshake(then: nil), exit: 0, world: Self.empty)
    #expect(swallows.runClass == .lost && swallows.flaws == [.swallowedError])
  }

  @Test("A handshake that fails once is tried again, given up, or waited for without end")
  func handshakes() throws {
    let again = try judgeTLS("tls-reset", handshake(then: 2), exit: 0)
    #expect(again.runClass == .coped && again.flaws.isEmpty && again.behaviour.retries == 1)
    let once = try judgeTLS("tls-reset", handshake(then: nil), exit: 3, world: Self.empty)
    #expect(once.flaws == [.noRetry])
    let waits = try judgeTLS("tls-stall", handshake(then: nil), exit: nil, world: Self.empty)
    #expect(waits.runClass == .hung && waits.flaws == [.noTimeout])
  }

  // MARK: What comes twice, and work that fails

  @Test("What a second delivery makes is told, and not held against who asks nothing more")
  func comesTwice() throws {
    let same = try judge(
      "s.create@1:twice", outcome(journal(failing: 1, status: 200), world: Self.twice))
    #expect(same.runClass == .coped && !same.isFinding)
    #expect(same.difference == ["twice: s file in a"])
    let more = try judge(
      "s.create@1:twice", outcome(journal(failing: 1, status: 400, retries: 1), world: Self.twice))
    #expect(more.runClass == .duplicated && more.flaws == [.unsafeRetry])
  }

  @Test("A fault that did not strike is nobody's flaw")
  func unstruck() throws {
    let judgement = try judge("s.list@1:cut", outcome(Self.clean))
    #expect(!judgement.behaviour.isStruck)
    #expect(judgement.runClass == .coped && judgement.flaws.isEmpty)
  }
}
