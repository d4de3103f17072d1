import PayloadCodecs

/// How many ids were drawn of each kind.
///
/// **Cost**: one is drawn for each request of some services. A service has a dozen kinds or two, named in its
/// source, so that most are found by a look at where their names lie; to make a hash takes several times as long.
struct KindCounters: Sendable {
  private static let fewMax = 32

  /// What is drawn more often comes to stand further in front.
  private var few: [(kind: String, last: UInt64)] = []
  /// A snapshot may bring any number of kinds.
  private var others = TextMap<UInt64>()

  /// 1, 2, 3…
  mutating func next(_ kind: String) -> UInt64 {
    if let place = place(of: kind) {
      let count = Self.count(&few[place].last)
      if place > 0, few[place - 1].last < count { few.swapAt(place - 1, place) }
      return count
    }
    guard few.count < Self.fewMax else { return Self.count(&others[kind, default: 0]) }
    few.append((kind, 1))
    return 1
  }

  /// How many were given, of all kinds but one; wraps.
  func total(butOf suffix: String) -> UInt64 {
    var total: UInt64 = 0
    for (kind, last) in few where !kind.utf8.reversed().starts(with: suffix.utf8.reversed()) {
      total &+= last
    }
    return others.values.reduce(total) { $0 &+ $1 }
  }

  private func place(of kind: String) -> Int? {
    let few = few.span
    for index in few.indices where few[index].kind == kind { return index }
    return nil
  }

  /// Wraps, since a snapshot may bring any number.
  private static func count(_ last: inout UInt64) -> UInt64 {
    last &+= 1
    return last
  }
}

/// **Shape**: an object, kind by kind in order.
extension KindCounters: Codable {
  init(from decoder: any Decoder) throws {
    for (kind, last) in try TextMap<UInt64>(from: decoder) {
      if few.count < Self.fewMax { few.append((kind, last)) } else { others[kind] = last }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var all = others
    for (kind, last) in few { all[kind] = last }
    try all.encode(to: encoder)
  }
}
