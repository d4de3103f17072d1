import FoundationEssentials
import Glibc

/// A file that cannot be read or written, as a sentence for people.
struct FileError: Error, CustomStringConvertible {
  enum Attempt: String { case read, write }
  let description: String

  init(_ attempt: Attempt, _ path: String, _ error: any Error) {
    let reason =
      if let code = (error as? CocoaError)?.underlying as? POSIXError {
        // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
        unsafe String(cString: strerror(code.code.rawValue)).lowercased()
      } else if attempt == .read {
        "it is no file that can be read"
      } else {
        "it is no place for a file"
      }
    description = "cannot \(attempt.rawValue) \(path): \(reason)"
  }
}

/// Whole files, and `-` for standard input.
enum FileContent {
  static func read(_ path: String) throws(FileError) -> [UInt8] {
    if path == "-" { return readStandardInput() }
    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw FileError(.read, path, error)
    }
  }

  /// Beside its place and renamed, so that a reader never sees half of it.
  static func write(_ content: [UInt8], to path: String) throws(FileError) {
    if path == "-" {
      Terminal.put(content)
      return
    }
    do {
      try Data(content).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw FileError(.write, path, error)
    }
  }

  private static func readStandardInput() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      // SAFETY: the pointer is used only inside the call, with the buffer's own count.
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(STDIN_FILENO, bytes.baseAddress, bytes.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return all }
      all += buffer[..<count]
    }
  }
}
