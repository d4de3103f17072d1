/// `Bearer TOKEN` in the field `Authorization`. Source: RFC 6750 §2.1.
package enum BearerToken {
  /// What stands behind the scheme, in whatever case that is (RFC 9110 §11.1), and the spaces after
  /// it (§11.4); nil for another scheme and for no token.
  package static func read(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    // By hand, here and below: every request with a key passes, and `zip` or taking bytes off a slice one
    // by one costs ten times as much.
    let bytes = value.span
    let scheme = "bearer ".utf8.span
    guard bytes.count > scheme.count else { return nil }
    for index in scheme.indices where bytes[index].asciiLowercased != scheme[index] { return nil }
    var start = scheme.count
    while start < bytes.count, bytes[start] == 0x20 { start += 1 }
    return start == bytes.count ? nil : value[(value.startIndex + start)...]
  }
}

extension Fields {
  /// The token of the first `Authorization: Bearer TOKEN`; nil when there is none.
  package var bearerToken: String? {
    guard let value = valueBytes("authorization"), let token = BearerToken.read(value) else {
      return nil
    }
    let trimmed = token.trimmingOptionalWhitespace
    return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
  }
}
