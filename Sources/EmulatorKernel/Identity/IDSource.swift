/// Makes ids in each vendor's own form from (seed, tenant, kind, n), n counting per kind.
///
/// Lives beside a service's state and is used under its lock, so ids follow the order of requests.
package struct IDSource: Sendable, Codable {
  package let seed: UInt64
  package let tenant: String
  private var counters: [String: UInt64] = [:]

  package init(seed: UInt64, tenant: String) {
    self.seed = seed
    self.tenant = tenant
  }

  /// The counters, leaving none behind: for lending them without a copy.
  mutating func takeOut() -> IDSource {
    let lent = self
    counters = [:]
    return lent
  }

  package enum LetterCase: Sendable { case lower, upper }

  /// The next count of a kind: 1, 2, 3…
  package mutating func next(_ kind: String) -> UInt64 {
    counters[kind, default: 0] &+= 1  // wraps, since a snapshot may bring any number
    return counters[kind, default: 0]
  }

  private mutating func stream(_ kind: String) -> SeededRandom {
    SeededRandom(seed: seed, [tenant, kind], count: next(kind))
  }

  /// A version 4 UUID (RFC 9562 §5.4).
  package mutating func uuid(_ kind: String, _ letterCase: LetterCase = .lower) -> String {
    var random = stream(kind)
    return UUIDText.format(random.next(), random.next(), version: 4, letterCase)
  }

  /// The 128 bits of the UUID that `uuid` would give as text, for those who keep them as numbers.
  package mutating func uuidWords(_ kind: String) -> (high: UInt64, low: UInt64) {
    var random = stream(kind)
    return UUIDText.words(random.next(), random.next(), version: 4)
  }

  /// A version 7 UUID (RFC 9562 §5.7): its first 48 bits are `instant` in milliseconds.
  package mutating func timeUUID(_ kind: String, at instant: VirtualInstant) -> String {
    var random = stream(kind)
    let time = UInt64(truncatingIfNeeded: instant.epochMilliseconds) << 16
    return UUIDText.format(time | random.next() & 0xFFFF, random.next(), version: 7, .lower)
  }

  /// `count` characters of an alphabet, such as a token in base64url.
  package mutating func token(
    _ kind: String, count: Int,
    alphabet: String = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  ) -> String {
    var random = stream(kind)
    let letters = Array(alphabet.utf8)
    let bytes = (0..<count).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The text form of UUIDs.
package enum UUIDText {
  /// With version and variant in their places (RFC 9562 §4).
  static func words(
    _ high: UInt64, _ low: UInt64, version: UInt64
  ) -> (high: UInt64, low: UInt64) {
    (
      high & 0xFFFF_FFFF_FFFF_0FFF | version << 12,
      low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    )
  }

  package static func format(
    _ high: UInt64, _ low: UInt64, version: UInt64, _ letterCase: IDSource.LetterCase
  ) -> String {
    let (high, low) = words(high, low, version: version)
    let digits = Array((letterCase == .lower ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(36)
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { bytes.append(0x2D) }
      let word = index < 16 ? high : low
      bytes.append(digits[Int(word >> UInt64(60 - index % 16 * 4) & 15)])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a text has the form 8-4-4-4-12 of hexadecimal digits, in any case.
  package static func isUUID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return false }
    for (index, byte) in bytes.enumerated() {
      let isDash = index == 8 || index == 13 || index == 18 || index == 23
      if isDash ? byte != 0x2D : !isHexDigit(byte) { return false }
    }
    return true
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
  }
}
