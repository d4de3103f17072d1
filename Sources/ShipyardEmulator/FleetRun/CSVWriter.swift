package import EmulatorKernel
import PayloadCodecs

/// Writes CSV lines: RFC 4180 quoting, UTF-8, LF (the client writes in text mode, which would turn
/// CR LF into CR CR LF on Windows).
package struct CSVWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var isAtLineStart = true
  private var times = TimeTextCache()

  package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  package mutating func header(_ names: [String]) {
    for name in names { field(name) }
    endLine()
  }

  private mutating func separate() {
    if isAtLineStart { isAtLineStart = false } else { bytes.append(UInt8(ascii: ",")) }
  }

  package mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    isAtLineStart = true
  }

  package mutating func field(_ id: ResourceID) {
    separate()
    id.append(to: &bytes)
  }

  package mutating func field(_ number: Int?) {
    separate()
    guard let number else { return }
    if number >= 0, number < 10 {
      bytes.append(UInt8(truncatingIfNeeded: 0x30 + number))
    } else {
      bytes.append(contentsOf: String(number).utf8)
    }
  }

  package mutating func field(_ instant: VirtualInstant?) {
    separate()
    if let instant { times.append(instant, to: &bytes) }
  }

  package mutating func field(_ text: String) {
    separate()
    let start = bytes.count
    bytes.append(contentsOf: text.utf8.span)
    let needsQuotes = bytes[start...].contains { byte in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }
    guard needsQuotes else { return }
    bytes.removeSubrange(start...)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Text that needs no quoting, such as a status.
  package mutating func word(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8.span)
  }

  /// Several fields that are CSV already.
  package mutating func raw(_ fields: [UInt8]) {
    separate()
    bytes.append(contentsOf: fields.span)
  }

  package mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}

/// Rows of a table tell times of the same day over and over: the date is made once.
private struct TimeTextCache: Sendable {
  private var day: Int64 = .min
  /// The last time that was told.
  private var text = Array("0000-00-00T00:00:00Z".utf8)

  init() {}

  /// `2024-06-03T04:05:07Z`.
  mutating func append(_ instant: VirtualInstant, to bytes: inout [UInt8]) {
    let seconds = instant.epochSeconds
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    if days != day {
      day = days
      text = Array(VirtualInstant(seconds: days * 86_400).iso8601().utf8)
    }
    let inDay = Int(seconds - days * 86_400)
    set(inDay / 3600, at: 11)
    set(inDay / 60 % 60, at: 14)
    set(inDay % 60, at: 17)
    bytes.append(contentsOf: text.span)
  }

  private mutating func set(_ value: Int, at place: Int) {
    text[place] = UInt8(truncatingIfNeeded: 0x30 + value / 10)
    text[place + 1] = UInt8(truncatingIfNeeded: 0x30 + value % 10)
  }
}
