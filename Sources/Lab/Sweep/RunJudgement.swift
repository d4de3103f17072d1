/// What became of a run.
package enum RunClass: String, Sendable, CaseIterable {
  case coped, gaveUp, lost, duplicated, hung, crashed

  package var isFinding: Bool {
    switch self {
    case .lost, .duplicated, .hung, .crashed: true
    case .coped, .gaveUp: false
    }
  }
}

/// A defect of the program that a run shows, whatever came of it.
package enum ClientFlaw: String, Sendable, CaseIterable {
  case noRetry, unsafeRetry, noTimeout, swallowedError, endlessRetry, ignoresRetryAfter, halfAnswer
  case deadConnection, badCertificate

  package var title: String {
    switch self {
    case .noRetry: "It gave up at once, where a second try was safe and would have done."
    case .unsafeRetry: "It tried again what had been done already: it is there twice."
    case .noTimeout: "It waits for an answer without end."
    case .swallowedError: "It passed over a failure and said that all is well."
    case .endlessRetry: "It tries again without end."
    case .ignoresRetryAfter: "It came again before the time that Retry-After gave."
    case .halfAnswer: "It took a spoilt answer as a whole one."
    case .deadConnection: "It went on using a connection that was gone."
    case .badCertificate: "It took a certificate that is not the service's: anybody may read along."
    }
  }
}

/// What a program left behind when it ran with a fault.
package struct RunOutcome: Sendable {
  /// Nil: it had to be ended.
  package var exit: Int32?
  package var isEndedBySignal = false
  package var seconds: Double
  /// What it printed.
  package var output: String
  package var errors: String
  package var exchanges: [LabExchange]
  package var world: WorldDigest

  package init(
    exit: Int32?, isEndedBySignal: Bool = false, seconds: Double, output: String, errors: String,
    exchanges: [LabExchange], world: WorldDigest
  ) {
    (self.exit, self.isEndedBySignal, self.seconds) = (exit, isEndedBySignal, seconds)
    (self.output, self.errors) = (output, errors)
    (self.exchanges, self.world) = (exchanges, world)
  }
}

/// What the clean runs were.
package struct CleanRun: Sendable {
  package var outcome: RunOutcome
  /// The world before.
  package var empty: WorldDigest
  /// What it prints, where both clean runs print the same.
  package var output: String?

  package init(_ first: RunOutcome, _ second: RunOutcome, empty: WorldDigest) {
    outcome = first
    self.empty = empty
    let texts = [first, second].map { PlainText.ofOutput($0.output) }
    output = texts[0] == texts[1] ? texts[0] : nil
  }
}

/// A run, classified.
package struct RunJudgement: Sendable {
  package private(set) var behaviour: ClientBehaviour
  package private(set) var runClass = RunClass.coped
  package private(set) var flaws: [ClientFlaw] = []
  /// Lines about the world, and about what was printed.
  package private(set) var difference: [String] = []

  package var isFinding: Bool { runClass.isFinding || !flaws.isEmpty }

  package init(_ run: SweepPlan.Run, rule: String, _ outcome: RunOutcome, clean: CleanRun) {
    let succeeded = outcome.exit == 0 && !outcome.isEndedBySignal
    let later = clean.outcome.exchanges.filter { $0.number > run.exchange.number }
    let cleanLater = later.count { $0.asksTheSame(as: run.exchange) }
    behaviour = ClientBehaviour(
      outcome.exchanges, rule: rule, fault: run.fault, planned: run.exchange,
      cleanLater: cleanLater, succeeded: succeeded)
    let passesOver = behaviour.later == later.map { $0.operation ?? "" }
    let world = outcome.world.difference(from: clean.outcome.world)
    // What the second delivery has made is not the client's.
    let isForeign =
      run.fault == .twice && behaviour.isStruck && (world.missing.isEmpty || passesOver)
      && behaviour.later.count { $0 == run.operation }
        <= later.count { $0.operation == run.operation }
    if outcome.exit == nil {
      runClass = .hung
      difference = world.lines
    } else if outcome.isEndedBySignal || ProgramTrace.isIn(outcome.errors) {
      runClass = .crashed
      difference = made(outcome, clean)
    } else if !succeeded {
      runClass = .gaveUp
      difference = made(outcome, clean)
    } else if isForeign {
      difference = world.lines
    } else if !world.isEmpty {
      runClass = world.isOnlyTwice ? .duplicated : .lost
      difference = world.lines
    } else if saysOtherwise(outcome, clean, run.fault) {
      runClass = .lost
      difference = ["the program printed something else than in the clean run, without a retry"]
    }
    if behaviour.isStruck {
      flaws = findFlaws(run, passesOver: passesOver)
      if passesOverWork(run, outcome, clean), passesOver { flaws.append(.swallowedError) }
    }
    if runClass == .hung { behaviour.roundTries() }
  }

  /// What was made before it gave up.
  private func made(_ outcome: RunOutcome, _ clean: CleanRun) -> [String] {
    let difference = outcome.world.difference(from: clean.empty)
    return (difference.strange + difference.twice).map { "made: \($0)" }
      + difference.missing.map { "gone: \($0)" }
  }

  /// It went on as if nothing had been, and came to another result.
  private func saysOtherwise(
    _ outcome: RunOutcome, _ clean: CleanRun, _ fault: SweepFault
  ) -> Bool {
    guard behaviour.isStruck, behaviour.retries == 0, !Self.speaksOfAnother(fault),
      let expected = clean.output
    else { return false }
    return PlainText.ofOutput(outcome.output) != expected
  }

  /// Whoever tells what has become of things tells it otherwise, and is right.
  private static func speaksOfAnother(_ fault: SweepFault) -> Bool {
    switch fault {
    case .workFails, .workNeverEnds, .twice: true
    default: false
    }
  }

  /// It was told that the work had failed, and says that all is well, in the same words.
  private func passesOverWork(
    _ run: SweepPlan.Run, _ outcome: RunOutcome, _ clean: CleanRun
  ) -> Bool {
    guard run.fault == .workFails, runClass == .coped, let expected = clean.output else {
      return false
    }
    return PlainText.ofOutput(outcome.output) == expected
  }

  /// - Parameter passesOver: it asked what it asks without a fault, and nothing else.
  private func findFlaws(_ run: SweepPlan.Run, passesOver: Bool) -> [ClientFlaw] {
    var found: [ClientFlaw] = []
    let isSafe = run.exchange.method == "GET" || run.exchange.method == "HEAD"
    let hasGivenUp = runClass == .gaveUp || runClass == .crashed
    switch run.fault {
    case .tooMany where hasGivenUp && behaviour.retries == 0: found.append(.noRetry)
    case .unavailable, .resetBefore, .empty, .tlsReset:
      if isSafe, hasGivenUp, behaviour.retries == 0 { found.append(.noRetry) }
    case .lostConnection where hasGivenUp: found.append(.deadConnection)
    default: break
    }
    if run.fault.isBadCertificate, behaviour.goesOn { found.append(.badCertificate) }
    if behaviour.keepsRetryAfter == false { found.append(.ignoresRetryAfter) }
    switch runClass {
    case .hung:
      if behaviour.retries > Self.manyRetries {
        found.append(.endlessRetry)
      } else if run.fault.isWithoutEnd {
        found.append(.noTimeout)
      } else if run.fault.lasts, !behaviour.later.isEmpty {
        found.append(.endlessRetry)
      } else if run.fault == .lostConnection {
        found.append(.deadConnection)
      }
    case .duplicated where behaviour.retries > 0 || run.fault == .twice: found.append(.unsafeRetry)
    case .lost where behaviour.retries == 0:
      found.append(Self.isMisread(run.fault) ? .halfAnswer : .swallowedError)
    case .coped where passesOver && (run.fault == .cut || run.fault == .framing):
      found.append(.halfAnswer)
    default: break
    }
    return found
  }

  /// More than a client tries that knows an end.
  private static let manyRetries = 20

  private static func isMisread(_ fault: SweepFault) -> Bool {
    switch fault {
    case .cut, .corrupt, .framing, .wrongType: true
    default: false
    }
  }
}

/// Whether what a program wrote to standard error is the trace of an error that nobody caught.
package enum ProgramTrace {
  private static let marks = [
    "Traceback (most recent call last)", "panic: ", "goroutine 1 [", "thread 'main' panicked",
    "Exception in thread ", "Fatal error: ", "Unhandled exception", "UnhandledPromiseRejection",
    "Segmentation fault", "\n    at ",
  ]

  package static func isIn(_ errors: String) -> Bool {
    marks.contains { errors.contains($0) }
  }
}
