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
  /// file (a FIFO, a device) is written into: a file in its place would be the end of it. A descriptor
  /// that this process was started with (`/dev/stdout`) is written to as it is, wherever it leads.
  static func write(_ content: [UInt8], to path: String) throws(FileError) {
    if path == "-" {
      Terminal.put(content)
      return
    }
    if let descriptor = descriptor(path) { return try writeAll(content, to: descriptor, path) }
    if isSpecial(path) { return try writeInto(path, content) }
    do {
      let place = URL(fileURLWithPath: path).resolvingSymlinksInPath()
      try Data(content).write(to: place, options: .atomic)
    } catch {
      throw FileError("write", path, error)
    }
  }

  /// Throws what `write` would very likely throw.
  static func checkWritable(_ path: String) throws(FileError) {
    if let descriptor = descriptor(path), fcntl(descriptor, F_GETFL) < 0 {
      throw FileError(call: "write", path: path, code: errno)
    }
    if path == "-" || isSpecial(path) { return }
    var found = stat()
    // SAFETY: strings and structure live for the calls.
    if unsafe stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR {
      throw FileError(call: "write", path: path, code: EISDIR)
    }
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    guard unsafe access(folder ?? ".", W_OK | X_OK) == 0 else {
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

  /// The descriptor that such a path names in every process. Opening it would start a redirected file
  /// from its beginning, over what a script has written there already.
  private static func descriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": STDOUT_FILENO
    case "/dev/stderr": STDERR_FILENO
    default:
      ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
        .flatMap { Int32(path.dropFirst($0.count)) }
    }
  }

  private static func writeInto(_ path: String, _ content: [UInt8]) throws(FileError) {
    // SAFETY: the string lives for the call.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o666)
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
