import HTTPModel

/// What the framing and connection fields of a head say.
///
/// - Errors: anything by which two parties could see different ends of a message: possible request
///   smuggling, answered 400 (501 for a transfer coding we do not know) and closed.
/// - Source: RFC 9112 §6.1–6.3, §9.3; RFC 9110 §7.2, §7.6.1, §8.6, §10.1.1.
struct MessageFraming: Sendable {
  var contentLength: UInt64?
  var isChunked = false
  private var saysClose = false
  private var saysKeepAlive = false
  var expectsContinue = false
  private var hasTransferCoding = false
  private var hostLines = 0

  /// Reads the fields in question. `lines` are relative to `base` in `bytes`.
  /// - Parameter knownHost: a `Host` that was found to be one; it becomes this message's.
  init(
    _ bytes: Span<UInt8>, base: Int, lines: [Fields.Line], version: HTTPVersion, isRequest: Bool,
    knownHost: inout [UInt8]
  ) throws(HTTPParseError) {
    for line in lines {
      let name = base + Int(line.nameStart)..<base + Int(line.nameStart) + Int(line.nameLength)
      let value =
        base + Int(line.valueStart)..<base + Int(line.valueStart) + Int(line.valueLength)
      try read(bytes, name, value, isRequest, &knownHost)
    }
    try check(version, isRequest)
  }

  /// Whether another message may follow this one on the connection: `close` goes before `keep-alive`
  /// (RFC 9112 §9.3).
  func allowsNext(_ version: HTTPVersion) -> Bool {
    !saysClose && (version == .http11 || saysKeepAlive)
  }

  private mutating func read(
    _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>, _ isRequest: Bool,
    _ knownHost: inout [UInt8]
  ) throws(HTTPParseError) {
    switch name.count {
    case 4 where isRequest && bytes.equalsIgnoringCase(name, "host"):
      hostLines += 1
      guard hostLines == 1 else { throw HTTPParseError(.repeatedHost, at: name.lowerBound) }
      // Peers say the same again and again.
      if !knownHost.isEmpty, bytes.equals(value, knownHost.span) { return }
      guard HostAndPort(bytes, value)?.isFieldValue == true else {
        throw HTTPParseError(.invalidHost, at: value.lowerBound)
      }
      knownHost.removeAll(keepingCapacity: true)
      knownHost.append(copying: bytes.extracting(value))
    case 6 where isRequest && bytes.equalsIgnoringCase(name, "expect"):
      if bytes.equalsIgnoringCase(value, "100-continue") { expectsContinue = true }
    case 10 where bytes.equalsIgnoringCase(name, "connection"):
      Self.forEachMember(bytes, value) { member in
        if bytes.equalsIgnoringCase(member, "close") { saysClose = true }
        if bytes.equalsIgnoringCase(member, "keep-alive") { saysKeepAlive = true }
      }
    case 14 where bytes.equalsIgnoringCase(name, "content-length"):
      guard contentLength == nil else { throw HTTPParseError(.repeatedLength, at: name.lowerBound) }
      contentLength = try Self.length(bytes, value)
    case 17 where bytes.equalsIgnoringCase(name, "transfer-encoding"):
      hasTransferCoding = true
      try readTransferCodings(bytes, value)
    default: break
    }
  }

  private func check(_ version: HTTPVersion, _ isRequest: Bool) throws(HTTPParseError) {
    if hasTransferCoding {
      guard version == .http11 else { throw HTTPParseError(.transferCodingInHTTP10, at: 0) }
      guard contentLength == nil else { throw HTTPParseError(.lengthAndTransferCoding, at: 0) }
      guard isChunked else { throw HTTPParseError(.chunkedNotFinal, at: 0) }
    }
    if isRequest, version == .http11, hostLines == 0 { throw HTTPParseError(.missingHost, at: 0) }
  }

  /// Only `chunked`, alone and once, is decoded. Another coding before it is one we do not know
  /// (501); chunked that is not the last, or comes twice, leaves the end unknown (400).
  private mutating func readTransferCodings(
    _ bytes: Span<UInt8>, _ value: Range<Int>
  ) throws(HTTPParseError) {
    var codings = 0
    var unknown = 0
    var isLastChunked = false
    Self.forEachMember(bytes, value) { member in
      codings += 1
      isLastChunked = bytes.equalsIgnoringCase(member, "chunked")
      if !isLastChunked { unknown += 1 }
    }
    guard codings > 0, isLastChunked, !isChunked, codings - unknown == 1 else {
      throw HTTPParseError(.chunkedNotFinal, at: value.lowerBound)
    }
    guard unknown == 0 else { throw HTTPParseError(.unknownTransferCoding, at: value.lowerBound) }
    isChunked = true
  }

  /// Digits only: no sign, no list, nothing beyond 18 digits (which no disk holds).
  private static func length(
    _ bytes: Span<UInt8>, _ value: Range<Int>
  ) throws(HTTPParseError) -> UInt64 {
    guard !value.isEmpty, value.count <= 18 else {
      throw HTTPParseError(.invalidLength, at: value.lowerBound)
    }
    var length: UInt64 = 0
    for index in value {
      guard bytes[index].isDigit else { throw HTTPParseError(.invalidLength, at: index) }
      length = length * 10 + UInt64(bytes[index] - Byte.zero)
    }
    return length
  }

  /// The members of a comma-separated list, trimmed; empty ones are skipped (RFC 9110 §5.6.1.2).
  private static func forEachMember(
    _ bytes: Span<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var start = value.lowerBound
    while start <= value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != Byte.comma { end += 1 }
      let next = end + 1
      while start < end, bytes[start].isOptionalWhitespace { start += 1 }
      while end > start, bytes[end - 1].isOptionalWhitespace { end -= 1 }
      if start < end { body(start..<end) }
      start = next
    }
  }
}
