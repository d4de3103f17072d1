import Determinism
package import PayloadCodecs

extension Scenario {
  /// Reads one document. Everything that can be said without the other documents is checked here.
  /// - Parameter catalog: what exists; nil leaves the names of services and operations unchecked.
  package static func read(
    _ document: JSON, catalog: ScenarioCatalog? = nil
  ) throws(ScenarioProblems) -> Scenario {
    try read(document, catalog: catalog, recorder: nil)
  }

  static func read(
    _ document: JSON, catalog: ScenarioCatalog?, recorder: ScenarioFindings.Recorder?
  ) throws(ScenarioProblems) -> Scenario {
    try ScenarioReader.read(document, at: "", recorder: recorder) { root in
      var scenario = root.object { read($0, catalog: catalog) }
      scenario?.source = document
      return scenario
    }
  }

  /// Any: a seed is hashed, never counted with.
  private static let seedMax = Int.max

  private static func read(_ object: ScenarioObject, catalog: ScenarioCatalog?) -> Scenario {
    var scenario = Scenario.empty
    object.allow("$schema")
    if let version = object.required("wavetank"),
      let number = version.int(in: 0...ScenarioReader.countMax),
      number != formatVersion
    {
      version.problem("expected format version \(formatVersion), found \(number)")
    }
    scenario.name = object.string("name")
    scenario.summary = object.string("description")
    scenario.seed = object.int("seed", in: 0...seedMax).map(UInt64.init)
    scenario.clock = object.optional("clock").flatMap(Clock.init(reading:))
    scenario.keys = object.object("auth") { auth in
      auth.array("keys") { CredentialKey(reading: $0) }
    }
    scenario.outbound = object.choice("outbound")
    scenario.given = sections(object, "given", catalog)
    scenario.behaviors = sections(object, "behaviors", catalog)
    for (key, value) in object.dictionary("variables", { _, reader in reader.json() }) ?? [] {
      scenario.variables[key] = value
    }
    scenario.rules = rules(object.optional("rules"), catalog)
    scenario.expectation = object.optional("expect").flatMap {
      Expectation(reading: $0, catalog: catalog)
    }
    return scenario
  }

  /// `given` and `behaviors`: a part for each service, which that service checks.
  private static func sections(
    _ object: ScenarioObject, _ key: String, _ catalog: ScenarioCatalog?
  ) -> TextMap<JSON> {
    var sections: TextMap<JSON> = [:]
    let names = catalog?.services.map(\.name)
    for (name, value) in object.dictionary(key, { $1.json() }) ?? [] {
      sections[name] = value
      guard let names, !names.contains(name) else { continue }
      let place = object.optional(key)?.member(name)
      let _: Never? = place?.unknown("service", name, of: names)
    }
    return sections
  }

  static func rules(_ reader: ScenarioReader?, _ catalog: ScenarioCatalog?) -> [ScenarioRule] {
    var names: TextSet = []
    return reader?.array { item in
      let rule = item.object { ScenarioRule(reading: $0, catalog: catalog) }
      if let name = rule?.name, !name.isEmpty, !names.insert(name).inserted {
        item.member("name")?.problem("there are two rules with the name \"\(name)\"")
      }
      return rule
    } ?? []
  }
}

extension Scenario.Clock {
  /// `{"mode": "manual", "start": "…"}`; `scaled` needs `factor`.
  package init?(reading reader: ScenarioReader) {
    let clock = reader.object { object -> Scenario.Clock? in
      let factor = object.double("factor", in: 1e-6...1e6)
      let mode = ClockMode(reading: object.required("mode"), factor: factor, in: object)
      return Scenario.Clock(mode: mode, start: object.instant("start"))
    }
    guard let clock else { return nil }
    self = clock
  }
}

extension ClockMode {
  private enum Name: String, CaseIterable { case real, scaled, manual, skip }

  fileprivate init(reading reader: ScenarioReader?, factor: Double?, in object: ScenarioObject) {
    let name = reader?.choice(of: Name.self) ?? .real
    if name != .scaled, factor != nil {
      object.problem("\"factor\" is only for the mode \"scaled\"")
    }
    switch name {
    case .real: self = .real
    case .manual: self = .manual
    case .skip: self = .skip
    case .scaled:
      if factor == nil { object.problem("the mode \"scaled\" needs \"factor\"") }
      self = .scaled(factor ?? 1)
    }
  }
}

extension CredentialKey {
  package init?(reading reader: ScenarioReader) {
    let key = reader.object { object in
      CredentialKey(
        key: object.requiredString("key"), status: object.int("status", in: 400...599),
        user: object.string("user"),
        rights: object.array("rights") { $0.nonEmptyString() }.map { TextSet($0) },
        expires: object.instant("expires"))
    }
    guard let key else { return nil }
    self = key
  }
}

extension CountExpectation {
  /// A number, or `{"exactly"}`, `{"atLeast", "atMost"}`.
  init?(reading reader: ScenarioReader) {
    if case .object = reader.value {
      guard let read = reader.object({ CountExpectation(readingMembers: $0) }) else { return nil }
      self = read
    } else {
      guard let count = reader.int(in: 0...ScenarioReader.countMax) else { return nil }
      self.init(exactly: count)
    }
  }

  /// The three keys in a larger object; nil when none of them is there.
  init?(readingMembers object: ScenarioObject) {
    let exactly = object.int("exactly", in: 0...ScenarioReader.countMax)
    let atLeast = object.int("atLeast", in: 0...ScenarioReader.countMax)
    let atMost = object.int("atMost", in: 0...ScenarioReader.countMax)
    if let exactly {
      if atLeast != nil || atMost != nil {
        object.problem("\"exactly\" excludes \"atLeast\" and \"atMost\"")
      }
      self.init(exactly: exactly)
      return
    }
    if let atLeast, let atMost, atLeast > atMost {
      object.problem("\"atLeast\" \(atLeast) is more than \"atMost\" \(atMost)")
    }
    guard atLeast != nil || atMost != nil else { return nil }
    self.init(atLeast: atLeast, atMost: atMost)
  }
}

extension Expectation {
  init?(reading reader: ScenarioReader, catalog: ScenarioCatalog?) {
    guard let read = reader.object({ Expectation(readingMembers: $0, catalog: catalog) }) else {
      return nil
    }
    self = read
  }

  init(readingMembers object: ScenarioObject, catalog: ScenarioCatalog?) {
    self.init()
    let rules = object.dictionary("rules") { CountExpectation(reading: $1) }
    self.rules = rules?.map { (name: $0.key, count: $0.value) } ?? []
    unmatched = object.optional("unmatched").flatMap(CountExpectation.init(reading:))
    requests =
      object.array("requests") { item in
        item.object { Requests(reading: $0, catalog: catalog) }
      } ?? []
    order = object.array("order") { RequestMatch(reading: $0, catalog: catalog) } ?? []
  }
}

extension Expectation.Requests {
  /// `{"name", "match", "exactly" | "atLeast", "atMost"}`; without a count: at least one.
  init(reading object: ScenarioObject, catalog: ScenarioCatalog?) {
    name = object.string("name")
    match =
      object.optional("match").flatMap { RequestMatch(reading: $0, catalog: catalog) }
      ?? RequestMatch()
    count = CountExpectation(readingMembers: object) ?? CountExpectation(atLeast: 1)
  }
}
