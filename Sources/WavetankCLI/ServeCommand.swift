import Dispatch
import Glibc
import HTTPTransport
import Synchronization
import Wavetank

extension Command {
  static let serve = Command(
    name: "serve", summary: "Serve until SIGTERM, SIGINT or SIGHUP (the default command).",
    operands: "",
    flags: [
      Flag(
        "--host", value: "H",
        "Address to listen on; repeatable. localhost is 127.0.0.1 and ::1 (localhost).",
        isRepeated: true),
      portFlag,
      Flag(
        "--scenario", value: "FILE|NAME", "A scenario file, or a shipped one by name; repeatable.",
        isRepeated: true),
      Flag("--watch", "Take over edits of the scenario files while running."),
      Flag("--threads", value: "N", "Event loops (one for each core)."),
      Flag(
        "--memory", value: "SIZE",
        "Memory for what clients store and do (half of what the process may take, at most 4GiB)."),
      Flag(
        "--journal-entries", value: "N", "Exchanges that each tenant's journal keeps (10000)."),
      Flag("--journal-bytes", value: "SIZE", "Memory of each tenant's journal, at most (32MiB)."),
      Flag("--clock", value: "MODE", "real, manual, skip, or xN for N times wall time."),
      Flag("--seed", value: "N", "Seed of ids and of every random choice."),
      Flag(
        "--data", value: "DIR",
        "Keep the tenants' worlds there across restarts. What changed is saved every 10 s and at the end (SIGTERM, SIGINT, SIGHUP); a crash or kill -9 loses at most what happened since the last save, with --durable nothing that was answered."
      ),
      Flag(
        "--durable",
        "With --data: a change is on the disk before its answer, so kill -9 loses nothing that was answered. What changed is added to a log beside the tenant's file (NAME.changes), once for all who wait together."
      ),
      caFlag, interceptFlag, passthroughFlag,
      Flag(
        "--peer", value: "URL",
        "Another Wavetank behind the same front, which has tenants of its own: they are listed with ours; repeatable.",
        isRepeated: true),
      Flag("--strict", "Refuse what the real services of today refuse."),
      Flag(
        "--control-token", value: "T",
        "The control API asks for this bearer token ($WAVETANK_CONTROL_TOKEN)."),
      Flag("--control-token-file", value: "F", "The token stands in that file."),
      Flag(
        "--outbound", value: "WHO",
        "Who may name URLs that are called from here: local, any or none (local)."),
    ] + codeFlags + logFlags + greetingFlags,
    examples: [
      "wavetank --port 0 --ready-file ready.json",
      "wavetank --port 0 --print port > port &",
      "wavetank --port 7070 --port scramjet=7071",
      "wavetank --scenario flaky-network --clock skip",
      "wavetank --data ./worlds --strict",
      "wavetank --run-code --python .venv/bin/python",
    ],
    run: { arguments throws(UsageError) in try await serve(arguments) })

  static let portFlag = Flag(
    "--port", value: "N|SERVICE=N",
    "Port; 0 picks a free one (7070). Repeatable: all but the first are further ones. SERVICE=N: a port of that service alone, which scenarios can close.",
    isRepeated: true)

  /// How a server that has begun says so.
  static let greetingFlags = [
    Flag("--quiet", "Print nothing but what goes wrong, on standard error."),
    Flag(
      "--print", value: "WHAT",
      "Print this alone once ready, for scripts: url, port, json ({\"port\":…,\"pid\":…}) or env."
    ),
    Flag(
      "--ready-file", value: "F",
      "Write {\"port\":…,\"pid\":…} there once ready, with \"ports\" where services have their own; it is gone when the server is."
    ),
  ]

  /// What the flags of `serve` say, as far as they are given.
  static func configuration(
    _ arguments: CommandLineArguments
  ) throws(UsageError) -> Configuration {
    var configuration = Configuration()
    try addresses(arguments, &configuration)
    try ports(arguments, &configuration)
    configuration.threads = try arguments.integer("--threads", in: 1...64) ?? 0
    if let text = arguments.value("--memory") {
      guard let size = Emulator.size(text), size >= memoryLeast else {
        throw UsageError(
          "--memory must be a size from 1MiB, such as 256MiB or 2GB, not “\(text)”.")
      }
      configuration.memoryBytesMax = UInt64(size)
    }
    try journal(arguments, &configuration)
    configuration.scenarios = arguments.all("--scenario")
    try scenarioNames(configuration.scenarios)
    configuration.watchesScenarios = arguments.has("--watch")
    if arguments.has("--watch") {
      guard !configuration.scenarios.isEmpty else {
        throw UsageError("--watch needs --scenario: there is nothing to look at.")
      }
      if let stream = configuration.scenarios.first(where: { Scenarios.stream($0) != nil }) {
        let name = stream == "-" ? "standard input (--scenario -)" : "“\(stream)”"
        throw UsageError("--watch cannot look at \(name) again: give a file.")
      }
      let shipped = Scenarios.names
      if configuration.scenarios.allSatisfy(shipped.contains) {
        throw UsageError("--watch needs a file of yours: shipped scenarios do not change.")
      }
    }
    try time(arguments, &configuration)
    configuration.dataDirectory = arguments.value("--data")
    configuration.isDurable = arguments.has("--durable")
    if configuration.isDurable, configuration.dataDirectory == nil {
      throw UsageError("--durable needs --data DIR: where worlds are kept.")
    }
    try Command.hosts(arguments, &configuration)
    configuration.caDirectory = arguments.value("--ca-dir")
    for url in arguments.all("--peer") where !configuration.addPeer(url) {
      throw UsageError("--peer must be a base URL, such as http://wavetank-1:7070, not “\(url)”.")
    }
    configuration.isStrict = arguments.has("--strict")
    configuration.controlToken = try ControlTokens.ofServer(arguments)
    if let name = arguments.value("--outbound"), !configuration.setOutbound(name) {
      throw UsageError("--outbound must be local, any or none, not “\(name)”.")
    }
    configuration.code = try codeOptions(arguments)
    return configuration
  }

  /// Where it listens.
  private static func addresses(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    var hosts = arguments.all("--host")
    configuration.listensOnLoopback6 = hosts.isEmpty || hosts.contains("localhost")
    hosts = hosts.map { host in
      if host == "localhost" { return configuration.host }
      let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
      return isBracketed ? String(host.dropFirst().dropLast()) : host
    }
    for host in hosts where NumericAddress(host: host)?.isOfMany ?? false {
      throw UsageError(
        "--host must be an address of this machine: nobody can connect to \(host), which is one of many."
      )
    }
    if !hosts.isEmpty { configuration.host = hosts.removeFirst() }
    configuration.furtherHosts = hosts.filter { $0 != configuration.host }
  }

  private static func journal(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    if let entries = try arguments.integer("--journal-entries", in: 1...10_000_000) {
      configuration.journalEntriesMax = entries
    }
    guard let text = arguments.value("--journal-bytes") else { return }
    guard let size = Emulator.size(text), size >= journalLeast else {
      throw UsageError(
        "--journal-bytes must be a size from 64KiB, such as 1MiB or 1GB, not “\(text)”.")
    }
    configuration.journalBytesMax = size
  }

  /// Some exchanges whose contents are as long as are kept.
  private static let journalLeast = 64 << 10

  /// The world of one tenant takes a few hundred KiB.
  private static let memoryLeast = 1 << 20

  private static func serve(_ arguments: CommandLineArguments) async throws(UsageError) -> Int32 {
    // What a start takes, and goes on to use.
    SystemCalls.growHeap(by: 512 * 1024)
    return try await serve(arguments, configuration(arguments)) { emulator in
      Terminal.put(ClientEnvironment(emulator).text(for: .sh))
      for (service, port) in emulator.servicePorts {
        Terminal.say("# \(service) alone: port \(port)")
      }
      Terminal.say("# Console: \(emulator.baseURL)/_wavetank/console")
      // The vendor's own suites wait for these words on standard output.
      Terminal.say("# Host started, Running")
    }
  }

  /// Serves until a signal ends it.
  /// - Parameters:
  ///   - logsUnasked: a line for each exchange, unless flags say otherwise.
  ///   - begin: the last thing before it is ready; what it returns is why it is not.
  ///   - greet: says what stands below the line that says that it is ready.
  static func serve(
    _ arguments: CommandLineArguments, _ wanted: Configuration, logsUnasked: Bool = true,
    begin: (Emulator) async -> String? = { _ in nil }, greet: (Emulator) -> Void
  ) async throws(UsageError) -> Int32 {
    var configuration = wanted
    let isQuiet = arguments.has("--quiet")
    let printed: Printed? = try arguments.choice("--print")
    let readyFile = arguments.value("--ready-file").map { ReadyFile($0) }
    configuration.log = try logOptions(arguments, isWanted: !isQuiet && logsUnasked)
    if configuration.log == nil {
      configuration.onNotice = { if $0.isProblem { Terminal.complain($0.text) } }
    }
    configuration.isWholeProcess = true
    // Before anything runs: a signal that comes while we start is kept, not lost.
    let signals = StopSignals()
    let emulator: Emulator
    do {
      try readyFile?.prepare(port: configuration.port)
      emulator = try await Emulator.start(configuration)
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    do {
      if let complaint = await begin(emulator) { throw NotReady(description: complaint) }
      try readyFile?.write(emulator)
    } catch {
      Terminal.complain("\(error)")
      await emulator.stop(within: .zero)
      return 1
    }
    if let printed {
      Terminal.put(printed.text(emulator))
    } else if !isQuiet {
      Terminal.say("wavetank ready on \(emulator.baseURL)")
      greet(emulator)
    }
    // Told at once; a server whose greeting nobody reads serves all the same.
    _ = Terminal.complainOfLosses()
    // A moment later, so that the first requests do not pay for it.
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { [configuration] in
      if let store = try? CertificateStore(configuration), let complaint = store.complaint() {
        emulator.tell(Notice(text: complaint, isProblem: true))
      }
      SystemCalls.heapHasGrown()
      ProcessMemory.forgetCode()
    }
    await signals.first()
    readyFile?.remove()
    await emulator.stop(within: .seconds(5))
    return emulator.hasUnsavedWorlds ? 1 : 0
  }
}

/// Why it does not serve though it listens.
private struct NotReady: Error, CustomStringConvertible {
  let description: String
}

/// SIGTERM, SIGINT and SIGHUP (the terminal is closed) as something to wait for; another one, a while
/// later, ends the process at once. Who starts us with SIGHUP ignored (`nohup`) wants us to stay.
private final class StopSignals {
  private let received: AsyncStream<Int32>
  private let caught: CaughtSignals

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    received = stream
    let patience = Patience()
    // A reader of our output that went away, and a file that may not grow (`ulimit -f`), are errors
    // of one write, not the end of the server.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    caught = CaughtSignals([SIGTERM, SIGINT] + CaughtSignals.hangUp) { number in
      if patience.ends(with: number) { exit(128 + number) }
      continuation.yield(number)
    }
  }

  func first() async {
    for await _ in received { return }
  }

  /// Tells somebody who will not wait from one order that comes twice, which must not cost the last
  /// save: a terminal that closes tells the shell, which tells us, and then us; and a Ctrl-C is told to
  /// all in the foreground, of whom some (npm) pass it on.
  private final class Patience: Sendable {
    private let first = Mutex<ContinuousClock.Instant?>(nil)

    func ends(with number: Int32) -> Bool {
      let now = ContinuousClock.now
      let began = first.withLock { first in
        defer { first = first ?? now }
        return first ?? now
      }
      return number != SIGHUP && now - began >= .milliseconds(500)
    }
  }
}

extension Command {
  /// Ports of the server, and those that services have for themselves.
  static func ports(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    try ownPorts(arguments, &configuration)
    let ports = try arguments.all("--port").filter { !$0.contains("=") }.map {
      text throws(UsageError) in
      guard let port = UInt16(text) else {
        throw UsageError(
          "--port must be a whole number from 0 to 65535, or SERVICE=N, not “\(text)”.")
      }
      return port
    }
    if let first = ports.first { configuration.port = first }
    configuration.furtherPorts = ports.dropFirst().filter { $0 == 0 || $0 != configuration.port }
    if let port = configuration.repeatedPort {
      throw UsageError(
        "--port: \(port) is asked for twice; the server itself is on \(configuration.port).")
    }
  }

  /// Those alone.
  static func ownPorts(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    for text in arguments.all("--port") where text.contains("=") {
      let name = String(text.prefix { $0 != "=" })
      guard Emulator.serviceNames.contains(name) else {
        throw UsageError(
          "--port: " + CommandLineArguments.unknown(name, among: Emulator.serviceNames))
      }
      guard !configuration.servicePorts.contains(where: { $0.service == name }) else {
        throw UsageError("--port \(name)= was given more than once.")
      }
      guard configuration.giveOwnPort(text) else {
        throw UsageError(
          "--port must be SERVICE=N with a whole number from 0 to 65535, not “\(text)”.")
      }
    }
  }

  /// How time runs and where chance comes from: of `serve` and `run`.
  static func time(
    _ arguments: CommandLineArguments, _ configuration: inout Configuration
  ) throws(UsageError) {
    if let clock = arguments.value("--clock"), !configuration.setClock(clock) {
      throw UsageError("--clock must be real, manual, skip or xN (such as x60), not “\(clock)”.")
    }
    if let seed = arguments.value("--seed") {
      guard let number = UInt64(seed) else {
        throw UsageError("--seed must be a whole number from 0, not “\(seed)”.")
      }
      configuration.seed = number
    }
  }
}
