import FoundationEssentials
import Glibc
import Resources
import Synchronization

/// The folder in which code is unpacked, environments are kept and the runners lie.
package final class CodeStore: Sendable {
  /// The whole of an unpacked archive. 1 GiB: the vendors' own limits are below.
  static let unpackedBytesMax = 1 << 30
  static let filesMax = 50_000

  /// Where all of it lies.
  package let root: String
  private let isTemporary: Bool
  private let lock: Int32
  private let count = Atomic(0)

  var steamshipRunner: String { root + "/runners/steamship_runner.py" }
  var javaScriptRunner: String { root + "/runners/sequence_runner.js" }
  var pythonRunner: String { root + "/runners/sequence_runner.py" }
  /// A home for processes that shall find nothing in it.
  var emptyHome: String { root + "/empty" }

  /// - Parameter folder: nil: a temporary one, which is removed at the end.
  package init(folder: String?) throws(CodeError) {
    isTemporary = folder == nil
    if let folder { root = Self.absolute(folder) } else { root = try Self.makeTemporary() }
    try Self.makeFolder(root)
    guard Self.isOurs(root) else { throw .foreignFolder(root) }
    lock = try Self.lock(root)
    if isTemporary {
      _ = FileManager.default.createFile(atPath: root + Self.temporaryMark, contents: nil)
      Self.sweepLater(Self.temporaryPlace)
    }
    for name in ["/runners", "/empty", "/programs", "/homes", "/environments"] {
      try Self.makeFolder(root + name)
    }
    // What an earlier server has left behind in a folder that stays.
    for name in ["/programs", "/homes"] { Self.empty(root + name) }
    for path in [steamshipRunner, javaScriptRunner, pythonRunner] {
      let name = path.split(separator: "/").last.map(String.init) ?? ""
      let content = Resource.text("code/" + name) ?? ""
      guard
        FileManager.default.createFile(
          atPath: path, contents: Data(content.utf8), attributes: [.posixPermissions: 0o644])
      else { throw .notStarted(path, reason: "the file cannot be written") }
    }
  }

  /// Whether a server has made what will be swept here, or there is nothing of that kind.
  private static func isOurs(_ root: String) -> Bool {
    let files = FileManager.default
    return files.fileExists(atPath: root + "/runners/steamship_runner.py")
      || !["/programs", "/homes"].contains { files.fileExists(atPath: root + $0) }
  }

  /// One server at a time: what another one has at work would be swept away.
  private static func lock(_ root: String) throws(CodeError) -> Int32 {
    // SAFETY: a text, which the call only reads.
    let file = unsafe open(root + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .notStarted(root, reason: Spawner.message(errno)) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      _ = close(file)
      throw .folderInUse(root)
    }
    return file
  }

  private static func absolute(_ folder: String) -> String {
    let path =
      folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
    return path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  private static var temporaryPlace: String {
    // SAFETY: the environment is changed by nobody after the start.
    unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  }

  private static func makeTemporary() throws(CodeError) -> String {
    let place = temporaryPlace
    // SAFETY: the template is a copy of ours.
    let template = unsafe strdup("\(place)/\(temporaryPrefix)XXXXXX")
    defer { unsafe free(template) }
    guard let template = unsafe template, unsafe mkdtemp(template) != nil else {
      throw .notStarted(place, reason: Spawner.message(errno))
    }
    let path = unsafe String(cString: template)
    // Children go through it, whoever they are.
    _ = unsafe chmod(path, 0o755)
    return path
  }

  private static func empty(_ folder: String) {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
      try? files.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  deinit {
    end()
    _ = close(lock)
  }

  /// Nothing runs any more: what is temporary goes.
  package func end() { if isTemporary { remove(root) } }

  private static func makeFolder(_ path: String, mode: Int = 0o755) throws(CodeError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
      throw .noFolder(path)
    }
  }

  private func next() -> Int { count.add(1, ordering: .relaxed).newValue }

  /// A folder that a child may write to.
  func makeOwned(_ path: String, by user: UInt32 = ChildIdentity.user) throws(CodeError) {
    try Self.makeFolder(path, mode: 0o700)
    if geteuid() == 0 { _ = unsafe chown(path, user, user) }
  }

  /// For one process.
  func makeHome(of user: UInt32 = ChildIdentity.user) throws(CodeError) -> String {
    let path = "\(root)/homes/\(next())"
    try makeOwned(path, by: user)
    return path
  }

  /// A file with an archive's bytes, for us alone.
  func makeArchive(_ chunks: [[UInt8]]) throws(CodeError) -> String {
    let path = "\(root)/.archive.\(next())"
    // SAFETY: a text, which the call only reads.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .notStarted(path, reason: Spawner.message(errno)) }
    defer { _ = close(file) }
    for chunk in chunks {
      var written = 0
      while written < chunk.count {
        // SAFETY: the span covers the bytes that the call is told of.
        let result = unsafe chunk.withUnsafeBytes { bytes in
          unsafe write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        }
        if result < 0, errno == EINTR { continue }
        guard result > 0 else {
          let reason = Spawner.message(errno)
          remove(path)
          throw .notStarted(path, reason: reason)
        }
        written += result
      }
    }
    return path
  }

  /// A folder for a program. What is unpacked into it becomes readable to all processes, and
  /// changeable by none, by `seal`.
  func makeProgramFolder() throws(CodeError) -> String {
    let path = "\(root)/programs/\(next())"
    try makeOwned(path)
    return path
  }

  /// A folder for a program that we write ourselves.
  func makeReadableFolder() throws(CodeError) -> String {
    let path = "\(root)/programs/\(next())"
    try Self.makeFolder(path)
    return path
  }

  /// For requirements with that digest.
  func environmentFolder(_ digest: String) -> String { "\(root)/environments/\(digest)" }

  func isFolder(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the call writes to a local.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What a program asks to be installed; nil: nothing.
  func requirements(of folder: String) -> [UInt8]? {
    guard let content = FileManager.default.contents(atPath: folder + "/requirements.txt"),
      !content.isEmpty
    else { return nil }
    return [UInt8](content)
  }

  /// Takes a folder from the children: it is root's, where the server is root.
  func seal(_ folder: String) {
    guard geteuid() == 0 else { return }
    var paths = [folder]
    paths += ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).map {
      "\(folder)/\($0)"
    }
    for path in paths { _ = unsafe lchown(path, 0, 0) }
    _ = unsafe chmod(folder, 0o755)
  }

  func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
