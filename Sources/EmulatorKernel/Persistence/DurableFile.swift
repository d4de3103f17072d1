#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A system call on a file of the data directory failed.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let call: String
  package let path: String
  package let code: Int32

  var isMissing: Bool { code == ENOENT }
  var isTaken: Bool { code == EEXIST }

  package var description: String {
    let reason =
      switch code {
      case ENOSPC, EDQUOT: "no space left on the disk"
      case EACCES, EPERM: "permission denied"
      case ENOENT: "no such file or directory"
      case EROFS: "the file system is read-only"
      case EWOULDBLOCK: "another process uses it"
      case EFBIG: "the file is too large"
      case EIO: "input/output error"
      case ENOTDIR: "not a directory"
      default: "error \(code)"
      }
    return "\(call) \(path): \(reason)"
  }
}

/// The system calls of the data directory: files that are whole or not there at all.
enum DurableFile {
  /// A file that is written beside its place and put there at once: whoever reads finds the old
  /// content or the new one, also after a crash of the machine.
  final class Replacement {
    private let file: Int32
    private let temporary: String
    private let target: String
    private let directory: String
    private var isInPlace = false

    init(of name: String, in directory: String) throws(FileError) {
      self.directory = directory
      temporary = "\(directory)/.\(name).tmp"
      target = "\(directory)/\(name)"
      file = try DurableFile.create(temporary)
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
      try DurableFile.writeAll(file, bytes, temporary)
    }

    func putInPlace() throws(FileError) {
      try DurableFile.check(fsync(file), "fsync", temporary)
      // SAFETY: both strings live for the call.
      try DurableFile.check(unsafe rename(temporary, target), "rename", target)
      isInPlace = true
      try DurableFile.syncDirectory(directory)
    }

    deinit {
      _ = close(file)
      // SAFETY: the string lives for the call.
      if !isInPlace { _ = unsafe unlink(temporary) }
    }
  }

  private static func create(_ path: String) throws(FileError) -> Int32 {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
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

  /// Reads a file piece by piece.
  static func read<Failure: Error>(
    _ path: String, mapping: (FileError) -> Failure,
    _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw mapping(FileError(call: "open", path: path, code: errno)) }
    defer { _ = close(file) }
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
      // SAFETY: the buffer is written within its bounds and only during the call.
      let count = unsafe buffer.withUnsafeMutableBytes { target in
        unsafe Self.readSome(file, target)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw mapping(FileError(call: "read", path: path, code: errno)) }
      if count == 0 { return }
      try body(Array(buffer[..<count]))
    }
  }

  private static func readSome(_ file: Int32, _ target: UnsafeMutableRawBufferPointer) -> Int {
    // SAFETY: base and count are one buffer's.
    #if canImport(Glibc)
      unsafe Glibc.read(file, target.baseAddress, target.count)
    #else
      unsafe Musl.read(file, target.baseAddress, target.count)
    #endif
  }

  /// Gives a file another name, which must not be taken.
  static func move(_ from: String, to target: String, in directory: String) throws(FileError) {
    // SAFETY: the strings live for the calls.
    try check(unsafe link(from, target), "link", target)
    try check(unsafe unlink(from), "unlink", from)
    try syncDirectory(directory)
  }

  static func remove(_ path: String, in directory: String) throws(FileError) {
    // SAFETY: the string lives for the call.
    if unsafe unlink(path) < 0, errno != ENOENT {
      throw FileError(call: "unlink", path: path, code: errno)
    }
    try syncDirectory(directory)
  }

  static func makeDirectory(_ path: String) throws(FileError) {
    // SAFETY: the string lives for the call.
    if unsafe mkdir(path, 0o700) < 0, errno != EEXIST {
      throw FileError(call: "mkdir", path: path, code: errno)
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
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
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
  private static func syncDirectory(_ path: String) throws(FileError) {
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
