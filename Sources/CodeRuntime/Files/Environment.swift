import Dispatch
import FoundationEssentials
import Glibc
import PayloadCodecs

/// Environments of Python with what `requirements.txt` asks for: the given interpreter's own packages,
/// the SDK with them, and what pip adds.
enum Environment {
  /// How long an installation may take. The slowest that people wait for: large wheels over a slow line.
  private static let timeout = Duration.seconds(900)

  /// By what an environment is known: the requirements, the interpreter, the index.
  /// - Parameter archive: where the requirements lie; two that name files of their own are never the same.
  static func digest(
    _ requirements: [UInt8], _ archive: [[UInt8]], _ settings: CodeSettings
  ) -> String {
    var digest = SHA256()
    digest.update(requirements.span)
    for path in (try? ProgramSearch.find(settings.python)) ?? [settings.python] {
      digest.update(Array("\n\(path) \(age(of: path))".utf8).span)
    }
    digest.update(Array("\n\(settings.packageIndex ?? "")".utf8).span)
    if namesFiles(requirements) { for chunk in archive { digest.update(chunk.span) } }
    return digest.finalize().hexadecimal
  }

  /// Another interpreter may come to lie at the same place.
  private static func age(of path: String) -> Int {
    var status = stat()
    // SAFETY: the call writes to a local.
    return unsafe lstat(path, &status) == 0 ? Int(status.st_mtim.tv_sec) : 0
  }

  /// Whether a line is more than a name: an option with a file, a path.
  static func namesFiles(_ requirements: [UInt8]) -> Bool {
    requirements.split(separator: UInt8(ascii: "\n")).contains { line in
      let line = line.drop { $0 == UInt8(ascii: " ") }
      return line.first == UInt8(ascii: "-") || line.first == UInt8(ascii: ".")
        || line.contains(UInt8(ascii: "/"))
    }
  }

  /// Gives the interpreter of the environment, made if it is not there.
  /// - Parameter folder: of the program, with its requirements.
  static func make(
    for folder: String, _ digest: String, _ launcher: Launcher, _ store: CodeStore
  ) async throws(CodeError) -> String {
    let ready = store.environmentFolder(digest)
    let python = ready + "/bin/python"
    if FileManager.default.fileExists(atPath: ready + "/complete") { return python }
    // Its scripts name their own place, so it is built where it stays. Half of one is none.
    store.remove(ready)
    let user = ChildIdentity.ofItsOwn()
    try store.makeOwned(ready, by: user)
    do throws(CodeError) {
      try await install(for: folder, into: ready, as: user, launcher, store)
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

  private static func install(
    for folder: String, into ready: String, as user: UInt32, _ launcher: Launcher,
    _ store: CodeStore
  ) async throws(CodeError) {
    let home = try store.makeHome(of: user)
    defer { store.remove(home) }
    let said = OutputTail()
    let (output, printed) = try Descriptor.pair()
    let reader = OutputReader(output) { said.append($0) }
    var limits = ChildLimits()
    limits.dataBytes = 4 << 30
    var arguments = ["--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    if let index = launcher.settings.packageIndex { arguments += ["--index-url", index] }
    let child = try await launcher.start(
      launcher.settings.python,
      ["-u", store.steamshipRunner, "environment", ready] + arguments
        + ["-r", folder + "/requirements.txt"],
      environment: clientSettings.merging(["HOME": home, "TMPDIR": home]) { $1 },
      // Paths in it are meant from there.
      folder: folder,
      descriptors: [try ChildEnd.nothing(), printed, printed], limits: limits, reachesAll: true,
      user: user)
    let overdue = CancelFlag()
    let watch = DispatchWorkItem { @Sendable in
      _ = overdue.set()
      child.kill()
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeout.inSeconds, execute: watch)
    defer { watch.cancel() }
    let end = await child.ended()
    reader.pull()
    guard end != .exited(0) else { return }
    let reason = overdue.isSet ? "pip was ended after \(timeout).\n" : ""
    throw .notInstalled(reason + said.lines(30))
  }
}
