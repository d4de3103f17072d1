import Glibc
import HTTPModel
import Wavetank

extension Command {
  static let runProgram = Command(
    name: "run",
    summary: "Run a program whose https and http to the vendors arrive here, unchanged.",
    operands: "-- COMMAND …",
    flags: [
      Flag("--url", value: "URL", "Use the server that listens there (a private one)."),
      Flag(
        "--tenant", value: "auto|NAME",
        "The tenant: auto is one of its own (auto)."),
      Flag(
        "--scenario", value: "FILE|NAME", "A scenario file, or a shipped one by name; repeatable.",
        isRepeated: true),
      Flag("--clock", value: "MODE", "real, manual, skip, or xN for N times wall time."),
      Flag("--seed", value: "N", "Seed of ids and of every random choice."),
      Flag("--token", value: "T", "With --url: the control token ($WAVETANK_CONTROL_TOKEN)."),
      Flag(
        "--isolated",
        "The program sees no network but this server, under the vendors' names; all else is refused."
      ),
      Flag(
        "--port", value: "SERVICE=N",
        "A port of that service alone, which the scenario can close; 0 picks a free one; repeatable.",
        isRepeated: true),
      caFlag, interceptFlag, passthroughFlag,
    ] + logFlags + [
      Flag(
        "--verify",
        "Say so where the scenario expects nothing; what it expects is verified in any case."),
      Flag("--junit", value: "FILE", "Write the result there as JUnit XML."),
      Flag("--har", value: "FILE", "Write what was exchanged there as HTTP Archive."),
      Flag(
        "--report", value: "FILE",
        "Write the program's card there: FILE.html, .json, .xml (JUnit), or else text."),
      Flag("--quiet", "No summary."),
    ],
    examples: [
      "wavetank run -- pytest", "wavetank run --scenario flaky-network --clock skip -- npm test",
      "wavetank run --junit result.xml --har traffic.har -- make check",
      "wavetank run --isolated -- npm test",
    ],
    run: { arguments throws(UsageError) in
      guard !arguments.positionals.isEmpty else {
        throw UsageError("run needs a command: wavetank run -- pytest.")
      }
      return try await ProgramRun(arguments).run()
    })
}

/// One run of the user's program against a server.
private struct ProgramRun {
  private let arguments: CommandLineArguments
  private var configuration = Configuration()
  private let url: String?
  private let tenant: String
  private let distrust = DistrustTally()

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    self.arguments = arguments
    url = arguments.value("--url")
    if url != nil,
      let flag = [
        "--scenario", "--clock", "--seed", "--port", "--passthrough", "--log", "--log-level",
      ].first(where: arguments.has)
    {
      throw UsageError("\(flag) is for a private server; the one at --url has its own.")
    }
    if url == nil, arguments.has("--token") {
      throw UsageError("--token is for the server at --url; a private one asks for none.")
    }
    if let url, arguments.has("--isolated"), url.lowercased().hasPrefix("https:") {
      throw UsageError(
        "--isolated comes to a server in the clear: give its http:// URL, the port speaks both.")
    }
    switch arguments.value("--tenant") {
    case nil where url.flatMap { ServerURL($0).tenant } != nil:
      tenant = url.flatMap { ServerURL($0).tenant } ?? "default"
    case nil, "auto":
      // All that comes to a private server is the program's.
      tenant = url == nil ? "default" : "run-\(getpid())-\(CertificateStore.wallSeconds())"
    default: tenant = try arguments.tenant() ?? "default"
    }
    configuration.port = 0
    if let text = arguments.all("--port").first(where: { !$0.contains("=") }) {
      throw UsageError("--port must be SERVICE=N here, not “\(text)”: all else is on a free port.")
    }
    if arguments.has("--port"), arguments.has("--isolated") {
      throw UsageError("--port is nothing to --isolated, whose network has the usual ports.")
    }
    try Command.ownPorts(arguments, &configuration)
    configuration.scenarios = arguments.all("--scenario")
    try Command.scenarioNames(configuration.scenarios)
    if let name = configuration.scenarios.first(where: { Scenarios.stream($0) == "0" }) {
      throw UsageError("--scenario \(name) would read standard input, which is the program's.")
    }
    configuration.caDirectory = arguments.value("--ca-dir")
    try Command.hosts(arguments, &configuration)
    try Command.time(arguments, &configuration)
    // What the program says on standard error stays its own unless a log is asked for.
    configuration.log = try Command.logOptions(arguments, isWanted: false)
    if configuration.log == nil {
      configuration.onNotice = { if $0.isProblem { Terminal.complain($0.text) } }
    }
    configuration.onDistrust = { [distrust] host in distrust.add(host) }
  }

  func run() async throws(UsageError) -> Int32 {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    let emulator: Emulator?
    do {
      // What cannot be written is better known before the program has run.
      for flag in ["--junit", "--har", "--report"] {
        if let file = arguments.value(flag) { try FileContent.checkWritable(file) }
      }
      emulator = url == nil ? try await Emulator.start(configuration) : nil
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let status = try await run(at: url ?? emulator?.baseURL ?? "", emulator)
    await emulator?.stop(within: .zero)
    return status
  }

  /// - Parameter emulator: the private one, if it is that.
  private func run(at url: String, _ emulator: Emulator?) async throws(UsageError) -> Int32 {
    let client = try ControlClient(ServerURL(url), tenant: tenant, arguments)
    do {
      guard try await client.isReady(within: ControlClient.silenceMax) else {
        Terminal.complain("the server at \(url) is not ready")
        return 1
      }
      // That it will not tell what was asked for is better known before the program has run.
      if emulator == nil, isToTell { _ = try await client.look("version") }
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let clock = ContinuousClock()
    let began = clock.now
    let certificates =
      if emulator == nil {
        await ProgramEnvironment.Certificates(configuration, of: client)
      } else {
        ProgramEnvironment.Certificates(configuration)
      }
    defer { certificates?.remove() }
    // Before it begins: what comes at once is its own, too.
    let signals = PassedSignals()
    let child: ChildProcess
    var isolated: IsolatedProgram?
    var passage: ServerPassage?
    do {
      if arguments.has("--isolated") {
        if emulator == nil { passage = try client.passage(tenant: tenant) }
        let program = try isolatedProgram(certificates, emulator, passage)
        (isolated, child) = (program, program.child)
      } else {
        let environment = ProgramEnvironment(
          baseURL: client.baseURL, authority: client.authority, tenant: tenant,
          intercepted: configuration.intercepted.map(\.pattern),
          ports: emulator?.servicePorts ?? [], certificates: certificates)
        child = try ChildProcess(arguments.positionals, environment: environment.block)
      }
    } catch {
      await passage?.stop()
      Terminal.complain("\(error)")
      return (error as? ChildProcess.Failure)?.status ?? 1
    }
    signals.pass(to: child)
    let status = await child.end()
    signals.end()
    isolated?.end()
    await passage?.stop()
    let seconds = ((clock.now - began) / .milliseconds(1)).rounded() / 1000
    return await report(
      status: status, seconds: seconds, unserved: isolated?.names.unserved ?? [],
      isPrivate: emulator != nil, client)
  }

  private func isolatedProgram(
    _ certificates: ProgramEnvironment.Certificates?, _ emulator: Emulator?,
    _ passage: ServerPassage?
  ) throws(ChildProcess.Failure) -> IsolatedProgram {
    let environment = ProgramEnvironment(
      baseURL: IsolatedProgram.baseURL, authority: nil, tenant: tenant, certificates: certificates)
    return try IsolatedProgram(
      arguments.positionals, environment: environment, configuration: configuration
    ) { socket, names in
      emulator?.serve(socket, tenant: tenant, names: names)
      passage?.serve(socket, names: names)
    }
  }

  /// Whether the server must tell what happened: else its refusal is no matter of the program's.
  private var isToTell: Bool {
    ["--verify", "--junit", "--har", "--report"].contains(where: arguments.has)
  }

  private func report(
    status: Int32, seconds: Double, unserved: [String], isPrivate: Bool, _ client: ControlClient
  ) async -> Int32 {
    do {
      let report = try await RunReport(
        arguments.positionals, status: status, seconds: seconds, unserved: unserved,
        distrusted: distrust.hosts, ownTenant: isPrivate ? tenant : nil, client)
      if !arguments.has("--quiet") { Terminal.write(report.summary, to: STDERR_FILENO) }
      if arguments.has("--verify"), !report.isExpecting {
        Terminal.complain("nothing is expected, so nothing was verified: give a scenario “expect”")
      }
      if let file = arguments.value("--junit") {
        try FileContent.write(Array(report.junit.utf8), to: file)
      }
      if let file = arguments.value("--report") {
        let card = try await Command.card(from: client)
        try FileContent.write(Array(Command.ReportFormat(file: file).text(card).utf8), to: file)
      }
      if let file = arguments.value("--har") {
        try FileContent.write(try await client.look("journal.har"), to: file)
      }
      return report.exitStatus
    } catch let refusal as Refused where !isToTell {
      if !arguments.has("--quiet") { Terminal.complain("there is no summary: \(refusal)") }
      return status
    } catch {
      Terminal.complain("\(error)")
      return status == 0 ? 1 : status
    }
  }
}
