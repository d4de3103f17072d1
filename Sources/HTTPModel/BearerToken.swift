/// `Bearer TOKEN` in the field `Authorization`. Source: RFC 6750 §2.1.
package enum BearerToken {
  /// What stands behind the scheme, in whatever case that is (RFC 9110 §11.1), and the spaces after
  /// it (§11.4); nil for another scheme and for no token.
  package static func read(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let start = value.startIndex
    return range(in: value.span, 0..<value.count).map {
      value[start + $0.lowerBound..<start + $0.upperBound]
    }
  }

  /// The same, where the value stands among other bytes. Makes nothing: every request with a key passes.
  package static func range(in bytes: Span<UInt8>, _ value: Range<Int>) -> Range<Int>? {
    let scheme = "bearer ".utf8.count
    guard value.count > scheme,
      bytes.extracting(value).extracting(first: scheme).equalsIgnoringCase("bearer ".utf8.span)
    else { return nil }
    var start = value.lowerBound + scheme
    while start < value.upperBound, bytes[start] == 0x20 { start += 1 }
    return start == value.upperBound ? nil : start..<value.upperBound
  }
}

extension Fields {
  /// The token of the first `Authorization: Bearer TOKEN`; nil when there is none.
  package var bearerToken: String? {
    guard let value = valueRange("authorization"),
      let token = BearerToken.range(in: bytes.span, value)
    else { return nil }
    let trimmed = bytes.span.trimmingOptionalWhitespace(token)
    return trimmed.isEmpty ? nil : String(decoding: bytes[trimmed], as: UTF8.self)
  }
}
