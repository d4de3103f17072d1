import Dispatch
import PayloadCodecs
import Synchronization

/// What the server tells while it runs, line by line: exchanges, and what happens beside them
/// (DESIGN §12).
///
/// **Cost**: who tells something writes its line behind the others that wait and goes on. A thread of
/// the log's own hands them over, many at a time; how long that takes, or whether it works at all,
/// nobody notices. What there is no room for is dropped, counted, and told when there is room again.
///
/// **Isolation**: behind a mutex that is held for one line. `wake` is called with no lock held.
package final class ServerLog: Sendable {
  /// Takes whole lines; false when they could not be written.
  package typealias Sink = @Sendable ([UInt8]) -> Bool

  private struct State {
    var buffer: LogBuffer
    /// Lines in the buffer.
    var count = 0
    /// Lines that nobody will see.
    var dropped = 0
    /// Their number is not yet told.
    var isFlushDue = false
    /// The array of the lines before, to be used again.
    var spare: [UInt8] = []
  }

  package let level: LogLevel
  package let style: LogStyle
  private let state: Mutex<State>
  private let sink: Sink
  private let queue = DispatchQueue(label: "wavetank.log", qos: .utility)

  /// Some ten thousand exchanges.
  static let bytesMax = 4 << 20
  /// An array larger than this is not used again.
  private static let sparedBytesMax = 1 << 20
  /// How long a line waits for others: nobody who reads notices, and busy loops wake the log's thread a
  /// few times a second instead of at each exchange.
  private static let pause = DispatchTimeInterval.milliseconds(20)

  package init(_ level: LogLevel, _ style: LogStyle = LogStyle(), _ sink: @escaping Sink) {
    self.level = level
    self.style = style
    self.sink = sink
    state = Mutex(State(buffer: LogBuffer(style)))
  }

  // MARK: Telling

  /// Something that is no exchange, in a sentence or more.
  /// - Parameters:
  ///   - tenant: whose; nil: nobody's.
  ///   - keepsLines: the text is of several lines that nobody else has written.
  package func tell(
    _ level: LogLevel, of tenant: String? = nil, keepsLines: Bool = false, _ text: () -> String
  ) {
    guard level <= self.level else { return }
    let text = text()
    if append(at: .now, { $0.event(level, of: tenant, keepsLines: keepsLines, text) }) { wake() }
  }

  package func tell(_ level: LogLevel, of tenant: String? = nil, _ text: String) {
    tell(level, of: tenant) { text }
  }

  /// - Returns: whether `wake` must be called.
  func append(at moment: Moment, _ write: (inout LogBuffer) -> Void) -> Bool {
    state.withLock { state in
      guard state.buffer.bytes.count < Self.bytesMax else {
        state.dropped += 1
        return false
      }
      let isFirst = !state.isFlushDue
      if isFirst {
        state.isFlushDue = true
        state.buffer.synchronize(moment)
      }
      state.buffer.turn(to: moment)
      write(&state.buffer)
      state.count += 1
      return isFirst
    }
  }

  func wake() { queue.asyncAfter(deadline: .now() + Self.pause) { self.flush() } }

  // MARK: Handing over

  /// On the log's queue.
  private func flush() {
    let (lines, count) = state.withLock { state -> ([UInt8], Int) in
      if state.dropped > 0 { tellDropped(&state) }
      defer {
        state.buffer.bytes = state.spare
        state.spare = []
        state.count = 0
        state.isFlushDue = false
      }
      return (state.buffer.bytes, state.count)
    }
    guard !lines.isEmpty else { return }
    let isWritten = sink(lines)
    let emptied = lines.capacity <= Self.sparedBytesMax ? Self.emptied(lines) : []
    state.withLock { state in
      if !isWritten { state.dropped += count }
      if state.spare.capacity == 0 { state.spare = emptied }
    }
  }

  private static func emptied(_ lines: consuming [UInt8]) -> [UInt8] {
    var lines = lines
    lines.removeAll(keepingCapacity: true)
    return lines
  }

  private func tellDropped(_ state: inout State) {
    let count = state.dropped
    state.dropped = 0
    let lines = count == 1 ? "1 line" : "\(count) lines"
    state.buffer.event(
      .warn, of: nil, "\(lines) of the log dropped: standard error did not take them in time")
    // Should this line be lost, too, they are no more than they were.
    state.count += count
  }

  /// Hands over what waits; gives up after so long, when nobody takes it.
  package func flush(within limit: Duration) {
    let done = DispatchSemaphore(value: 0)
    queue.async {
      self.flush()
      done.signal()
    }
    _ = done.wait(timeout: .now() + limit.inSeconds)
  }
}

extension LogBuffer {
  /// A line that is no exchange's. The further lines of a text that keeps them are indented, so that
  /// none looks like a line of the log.
  mutating func event(
    _ level: LogLevel, of tenant: String?, keepsLines: Bool = false, _ text: String
  ) {
    guard style.form == .text else { return eventAsJSON(level, of: tenant, text) }
    begin(level)
    append(tenant ?? "-")
    append(" ")
    let text = text.clipped(to: Self.eventMax)
    let lines = keepsLines ? text.split(separator: "\n") : [text[...]]
    append(lines.map { String($0).escaped(Self.escape) }.joined(separator: "\n    "))
    append("\n")
  }

  private mutating func eventAsJSON(_ level: LogLevel, of tenant: String?, _ text: String) {
    append("{\"time\":\"")
    time()
    append("\",\"level\":\"")
    append(level.name)
    if let tenant {
      append("\",\"tenant\":\"")
      append(tenant)
    }
    append("\",\"message\":")
    quote(text)
    append("}\n")
  }

  /// A scenario's problems may be many.
  private static let eventMax = 16 * 1024

  /// Time and level of a line of text.
  mutating func begin(_ level: LogLevel) {
    let (moment, isColoured) = (moment(), style.hasColour)
    append(atMost: 2 * LogMoment.bytesMax) { $0.putTime(moment, level, isColoured) }
  }
}

extension ByteFiller {
  /// Time and level of a line of text.
  mutating func putTime(_ moment: LogMoment, _ level: LogLevel, _ isColoured: Bool) {
    if isColoured { putColour("2") }
    put(moment)
    if isColoured { putColour("0") }
    put(UInt8(ascii: " "))
    if isColoured, let code = level.colour { putColour(code) }
    put(level.column)
    if isColoured, level.colour != nil { putColour("0") }
    put(UInt8(ascii: " "))
  }

  mutating func putColour(_ code: StaticString) {
    put("\u{1B}[" as StaticString)
    put(code)
    put(UInt8(ascii: "m"))
  }
}

extension LogLevel {
  fileprivate var colour: StaticString? {
    switch self {
    case .error: "1;31"
    case .warn: "33"
    case .info: nil
    case .debug: "2"
    }
  }

  /// All of the same width.
  fileprivate var column: StaticString {
    switch self {
    case .error: "error"
    case .warn: "warn "
    case .info: "info "
    case .debug: "debug"
    }
  }
}

extension [String] {
  /// The first of many names, and how many more there are.
  var few: String {
    let shown = prefix(8).joined(separator: ", ")
    return count > 8 ? "\(shown) and \(count - 8) more" : shown
  }
}
