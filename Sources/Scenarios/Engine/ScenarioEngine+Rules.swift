import Determinism
import HTTPModel
package import PayloadCodecs
import Synchronization

// Rules that come and go while requests go on.
extension ScenarioEngine {
  /// Adds rules at the end (or the front); one with a known name takes the place of that one. All
  /// of them, or none and everything that is wrong.
  /// - Parameter json: a rule, an array of rules, or `{"rules": […]}`.
  /// - Returns: their names.
  package func add(_ json: JSON, first: Bool = false) throws(ScenarioProblems) -> [String] {
    try add(Self.read(json, catalog: catalog), first: first)
  }

  /// The same with rules that have been read.
  package func add(
    _ added: [ScenarioRule], first: Bool
  ) throws(ScenarioProblems) -> [String] {
    try change { base, change throws(ScenarioProblems) in
      let rules = Self.named(added, beside: change.index)
      var fresh: [ScenarioRule] = []
      for rule in rules where !change.replace(by: rule) { fresh.append(rule) }
      change.index.insert(fresh, first: first)
      change.index.links.settle(base, change.index)
      if !change.index.links.isSound {
        let problems = base.with(change.index.list.all.map(\.rule)).ruleProblems
        guard problems.isEmpty else { throw ScenarioProblems(problems) }
        change.index.links.settle(isSound: true)
      }
      return rules.map(\.name)
    } ?? []
  }

  /// With names for those that have none: `rule 4` after three, or the next number that is free.
  private static func named(_ added: [ScenarioRule], beside index: RuleIndex) -> [ScenarioRule] {
    var taken = TextSet(added.map(\.name))
    var fresh = 0
    var number = 0
    return added.map { rule in
      var rule = rule
      if rule.name.isEmpty {
        number = max(number, index.list.count + fresh) + 1
        while taken.contains("rule \(number)") || index["rule \(number)"] != nil { number += 1 }
        rule.rename("rule \(number)")
        taken.insert(rule.name)
      }
      if index[rule.name] == nil { fresh += 1 }
      return rule
    }
  }

  /// Reads what `add` is given: what it throws is wrong with each rule alone.
  package static func read(
    _ json: JSON, catalog: ScenarioCatalog
  ) throws(ScenarioProblems) -> [ScenarioRule] {
    let (list, prefix) = ruleList(json)
    return try ScenarioReader.read(list, at: prefix, catalog: catalog, Scenario.rules.read)
  }

  private static func ruleList(_ json: JSON) -> (list: JSON, prefix: String) {
    if case .object(let object) = json, object.keys == ["rules"], let list = object["rules"] {
      return (list, "/rules")
    }
    if case .array = json { return (json, "") }
    return ([json], "")
  }

  /// False when there is no such rule.
  package func removeRule(_ name: String) -> Bool {
    change { base, change in
      guard change.remove(name) else { return nil }
      change.index.links.settle(base, change.index)
      return true
    } ?? false
  }

  /// Puts a rule at a place in the order, from 0; behind all others if there are fewer. Counts stay.
  package func moveRule(_ name: String, to position: Int) {
    _ = change { _, change in
      change.index[name].map { change.index.move($0, to: position) }
    }
  }

  /// False when there is no such rule.
  @discardableResult
  package func setRule(_ name: String, isEnabled: Bool) -> Bool {
    held.withLock { held in
      guard let placed = held.rules[name] else { return false }
      held.states[placed.id].isEnabled = isEnabled
      return true
    }
  }

  package func hasRule(_ name: String) -> Bool { rules[name] != nil }

  /// False, and nothing is changed, when there would be too many.
  package func setVariables(_ values: JSONObject) -> Bool {
    held.withLock { held in
      let fresh = values.members.count { held.variables[$0.key] == nil }
      let allowed = max(EngineLimits.variablesMax, held.base.variables.count)
      guard held.variables.count + fresh <= allowed else { return false }
      for (name, value) in values.members { held.variables[name] = value }
      held.passed = nil
      return true
    }
  }

  /// Sets a rule's variables as if it had struck, and gives the events that must now happen: none
  /// of its templates can see a request. Circles are refused when rules are read or added.
  package func trigger(_ name: String) -> RuleStrike.Following {
    held.withLock { held in
      guard let placed = held.rules[name] else { return RuleStrike.Following() }
      // Each time other ids.
      var random = random(placed.rule.name, "", held.states[placed.id].trigger())
      random.purposeOfIDs = "trigger"
      var strike = RuleStrike(
        placed, count: 0, random, .none, now: held.start, variables: held.variables)
      held.passed = nil
      return strike.trigger(variables: &held.variables)
    }
  }

  /// Makes other rules of those in force, then puts them in force at once: who asks meanwhile is
  /// answered by the ones before. What is known of those that stay is kept.
  /// - Parameter body: gives nil where nothing changes.
  private func change<Result, Failure: Error>(
    _ body: (Scenario, inout RuleChange) throws(Failure) -> Result?
  ) throws(Failure) -> Result? {
    try changing.withLock { _ throws(Failure) in
      let (base, before) = held.withLock { ($0.base, $0.rules) }
      var change = RuleChange(index: before.index)
      guard let result = try body(base, &change) else { return nil }
      let rules = RuleSet(change.index)
      held.withLock { held in
        held.rules = rules
        held.passed = nil
        held.sharesRules = false
        held.rulesChanged = true
        noteRules(of: held)
        for id in change.gone { held.states.forget(id) }
      }
      return result
    }
  }
}

/// Rules on their way to others.
private struct RuleChange {
  var index: RuleIndex
  /// The rules that are in force no more.
  private(set) var gone: [Int] = []

  init(index: RuleIndex) { self.index = index }

  /// False when there is no such rule.
  mutating func remove(_ name: String) -> Bool {
    guard let placed = index[name] else { return false }
    index.remove(placed)
    gone.append(placed.id)
    return true
  }

  /// In the place of the one of the same name; false when there is none.
  mutating func replace(by rule: ScenarioRule) -> Bool {
    guard let placed = index[rule.name] else { return false }
    gone.append(placed.id)
    // The same to the byte, as a test adds it in each of its runs: only what it remembers goes.
    if !placed.isMade(of: rule) { index.replace(placed, by: rule) }
    return true
  }
}
