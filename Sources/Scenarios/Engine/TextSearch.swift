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
    var rules: [UInt64: [Int]] = [:]

    var mask: UInt64 { count == Window.lengthMax ? .max : 1 << UInt64(count * 8) - 1 }
  }

  private var lengths: [Length] = []

  mutating func add(_ rule: Int, _ windows: [Window]) {
    for window in windows {
      var place = lengths.firstIndex { $0.count == window.length }
      if place == nil {
        lengths.append(Length(count: window.length))
        place = lengths.count - 1
      }
      if let place { lengths[place].rules[window.bytes, default: []].append(rule) }
    }
  }

  /// The rules whose bytes stand in the text, some of them several times.
  func find(in text: String, _ found: inout [Int]) {
    for length in lengths {
      var last: UInt64 = 0
      var count = 0
      for byte in text.utf8 {
        last = last << 8 | UInt64(RequiredText.folded(byte))
        count += 1
        guard count >= length.count, let rules = length.rules[last & length.mask] else { continue }
        found += rules
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

  /// Chooses for each rule the way that it shares with the fewest.
  static func chosen(_ choices: [(rule: Int, ways: [Choice])]) -> [(rule: Int, way: Choice)] {
    var uses: [Window: Int] = [:]
    for choice in choices {
      for window in Set(choice.ways.flatMap(\.windows)) { uses[window, default: 0] += 1 }
    }
    return choices.compactMap { choice in
      let costs = choice.ways.map { way in way.windows.reduce(0) { $0 + (uses[$1] ?? 0) } }
      guard let least = costs.min(), let index = costs.firstIndex(of: least) else { return nil }
      return (choice.rule, choice.ways[index])
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
