import Dispatch
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
      caFlag, interceptFlag,
      Flag("--junit", value: "FILE", "Write the result there as JUnit XML."),
      Flag("--har", value: "FILE", "Write what was exchanged there as HTTP Archive."),
      Flag("--quiet", "No summary."),
    ],
    examples: [
      "wavetank run -- pytest", "wavetank run --scenario flaky-network --clock skip -- npm test",
      "wavetank run --junit result.xml --har traffic.har -- make check",
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

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    self.arguments = arguments
    url = arguments.value("--url")
    if url != nil, let flag = ["--scenario", "--clock", "--seed"].first(where: arguments.has) {
      throw UsageError("\(flag) is for a private server; the one at --url has its own.")
    }
    switch arguments.value("--tenant") {
    case nil, "auto":
      // All that comes to a private server is the program's.
      tenant = url == nil ? "default" : "run-\(getpid())-\(CertificateStore.wallSeconds())"
    default: tenant = try arguments.tenant() ?? "default"
    }
    configuration.port = 0
    configuration.scenarios = arguments.all("--scenario")
    configuration.caDirectory = arguments.value("--ca-dir")
    try Command.intercept(arguments, &configuration)
    try Command.time(arguments, &configuration)
    configuration.onNotice = { if $0.isProblem { Terminal.complain($0.text) } }
  }

  func run() async throws(UsageError) -> Int32 {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    if let url { return try await run(at: url) }
    let emulator: Emulator
    do {
      emulator = try await Emulator.start(configuration)
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let status = try await run(at: emulator.baseURL)
    await emulator.stop(within: .zero)
    return status
  }

  private func run(at url: String) async throws(UsageError) -> Int32 {
    let client = try ControlClient(url: url, tenant: tenant, arguments)
    do {
      guard try await client.isReady(within: ControlClient.silenceMax) else {
        Terminal.complain("the server at \(url) is not ready")
        return 1
      }
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let environment = ProgramEnvironment(
      baseURL: client.baseURL, authority: client.authority, tenant: tenant,
      certificates: certificates())
    let clock = ContinuousClock()
    let began = clock.now
    let command = arguments.positionals
    let child: ChildProcess
    do throws(ChildProcess.Failure) {
      child = try ChildProcess(command, environment: environment.block)
    } catch {
      Terminal.complain(error.description)
      return error.status
    }
    let signals = PassedSignals(to: child)
    let status = await child.end()
    signals.end()
    let seconds = Double((clock.now - began).components.seconds)
    return await report(
      command, status: status, seconds: seconds, client)
  }

  /// Files of the CA; nil, and why, where there is none.
  private func certificates() -> ProgramEnvironment.Certificates? {
    do {
      let store = try CertificateStore(configuration)
      try store.prepare()
      let javaTrustStore = store.directory + "/trust.p12"
      try FileContent.write(try store.javaTrustStore(), to: javaTrustStore)
      return ProgramEnvironment.Certificates(
        authority: store.certificatePath, bundle: store.bundlePath, javaTrustStore: javaTrustStore)
    } catch {
      Terminal.complain("https does not arrive here: \(error)")
      return nil
    }
  }

  private func report(
    _ command: [String], status: Int32, seconds: Double, _ client: ControlClient
  ) async -> Int32 {
    do {
      let report = try await RunReport(command, status: status, seconds: seconds, client)
      if !arguments.has("--quiet") { Terminal.write(report.summary, to: STDERR_FILENO) }
      if let file = arguments.value("--junit") {
        try FileContent.write(Array(report.junit.utf8), to: file)
      }
      if let file = arguments.value("--har") {
        try FileContent.write(try await client.send(.get, "journal.har").content, to: file)
      }
      return report.exitStatus
    } catch {
      Terminal.complain("\(error)")
      return status == 0 ? 1 : status
    }
  }
}

/// While the program runs signals are its own: what is sent to us is passed on. What the terminal sends
/// reaches it by itself, since it is in our group.
private final class PassedSignals {
  private var sources: [any DispatchSourceSignal] = []

  init(to child: ChildProcess) {
    let isForeground = tcgetpgrp(STDIN_FILENO) == getpgrp()
    for number in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      if isForeground, number == SIGINT || number == SIGQUIT { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { @Sendable in child.send(number) }
      source.resume()
      sources.append(source)
    }
  }

  func end() { for source in sources { source.cancel() } }
}
