import FoundationEssentials
import Glibc
import Scenarios

/// Whole files, and `-` for standard input and output.
enum FileContent {
  /// - Parameter bytesMax: of what is longer no more is read, and it is refused.
  static func read(_ path: String, bytesMax: Int = .max) throws(FileError) -> [UInt8] {
    // SAFETY: the string lives for the call.
    let file = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
    let name = path == "-" ? "standard input" : path
    guard file >= 0 else { throw FileError(call: "read", path: name, code: errno) }
    defer { if path != "-" { _ = close(file) } }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
      // SAFETY: the pointer is used only inside the call, with the buffer's own count.
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(file, bytes.baseAddress, bytes.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(call: "read", path: name, code: errno) }
      if count == 0 { return all }
      all += buffer[..<count]
      guard all.count <= bytesMax else { throw FileError(call: "read", path: name, code: EFBIG) }
    }
  }

  /// A file is written beside its place and renamed, so that a reader never sees half of it. What is no
  /// file (a FIFO, a device) is written into: a file in its place would be the end of it. So is a file
  /// in a folder that takes no other. A descriptor that this process was started with (`/dev/stdout`) is
  /// written to as it is, wherever it leads.
  static func write(_ content: [UInt8], to path: String) throws(FileError) {
    if path == "-" {
      Terminal.put(content)
      return
    }
    if let descriptor = descriptor(path) {
      try checkInherited(descriptor, path)
      return try writeAll(content, to: descriptor, path)
    }
    let place = place(path)
    if isSpecial(path) || path.hasSuffix("/") || !isFolderWritable(place) {
      return try writeInto(path, content)
    }
    var found = stat()
    // SAFETY: string and structure live for the call.
    let isReplaced = unsafe stat(place, &found) == 0
    do {
      try Data(content).write(to: URL(fileURLWithPath: place), options: .atomic)
    } catch {
      throw FileError("write", path, error)
    }
    // Who may read the old one may read the new one, and nobody else.
    // SAFETY: the string lives for the call.
    if isReplaced { _ = unsafe chmod(place, found.st_mode & 0o777) }
  }

  /// Writes only where something else lies there: programs of other runs may be reading it.
  static func bring(_ path: String, to content: [UInt8]) throws(FileError) {
    if let found = try? read(path), found == content { return }
    try write(content, to: path)
  }

  /// Where links lead.
  static func place(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  /// Whether two paths lead to the same ordinary file.
  static func isOneFile(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    // SAFETY: strings and structures live for the calls.
    return unsafe stat(path, &first) == 0 && stat(other, &second) == 0
      && first.st_mode & S_IFMT == S_IFREG && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }

  private static func isFolderWritable(_ place: String) -> Bool {
    // SAFETY: the string lives for the call.
    unsafe access(URL(fileURLWithPath: place).deletingLastPathComponent().path, W_OK | X_OK) == 0
  }

  /// Throws what `write` would very likely throw.
  static func checkWritable(_ path: String) throws(FileError) {
    if let descriptor = descriptor(path) { return try checkInherited(descriptor, path) }
    if path == "-" || isSpecial(path) { return }
    var found = stat()
    // SAFETY: strings and structure live for the calls.
    let isThere = unsafe stat(path, &found) == 0
    if path.hasSuffix("/") || isThere && found.st_mode & S_IFMT == S_IFDIR {
      throw FileError(call: "write", path: path, code: EISDIR)
    }
    if isThere, unsafe access(path, W_OK) == 0 { return }
    guard isFolderWritable(place(path)) else {
      throw FileError(call: "write", path: path, code: errno)
    }
  }

  /// Whether nothing may be put in the place of what lies there: it is a descriptor's name, neither a
  /// file nor a directory, or a link that leads to nothing yet.
  static func isSpecial(_ path: String) -> Bool {
    if descriptor(path) != nil { return true }
    var found = stat()
    // SAFETY: string and structure live for the calls.
    guard unsafe stat(path, &found) == 0 else { return unsafe lstat(path, &found) == 0 }
    return found.st_mode & S_IFMT != S_IFREG && found.st_mode & S_IFMT != S_IFDIR
  }

  /// The descriptor that a path leads to: by a name that it has in every process, or since it is the
  /// very file that standard output or error is, however that is spelled. Opening it would start a
  /// redirected file from its beginning, over what a script has written there already.
  private static func descriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdin": return STDIN_FILENO
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default: break
    }
    if let folder = ["/dev/fd/", "/proc/self/fd/"].first(where: { path.hasPrefix($0) }) {
      return Int32(path.dropFirst(folder.count))
    }
    var (found, own) = (stat(), stat())
    // SAFETY: string and structures live for the calls.
    guard unsafe stat(path, &found) == 0 else { return nil }
    return [STDOUT_FILENO, STDERR_FILENO].first { file in
      unsafe fstat(file, &own) == 0 && own.st_dev == found.st_dev && own.st_ino == found.st_ino
    }
  }

  /// It must be open for writing; and those of our own making, which exec closes, are nobody's to name.
  private static func checkInherited(_ descriptor: Int32, _ path: String) throws(FileError) {
    let (flags, mode) = (fcntl(descriptor, F_GETFD), fcntl(descriptor, F_GETFL))
    guard flags >= 0, flags & FD_CLOEXEC == 0, mode & O_ACCMODE != O_RDONLY else {
      throw FileError(call: "write", path: path, code: EBADF)
    }
  }

  private static func writeInto(_ path: String, _ content: [UInt8]) throws(FileError) {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o666)
    guard file >= 0 else { throw FileError(call: "write", path: path, code: errno) }
    defer { _ = close(file) }
    try writeAll(content, to: file, path)
  }

  private static func writeAll(
    _ content: [UInt8], to file: Int32, _ path: String
  ) throws(FileError) {
    var rest = content[...]
    while !rest.isEmpty {
      // SAFETY: the pointer is used only inside the call, with the slice's own count.
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError(call: "write", path: path, code: errno) }
      rest = rest.dropFirst(count)
    }
  }
}
