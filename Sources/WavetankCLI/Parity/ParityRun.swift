import Glibc
import HTTPModel
import HTTPTransport
import Lab
import PayloadCodecs
import Scenarios
import Wavetank

/// Recordings, read from files, and an emulator that they are played against: a private server, or the
/// one at `--url`. Each has a fresh tenant.
struct ParityRun {
  private let arguments: CommandLineArguments
  private var configuration = Configuration()
  private let url: String?
  private let patience: Duration

  /// Why it cannot go on; said already.
  struct Failure: Error {}

  struct File: Sendable {
    var name: String
    var recording: Recording
  }

  /// Where what comes of it is written.
  private static let outputs = ["--out", "--json", "--junit", "--html"]

  /// A recording of a real service is made once: nothing is written over it.
  private static func keepRecordings(_ arguments: CommandLineArguments) throws(UsageError) {
    for flag in outputs {
      guard let file = arguments.value(flag),
        arguments.positionals.contains(where: { FileContent.isOneFile($0, file) })
      else { continue }
      throw UsageError("\(flag) “\(file)” is the recording itself: name another file.")
    }
  }

  init(_ arguments: CommandLineArguments) throws(UsageError) {
    self.arguments = arguments
    url = arguments.value("--url")
    if url != nil,
      let flag = ["--scenario", "--clock", "--seed", "--strict"].first(where: arguments.has)
    {
      throw UsageError("\(flag) is for a private server; the one at --url has its own.")
    }
    if url == nil, arguments.has("--token") {
      throw UsageError("--token is for the server at --url; a private one asks for none.")
    }
    try Self.keepRecordings(arguments)
    if let text = arguments.value("--patience") {
      guard let limit = Emulator.duration(text) else {
        throw UsageError("--patience must be a duration such as 5s or 1m, not “\(text)”.")
      }
      patience = limit
    } else {
      patience = .seconds(20)
    }
    configuration.port = 0
    configuration.scenarios = arguments.all("--scenario")
    configuration.caDirectory = arguments.value("--ca-dir")
    configuration.isStrict = arguments.has("--strict")
    try Command.scenarioNames(configuration.scenarios)
    try Command.intercept(arguments, &configuration)
    try Command.time(arguments, &configuration)
    if !arguments.has("--clock") { _ = configuration.setClock("skip") }
    configuration.seed = configuration.seed ?? 0
    configuration.onNotice = { if $0.isProblem { Terminal.complain($0.text) } }
  }

  /// The recordings that the command line names, if what comes of them can be written.
  func files() throws(Failure) -> [File] {
    do {
      // What cannot be written is better known before anything is asked.
      for output in Self.outputs.compactMap(arguments.value) {
        try FileContent.checkWritable(output)
      }
    } catch {
      Terminal.complain("\(error)")
      throw Failure()
    }
    var files: [File] = []
    for name in arguments.positionals {
      do {
        let content = try FileContent.read(name)
        files.append(
          File(
            name: name,
            recording: try Recording(
              content, isServed: { [configuration] in Emulator.serves(host: $0, configuration) })))
      } catch let error as FileError {
        Terminal.complain("\(error)")
        throw Failure()
      } catch {
        Terminal.complain("\(name) \(error)")
        throw Failure()
      }
    }
    return files
  }

  func play(_ files: [File]) async throws(UsageError) -> [PlayedExchange]? {
    guard url == nil else {
      return await play(files, at: try ControlClient(ServerURL(url), tenant: nil, arguments))
    }
    let emulator: Emulator
    do {
      emulator = try await Emulator.start(configuration)
    } catch {
      Terminal.complain("\(error)")
      return nil
    }
    let client = try ControlClient(ServerURL(emulator.baseURL), tenant: nil, arguments)
    let played = await play(files, at: client)
    await emulator.stop(within: .zero)
    return played
  }

  private func play(_ files: [File], at control: ControlClient) async -> [PlayedExchange]? {
    do {
      guard try await control.isReady(within: ControlClient.silenceMax) else {
        Terminal.complain("the server at \(control.baseURL) is not ready")
        return nil
      }
      let client = try ParityPlayer.makeClient()
      defer { client.shutdown() }
      let place = try await control.place()
      var played: [PlayedExchange] = []
      for (index, file) in files.enumerated() {
        // A tenant's ids come of its name: a private server's are the same each time.
        let run = url == nil ? "" : "\(getpid())-\(CertificateStore.wallSeconds())-"
        let tenant = "parity-\(run)\(index + 1)"
        let player = ParityPlayer(
          client, place, tenant: tenant, file: file.name, patience: patience)
        played += await player.play(file.recording)
        _ = try? await control.send(.delete, "tenants/\(tenant)")
      }
      return played
    } catch {
      Terminal.complain("\(error)")
      return nil
    }
  }

  static let flags = [
    Flag(
      "--scenario", value: "FILE|NAME",
      "What the private server serves: a scenario file, or a shipped one by name; repeatable.",
      isRepeated: true),
    Flag("--clock", value: "MODE", "Of the private server: real, manual, skip, or xN (skip)."),
    Flag("--seed", value: "N", "Seed of ids and of every random choice (0)."),
    Flag("--strict", "As for serve --strict."),
    Flag(
      "--patience", value: "DURATION",
      "How long work is looked at that the recording's client saw end (20s)."),
    Command.caFlag, Command.interceptFlag,
  ]
}
