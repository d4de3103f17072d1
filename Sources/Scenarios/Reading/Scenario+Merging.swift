package import PayloadCodecs

extension Scenario {
  /// One scenario of several, in order: what comes later overrides (seed, clock, keys, `outbound`,
  /// variables, `expect`, a rule of the same name) or is added (rules, the lists in `given` and `behaviors`).
  package static func merged(_ scenarios: [Scenario]) -> Scenario {
    guard let first = scenarios.first else { return .empty }
    var merged = scenarios.dropFirst().reduce(first) { $0.merging($1) }
    merged.nameRules()
    merged.source = merged.mergedSource(scenarios)
    return merged
  }

  private func merging(_ next: Scenario) -> Scenario {
    var merged = self
    let names = [name, next.name].compactMap(\.self)
    merged.name = names.isEmpty ? nil : names.joined(separator: " + ")
    let summaries = [summary, next.summary].compactMap(\.self)
    merged.summary = summaries.isEmpty ? nil : summaries.joined(separator: " ")
    merged.seed = next.seed ?? seed
    merged.clock = next.clock ?? clock
    if let keys = next.keys {
      let known = TextSet(keys.map(\.key))
      merged.keys = (self.keys ?? []).filter { !known.contains($0.key) } + keys
    }
    merged.outbound = next.outbound ?? outbound
    merged.given = Self.merged(given, next.given)
    merged.behaviors = Self.merged(behaviors, next.behaviors)
    merged.variables.merge(next.variables)
    let positions = TextMap(
      rules.enumerated().lazy.map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    for rule in next.rules {
      if !rule.name.isEmpty, let index = positions[rule.name] {
        merged.rules[index] = rule
      } else {
        merged.rules.append(rule)
      }
    }
    merged.timed += next.timed
    merged.expectation = next.expectation ?? expectation
    return merged
  }

  private static func merged(_ left: TextMap<JSON>, _ right: TextMap<JSON>) -> TextMap<JSON> {
    left.merging(right) { $0.merging(section: $1) }
  }

  /// Rules without a name are called by their place: `rule 3`.
  package mutating func nameRules() {
    var names = TextSet(rules.map(\.name))
    for index in rules.indices where rules[index].name.isEmpty {
      var name = "rule \(index + 1)"
      while !names.insert(name).inserted { name += "'" }
      rules[index].rename(name)
    }
  }

  /// The document that, read again, gives this scenario.
  private func mergedSource(_ scenarios: [Scenario]) -> JSON {
    var source: JSONObject = ["wavetank": .integer(Self.formatVersion)]
    if let name { source["name"] = .string(name) }
    if let summary { source["description"] = .string(summary) }
    for key in ["seed", "clock", "outbound", "expect"] {
      source[key] = scenarios.compactMap { $0.source[key] }.last
    }
    if keys != nil {
      let all = scenarios.flatMap { $0.source["auth"]?["keys"]?.arrayValue ?? [] }
      var last: TextMap<JSON> = [:]
      for key in all { last[key["key"]?.stringValue ?? ""] = key }
      source["auth"] = [
        "keys": .array((keys ?? []).compactMap { last[$0.key] })
      ]
    }
    for (key, sections) in [("given", given), ("behaviors", behaviors)] where !sections.isEmpty {
      source[key] = .object(
        JSONObject(sections.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }
    if !variables.isEmpty { source["variables"] = .object(variables) }
    if !timed.isEmpty { source["at"] = .array(timed.map(\.source)) }
    source["rules"] = .array(rules.map(\.source))
    return .object(source)
  }

  /// What can be said only of the whole: a condition on a variable that nobody sets, an event that
  /// triggers in a circle, an expectation of a rule that does not exist, and what the services say.
  /// - Returns: pointers into the merged document.
  package func problems(catalog: ScenarioCatalog, isStrict: Bool = false) -> [ScenarioProblem] {
    var found = ruleProblems
    let names = rules.map(\.name)
    let known = TextSet(names)
    for (name, _) in expectation?.rules ?? [] where !known.contains(name) {
      let hint = found.count < Self.hintsMax ? Nearest.hint(for: name, among: names) : ""
      found.append(
        ScenarioProblem(
          "/expect/rules/\(name.asPointerToken)", "unknown rule \"\(name)\"\(hint)"))
    }
    return found + sectionProblems(catalog: catalog, isStrict: isStrict)
      + eventProblems(catalog, isStrict: isStrict)
  }

  /// What the services find wrong with their sections.
  func sectionProblems(catalog: ScenarioCatalog, isStrict: Bool) -> [ScenarioProblem] {
    var found: [ScenarioProblem] = []
    for service in catalog.services {
      let given = given[service.name]
      let behaviors = behaviors[service.name]
      guard given != nil || behaviors != nil else { continue }
      found += service.check(
        WorldSeed(given: given, behaviors: behaviors, isStrict: isStrict))
    }
    return found
  }

  /// The sections of a document of which other parts cannot be read.
  static func sections(of document: JSON) -> Scenario {
    var scenario = Scenario.empty
    for (name, value) in document["given"]?.objectValue?.members ?? [] {
      scenario.given[name] = value
    }
    for (name, value) in document["behaviors"]?.objectValue?.members ?? [] {
      scenario.behaviors[name] = value
    }
    return scenario
  }

  /// Events whose value is none that the scenario's own sections know.
  private func eventProblems(_ catalog: ScenarioCatalog, isStrict: Bool) -> [ScenarioProblem] {
    var found: [ScenarioProblem] = []
    for service in catalog.services {
      for event in service.events ?? [] {
        guard let values = event.values else { continue }
        let seed = WorldSeed(
          given: given[service.name], behaviors: behaviors[service.name], isStrict: isStrict)
        let known = values(seed)
        for (place, emitted) in emitted {
          guard let value = emitted[event.name]?.stringValue, !known.contains(value),
            value.firstRange(of: "{{") == nil
          else { continue }
          found.append(
            ScenarioProblem(
              place, "unknown \(event.name) \"\(value)\"\(Nearest.hint(for: value, among: known))"))
        }
      }
    }
    return found
  }

  /// Every event that the scenario lets happen, with its place.
  package var emitted: [(place: String, event: JSON)] {
    let ofRules = rules.enumerated().flatMap { index, rule in
      rule.source.oneOrMore("emit").map { ("/rules/\(index)/emit", $0) }
    }
    let atTimes = timed.enumerated().flatMap { index, timed in
      ["emit", "then"].flatMap { key in
        timed.source.oneOrMore(key).map { ("/at/\(index)/\(key)", $0) }
      }
    }
    return ofRules + atTimes
  }

  /// What is wrong with the rules as a whole.
  var ruleProblems: [ScenarioProblem] { variableProblems() + triggerProblems() }

  private func variableProblems() -> [ScenarioProblem] {
    var known = TextSet(variables.keys)
    for rule in rules { known.formUnion(rule.assignments.map(\.name)) }
    for (_, event) in emitted {
      known.formUnion(event[WorldEvent.Kind.setVariables.rawValue]?.objectValue?.keys ?? [])
    }
    var found: [ScenarioProblem] = []
    for (index, rule) in rules.enumerated() {
      for condition in rule.conditions where !known.contains(condition.name) {
        let hint =
          found.count < Self.hintsMax
          ? Nearest.hint(for: condition.name, among: known.sorted()) : ""
        found.append(
          ScenarioProblem(
            "/rules/\(index)/where/\(condition.name.asPointerToken)",
            "unknown variable \"\(condition.name)\"\(hint)"))
      }
    }
    return found
  }

  private func triggerProblems() -> [ScenarioProblem] {
    let names = rules.map(\.name)
    let known = TextSet(names)
    var found: [ScenarioProblem] = []
    var targets: TextMap<[String]> = [:]
    for rule in rules {
      for event in rule.source.oneOrMore("emit") {
        guard let name = event[WorldEvent.Kind.trigger.rawValue]?.stringValue else { continue }
        targets[rule.name, default: []].append(name)
      }
    }
    for (place, event) in emitted {
      for kind in [WorldEvent.Kind.trigger, .enableRule, .disableRule] {
        guard let name = event[kind.rawValue]?.stringValue, !known.contains(name),
          name.firstRange(of: "{{") == nil
        else { continue }
        let hint = found.count < Self.hintsMax ? Nearest.hint(for: name, among: names) : ""
        found.append(ScenarioProblem(place, "unknown rule \"\(name)\"\(hint)"))
      }
    }
    let circular = Self.leadingToCircles(targets)
    guard !circular.isEmpty else { return found }
    for (index, rule) in rules.enumerated() where circular.contains(rule.name) {
      if let circle = Self.circle(from: rule.name, targets) {
        let path = circle.map { "\"\($0)\"" }.joined(separator: " → ").clipped(to: 1_000)
        found.append(ScenarioProblem("/rules/\(index)/emit", "circular emit: \(path)"))
      }
      if found.count >= Self.hintsMax { break }
    }
    return found
  }

  /// To look for the nearest of thousands, thousands of times, would take minutes.
  private static let hintsMax = 100

  /// The rules from which triggers lead round for ever: what is left when, again and again, those
  /// that trigger nothing (any more) are taken away.
  private static func leadingToCircles(_ targets: TextMap<[String]>) -> TextSet {
    var sources: TextMap<[String]> = [:]
    var open: TextMap<Int> = [:]
    for (name, nexts) in targets {
      open[name] = nexts.count
      for next in nexts { sources[next, default: []].append(name) }
    }
    var ended = sources.keys.filter { targets[$0] == nil }
    while let name = ended.popLast() {
      for source in sources[name] ?? [] {
        open[source, default: 1] -= 1
        if open[source] == 0 {
          open[source] = nil
          ended.append(source)
        }
      }
    }
    return TextSet(open.keys)
  }

  /// The way from a rule through triggers back to itself; nil when there is none.
  private static func circle(from name: String, _ targets: TextMap<[String]>) -> [String]? {
    var before: TextMap<String> = [:]
    var open = [name]
    while let rule = open.popLast() {
      for next in targets[rule] ?? [] {
        guard next != name else {
          var path = [rule, name]
          while let earlier = before[path[0]] { path.insert(earlier, at: 0) }
          return path
        }
        if before[next] == nil {
          before[next] = rule
          open.append(next)
        }
      }
    }
    return nil
  }
}

extension ScenarioRule {
  /// Also in its source, so that who asks for the scenario sees the name.
  mutating func rename(_ name: String) {
    self.name = name
    guard case .object(var object) = source else { return }
    object["name"] = .string(name)
    source = .object(object)
  }
}

extension JSON {
  /// The elements under a key, or the one value there.
  func oneOrMore(_ key: String) -> [JSON] {
    guard let value = self[key] else { return [] }
    return value.arrayValue ?? [value]
  }

  /// Lists grow, objects merge, everything else is replaced.
  fileprivate func merging(section next: JSON) -> JSON {
    switch (self, next) {
    case (.array(let left), .array(let right)): return .array(left + right)
    case (.object(let left), .object(let right)):
      var merged = left
      for (key, value) in right.members {
        merged[key] = left[key].map { $0.merging(section: value) } ?? value
      }
      return .object(merged)
    default: return next
    }
  }
}
