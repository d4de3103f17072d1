import HTTPModel
import PayloadCodecs

/// What a scenario may say and what yet makes no sense: rules that can never strike.
///
/// No error: a rule for an operation of a version to come may stand in a scenario of today.
package struct RuleWarnings {
  private let catalog: ScenarioCatalog

  package init(_ catalog: ScenarioCatalog) { self.catalog = catalog }

  /// A sentence for each rule that can never strike, and for each name of something that is not there.
  package func all(in scenario: Scenario) -> [String] {
    var takers = Takers()
    let rules = scenario.rules.compactMap { rule -> String? in
      let reason = reason(rule, behind: takers)
      takers.add(rule)
      return reason.map { "rule \"\(rule.name)\" can never strike: \($0)" }
    }
    let named = catalog.services.flatMap { service in
      service.unknownNames(
        WorldSeed(given: scenario.given[service.name], behaviors: scenario.behaviors[service.name]),
        scenario.emitted)
    }
    return rules + named
  }

  private func reason(_ rule: ScenarioRule, behind earlier: Takers) -> String? {
    if rule.times == 0 { return "it strikes 0 times" }
    if rule.probability == 0 { return "its probability is 0" }
    if let reason = reason(rule.match) { return reason }
    // Connections, and contents on their way in, come to their rules before all others.
    if rule.isAboutConnections || rule.isAboutUploads { return nil }
    return earlier.first(for: rule.match)
      .map { "the rule \"\($0)\" in front of it takes all that it matches" }
  }

  private func reason(_ match: RequestMatch) -> String? {
    for case .path(let patterns) in match.criteria {
      let texts = patterns.map(\.text)
      if texts.allSatisfy({ $0.hasPrefix("/_t/") }) {
        return "a path is matched without the tenant's prefix; say \"tenant\" instead"
      }
      if texts.allSatisfy({
        $0.utf8.contains(UInt8(ascii: "?")) && $0.utf8.contains(UInt8(ascii: "="))
      }) {
        return "a path is matched without its query; say \"query\" instead"
      }
      if patterns.allSatisfy(\.hasBracesInSegment) {
        return "braces in a path stand for a whole segment, as in /{id}; for a part of one say *"
      }
    }
    for case .method(let methods) in match.criteria {
      let isKnown = methods.contains { method in
        // Those that the pipeline answers for every path.
        method == "HEAD" || method == "OPTIONS"
          || catalog.operations.contains { _, operation in
            operation.methods.contains { $0 == method }
          }
      }
      if !isKnown { return "no operation has the method \(methods.joined(separator: " or "))" }
    }
    if let reason = match.criteria.lazy.compactMap(Self.impossibility).first { return reason }
    let names = match.criteria.contains { if case .operation = $0 { true } else { false } }
    guard names, !catalog.operations.contains(where: { match.mayConcern($1, service: $0) }) else {
      return nil
    }
    return "no operation is of that name, service and method"
  }
}

extension RuleWarnings {
  /// Why a condition holds for no request whatever.
  private static func impossibility(_ criterion: Criterion) -> String? {
    switch criterion {
    case .header(let name, _) where !HeaderTemplate.isName(name):
      "no field has the name \(JSON.string(name).text)"
    case .tenant(let matcher), .credential(let matcher), .query(_, let matcher),
      .header(_, let matcher), .bodyText(let matcher):
      matcher.holdsForNoText
        ? "\(criterion.key) is a text, and none is \(matcher.description); "
          + "{\"present\": false} says that there is none" : nil
    default: nil
    }
  }
}

extension ValueMatcher {
  /// Whether it wants what is no text at all: null, a list, an object.
  fileprivate var holdsForNoText: Bool {
    switch self {
    case .equal(let wanted), .contains(let wanted): Self.plainText(of: wanted) == nil
    case .any(let inner): inner.allSatisfy(\.holdsForNoText)
    case .all(let inner): inner.contains(where: \.holdsForNoText)
    default: false
    }
  }
}

/// Rules that strike whenever they match, so that the search ends before those behind them: each is kept
/// by the one of its criteria that it shares with the fewest.
private struct Takers {
  private var byCriterion: TextMap<[(place: Int, name: String, match: RequestMatch)]> = [:]
  /// The first of those that match all requests.
  private var ofAll: (place: Int, name: String)?
  private var count = 0

  mutating func add(_ rule: ScenarioRule) {
    guard Self.strikesAlways(rule) else { return }
    count += 1
    let keys = rule.match.criteria.map(Self.key)
    guard let key = keys.min(by: { shared($0) < shared($1) }) else {
      ofAll = ofAll ?? (count, rule.name)
      return
    }
    byCriterion[key, default: []].append((count, rule.name, rule.match))
  }

  /// The first that matches all requests that another rule matches.
  func first(for match: RequestMatch) -> String? {
    let found = match.criteria.compactMap { criterion in
      byCriterion[Self.key(criterion)]?.first { taker in
        taker.match.criteria.allSatisfy(match.criteria.contains)
      }
    }
    let first = found.min { $0.place < $1.place }
    guard let ofAll, ofAll.place < first?.place ?? .max else { return first?.name }
    return ofAll.name
  }

  private func shared(_ key: String) -> Int { byCriterion[key]?.count ?? 0 }

  /// The same for criteria that are equal.
  private static func key(_ criterion: Criterion) -> String {
    "\(criterion.key) \(criterion.expectation)"
  }

  private static func strikesAlways(_ rule: ScenarioRule) -> Bool {
    let strikesAlways =
      rule.isEnabled && rule.conditions.isEmpty && rule.between == nil && rule.skip == 0
      && rule.times == nil && rule.every == 1 && rule.probability == nil && !rule.continues
    guard strikesAlways else { return false }
    switch rule.action {
    // One about connections or uploads leaves the requests to the rules behind it.
    case .limit, .sequence, .fault(.tls), .fault(.upload): return false
    default: return true
    }
  }
}
