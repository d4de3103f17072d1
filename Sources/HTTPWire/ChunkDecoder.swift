package import HTTPModel

/// Takes the chunked transfer coding apart (RFC 9112 §7.1).
///
/// - Errors: a size that is no hexadecimal number or overflows, whitespace or a malformed extension
///   behind it, data longer than its size, framing fields in the trailer section, anything beyond
///   the limits.
package struct ChunkDecoder: Sendable {
  package enum Event: Sendable {
    /// All bytes are consumed and the content goes on.
    case needMore
    /// Content: a range of the input.
    case content(Range<Int>)
    /// The end, with the trailer section.
    case ended(Fields)
  }

  private enum State {
    /// Awaits the first digit of a size.
    case sizeStart
    /// Awaits more digits, an extension or the line's end.
    case size
    /// Awaits the extension's name, its first character or more.
    case extensionNameStart, extensionName
    /// Awaits the extension's value.
    case extensionValueStart, extensionToken, extensionQuoted, extensionEscaped, extensionQuotedEnd
    /// Whitespace has come: await the next extension's semicolon; behind a name, its equals sign, too.
    case extensionSpace, extensionNameSpace
    /// Awaits the LF of the size line.
    case sizeLineFeed
    /// Awaits `remaining` bytes of content.
    case data
    /// Await CR, then LF behind the content of a chunk.
    case dataCarriageReturn, dataLineFeed
    /// Awaits a trailer field line or the empty line.
    case trailers
    case ended
  }

  /// A trailer section of which not all has come. By reference: every connection has a decoder, and hardly
  /// any one such a section.
  private enum Trailers: Sendable {
    case none
    indirect case begun(TrailerReader)
  }

  private var state = State.sizeStart
  private var remaining: UInt64 = 0
  private var lineBytes = 0
  private var extensionBytes = 0
  private var received: UInt64 = 0
  private var trailers = Trailers.none

  package init() {}

  /// Goes on at `position`, and moves it behind what was consumed.
  package mutating func next(
    _ input: Span<UInt8>, _ position: inout Int, limits: WireLimits
  ) throws(HTTPParseError) -> Event {
    while position < input.count {
      switch state {
      case .data:
        let available = input.count - position
        let length = remaining > UInt64(available) ? available : Int(remaining)
        let range = position..<position + length
        position += length
        remaining -= UInt64(length)
        if remaining == 0 { state = .dataCarriageReturn }
        return .content(range)
      case .dataCarriageReturn:
        guard input[position] == Byte.carriageReturn else { throw error(.missingChunkEnd) }
        position += 1
        state = .dataLineFeed
      case .dataLineFeed:
        guard input[position] == Byte.lineFeed else { throw error(.missingChunkEnd) }
        position += 1
        state = .sizeStart
        lineBytes = 0
      case .trailers:
        return try readTrailers(input, &position, limits)
      case .ended:
        return .ended(Fields())
      default:
        try readSizeLine(input[position], limits)
        position += 1
      }
    }
    return .needMore
  }

  private func error(_ kind: HTTPParseError.Kind) -> HTTPParseError {
    HTTPParseError(kind, at: lineBytes)
  }

  // MARK: The size line

  private mutating func readSizeLine(
    _ byte: UInt8, _ limits: WireLimits
  ) throws(HTTPParseError) {
    switch state {
    case .sizeStart, .size: try readSize(byte, limits)
    case .sizeLineFeed:
      guard byte == Byte.lineFeed else { throw error(.bareCarriageReturn) }
      try finishSizeLine(limits)
    default:
      try readExtension(byte)
      extensionBytes += 1
      guard extensionBytes <= limits.chunkExtensionBytesMax else {
        throw error(.chunkLineTooLong)
      }
    }
    lineBytes += 1
    guard lineBytes <= limits.chunkLineBytesMax else { throw error(.chunkLineTooLong) }
  }

  private mutating func readSize(_ byte: UInt8, _ limits: WireLimits) throws(HTTPParseError) {
    if let digit = byte.hexDigitValue {
      // A sixteenth digit is the last that fits; leading zeros count like others.
      guard lineBytes < 16 else { throw error(.invalidChunkSize) }
      remaining = (state == .sizeStart ? 0 : remaining << 4) | UInt64(digit)
      state = .size
      return
    }
    guard state == .size else { throw error(.invalidChunkSize) }
    try endOfPart(byte, .invalidChunkSize)
  }

  /// What may follow a complete part of the line: its end or the next extension, perhaps after whitespace.
  private mutating func endOfPart(
    _ byte: UInt8, _ kind: HTTPParseError.Kind
  ) throws(HTTPParseError) {
    switch byte {
    case Byte.carriageReturn: state = .sizeLineFeed
    case Byte.semicolon: state = .extensionNameStart
    case Byte.space, Byte.tab: state = .extensionSpace
    case Byte.lineFeed: throw error(.bareLineFeed)
    default: throw error(kind)
    }
  }

  /// `*( BWS ";" BWS ext-name [ BWS "=" BWS ( token / quoted-string ) ] )`: whitespace that nobody may send, and
  /// everybody must read. At the line's end there is none. Source: RFC 9112 §7.1.1.
  private mutating func readExtension(_ byte: UInt8) throws(HTTPParseError) {
    let isSpace = byte == Byte.space || byte == Byte.tab
    switch state {
    case .extensionSpace, .extensionNameSpace:
      if isSpace { return }
      if state == .extensionNameSpace, byte == Byte.equals {
        state = .extensionValueStart
        return
      }
      guard byte == Byte.semicolon else { throw error(.invalidChunkExtension) }
      state = .extensionNameStart
    case .extensionNameStart:
      if isSpace { return }
      guard byte.isTokenCharacter else { throw error(.invalidChunkExtension) }
      state = .extensionName
    case .extensionName:
      if byte == Byte.equals {
        state = .extensionValueStart
      } else if isSpace {
        state = .extensionNameSpace
      } else if !byte.isTokenCharacter {
        try endOfPart(byte, .invalidChunkExtension)
      }
    case .extensionValueStart:
      if isSpace { return }
      if byte == Byte.quote {
        state = .extensionQuoted
      } else {
        guard byte.isTokenCharacter else { throw error(.invalidChunkExtension) }
        state = .extensionToken
      }
    case .extensionToken:
      if !byte.isTokenCharacter { try endOfPart(byte, .invalidChunkExtension) }
    case .extensionQuoted:
      if byte == Byte.quote {
        state = .extensionQuotedEnd
      } else if byte == Byte.backslash {
        state = .extensionEscaped
      } else if !byte.isLineCharacter {
        throw error(.invalidChunkExtension)
      }
    case .extensionEscaped:
      guard byte.isLineCharacter else { throw error(.invalidChunkExtension) }
      state = .extensionQuoted
    default:
      try endOfPart(byte, .invalidChunkExtension)
    }
  }

  private mutating func finishSizeLine(_ limits: WireLimits) throws(HTTPParseError) {
    if remaining == 0 {
      state = .trailers
      return
    }
    let (sum, overflows) = received.addingReportingOverflow(remaining)
    guard !overflows, sum <= limits.contentBytesMax else { throw error(.chunkSizeTooLarge) }
    received = sum
    state = .data
  }

  // MARK: The trailer section

  private mutating func readTrailers(
    _ input: Span<UInt8>, _ position: inout Int, _ limits: WireLimits
  ) throws(HTTPParseError) -> Event {
    var reader = if case .begun(let begun) = trailers { begun } else { TrailerReader() }
    trailers = .none
    guard let fields = try reader.read(input, &position, limits) else {
      trailers = .begun(reader)
      return .needMore
    }
    state = .ended
    return .ended(fields)
  }
}

/// Gathers a trailer section that may come in pieces.
private struct TrailerReader: Sendable {
  private var bytes: [UInt8] = []
  private var parser = HeadParser(.trailers)

  init() {}

  mutating func read(
    _ input: Span<UInt8>, _ position: inout Int, _ limits: WireLimits
  ) throws(HTTPParseError) -> Fields? {
    // Moved out, since a span of it may not live while `self` changes.
    var section: [UInt8] = []
    swap(&section, &bytes)
    let known = section.count
    // A section cannot be longer than its limit and an empty line: no need to copy more.
    let piece = min(input.count - position, limits.trailerSectionBytesMax + 4)
    section.append(copying: input.extracting(position..<position + piece))
    guard let end = try parser.parse(section.span, limits: limits) else {
      position += piece
      bytes = section
      return nil
    }
    position += end - known
    guard !parser.lines.isEmpty else { return Fields() }
    section.removeSubrange(parser.fieldsEnd...)
    let fields = Fields(bytes: section, lines: parser.lines)
    for name in ["content-length", "transfer-encoding", "host", "content-encoding"]
    where fields.contains(name) {
      throw HTTPParseError(.framingFieldInTrailers, at: 0)
    }
    return fields
  }
}
