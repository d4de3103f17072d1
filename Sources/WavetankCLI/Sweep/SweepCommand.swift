import Dispatch
import Glibc
import HTTPModel
import Lab
import PayloadCodecs
import Scenarios
import Wavetank

extension Command {
  static let sweep = Command(
    name: "sweep",
    summary: "Run a program with each of its calls failing in every way, and say what it did.",
    operands: "-- COMMAND …",
    flags: [
      Flag("--faults", value: "LIST", "Only these, with commas, such as tls-*: \(faultNames)."),
      Flag("--operations", value: "GLOB", "Only exchanges of these operations."),
      Flag("--all", "Each round of a loop, not only the first."),
      Flag("--max-runs", value: "N", "So many at most, drawn by the seed."),
      Flag("--jobs", value: "N", "So many at a time (one for each core)."),
      Flag("--seed", value: "N", "Seed of ids and of what is drawn (0)."),
      Flag("--time-limit", value: "DURATION", "Begin no run after it, such as 10m."),
      Flag("--baseline", value: "FILE", "A report as JSON: only findings that it lacks count."),
      Flag("--json", value: "FILE", "Write the report there as JSON."),
      Flag("--junit", value: "FILE", "Write the report there as JUnit XML."),
      Flag("--markdown", value: "FILE", "Write the report there for a pull request."),
      Flag("--html", value: "FILE", "Write the report there as one page."),
      Flag("--replay", value: "ID", "Repeat one run, and show all of it."),
      Flag(
        "--scenario", value: "FILE|NAME", "A scenario file, or a shipped one by name; repeatable.",
        isRepeated: true),
      Flag("--clock", value: "MODE", "real, manual, skip, or xN for N times wall time."),
      caFlag, interceptFlag,
      Flag("--quiet", "Nothing on the terminal but what goes wrong."),
    ],
    examples: [
      "wavetank sweep -- python nightly.py",
      "wavetank sweep --faults 429,503,cut --jobs 4 --html sweep.html -- npm run import",
      "wavetank sweep --baseline known.json --junit sweep.xml -- ./deploy.sh",
      "wavetank sweep --replay steamship.file.create@1:reset-after -- python nightly.py",
    ],
    run: { arguments throws(UsageError) in
      guard !arguments.positionals.isEmpty else {
        throw UsageError("sweep needs a command: wavetank sweep -- python nightly.py.")
      }
      return try await SweepRun(arguments).run()
    })

  private static var faultNames: String {
    SweepFault.allCases.map(\.rawValue).joined(separator: ", ")
  }
}

/// The command line of one sweep.
///
/// Exit statuses: 0 nothing (new) was found; 1 something was; 2 without faults the command fails, or is
/// not the same twice; 130, 143 it was interrupted.
private struct SweepRun {
  private let arguments: CommandLineArguments
  private var configuration = Configuration()
  private var options = SweepPlan.Options()
  private let jobs: Int
  private let timeLimit: Duration?
  private let baseline: JSON?

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    self.arguments = arguments
    configuration.port = 0
    configuration.scenarios = arguments.all("--scenario")
    try Command.scenarioNames(configuration.scenarios)
    configuration.caDirectory = arguments.value("--ca-dir")
    try Command.intercept(arguments, &configuration)
    try Command.time(arguments, &configuration)
    configuration.seed = configuration.seed ?? 0
    configuration.onNotice = { if $0.isProblem { Terminal.complain($0.text) } }
    options.seed = configuration.seed ?? 0
    options.operations = arguments.value("--operations")
    options.representsEach = arguments.has("--all")
    options.runsMax = try arguments.integer("--max-runs", in: 1...1_000_000)
    options.faults = try Self.faults(arguments)
    jobs =
      try arguments.integer("--jobs", in: 1...64)
      ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    timeLimit = try Self.timeLimit(arguments)
    baseline = try Self.baseline(arguments)
  }

  private static func faults(
    _ arguments: CommandLineArguments
  ) throws(UsageError) -> [SweepFault]? {
    guard let list = arguments.value("--faults") else { return nil }
    var faults: [SweepFault] = []
    for word in list.split(separator: ",") {
      let glob = Glob(String(word))
      let meant = SweepFault.allCases.filter { glob.matches($0.rawValue) }
      guard !meant.isEmpty else {
        throw UsageError(
          "--faults: "
            + CommandLineArguments.unknown(String(word), among: SweepFault.allCases.map(\.rawValue))
        )
      }
      faults += meant
    }
    guard !faults.isEmpty else { throw UsageError("--faults must name at least one.") }
    return SweepFault.allCases.filter(faults.contains)
  }

  private static func timeLimit(
    _ arguments: CommandLineArguments
  ) throws(UsageError) -> Duration? {
    guard let text = arguments.value("--time-limit") else { return nil }
    guard let limit = Emulator.duration(text) else {
      throw UsageError("--time-limit must be a duration such as 90s or 10m, not “\(text)”.")
    }
    return limit
  }

  private static func baseline(_ arguments: CommandLineArguments) throws(UsageError) -> JSON? {
    guard let path = arguments.value("--baseline") else { return nil }
    do {
      let json = try JSON(parsing: try FileContent.read(path))
      guard json["runs"]?.arrayValue != nil else {
        throw UsageError("--baseline: \(path) is no report of a sweep as JSON.")
      }
      return json
    } catch let error as UsageError {
      throw error
    } catch {
      throw UsageError("--baseline: \(path) cannot be read: \(error)")
    }
  }

  // MARK: Running

  func run() async throws(UsageError) -> Int32 {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    sayWhatReplayLeavesOut()
    let running = RunningPrograms()
    let stop = SweepSignals(running)
    defer { stop.end() }
    let server: SweepServer
    do {
      // What cannot be written is better known before a hundred runs.
      for flag in Self.outputs {
        if let file = arguments.value(flag) { try FileContent.checkWritable(file) }
      }
      server = try await SweepServer(try await Emulator.start(configuration))
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let sweep = Sweep(
      command: arguments.positionals, server: server,
      certificates: ProgramEnvironment.Certificates(configuration), running: running,
      intercepted: configuration.intercepted.map(\.pattern))
    let status: Int32
    do {
      if let glob = options.operations, !server.operations.contains(where: Glob(glob).matches) {
        await server.stop()
        let nearest = Nearest.match(for: glob, among: server.operations)
        throw UsageError(
          "--operations: there is no operation “\(glob)”"
            + (nearest.map { "; did you mean “\($0)”?" }
              ?? ". “wavetank ctl operations” lists them.")
        )
      }
      status = try await run(sweep)
    } catch let error as UsageError {
      throw error
    } catch let obstacle as Sweep.Obstacle {
      // Ended by us, the program has failed for no reason of its own.
      status = complain(stop.status == nil ? obstacle : Sweep.Obstacle(text: "interrupted"))
    } catch let failure as ChildProcess.Failure {
      Terminal.complain(failure.description)
      status = failure.status
    } catch {
      Terminal.complain("\(error)")
      status = 1
    }
    await server.stop()
    return stop.status ?? status
  }

  private static let outputs = ["--json", "--junit", "--markdown", "--html"]

  /// One run is repeated as it was planned, whatever else the sweep was asked for.
  private func sayWhatReplayLeavesOut() {
    guard arguments.has("--replay") else { return }
    let unread = [
      "--faults", "--operations", "--all", "--max-runs", "--jobs", "--time-limit", "--baseline",
    ].filter(arguments.has)
    guard !unread.isEmpty else { return }
    Terminal.complain(
      "--replay repeats one run; it does not read \(unread.joined(separator: ", "))")
  }

  private func complain(_ obstacle: Sweep.Obstacle) -> Int32 {
    Terminal.complain(obstacle.text)
    let output = obstacle.output.suffix(4_000)
    if !output.isEmpty { Terminal.write("\(output)\n", to: STDERR_FILENO) }
    return 2
  }

  private func run(_ sweep: Sweep) async throws -> Int32 {
    let clean = try await sweep.cleanRun()
    let exchanges = clean.outcome.exchanges
    if let id = arguments.value("--replay") {
      guard let planned = SweepPlan.run(id, in: exchanges) else {
        Terminal.complain(
          "the clean run has no place for “\(id)”; an id is OPERATION@N:FAULT, as a report names it"
        )
        return 2
      }
      return try await replay(sweep, planned, clean)
    }
    var plan = SweepPlan(exchanges, options)
    let isQuiet = arguments.has("--quiet")
    if !isQuiet {
      Terminal.say(
        "Clean: \(SweepPlan.counted(exchanges.count, "exchange")) in \(Self.seconds(clean.outcome.seconds)); \(SweepPlan.counted(plan.runs.count, "run")) to do, \(jobs) at a time."
      )
      for note in plan.notes { Terminal.say("  \(note)") }
    }
    let progress = isQuiet ? nil : Terminal.Tally("sweeping", of: plan.runs.count)
    let entries = try await sweep.all(
      plan.runs, clean: clean, jobs: jobs, until: timeLimit.map { ContinuousClock.now + $0 }
    ) { [baseline] entry in
      // What the baseline knows is told at the end.
      let line = entry.isFinding && baseline == nil && !isQuiet ? SweepReport.line(entry) : nil
      progress?.advance(line)
    }
    progress?.end()
    if entries.count < plan.runs.count {
      plan.note(undone: plan.runs.count - entries.count)
      if !isQuiet, let note = plan.notes.last { Terminal.say(note) }
    }
    var report = SweepReport(
      command: sweep.command, seed: options.seed, flags: flags, clean: clean, notes: plan.notes,
      entries: entries)
    if let baseline { report.compare(with: baseline) }
    if !isQuiet {
      if baseline != nil { for entry in report.findings { Terminal.say(SweepReport.line(entry)) } }
      Terminal.say(report.summary)
    } else if report.exitStatus != 0 {
      // An exit status that says 1 is no sentence.
      Terminal.complain(report.summary)
    }
    try write(report)
    return report.exitStatus
  }

  /// Those that decide how a run goes, apart from the seed.
  private var flags: [String] {
    ["--scenario", "--clock", "--intercept", "--ca-dir"].flatMap { name in
      arguments.all(name).flatMap { [name, $0] }
    }
  }

  private static func seconds(_ seconds: Double) -> String {
    "\((seconds * 100).rounded() / 100) s"
  }

  private func write(_ report: SweepReport) throws {
    let forms: [(flag: String, text: () -> String)] = [
      ("--json", { JSONLayout.text(report.json) + "\n" }), ("--junit", { report.junit }),
      ("--markdown", { report.markdown }), ("--html", { report.html }),
    ]
    for (flag, text) in forms {
      guard let path = arguments.value(flag) else { continue }
      try FileContent.write(Array(text().utf8), to: path)
    }
  }

  private func replay(
    _ sweep: Sweep, _ planned: SweepPlan.Run, _ clean: CleanRun
  ) async throws -> Int32 {
    let entry = try await sweep.run(planned, clean: clean)
    let report = SweepReport(
      command: sweep.command, seed: options.seed, flags: flags, clean: clean, notes: [],
      entries: [entry])
    if !arguments.has("--quiet") {
      Terminal.say("\(entry.run.id): \(entry.verdict)")
      for line in report.details(entry).dropLast() { Terminal.say("  \(line)") }
      for exchange in entry.exchanges.prefix(200) {
        let struck = exchange.rules.isEmpty ? "" : "  <- the fault"
        Terminal.say(
          Terminal.harmless(
            "  \(exchange.number)  \(exchange.method) \(exchange.target)  \(exchange.outcome)\(struck)"
          ))
      }
      if !entry.errors.isEmpty { Terminal.say("It wrote:\n\(entry.errors.suffix(4_000))") }
    }
    try write(report)
    return report.exitStatus
  }
}

/// SIGINT, SIGTERM and SIGHUP end the programs, and then the sweep.
private final class SweepSignals {
  private let caught: CaughtSignals
  private let received = ReceivedSignal()

  init(_ running: RunningPrograms) {
    caught = CaughtSignals([SIGINT, SIGTERM] + CaughtSignals.hangUp) { [received] number in
      received.set(number)
      // When the report is written, which may wait for a reader who never comes, they end us.
      if !running.endAll() { exit(128 + number) }
    }
  }

  /// As a shell gives it; nil: there was none.
  var status: Int32? { received.number.map { 128 + $0 } }

  func end() { caught.end() }
}
