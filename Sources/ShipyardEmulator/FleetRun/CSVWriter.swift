package import EmulatorKernel
import PayloadCodecs

/// Writes CSV lines: RFC 4180 quoting, UTF-8, LF (the client writes in text mode, which would turn
/// CR LF into CR CR LF on Windows).
package struct CSVWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var isAtLineStart = true
  private var times = TimeTextCache()

  package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// A line of these names.
  package static func header(_ names: [String]) -> [UInt8] {
    var writer = CSVWriter()
    for name in names { writer.field(name) }
    writer.endLine()
    return writer.bytes
  }

  /// A line that is CSV already.
  package mutating func line(_ bytes: [UInt8]) { self.bytes.append(contentsOf: bytes.span) }

  /// Begins anew, with the room that there is.
  package mutating func empty() {
    bytes.removeAll(keepingCapacity: true)
    isAtLineStart = true
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
    guard number >= 0, number < 100 else { return bytes.append(contentsOf: String(number).utf8) }
    if number >= 10 { bytes.append(UInt8(truncatingIfNeeded: 0x30 + number / 10)) }
    bytes.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
  }

  package mutating func field(_ instant: VirtualInstant?) {
    separate()
    if let instant { times.append(instant, to: &bytes) }
  }

  package mutating func field(_ text: String) {
    separate()
    let needsQuotes = text.utf8.contains { byte in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }
    guard needsQuotes else { return bytes.append(textOf: text) }
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
    bytes.append(textOf: text)
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
  private var text = InlineArray<20, UInt8>(repeating: UInt8(ascii: "Z"))

  init() {}

  /// `2024-06-03T04:05:07Z`.
  mutating func append(_ instant: VirtualInstant, to bytes: inout [UInt8]) {
    let seconds = instant.epochSeconds
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    if days != day {
      day = days
      let midnight = VirtualInstant(seconds: days * 86_400).iso8601()
      for (place, byte) in midnight.utf8.prefix(20).enumerated() { text[place] = byte }
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
