import HTTPModel
import Testing

@Suite("Bearer tokens (RFC 6750 §2.1)")
struct BearerTokenTests {
  /// A field's value; what stands behind the scheme; the token that services see.
  static let readings: [(value: String, rest: String?, token: String?)] = [
    ("Bearer abc", "abc", "abc"), ("bearer abc", "abc", "abc"), ("BEARER abc", "abc", "abc"),
    ("Bearer   abc", "abc", "abc"), ("Bearer a b", "a b", "a b"), ("Bearer b\u{E9}", "bé", "bé"),
    // Only spaces stand between (RFC 9110 §11.4); services forgive a tab.
    ("Bearer \tabc", "\tabc", "abc"), ("Bearer\tabc", nil, nil),
    ("Bearer", nil, nil), ("Bearer ", nil, nil), ("Bearer    ", nil, nil), ("Bearer \t", "\t", nil),
    ("Bearerabc", nil, nil), ("Basic abc", nil, nil), ("abc", nil, nil), ("", nil, nil),
    ("Bearers abc", nil, nil), (" Bearer abc", nil, nil),
  ]

  @Test("The scheme in any case, then spaces, then the token", arguments: readings)
  func reading(_ value: String, _ rest: String?, _ token: String?) {
    let bytes = Array("x\(value)".utf8).dropFirst()
    #expect(BearerToken.read(bytes).map { String(decoding: $0, as: UTF8.self) } == rest)
    #expect(Fields(["Authorization": value]).bearerToken == token)
  }

  @Test("The first line of that name counts, and no line is no token")
  func lines() {
    #expect(Fields(["authorization": "Basic x", "Authorization": "Bearer y"]).bearerToken == nil)
    #expect(Fields(["Accept": "Bearer y"]).bearerToken == nil)
  }
}

@Suite("The user of basic credentials (RFC 7617 §2)")
struct BasicCredentialsTests {
  static let users: [(value: String, user: String?)] = [
    ("Basic Ymx1ZTo=", "blue"), ("basic Ymx1ZTp4", "blue"), ("BASIC   Ymx1ZTpwOnE=", "blue"),
    ("Basic Ymx1ZQ==", "blue"), ("Basic Ymx1ZQ", "blue"), ("Basic Ymx1ZTo= x", "blue"),
    ("Basic OnB3", nil), ("Basic ", nil), ("Basic", nil), ("Basic   ", nil), ("Basic !", nil),
    ("Bearer Ymx1ZTo=", nil), ("BasicYmx1ZTo=", nil), ("", nil),
  ]

  @Test("What stands before the colon, the scheme in any case", arguments: users)
  func user(_ value: String, _ user: String?) {
    #expect(BasicCredentials.user(value) == user)
  }
}
