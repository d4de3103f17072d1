import Glibc
import PayloadCodecs

import FoundationEssentials

/// Scenario files on disk.
package enum ScenarioFiles {
  /// Files named by `respond.file` may be larger than scenarios.
  private static let byteLimit = 64 << 20

  /// Whether a path is standard input, or another descriptor that this process was started with:
  /// `-`, `/dev/stdin`, what a shell makes of `<(…)`.
  package static func isStream(_ path: String) -> Bool {
    path == "-" || path == "/dev/stdin" || path.hasPrefix("/dev/fd/")
      || path.hasPrefix("/proc/self/fd/")
  }

  /// Reads a regular file whole; pipes and devices, which may never end, are refused, but for those
  /// that this process was started with.
  package static func read(_ path: String) throws(FileError) -> [UInt8] {
    if isStream(path) { return try readStream(path) }
    do {
      let real = URL(filePath: path).resolvingSymlinksInPath().path
      let attributes = try FileManager.default.attributesOfItem(atPath: real)
      guard attributes[.type] as? FileAttributeType == .typeRegular else {
        throw FileError(call: "read", path: path, code: EINVAL)
      }
      guard size(attributes) <= UInt64(byteLimit) else {
        throw FileError(call: "read", path: path, code: EFBIG)
      }
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw FileError("read", path, error)
    }
  }

  private static func readStream(_ path: String) throws(FileError) -> [UInt8] {
    // SAFETY: the string lives for the call.
    let file = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw FileError(call: "read", path: path, code: errno) }
    defer { if path != "-" { _ = close(file) } }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      // SAFETY: the buffer is written within its bounds and only during the call.
      let count = unsafe buffer.withUnsafeMutableBytes { target in
        unsafe Glibc.read(file, target.baseAddress, target.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(call: "read", path: path, code: errno) }
      if count == 0 { return all }
      all += buffer[..<count]
      guard all.count <= byteLimit else { throw FileError(call: "read", path: path, code: EFBIG) }
    }
  }

  private static func size(_ attributes: [FileAttributeKey: Any]) -> UInt64 {
    (attributes[.size] as? UInt64) ?? UInt64((attributes[.size] as? Int) ?? 0)
  }

  /// When a file was last changed, in nanoseconds since 1970, its size and its number: what tells that
  /// a watched file is another one. (Stores of packages give all files one time.)
  package static func fingerprint(_ path: String) -> [Int64] {
    let real = URL(filePath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: real) else {
      return []
    }
    let date = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    let number = (attributes[.systemFileNumber] as? UInt64) ?? 0
    return [
      Int64(exactly: (date * 1e9).rounded()) ?? 0, Int64(clamping: size(attributes)),
      Int64(truncatingIfNeeded: number),
    ]
  }
}

extension FileError {
  /// - Parameter error: as Foundation has it.
  package init(_ call: String, _ path: String, _ error: any Error) {
    let underlying = (error as? CocoaError)?.underlying as? POSIXError
    let code = underlying?.code ?? .EINVAL
    self = error as? FileError ?? FileError(call: call, path: path, code: code.rawValue)
  }
}
