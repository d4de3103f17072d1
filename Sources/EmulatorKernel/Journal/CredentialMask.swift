import HTTPModel
import PayloadCodecs

/// Takes credentials out of what the journal tells. The scheme and a short fingerprint stay, so that
/// two credentials can be told apart, and the part of a `wt-NAME` key that names the tenant.
package struct CredentialMask: ValueMask {
  private var secretFields: TextSet = [
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token",
  ]
  /// Fields that hold a URL. Source: RFC 9110 §8.7, §10.1.3, §10.2.2.
  private static let urlFields = ["referer", "location", "content-location"]
  private static let secretQueryNames: TextSet = [
    "token", "access_token", "apikey", "api_key", "api-key", "key", "password", "secret",
    "signature", "sig",
  ]

  /// A bit for each length of a name with one of its first letters that is looked for: most names have
  /// none of them, in either case.
  private var looks: UInt64 = 0
  /// All names that are looked for.
  private var names: [[UInt8]] = []

  /// - Parameter more: further fields that hold secrets, in lower case.
  package init(_ more: [String] = []) {
    for name in more { secretFields.insert(name) }
    for name in secretFields.union(Self.urlFields) {
      looks |= Self.look(name.utf8.span)
      names.append(Array(name.utf8))
    }
  }

  private static func look(_ name: Span<UInt8>) -> UInt64 {
    let letter = name.isEmpty ? 0 : Int(name[0] & 0x1F)
    // A shift by more than 63 would leave nothing.
    return 1 << UInt64((name.count &* 7 &+ letter) & 63)
  }

  /// Whether the value of a field of that name may be shown otherwise than it is.
  package func mayHide(_ name: Span<UInt8>) -> Bool {
    guard looks & Self.look(name) != 0 else { return false }
    let names = names.span
    for index in names.indices where names[index].count == name.count {
      if name.equalsIgnoringCase(names[index].span) { return true }
    }
    return false
  }

  /// The value of a field as it may be shown.
  package func value(_ value: String, ofField name: String) -> String {
    guard mayHide(name.utf8.span), !value.isEmpty else { return value }
    for field in Self.urlFields where field.utf8.span.equalsIgnoringCase(name.utf8.span) {
      return target(value)
    }
    let text = value.utf8.span
    let space = text.firstIndex(of: UInt8(ascii: " "), from: 0, to: text.count)
    var hasScheme = space < text.count
    for index in 0..<space where (text[index] | 0x20) &- 0x61 >= 26 { hasScheme = false }
    return Self.masked(text, from: hasScheme ? space + 1 : 0)
  }

  /// A request-target, or a URL, without what in it is a credential: the values of query parameters
  /// that carry one, a user's password, and the secret part of a path.
  /// - Parameter firstSecretSegment: what the operation says, where it is known. Where not, what
  ///   stands behind a path's first segment is secret when that is a UUID: such a path is the address
  ///   of something, and its key.
  package func target(_ text: String, firstSecretSegment: Int?) -> String {
    // Nearly all have nothing to hide: the path of an operation without a secret in it.
    if firstSecretSegment == .max, Self.isPlainPath(text.utf8.span) { return text }
    let target = RequestTarget(text)
    guard target.form == .origin || target.form == .absolute else { return text }
    let bytes = target.bytes
    func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    var shown = part(0..<target.pathRange.lowerBound)
    if let authority = target.authorityRange, let at = bytes[authority].lastIndex(of: 0x40) {
      shown =
        part(0..<authority.lowerBound)
        + Self.masked(part(authority.lowerBound..<at)[...]) + part(at..<target.pathRange.lowerBound)
    }
    shown += Self.path(part(target.pathRange), firstSecretSegment)
    return shown + Self.query(part(target.pathRange.upperBound..<bytes.count))
  }

  /// A path with no query or fragment behind it.
  private static func isPlainPath(_ text: Span<UInt8>) -> Bool {
    guard !text.isEmpty, text[0] == UInt8(ascii: "/") else { return false }
    return text.firstIndex(of: UInt8(ascii: "?"), from: 0, to: text.count) == text.count
      && text.firstIndex(of: UInt8(ascii: "#"), from: 0, to: text.count) == text.count
  }

  package func target(_ text: String) -> String { target(text, firstSecretSegment: nil) }

  /// A tenant's prefix does not count.
  private static func path(_ text: String, _ firstSecretSegment: Int?) -> String {
    guard let first = firstSecretSegment ?? (beginsWithUUID(text) ? 1 : nil) else { return text }
    var parts = text.split(separator: "/", omittingEmptySubsequences: false)
    var places = parts.indices.filter { !parts[$0].isEmpty }
    if places.count >= 2, parts[places[0]] == "_t" { places.removeFirst(2) }
    for place in places.dropFirst(first) { parts[place] = Substring(masked(parts[place])) }
    return parts.joined(separator: "/")
  }

  /// A look at three segments: a path may be as long as a request line, and hardly any has a secret.
  private static func beginsWithUUID(_ path: String) -> Bool {
    let bytes = Array(path.utf8)
    func segment(behind end: Int) -> Range<Int>? { bytes.span.segment(from: end, to: bytes.count) }
    guard var first = segment(behind: 0) else { return false }
    if bytes[first] == [0x5F, 0x74], let tenant = segment(behind: first.upperBound) {
      guard let next = segment(behind: tenant.upperBound) else { return false }
      first = next
    }
    return UUIDText.isUUID(String(decoding: bytes[first], as: UTF8.self))
  }

  private static func query(_ text: String) -> String {
    guard let question = text.firstIndex(of: "?") else { return text }
    let pairs = text[text.index(after: question)...].split(
      separator: "&", omittingEmptySubsequences: false)
    let shown = pairs.map { pair -> Substring in
      guard let equals = pair.firstIndex(of: "="),
        secretQueryNames.contains(
          PercentCoding.decode(String(pair[..<equals]), plusIsSpace: true).asciiLowercased)
      else { return pair }
      return pair[...equals] + masked(pair[pair.index(after: equals)...])
    }
    return text[...question] + shown.joined(separator: "&")
  }

  func isSecret(field name: String) -> Bool { secretFields.contains(name) }

  static func isSecretQuery(_ name: String) -> Bool {
    secretQueryNames.contains(name.asciiLowercased)
  }

  static func masked(_ secret: Substring) -> String { masked(secret.utf8Span.span, from: 0) }

  /// A text of which all from `start` on is a secret: a mark stands in its place, and in front of that the
  /// name of the tenant where it has one.
  private static func masked(_ text: Span<UInt8>, from start: Int) -> String {
    let secret = text.extracting(start...)
    let shown = start + tenantLength(of: secret)
    let mark = mark(of: secret)
    let end = shown > start ? shown + 1 : shown
    return unsafe String(unsafeUninitializedCapacity: end + mark.count) { place in
      // SAFETY: there is room for what is shown, a period behind the name, and the mark.
      for index in 0..<shown { unsafe place[index] = text[index] }
      if end > shown { unsafe place[shown] = UInt8(ascii: ".") }
      for index in mark.indices { unsafe place[end + index] = mark[index] }
      return end + mark.count
    }
  }

  /// `***#` and four digits.
  private static func mark(of secret: Span<UInt8>) -> InlineArray<8, UInt8> {
    var hash = StableHash(seed: 0)
    hash.combine(secret)
    var mark: InlineArray<8, UInt8> = [0x2A, 0x2A, 0x2A, 0x23, 0, 0, 0, 0]
    for place in 4..<8 {
      let digit = UInt8(truncatingIfNeeded: hash.value >> UInt64(4 * (7 - place))) & 0xF
      mark[place] = digit + (digit < 10 ? 0x30 : 0x57)
    }
    return mark
  }

  /// How long `wt-NAME` is in front of a key; 0: it names no tenant.
  private static func tenantLength(of secret: Span<UInt8>) -> Int {
    guard secret.count > 3, secret[0] == UInt8(ascii: "w"), secret[1] == UInt8(ascii: "t"),
      secret[2] == UInt8(ascii: "-")
    else { return 0 }
    let end = secret.firstIndex(of: UInt8(ascii: "."), from: 3, to: secret.count)
    return Tenant.isName(secret.extracting(3..<end)) ? end : 0
  }
}

extension OperationTable {
  /// A request's target as it may be shown.
  package func shownTarget(of entry: borrowing JournalEntry) -> String {
    shownTarget(entry.target.text, of: entry.operationIndex)
  }

  /// - Parameter operationIndex: nil where the request belongs to none.
  func shownTarget(_ text: String, of operationIndex: Int?) -> String {
    let operation = operationIndex.map { entries[$0].operation }
    return mask.target(
      text,
      firstSecretSegment: operation.map { $0.firstSecretSegment ?? .max })
  }
}
