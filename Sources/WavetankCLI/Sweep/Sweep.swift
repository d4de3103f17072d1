import Dispatch
import Glibc
import Lab
import PayloadCodecs
import Synchronization
import Wavetank

/// A sweep: clean runs, a plan, a run for each of its lines.
struct Sweep: Sendable {
  let command: [String]
  let server: SweepServer
  let certificates: ProgramEnvironment.Certificates?
  let running: RunningPrograms
  /// Hosts beside the vendors' own that are answered for.
  var intercepted: [String] = []

  /// What ends a sweep before its plan is there.
  struct Obstacle: Error {
    let text: String
    /// The end of what the program wrote.
    var output = ""
  }

  // MARK: One run

  private static let ruleName = "sweep"

  /// The command in a fresh tenant, with a fault if there is one.
  private func outcome(
    tenant: String, rule: JSON?, limit: Double
  ) async throws -> RunOutcome {
    let result = try await ended(tenant: tenant, rule: rule, limit: limit)
    return try await outcome(result, in: tenant)
  }

  private func ended(
    tenant: String, rule: JSON?, limit: Double
  ) async throws -> SweptProcess.Outcome {
    if let rule { try await server.add(rule, tenant: tenant) }
    let environment = ProgramEnvironment(
      baseURL: server.emulator.baseURL, authority: server.authority, tenant: tenant,
      intercepted: intercepted, certificates: certificates
    ).block
    return try await program(environment, limit: limit)
  }

  /// What a program that is over has left, which is then dropped.
  private func outcome(
    _ result: SweptProcess.Outcome, in tenant: String
  ) async throws -> RunOutcome {
    let outcome = RunOutcome(
      exit: result.exit, isEndedBySignal: result.isEndedBySignal, seconds: result.seconds,
      output: text(result.output, tenant), errors: text(result.errors, tenant),
      exchanges: try await server.exchanges(of: tenant),
      world: try await server.world(of: tenant))
    await server.drop(tenant)
    return outcome
  }

  /// The port is another one in every sweep, the tenant in every run.
  private func text(_ bytes: [UInt8], _ tenant: String) -> String {
    String(decoding: bytes, as: UTF8.self)
      .replacing(":\(server.emulator.port)", with: ":PORT")
      .replacing(tenant, with: "TENANT")
      .replacing("port=\(server.emulator.port)", with: "port=PORT")
  }

  private func program(
    _ environment: [String], limit: Double
  ) async throws -> SweptProcess.Outcome {
    let process = SweptProcess()
    guard running.insert(process) else { throw Obstacle(text: "interrupted") }
    defer { running.remove(process) }
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<SweptProcess.Outcome, ChildProcess.Failure>, Never>)
      in
      DispatchQueue.global().async {
        do throws(ChildProcess.Failure) {
          continuation.resume(
            returning: .success(
              try process.run(command, environment: environment, limit: limit)))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }

  // MARK: Clean runs

  /// Nothing that is swept takes longer without a fault.
  private static let cleanLimit = 3600.0

  /// Twice, and the same twice.
  func cleanRun() async throws -> CleanRun {
    let empty = try await server.world(of: "clean-0")
    await server.drop("clean-0")
    var outcomes: [RunOutcome] = []
    for number in 1...2 {
      let outcome = try await outcome(
        tenant: "clean-\(number)", rule: nil, limit: Self.cleanLimit)
      guard outcome.exit == 0, !outcome.isEndedBySignal else {
        throw Obstacle(
          text:
            "without any fault the command ends with \(outcome.exit ?? 0): there is nothing to compare with",
          output: outcome.output + outcome.errors)
      }
      outcomes.append(outcome)
    }
    if let difference = SweepPlan.difference(outcomes[0].exchanges, outcomes[1].exchanges) {
      throw Obstacle(text: "the command is not steady: \(difference). \(Self.steady)")
    }
    let worlds = outcomes[1].world.difference(from: outcomes[0].world)
    guard worlds.isEmpty else {
      throw Obstacle(
        text:
          "the command is not steady: two clean runs left different worlds (\(worlds.lines.prefix(3).joined(separator: "; "))). \(Self.steady)"
      )
    }
    guard outcomes[0].exchanges.contains(where: { $0.operation != nil }) else {
      throw Obstacle(text: "the command asks nothing of the emulated services: nothing to sweep")
    }
    return CleanRun(outcomes[0], outcomes[1], empty: empty)
  }

  private static let steady =
    "Make it steady: fix what it draws by chance (names, order, its own seed), let it ask one thing after the other, and let the emulator's clock not matter (--clock skip or manual, --seed N)"

  // MARK: The plan

  /// Seconds after which a program counts as one without an end: ten times the clean time; but what
  /// waits once for `Retry-After`, or for an answer that is slow, has its time.
  static func limit(_ clean: CleanRun) -> Double { max(5, 10 * clean.outcome.seconds) }

  func run(_ planned: SweepPlan.Run, clean: CleanRun) async throws -> SweepReport.Entry {
    try await judged(planned, try await ended(planned, clean: clean), clean: clean)
  }

  private func ended(
    _ planned: SweepPlan.Run, clean: CleanRun
  ) async throws -> SweptProcess.Outcome {
    try await ended(
      tenant: planned.tenant, rule: planned.rule(named: Self.ruleName), limit: Self.limit(clean))
  }

  private func judged(
    _ planned: SweepPlan.Run, _ result: SweptProcess.Outcome, clean: CleanRun
  ) async throws -> SweepReport.Entry {
    let outcome = try await outcome(result, in: planned.tenant)
    let judgement = RunJudgement(planned, rule: Self.ruleName, outcome, clean: clean)
    return SweepReport.Entry(planned, judgement, outcome)
  }

  /// All of a plan, so many at a time; what is done is told in the plan's order. While a program runs,
  /// what the one before it has left is looked at.
  func all(
    _ runs: [SweepPlan.Run], clean: CleanRun, jobs: Int, until deadline: ContinuousClock.Instant?,
    onDone: @escaping @Sendable (SweepReport.Entry) -> Void
  ) async throws -> [SweepReport.Entry] {
    let queue = SweepQueue(count: runs.count, onDone: onDone)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<min(jobs, runs.count) {
        group.addTask {
          var judging: Task<Void, any Error>?
          while deadline.map({ ContinuousClock.now < $0 }) ?? true, let index = queue.next() {
            let result = try await ended(runs[index], clean: clean)
            try await judging?.value
            judging = Task {
              queue.done(index, try await judged(runs[index], result, clean: clean))
            }
          }
          try await judging?.value
        }
      }
      try await group.waitForAll()
    }
    return queue.entries
  }
}

/// The runs of a plan, handed out in order; what is done is told in order, too.
private final class SweepQueue: Sendable {
  private struct State {
    var next = 0
    var entries: [SweepReport.Entry?]
    var told = 0
  }
  private let state: Mutex<State>
  private let onDone: @Sendable (SweepReport.Entry) -> Void

  init(count: Int, onDone: @escaping @Sendable (SweepReport.Entry) -> Void) {
    state = Mutex(State(entries: Array(repeating: nil, count: count)))
    self.onDone = onDone
  }

  func next() -> Int? {
    state.withLock { state in
      guard state.next < state.entries.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func done(_ index: Int, _ entry: SweepReport.Entry) {
    state.withLock { state in
      state.entries[index] = entry
      while state.told < state.entries.count, let entry = state.entries[state.told] {
        onDone(entry)
        state.told += 1
      }
    }
  }

  var entries: [SweepReport.Entry] { state.withLock { $0.entries.compactMap(\.self) } }
}

/// The programs that run now, so that they end with us.
final class RunningPrograms: Sendable {
  private let state = Mutex<(programs: [ObjectIdentifier: SweptProcess], isOver: Bool)>(
    ([:], false))

  /// False when no more may begin.
  func insert(_ process: SweptProcess) -> Bool {
    state.withLock { state in
      guard !state.isOver else { return false }
      state.programs[ObjectIdentifier(process)] = process
      return true
    }
  }

  func remove(_ process: SweptProcess) {
    state.withLock { _ = $0.programs.removeValue(forKey: ObjectIdentifier(process)) }
  }

  /// False where there was none to end.
  @discardableResult
  func endAll() -> Bool {
    let programs = state.withLock { state in
      state.isOver = true
      return Array(state.programs.values)
    }
    for program in programs { program.end() }
    return !programs.isEmpty
  }
}

/// The first signal that asked for the end.
final class ReceivedSignal: Sendable {
  private let first = Mutex<Int32?>(nil)
  var number: Int32? { first.withLock { $0 } }
  func set(_ number: Int32) { first.withLock { $0 = $0 ?? number } }
}
