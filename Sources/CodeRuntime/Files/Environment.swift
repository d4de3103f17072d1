import FoundationEssentials
import PayloadCodecs

/// Environments of Python with what `requirements.txt` asks for.
enum Environment {
  /// Gives the interpreter of the environment, made if it is not there.
  static func make(
    _ requirements: String, _ digest: String, _ launcher: Launcher, _ store: CodeStore
  ) async throws(CodeError) -> String {
    let ready = store.environmentFolder(digest)
    let python = ready + "/bin/python"
    if FileManager.default.fileExists(atPath: ready + "/complete") { return python }
    // Its scripts name their own place, so it is built where it stays. Half of one is none.
    store.remove(ready)
    try store.makeOwned(ready)
    do throws(CodeError) {
      let settings = launcher.settings
      try await run(settings.python, ["-m", "venv", ready], launcher, store)
      var install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
      if let index = settings.packageIndex { install += ["--index-url", index] }
      try await run(python, install + ["-r", requirements], launcher, store)
      store.seal(ready)
      _ = FileManager.default.createFile(atPath: ready + "/complete", contents: nil)
      return python
    } catch {
      store.remove(ready)
      throw error
    }
  }

  /// How pip finds its index and the way out, as the user has set it for this server.
  private static let clientSettings = ProcessInfo.processInfo.environment.filter { name, _ in
    let names = [
      "http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "requests_ca_bundle",
    ]
    return name.hasPrefix("PIP_")
      || names.contains(where: { $0.utf8.elementsEqual(name.asciiLowercased.utf8) })
  }

  private static func run(
    _ python: String, _ arguments: [String], _ launcher: Launcher, _ store: CodeStore
  ) async throws(CodeError) {
    let home = try store.makeHome()
    defer { store.remove(home) }
    let said = OutputTail()
    let (output, printed) = try Descriptor.pair()
    output.forward { said.append($0) }
    var limits = ChildLimits()
    limits.dataBytes = 4 << 30
    let child = try await launcher.start(
      python, arguments,
      environment: clientSettings.merging(["HOME": home, "TMPDIR": home]) { $1 },
      folder: home,
      descriptors: [try ChildEnd.nothing(), printed, printed], limits: limits, reachesAll: true)
    guard await child.ended() == .exited(0) else { throw .notInstalled(said.lines(20)) }
  }
}
