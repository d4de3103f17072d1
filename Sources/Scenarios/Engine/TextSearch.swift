import PayloadCodecs

/// Finds which of very many rules a text may concern, by one pass over the text: each rule that is
/// looked for in it has put down a few bytes that must stand in it.
///
/// **Shape**: tables by length, of up to eight bytes as one number. Which eight of a longer text:
/// those that fewer rules share.
struct TextSearch: Sendable {
  /// Up to eight bytes.
  struct Window: Sendable, Hashable {
    let length: Int
    let bytes: UInt64

    init(_ bytes: ArraySlice<UInt8>) {
      length = bytes.count
      self.bytes = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    static let lengthMax = 8
  }

  private struct Length: Sendable {
    let count: Int
    var rules = HashTrie<UInt64, RuleList>()

    var mask: UInt64 { count == Window.lengthMax ? .max : 1 << UInt64(count * 8) - 1 }
  }

  private var lengths: [Length] = []

  var isEmpty: Bool { lengths.isEmpty }

  /// Puts a rule in (1) or takes it out (-1).
  mutating func change(_ rule: PlacedRule, _ windows: [Window], _ change: Int) {
    for window in windows {
      let known = lengths.firstIndex { $0.count == window.length }
      if known == nil { lengths.append(Length(count: window.length)) }
      let place = known ?? lengths.count - 1
      lengths[place].rules.update(window.bytes) { $0.change(rule, change) }
      if lengths[place].rules.isEmpty { lengths.remove(at: place) }
    }
  }

  /// The rules whose bytes stand in the text, some of them several times.
  func find(in text: String, _ found: inout [PlacedRule]) {
    for length in lengths {
      var last: UInt64 = 0
      var count = 0
      for byte in text.utf8 {
        last = last << 8 | UInt64(RequiredText.folded(byte))
        count += 1
        guard count >= length.count, let rules = length.rules[last & length.mask] else { continue }
        found += rules.all
      }
    }
  }
}

extension TextSearch {
  /// The ways to look for a rule, of which one is to be chosen.
  struct Choice: Sendable {
    let place: RulePlace
    let windows: [Window]
  }

  /// How many rules could be looked for by each window.
  struct Uses: Sendable {
    private var counts = HashTrie<Window, Int>()

    mutating func count(_ ways: [Choice], _ change: Int) {
      for window in Set(ways.flatMap(\.windows)) { counts.count(window, change) }
    }

    /// The way that a rule shares with the fewest.
    func choice(among ways: [Choice]) -> Choice? {
      let costs = ways.map { way in way.windows.reduce(0) { $0 + (counts[$1] ?? 0) } }
      return costs.min().flatMap(costs.firstIndex).map { ways[$0] }
    }
  }
}

extension RequiredText {
  /// By the beginnings of the texts, and by their ends.
  fileprivate var ways: [[TextSearch.Window]] {
    let size = TextSearch.Window.lengthMax
    let starts = anyOf.map { TextSearch.Window($0.prefix(size)) }
    if anyOf.allSatisfy({ $0.count <= size }) { return [starts] }
    return [starts, anyOf.map { TextSearch.Window($0.suffix(size)) }]
  }
}

extension RequestMatch {
  /// Where and by what bytes its rule can be looked for.
  var searchChoices: [TextSearch.Choice] {
    criteria.flatMap { criterion -> [TextSearch.Choice] in
      guard let (place, required) = criterion.required else { return [] }
      return required.flatMap { text in
        text.ways.map { TextSearch.Choice(place: place, windows: $0) }
      }
    }
  }
}

extension Criterion {
  /// What must stand in one of the texts at a place.
  fileprivate var required: (RulePlace, [RequiredText])? {
    func of(_ place: RulePlace, _ matcher: ValueMatcher) -> (RulePlace, [RequiredText]) {
      (place, matcher.required(isText: isText))
    }
    switch self {
    case .path(let patterns):
      let globs = patterns.map(\.required)
      return (.path, RequiredText(oneOf: globs).map { [$0] } ?? [])
    case .host(let matcher): return of(.host, matcher)
    case .tenant(let matcher): return of(.tenant, matcher)
    case .credential(let matcher): return of(.credential, matcher)
    case .query(let name, let matcher): return of(.query(ExactText(name)), matcher)
    case .header(let name, let matcher): return of(.header(ExactText(name)), matcher)
    case .bodyText(let matcher): return of(.content, matcher)
    case .bodyPointer(let pointer, let matcher): return of(.pointer(pointer), matcher)
    case .service, .operation, .method, .noOtherQuery, .bodyJSON: return nil
    }
  }
}
