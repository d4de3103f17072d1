import FoundationEssentials
import Glibc
import Scenarios

/// Whole files, and `-` for standard input.
enum FileContent {
  static func read(_ path: String) throws(FileError) -> [UInt8] {
    if path == "-" { return readStandardInput() }
    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw FileError("read", path, error)
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
      throw FileError("write", path, error)
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
