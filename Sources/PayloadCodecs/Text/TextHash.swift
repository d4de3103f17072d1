/// The hash of texts as keys of tables: what the tables of Go's runtime use where a processor has nothing of
/// its own for it (`memhashFallback`, after wyhash), two words at a time by one multiplication.
///
/// **Cost**: 60 instructions for an id, where the library's takes 280; a request looks three to six texts up.
///
/// Texts are chosen by clients, who must not be able to choose ones that meet in a table: so two words that nobody
/// outside knows, drawn anew in each process, go in at every step.
extension RawSpan {
  /// Of the library's own key, which is drawn anew in each process.
  private static let secret: (UInt64, UInt64) = {
    var hasher = Hasher()
    hasher.combine(0)
    let first = hasher.finalize()
    hasher = Hasher()
    hasher.combine(1)
    return (UInt64(UInt(bitPattern: first)) | 1, UInt64(UInt(bitPattern: hasher.finalize())) | 1)
  }()

  /// - Parameter seed: that of the table.
  func hash(seed: UInt64) -> Int {
    let secret = Self.secret
    var state = seed ^ secret.0
    let count = byteCount
    let (first, last): (UInt64, UInt64)
    switch count {
    case 16...:
      var index = 0
      while index < count - 16 {
        state = Self.mix(word(at: index) ^ secret.1, word(at: index + 8) ^ state)
        index += 16
      }
      (first, last) = (word(at: count - 16), word(at: count - 8))
    case 8...: (first, last) = (word(at: 0), word(at: count - 8))
    default:
      var bytes: UInt64 = 0
      for index in 0..<count { bytes = bytes << 8 | UInt64(byte(at: index)) }
      (first, last) = (bytes, 0)
    }
    let mixed = Self.mix(
      UInt64(count) ^ secret.1, Self.mix(first ^ secret.1, last ^ state))
    return Int(truncatingIfNeeded: mixed)
  }

  /// The same of sixteen bytes that are two numbers: for keys such as UUIDs, which a client may choose.
  package static func hash(_ first: UInt64, _ last: UInt64, seed: Int) -> Int {
    let secret = secret
    let state = UInt64(UInt(bitPattern: seed)) ^ secret.0
    return Int(truncatingIfNeeded: mix(16 ^ secret.1, mix(first ^ secret.1, last ^ state)))
  }

  /// The two halves of the product.
  private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
