import Dispatch
import FoundationEssentials
import Glibc

// What killed servers leave: nobody takes their temporary folders away.
extension CodeStore {
  static let temporaryPrefix = "wavetank-code-"
  /// A file in a temporary folder, made when its lock is held: a user may call a folder of his own
  /// (`--code-dir`) the same.
  static let temporaryMark = "/.temporary"

  /// Off this thread: there may be gigabytes of environments.
  static func sweepLater(_ place: String) {
    DispatchQueue.global(qos: .utility).async { sweep(place) }
  }

  /// Takes temporary folders of this user's away whose servers are gone: nobody holds their locks.
  /// - Parameter place: where temporary files are.
  package static func sweep(_ place: String) {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: place)) ?? []
    where name.hasPrefix(temporaryPrefix) {
      let path = "\(place)/\(name)"
      guard isOwn(path, S_IFDIR), isOwn(path + temporaryMark, S_IFREG) else { continue }
      // SAFETY: a text, which the call only reads.
      let lock = unsafe open(path + "/.lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      guard lock >= 0 else { continue }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? files.removeItem(atPath: path) }
      _ = close(lock)
    }
  }

  private static func isOwn(_ path: String, _ kind: mode_t) -> Bool {
    var found = stat()
    // SAFETY: the call writes to a local.
    return unsafe lstat(path, &found) == 0 && found.st_mode & S_IFMT == kind
      && found.st_uid == geteuid()
  }
}
