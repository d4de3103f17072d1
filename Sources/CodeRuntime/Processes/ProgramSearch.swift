import FoundationEssentials
import Glibc

/// Where programs are.
package enum ProgramSearch {
  /// The paths where a program may be, best first; names without a slash are searched in `PATH`.
  ///
  /// The next one is for when the child may not read the first: root's own folders are closed to it.
  package static func find(_ name: String) throws(CodeError) -> [String] {
    if name.contains("/") {
      guard isExecutable(name) else { throw .notStarted(name, reason: "there is no such program") }
      return [absolute(name)]
    }
    // SAFETY: the environment is changed by nobody after the start.
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
    let found = path.split(separator: ":").map { absolute("\($0)/\(name)") }.filter(isExecutable)
    guard !found.isEmpty else { throw .notStarted(name, reason: "it is not in PATH") }
    return found
  }

  /// As it is meant here: children begin in folders of their own.
  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  private static func isExecutable(_ path: String) -> Bool {
    var found = stat()
    // SAFETY: a text, which the calls only read, and a local that one of them writes.
    guard unsafe stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFREG else { return false }
    return unsafe access(path, X_OK) == 0
  }
}
