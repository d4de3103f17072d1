import Glibc
import Scenarios
import Wavetank

extension Command {
  static let record = Command(
    name: "record",
    summary: "Run a program against the real services, and keep what both sides say.",
    operands: "-- COMMAND …",
    flags: [
      Flag(
        "--out", value: "FILE", "Write what was exchanged there as HTTP Archive (recording.har)."),
      Flag(
        "--upstream", value: "HOST=ADDRESS",
        "Where a host's service really is: an address in numbers, with :PORT or http:// where needed.",
        isRepeated: true),
      Flag(
        "--upstream-ca", value: "FILE", "Trust these authorities (PEM), too, beside the system's."),
      caFlag, interceptFlag, passthroughFlag,
      Flag("--quiet", "No summary."),
    ],
    examples: [
      "wavetank record --out nightly.har -- python nightly.py",
      "wavetank record --intercept hub.example.com=scramjet -- npm start",
      "wavetank record --passthrough login.example.com -- ./job.sh",
    ],
    run: { arguments throws(UsageError) in
      guard !arguments.positionals.isEmpty else {
        throw UsageError("record needs a command: wavetank record -- python nightly.py.")
      }
      return try await RecordedRun(arguments).run()
    })
}

/// One run of the user's program against the real services.
private struct RecordedRun {
  private let arguments: CommandLineArguments
  private var configuration = Configuration()
  private var options = Recorder.Options()
  private let file: String

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    self.arguments = arguments
    file = arguments.value("--out") ?? "recording.har"
    if file == "-" { throw UsageError("--out - would write into the program's own output.") }
    configuration.caDirectory = arguments.value("--ca-dir")
    try Command.hosts(arguments, &configuration)
    for text in arguments.all("--upstream") {
      guard let upstream = Upstream(text) else {
        throw UsageError(
          "--upstream must be HOST=ADDRESS, HOST=ADDRESS:PORT or HOST=http://ADDRESS:PORT with an address in numbers, not “\(text)”."
        )
      }
      options.upstreams.append(upstream)
    }
    options.authorities = arguments.value("--upstream-ca")
  }

  func run() async throws(UsageError) -> Int32 {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    // Without TLS nothing of what the vendors say can be recorded: the sentence is there already.
    guard let certificates = ProgramEnvironment.Certificates(configuration) else { return 1 }
    let recorder: Recorder
    do throws(FileError) {
      // What cannot be written is better known before the program has run.
      try FileContent.checkWritable(file)
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    do throws(StartError) {
      recorder = try Recorder.start(configuration, options)
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    let status = await runProgram(recorder, certificates)
    await recorder.stop()
    guard status.hasStarted else { return status.code }
    do throws(FileError) {
      try FileContent.write(recorder.archive(), to: file)
    } catch {
      Terminal.complain("\(error)")
      return status.code == 0 ? 1 : status.code
    }
    if !arguments.has("--quiet") { Terminal.write(summary(recorder), to: STDERR_FILENO) }
    return status.code
  }

  private func runProgram(
    _ recorder: Recorder, _ certificates: ProgramEnvironment.Certificates
  ) async -> (code: Int32, hasStarted: Bool) {
    // Before it begins: what comes at once is its own, too.
    let signals = PassedSignals()
    let environment = ProgramEnvironment(
      recordingThrough: recorder.authority, intercepted: configuration.intercepted.map(\.pattern),
      certificates: certificates)
    do throws(ChildProcess.Failure) {
      let child = try ChildProcess(arguments.positionals, environment: environment.block)
      signals.pass(to: child)
      let code = await child.end()
      signals.end()
      return (code, true)
    } catch {
      Terminal.complain(error.description)
      return (error.status, false)
    }
  }

  private func summary(_ recorder: Recorder) -> String {
    let style = Terminal.Style(2)
    let exchanges = recorder.summary
    var text =
      style.bold("wavetank:") + " \(exchanges.count) exchange\(exchanges.count == 1 ? "" : "s")"
      + " recorded in \(file)\n"
    var hosts: [String] = []
    for (host, _) in exchanges where !hosts.contains(host) { hosts.append(host) }
    for host in hosts {
      let statuses = exchanges.filter { $0.host == host }.map { exchange in
        exchange.status.map(String.init) ?? "no answer"
      }
      var counts: [(name: String, count: Int)] = []
      for status in statuses {
        if let index = counts.firstIndex(where: { $0.name == status }) {
          counts[index].count += 1
        } else {
          counts.append((status, 1))
        }
      }
      let what = counts.map { "\($0.count) × \($0.name)" }.joined(separator: ", ")
      text += style.row("\(statuses.count)  \(host)", what, leftWidth: 44)
    }
    if recorder.isRoomUsedUp {
      text +=
        "  There was more than fits: of later contents nothing is kept but how long they are.\n"
    }
    let refused = recorder.refused
    if !refused.isEmpty {
      text +=
        style.bad("Refused") + ", no hosts of an emulated API: --intercept HOST=SERVICE records "
        + "one, --passthrough HOST lets it through\n"
      for host in refused.prefix(12) {
        text += "  \(Terminal.harmless(String(host.prefix(160))))\n"
      }
      if refused.count > 12 { text += "  and \(refused.count - 12) more\n" }
    } else if exchanges.isEmpty {
      text +=
        "  Nothing came through the proxy: the program must read HTTPS_PROXY, and trust the CA (wavetank ca).\n"
    }
    return text
  }
}
