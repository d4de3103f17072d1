import Wavetank

/// The flags of `serve` about the user's own code.
extension Command {
  static let codeFlags = [
    Flag("--run-code", "Run the code of uploaded packages, plugins and sequences; else none runs."),
    Flag("--python", value: "PATH", "The Python that runs code (python3)."),
    Flag("--node", value: "PATH", "The Node that runs code (node)."),
    Flag(
      "--code-dir", value: "DIR",
      "Keep unpacked code and environments of Python there (a folder that goes with the server)."),
    Flag("--code-memory", value: "SIZE", "Memory of one process of code (512MiB)."),
    Flag("--code-timeout", value: "TIME", "How long one call of code may take (15m)."),
    Flag("--code-workers", value: "N", "Processes of code at once, idle ones with them (24)."),
    Flag(
      "--code-network", value: "WHAT",
      "What code may reach: none, wavetank (this server alone) or all (wavetank)."),
    Flag("--no-pip", "Install no requirements.txt: the Python given has what code needs."),
    Flag("--pip-index", value: "URL", "Install from this index of packages."),
  ]

  /// Nil: no code is run.
  static func codeOptions(_ arguments: CommandLineArguments) throws(UsageError) -> CodeOptions? {
    guard arguments.has("--run-code") else {
      if let flag = codeFlags.first(where: { arguments.has($0.name) }) {
        throw UsageError("\(flag.name) needs --run-code.")
      }
      return nil
    }
    var options = CodeOptions()
    if let path = program("--python", arguments) { options.python = path }
    if let path = program("--node", arguments) { options.node = path }
    options.directory = arguments.value("--code-dir")
    if let text = arguments.value("--code-memory") {
      guard let size = Emulator.size(text), size >= codeMemoryLeast else {
        throw UsageError(
          "--code-memory must be a size from 64MiB, such as 512MiB or 2GB, not “\(text)”.")
      }
      options.memoryBytes = size
    }
    if let text = arguments.value("--code-timeout") {
      guard let timeout = Emulator.duration(text), timeout >= .milliseconds(100) else {
        throw UsageError(
          "--code-timeout must be a time from 100ms, such as 30s or 15m, not “\(text)”.")
      }
      options.timeout = timeout
    }
    // One calls the other while it works.
    options.workersMax = try arguments.integer("--code-workers", in: 2...1_000)
    if let name = arguments.value("--code-network"), !options.setNetwork(name) {
      throw UsageError("--code-network must be none, wavetank or all, not “\(name)”.")
    }
    options.installsRequirements = !arguments.has("--no-pip")
    if arguments.has("--no-pip"), arguments.has("--pip-index") {
      throw UsageError("--pip-index does not go with --no-pip: nothing is installed.")
    }
    options.packageIndex = arguments.value("--pip-index")
    return options
  }

  /// An interpreter that is not there is missed by code of its kind alone; who has named it is told now.
  private static func program(
    _ flag: String, _ arguments: CommandLineArguments
  ) -> String? {
    guard let name = arguments.value(flag) else { return nil }
    if let lack = CodeOptions.lack(ofProgram: name) { Terminal.complain("\(flag): \(lack)") }
    return name
  }

  /// An interpreter with an SDK takes 40 MB.
  private static let codeMemoryLeast = 64 << 20
}
