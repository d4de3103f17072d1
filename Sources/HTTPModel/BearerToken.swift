/// `Bearer TOKEN` in the field `Authorization`. Source: RFC 6750 §2.1.
package enum BearerToken {
  /// What stands behind the scheme, in whatever case that is (RFC 9110 §11.1), and the spaces after
  /// it (§11.4); nil for another scheme and for no token.
  package static func read(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var rest = value
    // By hand: `zip` here costs ten times as much, and every request with a key passes.
    for byte in "bearer ".utf8 {
      guard rest.popFirst()?.asciiLowercased == byte else { return nil }
    }
    rest = rest.drop { $0 == 0x20 }
    return rest.isEmpty ? nil : rest
  }
}

extension Fields {
  /// The token of the first `Authorization: Bearer TOKEN`; nil when there is none.
  package var bearerToken: String? {
    guard let value = valueBytes("authorization"), let token = BearerToken.read(value) else {
      return nil
    }
    let text = String(decoding: token, as: UTF8.self).trimmingOptionalWhitespace()
    return text.isEmpty ? nil : text
  }
}
