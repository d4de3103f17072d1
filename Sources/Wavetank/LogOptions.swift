import EmulatorKernel

/// What the server tells of itself while it runs, line by line (DESIGN §12).
public struct LogOptions: Sendable {
  var level = LogLevel.info
  var style = LogStyle()
  /// Takes whole lines, on a thread of the log's own; false when they could not be written.
  let write: @Sendable ([UInt8]) -> Bool

  public init(write: @escaping @Sendable ([UInt8]) -> Bool) { self.write = write }

  /// For a terminal.
  public mutating func setColour(_ hasColour: Bool) { style.hasColour = hasColour }

  /// `text` or `json`. False for anything else.
  public mutating func setForm(_ name: String) -> Bool {
    guard let form = LogStyle.Form(rawValue: name) else { return false }
    style.form = form
    return true
  }

  /// `error`, `warn`, `info` or `debug`. False for anything else.
  public mutating func setLevel(_ name: String) -> Bool {
    guard let level = LogLevel(name: name) else { return false }
    self.level = level
    return true
  }

  func start() -> ServerLog { ServerLog(level, style, write) }
}

extension ServerLog {
  /// What the user is to know stands in the log, too.
  func tell(_ notice: Notice) {
    tell(notice.isProblem ? .error : .info, keepsLines: true) { notice.text }
  }
}
