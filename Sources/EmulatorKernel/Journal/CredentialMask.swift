import HTTPModel

/// Takes credentials out of what the journal tells. The scheme and a short fingerprint stay, so that
/// two credentials can be told apart, and the part of a `wt-NAME` key that names the tenant.
package enum CredentialMask {
  private static let secretFields: Set<String> = [
    "authorization", "proxy-authorization", "x-shipyard-api-key", "cookie", "set-cookie",
    "x-api-key", "x-revoke", "x-auth-token",
  ]
  private static let secretQueryNames: Set<String> = [
    "token", "access_token", "apikey", "api_key", "api-key", "key", "password", "secret",
    "signature", "sig",
  ]

  /// The value of a field as it may be shown.
  package static func value(_ value: String, ofField name: String) -> String {
    guard secretFields.contains(name.lowercased()), !value.isEmpty else { return value }
    if let space = value.firstIndex(of: " "), value[..<space].allSatisfy(\.isLetter) {
      return value[...space] + masked(value[value.index(after: space)...])
    }
    return masked(value[...])
  }

  /// A request-target without the values of query parameters that carry credentials.
  package static func target(_ text: String) -> String {
    guard let question = text.firstIndex(of: "?") else { return text }
    let pairs = text[text.index(after: question)...].split(
      separator: "&", omittingEmptySubsequences: false)
    let shown = pairs.map { pair -> Substring in
      guard let equals = pair.firstIndex(of: "="),
        secretQueryNames.contains(
          PercentCoding.decode(String(pair[..<equals]), plusIsSpace: true).lowercased())
      else { return pair }
      return pair[...equals] + masked(pair[pair.index(after: equals)...])
    }
    return text[...question] + shown.joined(separator: "&")
  }

  private static func masked(_ secret: Substring) -> String {
    var hash = StableHash(seed: 0)
    hash.combine(String(secret))
    let digits = String(hash.value & 0xFFFF, radix: 16)
    let fingerprint = String(repeating: "0", count: 4 - digits.count) + digits
    if secret.hasPrefix("wt-") {
      let name = secret.dropFirst(3).prefix { $0 != "." }
      if Tenant.isName(name) { return "wt-\(name).***#\(fingerprint)" }
    }
    return "***#\(fingerprint)"
  }
}
