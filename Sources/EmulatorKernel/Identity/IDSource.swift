import PayloadCodecs

/// Makes ids in each vendor's own form from (seed, tenant, kind, n), n counting per kind.
///
/// Lives beside a service's state and is used under its lock, so ids follow the order of requests.
@usableFromInline package struct IDSource: Sendable, Codable {
  package let seed: UInt64
  package let tenant: String
  private var counters = KindCounters()
  /// What all streams have in common.
  private let begun: StableHash

  package init(seed: UInt64, tenant: String) {
    self.seed = seed
    self.tenant = tenant
    var hash = StableHash(seed: seed)
    hash.combine(tenant)
    begun = hash
  }

  private init(_ other: borrowing IDSource, _ counters: consuming KindCounters) {
    (seed, tenant, begun) = (other.seed, other.tenant, other.begun)
    self.counters = counters
  }

  private enum CodingKeys: CodingKey { case seed, tenant, counters }

  @usableFromInline package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      seed: try values.decode(UInt64.self, forKey: .seed),
      tenant: try values.decode(String.self, forKey: .tenant))
    counters = try values.decode(KindCounters.self, forKey: .counters)
  }

  /// The same in another tenant: what is counted there goes on from here.
  @usableFromInline func belonging(to tenant: String) -> IDSource {
    var ids = IDSource(seed: seed, tenant: tenant)
    ids.counters = counters
    return ids
  }

  /// The counters, leaving none behind: for lending them without a copy.
  @usableFromInline package mutating func takeOut() -> IDSource {
    var lent = IDSource(self, KindCounters())
    swap(&lent.counters, &counters)
    return lent
  }

  /// How many were given so far: whoever made something has drawn one. Not those of requests (`….request`), which
  /// each may have.
  var count: UInt64 { counters.total(butOf: ".request") }

  package typealias LetterCase = UUIDText.LetterCase

  /// The next count of a kind: 1, 2, 3…
  package mutating func next(_ kind: String) -> UInt64 {
    counters.next(kind)
  }

  private mutating func stream(_ kind: String) -> SeededRandom {
    SeededRandom(begun, kind, count: next(kind))
  }

  /// A version 4 UUID (RFC 9562 §5.4).
  package mutating func uuid(_ kind: String, _ letterCase: LetterCase = .lower) -> String {
    drawUUID(kind, letterCase).text
  }

  /// The same, drawn now and written when somebody asks.
  package mutating func drawUUID(_ kind: String, _ letterCase: LetterCase = .lower) -> DrawnUUID {
    DrawnUUID(begun: begun, kind: kind, count: next(kind), letterCase: letterCase)
  }

  /// As `uuid`, but its last four digits are `TenantMark` of the tenant: an id that is given without
  /// anything else leads back to where it was made.
  package mutating func markedUUID(_ kind: String, _ letterCase: LetterCase = .lower) -> String {
    var random = stream(kind)
    let (high, low) = (random.next(), random.next())
    let mark = TenantMark(ofTenant: tenant).map { UInt64($0.value) }
    return UUIDText.format(
      high, mark.map { low & ~0xFFFF | $0 } ?? low, version: 4, letterCase)
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
    let letters = alphabet.utf8.span
    let text = unsafe String(unsafeUninitializedCapacity: count) { text in
      // SAFETY: `count` bytes are written, which is the room that there is.
      for index in 0..<count {
        unsafe text[index] = letters[Int(random.next() % UInt64(letters.count))]
      }
      return count
    }
    return text
  }
}

/// A UUID that has its place in the order of ids, but no text yet: most of those that are drawn for each
/// request are never shown.
package struct DrawnUUID: Sendable {
  let begun: StableHash
  let kind: String
  let count: UInt64
  let letterCase: IDSource.LetterCase

  package var text: String {
    var random = SeededRandom(begun, kind, count: count)
    return UUIDText.format(random.next(), random.next(), version: 4, letterCase)
  }
}

/// What the end of an id says about the tenant in which it was made: one of 65,536 things, so it can
/// only exclude. Ids of the default tenant bear none.
package struct TenantMark: Sendable, Equatable {
  let value: UInt16

  init?(ofTenant name: String) {
    guard name != Tenant.defaultName else { return nil }
    var hash = StableHash(seed: 0)
    hash.combine(name)
    value = UInt16(truncatingIfNeeded: hash.value)
  }

  /// Nil for what is no UUID.
  init?(ofID id: String) {
    guard let words = UUIDText.read(id.utf8Span.span) else { return nil }
    value = UInt16(truncatingIfNeeded: words.low)
  }
}
