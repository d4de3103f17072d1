package import HTTPModel

/// Writes heads and chunk frames into a byte buffer.
package enum HeadSerializer {
  /// Appends a response's head in one go: room for the whole is made once, then bytes are moved.
  /// It is on the path of every answer, and a dozen appends to an array cost half a microsecond.
  static func appendResponseHead(
    _ status: Status, _ fields: Fields, _ skipped: FieldSet, date: [UInt8], plan: ResponsePlan,
    saysKeepAlive: Bool, to out: inout [UInt8]
  ) {
    let fieldBytes = fields.bytes.count + 4 * fields.lines.count
    // Status line, Date, Content-Length or Transfer-Encoding, Connection, and the empty line.
    let capacity = 16 + status.reason.utf8.count + fieldBytes + date.count + 48 + 24 + 2
    out.append(addingCapacity: capacity) { output in
      // SAFETY: the buffer has `capacity` bytes, and the writer checks each move against it.
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        var writer = unsafe HeadWriter(UnsafeMutableRawBufferPointer(buffer))
        appendStatusLine(status, to: &writer)
        let bytes = fields.bytes.span
        if skipped.leavesAll(closes: plan.closes) {
          writer.append(bytes, bytes.indices)
        } else {
          let lines = fields.lines.span
          for index in lines.indices {
            let line = lines[index]
            if skipped.contains(bytes, line, closes: plan.closes) { continue }
            writer.append(bytes, line.name)
            writer.append(": ")
            writer.append(bytes, line.value)
            writer.append("\r\n")
          }
        }
        if !skipped.hasDate { writer.append(date.span, date.indices) }
        switch plan.framing {
        case .length(let length):
          writer.append("Content-Length: ")
          writer.append(decimal: length)
          writer.append("\r\n")
        case .chunked: writer.append("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose: break
        }
        if plan.closes {
          writer.append("Connection: close\r\n")
        } else if saysKeepAlive || skipped.hasKeepAlive {
          writer.append("Connection: keep-alive\r\n")
        }
        writer.append("\r\n")
        count = writer.count
      }
    }
  }

  /// `HTTP/1.1 200 OK` with its CRLF. The version is ours, whatever the peer's (RFC 9112 §2.3).
  private static func appendStatusLine(_ status: Status, to writer: inout HeadWriter) {
    if status.code == 200, status.hasRegisteredReason {
      return writer.append("HTTP/1.1 200 OK\r\n")
    }
    writer.append("HTTP/1.1 ")
    writer.append(decimal: UInt64(status.code))
    writer.append(" ")
    let reason = status.reason.utf8.span
    if status.hasRegisteredReason {
      writer.append(reason, reason.indices)
    } else {
      // A phrase cannot end its line: control characters become spaces.
      for index in reason.indices {
        writer.append(reason[index].isLineCharacter ? reason[index] : Byte.space)
      }
    }
    writer.append("\r\n")
  }

  /// Text that cannot end its line: control characters become spaces.
  static func appendLineText(_ text: String, to out: inout [UInt8]) {
    let start = out.count
    out.append(contentsOf: text.utf8)
    for index in start..<out.count where !out[index].isLineCharacter { out[index] = Byte.space }
  }

  @inline(__always)
  static func appendLine(_ bytes: Span<UInt8>, _ line: Fields.Line, to out: inout [UInt8]) {
    out.append(copying: bytes.extracting(line.name))
    out.append(text: ": ")
    out.append(copying: bytes.extracting(line.value))
    out.append(text: "\r\n")
  }

  static func appendLength(_ length: UInt64, to out: inout [UInt8]) {
    out.append(text: "Content-Length: ")
    out.append(decimal: length)
    out.append(text: "\r\n")
  }

  /// The size line of a chunk of `count` bytes.
  package static func appendChunkSize(_ count: Int, to out: inout [UInt8]) {
    let digits = (max(1, Int.bitWidth - count.leadingZeroBitCount) + 3) / 4
    for index in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: count >> (index * 4)) & 15
      out.append(digit < 10 ? Byte.zero + digit : 0x57 + digit)
    }
    out.append(text: "\r\n")
  }

  /// The last chunk with the trailer section. Framing fields are left out of it.
  package static func appendLastChunk(_ trailers: Fields, to out: inout [UInt8]) {
    out.append(text: "0\r\n")
    let bytes = trailers.bytes.span
    for line in trailers.lines {
      let isForbidden =
        bytes.equalsIgnoringCase(line.name, "content-length")
        || bytes.equalsIgnoringCase(line.name, "transfer-encoding")
      if !isForbidden { appendLine(bytes, line, to: &out) }
    }
    out.append(text: "\r\n")
  }

  /// An interim response without fields.
  package static func appendContinue(to out: inout [UInt8]) {
    out.append(text: "HTTP/1.1 100 Continue\r\n\r\n")
  }
}

extension [UInt8] {
  @inline(__always) mutating func append(text: StaticString) {
    // SAFETY: a static string of ASCII has a start and lives for ever.
    unsafe append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(Byte.zero + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}

/// Which of a responder's fields are the engine's to send, and so are left out of its own lines.
struct FieldSet {
  private(set) var hasDate = false
  private(set) var saysClose = false
  /// How long the connection is kept (RFC 2068 §19.7.1.1), which belongs to `Connection: keep-alive`.
  private(set) var hasKeepAlive = false
  private var hasAny = false
  /// The lines' bytes are what goes out: each stands behind the other, with nothing else in between.
  private var standsAsSent = true

  init(_ fields: Fields) {
    // Nearly all answers: their lines were looked at when they were appended.
    if fields.wereAppended, !fields.engineFields.contains(.framing) {
      hasDate = fields.engineFields.contains(.date)
      hasKeepAlive = fields.engineFields.contains(.keepAlive)
      return
    }
    let bytes = fields.bytes.span
    let lines = fields.lines.span
    var end = 0
    for index in lines.indices {
      let line = lines[index]
      if standsAsSent { standsAsSent = Self.isAsSent(bytes, line, from: end) }
      end = line.value.upperBound + 2
      switch line.nameLength {
      case 4 where bytes.equalsIgnoringCase(line.name, "date"): hasDate = true
      case 10, 14, 17:
        if Self.isKeepAlive(bytes, line) { hasKeepAlive = true }
        guard Self.isEngineField(bytes, line) else { continue }
        hasAny = true
        if line.nameLength == 10, bytes.equalsIgnoringCase(line.value, "close") { saysClose = true }
      default: break
      }
    }
    standsAsSent = standsAsSent && end == bytes.count
  }

  /// Whether `name: value` and CRLF stand there.
  private static func isAsSent(_ bytes: Span<UInt8>, _ line: Fields.Line, from start: Int) -> Bool {
    let (colon, value) = (line.name.upperBound, line.value)
    guard line.name.lowerBound == start, value.lowerBound == colon + 2,
      value.upperBound + 2 <= bytes.count
    else { return false }
    return bytes[colon] == Byte.colon && bytes[colon + 1] == Byte.space
      && bytes[value.upperBound] == Byte.carriageReturn
      && bytes[value.upperBound + 1] == Byte.lineFeed
  }

  /// Whether all lines go out, just as they stand.
  func leavesAll(closes: Bool) -> Bool { standsAsSent && !hasAny && !(hasKeepAlive && closes) }

  @inline(__always)
  func contains(_ bytes: Span<UInt8>, _ line: Fields.Line, closes: Bool) -> Bool {
    (hasAny && Self.isEngineField(bytes, line))
      || (hasKeepAlive && closes && Self.isKeepAlive(bytes, line))
  }

  private static func isKeepAlive(_ bytes: Span<UInt8>, _ line: Fields.Line) -> Bool {
    bytes.equalsIgnoringCase(line.name, "keep-alive")
  }

  private static func isEngineField(_ bytes: Span<UInt8>, _ line: Fields.Line) -> Bool {
    bytes.equalsIgnoringCase(line.name, "connection")
      || bytes.equalsIgnoringCase(line.name, "content-length")
      || bytes.equalsIgnoringCase(line.name, "transfer-encoding")
  }
}

/// Moves bytes into a buffer that was made large enough; what would not fit is left out.
@safe private struct HeadWriter {
  private let buffer: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(_ buffer: UnsafeMutableRawBufferPointer) { unsafe self.buffer = buffer }

  @inline(__always)
  private mutating func move(_ source: UnsafeRawBufferPointer) {
    guard unsafe source.count <= buffer.count - count, let start = source.baseAddress else {
      return
    }
    // SAFETY: the source fits into what is left of the buffer, checked above.
    unsafe (buffer.baseAddress.unsafelyUnwrapped + count)
      .copyMemory(from: start, byteCount: source.count)
    count += source.count
  }

  @inline(__always)
  mutating func append(_ text: StaticString) {
    // SAFETY: a static string of ASCII has a start and lives for ever.
    unsafe move(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    // SAFETY: `extracting` checks the range; the pointer is used within the closure only.
    unsafe bytes.extracting(range).withUnsafeBytes { unsafe move($0) }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    guard unsafe count < buffer.count else { return }
    // SAFETY: `count` is within the buffer, checked above.
    unsafe buffer[count] = byte
    count += 1
  }

  mutating func append(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(Byte.zero + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}
