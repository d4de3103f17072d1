/// Why code could not be run, or did not answer.
package enum CodeError: Error, Sendable, Equatable {
  /// No such interpreter, or it cannot be started: its name and the system's reason.
  case notStarted(String, reason: String)
  /// It cannot be made, or something else lies there.
  case noFolder(String)
  /// Another server works in that folder.
  case folderInUse(String)
  /// It holds folders with the names of ours, which are not: what lies in them would be swept away.
  case foreignFolder(String)
  /// The archive is none, holds a link or a path outside, or is too large unpacked.
  case badArchive(String)
  /// The requirements cannot be installed: the last lines of what the installer said.
  case notInstalled(String)
  /// The interpreter lacks the SDK: its own message.
  case noSDK(String)
  /// It ended without an answer: how, and the last lines of its errors.
  case ended(ProcessEnd, errors: String)
  /// It took longer than it may, and was ended.
  case timedOut(seconds: Int)
  /// All processes that may be are busy.
  case noWorker
  /// The answer is none, or is larger than is taken.
  case badAnswer(String)
  /// The server is going down.
  case shuttingDown

  /// A sentence for people.
  package var description: String {
    switch self {
    case .notStarted(let name, let reason): "\(name) cannot be started: \(reason)."
    case .noFolder(let path): "\(path) cannot be made a folder."
    case .folderInUse(let folder):
      "\(folder) is the folder of another server's code (--code-dir): each server needs its own."
    case .foreignFolder(let folder):
      "\(folder) is no folder of a server's code (--code-dir), but holds “programs” or “homes”: what "
        + "lies in them would be taken away. Name another."
    case .badArchive(let reason): "The archive cannot be unpacked: \(reason)."
    case .notInstalled(let output):
      "There was an error importing dependencies into your version. Consider logs below for "
        + "details.\n\(output)"
    case .noSDK(let message): message
    case .ended(let end, let errors):
      "The code's process ended without an answer: \(end)." + (errors.isEmpty ? "" : "\n\(errors)")
    case .timedOut(let seconds):
      "The code did not answer within \(seconds) s, and was ended (--code-timeout)."
    case .noWorker: "All processes for code are busy (--code-workers)."
    case .badAnswer(let reason): "The code's answer cannot be read: \(reason)."
    case .shuttingDown: "The server is shutting down."
    }
  }
}

/// How a process ended.
package enum ProcessEnd: Sendable, Equatable, CustomStringConvertible {
  case exited(Int)
  case killed(signal: Int)
  /// It is nobody's child any more: only that it is gone is known.
  case gone

  package var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .killed(let signal): "signal \(signal)"
    case .gone: "it is gone"
    }
  }
}
