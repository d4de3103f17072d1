import Glibc
import Wavetank

/// The log on standard error (DESIGN §12).
extension Command {
  static let logFlags = [
    Flag("--log", value: "FORM", "Form of the log on standard error: text or json (text)."),
    Flag(
      "--log-level", value: "LEVEL",
      "What it tells: error, warn, info or, with why each answer came out so, debug (info)."),
  ]

  /// - Parameter isWanted: whether there is a log without a flag that asks for one.
  static func logOptions(
    _ arguments: CommandLineArguments, isWanted: Bool
  ) throws(UsageError) -> LogOptions? {
    var options = LogOptions { Terminal.log($0) }
    options.setColour(Terminal.Style(STDERR_FILENO).hasColour)
    if let form = arguments.value("--log"), !options.setForm(form) {
      throw UsageError("--log must be text or json, not “\(form)”.")
    }
    if let level = arguments.value("--log-level"), !options.setLevel(level) {
      throw UsageError("--log-level must be error, warn, info or debug, not “\(level)”.")
    }
    return isWanted || logFlags.contains { arguments.has($0.name) } ? options : nil
  }
}
