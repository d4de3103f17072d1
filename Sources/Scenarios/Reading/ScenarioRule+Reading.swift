import Determinism
import HTTPModel
import PayloadCodecs

extension ScenarioRule {
  /// Reads one rule. A missing name stays empty: the merged scenario gives it one.
  init(reading object: ScenarioObject, catalog: ScenarioCatalog?) {
    name = object.optional("name")?.nonEmptyString() ?? ""
    summary = object.string("description")
    isEnabled = object.bool("enabled") ?? true
    match =
      object.optional("match").flatMap { RequestMatch(reading: $0, catalog: catalog) }
      ?? RequestMatch()
    let conditions = object.dictionary("where") { ValueMatcher(reading: $1, isJSON: true) }
    self.conditions =
      conditions?.map { VariableCondition(name: $0.key, matcher: $0.value) } ?? []
    between = object.optional("between").flatMap(Period.init(reading:))
    skip = object.int("skip", in: 0...ScenarioReader.countMax) ?? 0
    times = object.int("times", in: 0...ScenarioReader.countMax)
    every = object.int("every", in: 1...ScenarioReader.countMax) ?? 1
    probability = object.double("probability", in: 0...1)
    per = object.choice("per") ?? .all
    delay = object.optional("delay").flatMap(DelayEffect.init(reading:))
    let action = RuleAction.readMain(object)
    self.action = action
    isAfter = object.bool("after") ?? false
    if isAfter, action == .pass || action.isAnswerOfService {
      object.optional("after")?.problem(
        "\"after\" spoils an answer the service has made: it needs error, respond or fault")
    }
    let assignments = object.dictionary("set") { Assignment.Value(reading: $1) }
    self.assignments = assignments?.map { Assignment(name: $0.key, value: $0.value) } ?? []
    events = object.oneOrMore("emit") { Self.event($0, catalog) } ?? []
    continues = object.bool("continue") ?? false
    source = object.reader.value
    checkContent(in: object, catalog)
    checkParameters(in: object, catalog)
  }

  /// An event: an object whose keys name what happens.
  private static func event(
    _ reader: ScenarioReader, _ catalog: ScenarioCatalog?
  ) -> JSONTemplate? {
    guard case .object(let event) = reader.value else {
      return reader.mismatch("an event such as {\"advance\": \"5s\"}")
    }
    if event.isEmpty { return reader.mismatch("an event such as {\"advance\": \"5s\"}") }
    WorldEvent.check(event, at: reader, catalog)
    return JSONTemplate(.object(event)) { reader.problem($0) }
  }

  /// A condition on the content is impossible where the content streams past.
  private func checkContent(in object: ScenarioObject, _ catalog: ScenarioCatalog?) {
    guard match.needsContent, let catalog else { return }
    let concerned = catalog.operations.filter { entry in
      match.mayConcern(entry.operation, service: entry.service)
    }
    guard !concerned.isEmpty, concerned.allSatisfy(\.operation.isStreamed) else {
      return
    }
    object.optional("match")?.member("body")?.problem(
      "the content of \(concerned[0].operation.name) streams past: it cannot be matched")
  }

  /// `{{path.x}}` must be a parameter of some operation or path template that the rule is about.
  private func checkParameters(in object: ScenarioObject, _ catalog: ScenarioCatalog?) {
    guard let catalog else { return }
    let used = source.templateParameters()
    guard !used.isEmpty else { return }
    var known: TextSet = []
    for entry in catalog.operations where match.mayConcern(entry.operation, service: entry.service)
    {
      known.formUnion(entry.operation.parameters)
    }
    for case .path(let patterns) in match.criteria {
      for pattern in patterns { known.formUnion(pattern.parameterNames) }
    }
    for name in used where !known.contains(name) {
      object.problem(
        "{{path.\(name)}} is no parameter here\(Nearest.hint(for: name, among: known.sorted()))")
    }
  }
}

extension JSON {
  /// The names after `{{path.` in all texts.
  fileprivate func templateParameters() -> [String] {
    switch self {
    case .string(let text):
      var ignored: [String] = []
      return Template(text, problem: { ignored.append($0) }).pathParameterNames
    case .array(let elements): return elements.flatMap { $0.templateParameters() }
    case .object(let object): return object.members.flatMap { $0.value.templateParameters() }
    default: return []
    }
  }
}

extension ScenarioRule.Period {
  /// `{"from": …, "to": …}` or `[from, to]`; an edge is an instant, or a duration after the
  /// tenant's start, or null.
  init?(reading reader: ScenarioReader) {
    let period: Self?
    if case .array(let edges) = reader.value {
      guard edges.count == 2, let read = reader.array({ [Self.edge($0)] }) else {
        if edges.count != 2 { let _: Never? = reader.mismatch("two instants, [from, to]") }
        return nil
      }
      period = Self(from: read[0][0], to: read[1][0])
    } else {
      period = reader.object { object in
        Self(
          from: object.optional("from").flatMap(Self.edge),
          to: object.optional("to").flatMap(Self.edge))
      }
    }
    guard let period else { return nil }
    self = period
    if !isPossible { reader.problem("\"from\" must come before \"to\"") }
  }

  private var isPossible: Bool {
    switch (from, to) {
    case (.instant(let from), .instant(let to)): from < to
    case (.offset(let from), .offset(let to)): from < to
    default: true
    }
  }

  private static func edge(_ reader: ScenarioReader) -> Edge? {
    reader.note(.any)
    switch reader.value {
    case .null: return nil
    case .string(let text):
      if let instant = VirtualInstant(iso8601: text) { return .instant(instant) }
      if let offset = DurationText.parse(text) { return .offset(offset) }
    default: break
    }
    return reader.mismatch(
      "an instant such as \"2026-01-01T00:00:00Z\" or a duration after the start such as \"10s\"")
  }
}

extension ScenarioRule.Assignment.Value {
  /// A value (texts may be templates), or `{"add": 1}`.
  init?(reading reader: ScenarioReader) {
    reader.note(.any)
    if case .object(let object) = reader.value, object.keys == ["add"] {
      guard let number = reader.member("add")?.double() else { return nil }
      self = .add(number)
    } else {
      self = .set(JSONTemplate(reader.value) { reader.problem($0) })
    }
  }
}
