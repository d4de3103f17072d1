package import HTTPModel

/// Finds and checks the lines of a message head, or of a trailer section, in bytes that grow.
///
/// It is called with all bytes of the head from their first on, and remembers where it stopped, so
/// that a head which arrives byte by byte costs no more than one that arrives whole.
/// - Errors: every breach of RFC 9112 §2.2, §3 and §5 at the offset where it shows, the same for
///   every way the bytes may be cut.
package struct HeadParser: Sendable {
  package enum Subject: Sendable { case request, response, trailers }

  /// The parts of a request line or status line, as ranges into the bytes.
  package struct StartLine: Sendable {
    /// Request: the method. Response: empty.
    package var method = 0..<0
    /// Request: the request-target. Response: the reason phrase.
    package var target = 0..<0
    /// Request: a stretch of the target in which no question mark stands, may be empty.
    var unquestioned = 0..<0
    package var version = HTTPVersion.http11
    package var statusCode = 0
  }

  private enum Phase { case startLine, fieldLine }

  private let subject: Subject
  private var phase: Phase
  /// Where to go on looking.
  private var position = 0
  private var lineStart = 0
  private var emptyLines = 0
  /// A stretch of the start-line: a long target is passed over once.
  private var plain = PlainStretch()
  package private(set) var startLine = StartLine()
  /// Where the field section begins; field lines are relative to it.
  package private(set) var fieldsStart = 0
  /// Where the field lines end; the empty line that follows is not part of it.
  package private(set) var fieldsEnd = 0
  package var lines: [Fields.Line] = []

  package init(_ subject: Subject) {
    self.subject = subject
    phase = subject == .trailers ? .fieldLine : .startLine
  }

  /// Whether any byte of the message has been seen.
  package var hasBegun: Bool { position > 0 }

  /// The length of the head with its empty line, or nil while there is more to come.
  package mutating func parse(
    _ bytes: Span<UInt8>, limits: WireLimits
  ) throws(HTTPParseError) -> Int? {
    while true {
      let limit = lineLimit(limits)
      var passed = PlainStretch()
      let stop = bytes.endOfLineCharacters(
        from: position, to: min(bytes.count, limit + 1), plain: &passed)
      if phase == .startLine, !passed.range.isEmpty { plain = passed }
      if stop > limit { throw HTTPParseError(tooLongKind, at: limit) }
      position = stop
      guard stop < bytes.count else { return nil }
      let byte = bytes[stop]
      guard byte == Byte.carriageReturn else {
        throw HTTPParseError(
          byte == Byte.lineFeed ? .bareLineFeed : .controlCharacter, at: stop)
      }
      guard stop + 1 < bytes.count else { return nil }
      guard bytes[stop + 1] == Byte.lineFeed else {
        throw HTTPParseError(.bareCarriageReturn, at: stop)
      }
      let line = lineStart..<stop
      lineStart = stop + 2
      position = lineStart
      if phase == .startLine {
        try finishStartLine(bytes, line, limits)
      } else if line.isEmpty {
        fieldsEnd = stop
        return lineStart
      } else {
        guard lines.count < limits.fieldLinesMax else {
          throw HTTPParseError(.tooManyFieldLines, at: line.lowerBound)
        }
        try finishFieldLine(bytes, line)
      }
    }
  }

  /// The index at which a line may at the latest have its CR.
  private func lineLimit(_ limits: WireLimits) -> Int {
    switch (phase, subject) {
    case (.startLine, _): lineStart + limits.startLineBytesMax
    case (.fieldLine, .trailers): fieldsStart + limits.trailerSectionBytesMax
    case (.fieldLine, _): fieldsStart + limits.fieldSectionBytesMax
    }
  }

  private var tooLongKind: HTTPParseError.Kind {
    switch (phase, subject) {
    case (.startLine, _): .startLineTooLong
    case (.fieldLine, .trailers): .trailerSectionTooLong
    case (.fieldLine, _): .fieldSectionTooLong
    }
  }

  // MARK: Start-lines

  private mutating func finishStartLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>, _ limits: WireLimits
  ) throws(HTTPParseError) {
    if line.isEmpty, subject == .request {
      emptyLines += 1
      guard emptyLines <= limits.leadingEmptyLinesMax else {
        throw HTTPParseError(.tooManyEmptyLines, at: line.lowerBound)
      }
      return
    }
    fieldsStart = lineStart
    phase = .fieldLine
    if subject == .request {
      try parseRequestLine(bytes, line)
    } else {
      try parseStatusLine(bytes, line)
    }
  }

  /// `method SP request-target SP HTTP-version`, each space exactly one. Source: RFC 9112 §3.
  private mutating func parseRequestLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>
  ) throws(HTTPParseError) {
    var index = bytes.endOfToken(in: line)
    startLine.method = line.lowerBound..<index
    guard index < line.upperBound, bytes[index] == Byte.space, !startLine.method.isEmpty else {
      throw HTTPParseError(
        index == line.upperBound ? .malformedRequestLine : .invalidMethod, at: index)
    }
    index += 1
    let targetStart = index
    let passed = plain.range.lowerBound > targetStart ? plain.range : targetStart..<targetStart
    index = bytes.endOfVisible(in: targetStart..<passed.lowerBound)
    startLine.unquestioned = targetStart..<targetStart
    if index == passed.lowerBound {
      if !plain.hasQuestionMark { startLine.unquestioned = passed }
      index = bytes.endOfVisible(in: passed.upperBound..<line.upperBound)
    }
    startLine.target = targetStart..<index
    guard index < line.upperBound, bytes[index] == Byte.space, !startLine.target.isEmpty else {
      throw HTTPParseError(.malformedRequestLine, at: index)
    }
    startLine.version = try parseVersion(bytes, index + 1..<line.upperBound)
  }

  /// `HTTP/1.x`; a higher minor version is spoken to as 1.1 (RFC 9110 §2.5).
  private func parseVersion(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(HTTPParseError) -> HTTPVersion {
    let start = range.lowerBound
    guard range.count == 8, bytes.equals(start..<start + 5, "HTTP/"),
      bytes[start + 5].isDigit, bytes[start + 6] == 0x2E, bytes[start + 7].isDigit
    else { throw HTTPParseError(.malformedVersion, at: start) }
    guard bytes[start + 5] == Byte.zero + 1 else {
      throw HTTPParseError(.unsupportedVersion, at: start)
    }
    return bytes[start + 7] == Byte.zero ? .http10 : .http11
  }

  /// `HTTP-version SP status-code SP [reason]`; the last space may be missing, as some servers
  /// have it. Source: RFC 9112 §4.
  private mutating func parseStatusLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>
  ) throws(HTTPParseError) {
    let start = line.lowerBound
    guard line.count >= 12, bytes[start + 8] == Byte.space else {
      throw HTTPParseError(.malformedStatusLine, at: start)
    }
    startLine.version = try parseVersion(bytes, start..<start + 8)
    var code = 0
    for index in start + 9..<start + 12 {
      guard bytes[index].isDigit else { throw HTTPParseError(.malformedStatusLine, at: index) }
      code = code * 10 + Int(bytes[index] - Byte.zero)
    }
    guard code >= 100, line.count == 12 || bytes[start + 12] == Byte.space else {
      throw HTTPParseError(.malformedStatusLine, at: start + 9)
    }
    startLine.statusCode = code
    startLine.target = min(start + 13, line.upperBound)..<line.upperBound
  }

  // MARK: Field lines

  /// `field-name ":" OWS field-value OWS`. Source: RFC 9112 §5.
  private mutating func finishFieldLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>
  ) throws(HTTPParseError) {
    let index = bytes.endOfToken(in: line)
    let name = line.lowerBound..<index
    guard index < line.upperBound, bytes[index] == Byte.colon, !name.isEmpty else {
      throw HTTPParseError(nameErrorKind(bytes, line, index), at: index)
    }
    var start = index + 1
    var end = line.upperBound
    while start < end, bytes[start].isOptionalWhitespace { start += 1 }
    while end > start, bytes[end - 1].isOptionalWhitespace { end -= 1 }
    // All offsets are below the limit of a field section.
    lines.append(
      Fields.Line(
        nameStart: UInt32(truncatingIfNeeded: name.lowerBound - fieldsStart),
        nameLength: UInt32(truncatingIfNeeded: name.count),
        valueStart: UInt32(truncatingIfNeeded: start - fieldsStart),
        valueLength: UInt32(truncatingIfNeeded: end - start)))
  }

  private func nameErrorKind(
    _ bytes: Span<UInt8>, _ line: Range<Int>, _ index: Int
  ) -> HTTPParseError.Kind {
    guard index < line.upperBound else { return .missingColon }
    if bytes[index].isOptionalWhitespace {
      if index == line.lowerBound { return .lineFolding }
      var next = index
      while next < line.upperBound, bytes[next].isOptionalWhitespace { next += 1 }
      if next < line.upperBound, bytes[next] == Byte.colon { return .whitespaceBeforeColon }
    }
    return .invalidFieldName
  }
}

extension UInt8 {
  /// OWS of RFC 9110 §5.6.3.
  @inline(__always) var isOptionalWhitespace: Bool { self == Byte.space || self == Byte.tab }
}
