import PayloadCodecs

import Glibc

/// The system calls of the data directory: files that are whole or not there at all.
///
/// Only ordinary files are opened: a FIFO would block until somebody writes, a device could do
/// anything, and what a symbolic link points to is not ours to replace.
enum DurableFile {
  /// A file that is written beside its place and put there at once: whoever reads finds the old
  /// content or the new one, also after a crash of the machine.
  final class Replacement {
    private let file: Int32
    private let temporary: String
    let target: String
    private var isInPlace = false

    init(of name: String, in directory: String) throws(FileError) {
      temporary = "\(directory)/.\(name).tmp"
      target = "\(directory)/\(name)"
      file = try DurableFile.create(temporary)
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
      try DurableFile.writeAll(file, bytes, temporary)
    }

    /// The content is on the disk, under its temporary name.
    func finish() throws(FileError) {
      try DurableFile.check(fsync(file), "fsync", temporary)
    }

    /// Puts it in the place of what lies there. The name itself is safe once the directory is
    /// (`syncDirectory`), which is done for many files at once.
    func putInPlace() throws(FileError) -> FileIdentity {
      let identity = try DurableFile.identity(of: file, temporary)
      // SAFETY: both strings live for the call.
      try DurableFile.check(unsafe rename(temporary, target), "rename", target)
      isInPlace = true
      return identity
    }

    deinit {
      _ = close(file)
      // SAFETY: the string lives for the call.
      if !isInPlace { _ = unsafe unlink(temporary) }
    }
  }

  /// What is added to a file, and on the disk once it is finished.
  final class Addition {
    private let file: Int32
    private let path: String
    private let start: Int64

    /// - Parameter expected: the file as it was left the last time; nil: it is made, and must not be there.
    init(to path: String, expecting expected: FileIdentity?) throws(FileError) {
      self.path = path
      start = expected?.size ?? 0
      let making = expected == nil ? O_CREAT | O_EXCL : 0
      // SAFETY: the string lives for the call.
      file = unsafe open(
        path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | making, 0o600)
      try DurableFile.check(file, "open", path)
      guard let expected else { return }
      let found: FileIdentity
      do throws(FileError) {
        found = try DurableFile.identity(of: file, path)
      } catch {
        _ = close(file)
        throw error
      }
      guard found == expected else {
        _ = close(file)
        throw FileError(call: "open", path: path, code: ESTALE)
      }
    }

    /// Adds all of it or nothing.
    func write(_ bytes: [UInt8]) throws(FileError) {
      do throws(FileError) {
        try DurableFile.writeAll(file, bytes, path)
      } catch {
        _ = ftruncate(file, off_t(start))
        throw error
      }
    }

    /// All of it is on the disk. The name of a new file is safe once the directory is (`syncDirectory`).
    func finish() throws(FileError) -> FileIdentity {
      try DurableFile.check(fdatasync(file), "fdatasync", path)
      return try DurableFile.identity(of: file, path)
    }

    deinit { _ = close(file) }
  }

  /// Makes a new file: what lies there, left by a save that was interrupted, is taken away and not
  /// written into, whatever it is.
  private static func create(_ path: String) throws(FileError) -> Int32 {
    // SAFETY: the string lives for the calls.
    _ = unsafe unlink(path)
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    try check(file, "open", path)
    return file
  }

  private static func writeAll(
    _ file: Int32, _ bytes: [UInt8], _ path: String
  ) throws(FileError) {
    var position = 0
    while position < bytes.count {
      // SAFETY: the buffer is read within its bounds and only during the call.
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe write(file, buffer.baseAddress.map { unsafe $0 + position }, buffer.count - position)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw FileError(call: "write", path: path, code: errno) }
      position += written
    }
  }

  // MARK: Looking

  /// What lies under a name; nil when nothing does. Links are not followed.
  static func identity(_ path: String) throws(FileError) -> FileIdentity? {
    guard let found = try status(path) else { return nil }
    return FileIdentity(found)
  }

  private static func status(_ path: String) throws(FileError) -> stat? {
    var found = stat()
    // SAFETY: string and structure live for the call.
    if unsafe lstat(path, &found) < 0 {
      guard errno == ENOENT else { throw FileError(call: "stat", path: path, code: errno) }
      return nil
    }
    return found
  }

  private static func identity(of file: Int32, _ path: String) throws(FileError) -> FileIdentity {
    var found = stat()
    // SAFETY: the structure lives for the call.
    try check(unsafe fstat(file, &found), "stat", path)
    return FileIdentity(found)
  }

  /// Refuses what is no ordinary file.
  static func requireFile(_ path: String) throws(FileError) {
    if let found = try status(path) { try requireFile(found, path) }
  }

  private static func requireFile(_ found: stat, _ path: String) throws(FileError) {
    let kind: String
    switch found.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: kind = "a directory"
    case S_IFLNK: kind = "a symbolic link"
    case S_IFIFO: kind = "a FIFO"
    case S_IFSOCK: kind = "a socket"
    default: kind = "a device"
    }
    throw FileError(call: "open", path: path, code: EINVAL, kind: kind)
  }

  // MARK: Reading

  /// Opens an ordinary file for reading. Asked before it is opened, since opening a device can have
  /// effects, and after, since another may lie there by then.
  private static func openFile(_ path: String) throws(FileError) -> (Int32, FileIdentity) {
    guard let found = try status(path) else {
      throw FileError(call: "open", path: path, code: ENOENT)
    }
    try requireFile(found, path)
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    try check(file, "open", path)
    do throws(FileError) {
      var opened = stat()
      // SAFETY: the structure lives for the call.
      try check(unsafe fstat(file, &opened), "stat", path)
      try requireFile(opened, path)
      return (file, FileIdentity(opened))
    } catch {
      _ = close(file)
      throw error
    }
  }

  /// An ordinary file that is read here and there.
  final class Reading {
    private let file: Int32
    private let path: String
    let identity: FileIdentity
    /// When it was opened.
    var size: Int64 { identity.size }

    init(_ path: String) throws(FileError) {
      self.path = path
      (file, identity) = try DurableFile.openFile(path)
    }

    /// Fewer where the file ends.
    func bytes(at position: Int64, count: Int) throws(FileError) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      var filled = 0
      while filled < count {
        // SAFETY: the buffer is written within its bounds and only during the call.
        let read = unsafe bytes.withUnsafeMutableBytes { target in
          unsafe pread(
            file, target.baseAddress.map { unsafe $0 + filled }, count - filled,
            off_t(position + Int64(filled)))
        }
        if read < 0, errno == EINTR { continue }
        guard read >= 0 else { throw FileError(call: "read", path: path, code: errno) }
        if read == 0 { break }
        filled += read
      }
      bytes.removeLast(count - filled)
      return bytes
    }

    /// Reads piece by piece, to the end where the range has none.
    func read(
      _ range: Range<Int64> = 0..<Int64.max, _ body: ([UInt8]) throws(SnapshotError) -> Void
    ) throws(SnapshotError) {
      var position = range.lowerBound
      while position < range.upperBound {
        let count = Int(min(256 * 1024, range.upperBound - position))
        let piece = try SnapshotError.onDisk { () throws(FileError) in
          try bytes(at: position, count: count)
        }
        if piece.isEmpty { return }
        position += Int64(piece.count)
        try body(piece)
      }
    }

    deinit { _ = close(file) }
  }

  // MARK: Names

  /// Gives a file another name, which must not be taken. The directory is to be synced.
  static func move(_ from: String, to target: String) throws(FileError) {
    // SAFETY: the strings live for the calls.
    try check(unsafe link(from, target), "link", target)
    try check(unsafe unlink(from), "unlink", from)
  }

  /// Takes a name away; false when it was not there. The directory is to be synced.
  static func remove(_ path: String) throws(FileError) -> Bool {
    // SAFETY: the string lives for the call.
    if unsafe unlink(path) < 0 {
      guard errno == ENOENT else { throw FileError(call: "unlink", path: path, code: errno) }
      return false
    }
    return true
  }

  static func makeDirectory(_ path: String) throws(FileError) {
    // SAFETY: string and structure live for the calls.
    guard unsafe mkdir(path, 0o700) < 0 else { return }
    let code = errno
    var found = stat()
    guard code == EEXIST, unsafe stat(path, &found) == 0 else {
      throw FileError(call: "mkdir", path: path, code: code)
    }
    guard found.st_mode & S_IFMT == S_IFDIR else {
      throw FileError(call: "mkdir", path: path, code: ENOTDIR)
    }
  }

  /// Throws what a save there would throw.
  static func checkWritable(_ directory: String) throws(FileError) {
    // SAFETY: the string lives for the call.
    guard unsafe access(directory, W_OK | X_OK) == 0 else {
      throw FileError(call: "write", path: directory, code: errno)
    }
  }

  /// The names in a directory, sorted.
  static func names(in directory: String) throws(FileError) -> [String] {
    // SAFETY: the stream is closed before the function returns; an entry is read before the next
    // call on the same stream.
    guard let stream = unsafe opendir(directory) else {
      throw FileError(call: "opendir", path: directory, code: errno)
    }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while true {
      // An error is told by `errno` alone: half a list would pass for the whole.
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let name = unsafe name(of: entry)
      if name != ".", name != ".." { names.append(name) }
    }
    let code = errno
    guard code == 0 else { throw FileError(call: "readdir", path: directory, code: code) }
    return names.sorted()
  }

  /// Read where it lies: an entry is as long as its name, not as its type says, and behind the last one
  /// there may be no memory.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
    // SAFETY: the name is in the entry, and ends with a zero.
    unsafe withUnsafePointer(to: &entry.pointee.d_name.0) { unsafe String(cString: $0) }
  }

  /// Keeps other processes out of a directory, as long as this one lives.
  static func lock(_ path: String) throws(FileError) -> Int32 {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    try check(file, "open", path)
    if flock(file, LOCK_EX | LOCK_NB) < 0 {
      let code = errno
      _ = close(file)
      throw FileError(call: "lock", path: path, code: code)
    }
    return file
  }

  static func unlock(_ file: Int32) { _ = close(file) }

  /// A new name in a directory is only safe once the directory is.
  static func syncDirectory(_ path: String) throws(FileError) {
    // SAFETY: the string lives for the call.
    let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try check(directory, "open", path)
    defer { _ = close(directory) }
    // Some file systems cannot sync a directory and say EINVAL: nothing better can be done there.
    if fsync(directory) < 0, errno != EINVAL {
      throw FileError(call: "fsync", path: path, code: errno)
    }
  }

  private static func check(_ result: Int32, _ call: String, _ path: String) throws(FileError) {
    if result < 0 { throw FileError(call: call, path: path, code: errno) }
  }
}
