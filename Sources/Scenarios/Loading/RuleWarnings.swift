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
    let rules = scenario.rules.enumerated().compactMap { index, rule -> String? in
      guard let reason = reason(rule, behind: scenario.rules[..<index]) else { return nil }
      return "rule \"\(rule.name)\" can never strike: \(reason)"
    }
    let named = catalog.services.flatMap { service in
      service.unknownNames(
        WorldSeed(given: scenario.given[service.name], behaviors: scenario.behaviors[service.name]),
        scenario.emitted)
    }
    return rules + named
  }

  private func reason(
    _ rule: ScenarioRule, behind earlier: ArraySlice<ScenarioRule>
  ) -> String? {
    if rule.times == 0 { return "it strikes 0 times" }
    if rule.probability == 0 { return "its probability is 0" }
    return reason(rule.match)
      ?? earlier.first { Self.takesAll($0, of: rule.match) }
      .map { "the rule \"\($0.name)\" in front of it takes all that it matches" }
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
    let names = match.criteria.contains { if case .operation = $0 { true } else { false } }
    guard names, !catalog.operations.contains(where: { match.mayConcern($1, service: $0) }) else {
      return nil
    }
    return "no operation is of that name, service and method"
  }

  /// Whether a rule strikes whenever the other one would, so that the search ends before it.
  private static func takesAll(_ rule: ScenarioRule, of match: RequestMatch) -> Bool {
    let strikesAlways =
      rule.isEnabled && rule.conditions.isEmpty && rule.between == nil && rule.skip == 0
      && rule.times == nil && rule.every == 1 && rule.probability == nil && !rule.continues
    guard strikesAlways else { return false }
    switch rule.action {
    // One about connections or uploads leaves the requests to the rules behind it.
    case .limit, .sequence, .fault(.tls), .fault(.upload): return false
    default: return rule.match.criteria.allSatisfy(match.criteria.contains)
    }
  }
}
