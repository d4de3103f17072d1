import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What is scripted in a tenant.
enum ScenarioRoutes {
  // MARK: The whole scenario

  /// The document in force: what was given, merged, with the rules added since. It can be put back.
  static func show(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    if let rules = live.rules { return .now(.json(.ok, rules.scenarioText)) }
    return .json(live.blueprint.source ?? Scenario.empty.source)
  }

  /// Another scenario for this tenant: JSON, JSON5 or YAML, or a shipped one by `?name=`. The tenant
  /// starts anew from it; with `?keep=world` its world and clock stay as they are, rules and keys
  /// change at once.
  static func replace(_ call: AdminCall) throws(Problem) -> Answer {
    let keep = try call.query("keep", of: "world")
    let live = try call.liveTenant()
    let shipped = call.query("name")
    guard shipped == nil || call.content.isEmpty else {
      throw Problem(400, "Either ?name= or a content, not both.")
    }
    let blueprint = try blueprint(question(call, beside: live.blueprint), live, call.pipeline)
    if keep == "world" { live.swap(blueprint) } else { try restart(live, from: blueprint) }
    return try show(call)
  }

  /// A tenant begins anew from a shipped scenario.
  static func restart(
    _ live: LiveTenant, from shipped: String, of pipeline: Pipeline
  ) throws(Problem) {
    let question = question(shipped, beside: live)
    try restart(live, from: blueprint(question, live, pipeline))
  }

  private static func restart(
    _ live: LiveTenant, from blueprint: TenantBlueprint
  ) throws(Problem) {
    do {
      try live.reset(to: blueprint)
    } catch {
      throw Problem(422, "The scenario does not start.", members: error.member)
    }
  }

  /// Names that `PUT /scenario?name=` takes.
  static func shipped(_ call: AdminCall) -> Answer { .now(.json(.ok, shippedText)) }

  /// They are part of the program: written once.
  private static let shippedText: [UInt8] = {
    let names = ScenarioLibrary.texts.keys.sorted()
    let about = names.map { name -> JSON in
      let text = ScenarioLibrary.texts[name] ?? ""
      let object = (try? JSON(parsing: Array(text.utf8)))?.objectValue
      return [
        "name": .string(name), "description": object?["description"] ?? "",
        "rules": .integer(object?["rules"]?.arrayValue?.count ?? 0), "text": .string(text),
      ]
    }
    let whole: JSON = [
      "scenarios": .array(names.map { .string($0) }), "about": .array(about),
    ]
    return whole.serialized()
  }()

  /// What is wrong with a scenario, or with rules that are to be added, without putting it in force.
  static func check(_ call: AdminCall) throws(Problem) -> Answer {
    let kind = try call.query("as", of: "scenario", "rules") ?? "scenario"
    let live = try call.liveTenant()
    do throws(ScenarioLoadError) {
      let document = try ScenarioDocument(call.content, name: fileName(call))
      if kind == "rules" {
        try checkRules(document, call.pipeline.catalog)
      } else {
        let loader = ScenarioLoader(
          catalog: call.pipeline.catalog, isStrict: live.blueprint.isStrict,
          library: ScenarioLibrary.texts)
        _ = try loader.load([document])
      }
      return .json(["problems": []])
    } catch {
      return .json(.object(error.member))
    }
  }

  private static func checkRules(
    _ document: ScenarioDocument, _ catalog: ScenarioCatalog
  ) throws(ScenarioLoadError) {
    do {
      _ = try ScenarioEngine.read(document.value, catalog: catalog)
    } catch {
      throw located(error, in: document)
    }
  }

  /// Problems of rules with their places in the text.
  private static func located(
    _ problems: ScenarioProblems, in document: ScenarioDocument
  ) -> ScenarioLoadError {
    // A rule alone was read as a list of one.
    let isAlone = document.value.objectValue.map { $0.keys != ["rules"] } ?? false
    return ScenarioLoadError(
      problems.problems.map { problem in
        guard isAlone, problem.pointer.hasPrefix("/0") else { return document.located(problem) }
        return document.located(
          ScenarioProblem(String(problem.pointer.dropFirst(2)), problem.message))
      })
  }

  /// What a scenario makes of a tenant, beside what it is now.
  private static func blueprint(
    _ question: KnownScenarios.Question, _ live: LiveTenant, _ pipeline: Pipeline
  ) throws(Problem) -> TenantBlueprint {
    if let known = pipeline.knownScenarios.blueprint(question) { return known }
    let present = live.blueprint
    let scenario = try load(question, pipeline)
    let blueprint = TenantBlueprint(
      scenario, catalog: pipeline.catalog, isStrict: present.isStrict,
      seed: scenario.seed ?? present.seed,
      clockMode: scenario.clock == nil ? present.clock.mode : nil)
    pipeline.knownScenarios.keep(blueprint, of: question)
    return blueprint
  }

  /// The same where it was given before.
  static func known(_ call: AdminCall, beside present: TenantBlueprint) -> TenantBlueprint? {
    call.pipeline.knownScenarios.blueprint(question(call, beside: present))
  }

  /// The same of a shipped one.
  static func known(
    _ shipped: String, beside live: LiveTenant, _ pipeline: Pipeline
  ) -> TenantBlueprint? {
    pipeline.knownScenarios.blueprint(question(shipped, beside: live))
  }

  private static func question(
    _ call: AdminCall, beside present: TenantBlueprint
  ) -> KnownScenarios.Question {
    let shipped = call.query("name")
    return KnownScenarios.Question(
      shipped ?? fileName(call), isShipped: shipped != nil, call.content, beside: present)
  }

  private static func question(
    _ shipped: String, beside live: LiveTenant
  ) -> KnownScenarios.Question {
    KnownScenarios.Question(shipped, isShipped: true, [], beside: live.blueprint)
  }

  private static func load(
    _ question: KnownScenarios.Question, _ pipeline: Pipeline
  ) throws(Problem) -> Scenario {
    let loader = ScenarioLoader(
      catalog: pipeline.catalog, isStrict: question.isStrict, library: ScenarioLibrary.texts)
    let name = String(decoding: question.name, as: UTF8.self)
    do {
      if question.isShipped { return try loader.load([name]) }
      return try loader.load([ScenarioDocument(question.content, name: name)])
    } catch {
      throw Problem(422, "The scenario was refused.", members: error.member)
    }
  }

  /// The name in messages; its ending chooses the form where the content type knows it.
  private static func fileName(_ call: AdminCall) -> String {
    let type = call.request.fields["content-type"]?.asciiLowercased ?? ""
    // What nearly all say, without a search.
    if type == "application/json" { return "content.json" }
    return type.contains("yaml")
      ? "content.yaml" : type.contains("json") ? "content.json" : "content"
  }

  // MARK: Rules

  /// The rules in force, in order, with their counts.
  static func rules(_ call: AdminCall) throws(Problem) -> Answer {
    let engine = try call.liveTenant().rules
    let counts = engine?.strikeCounts ?? []
    let sources = engine?.rules.sourceTexts ?? []
    return .object(reserving: 512 + counts.count * 256) { json in
      json.array("rules") { json in
        for (count, source) in zip(counts, sources) {
          json.object { json in
            json.member("name", count.name)
            json.member("enabled", count.isEnabled)
            json.member("reached", count.reached)
            json.member("struck", count.struck)
            json.key("rule")
            json.append(written: source.span)
          }
        }
      }
      json.member("variables", .object(engine?.variables ?? JSONObject()))
    }
  }

  /// Adds rules behind the others (`?position=first`: in front): one, an array, or `{"rules": […]}`.
  /// A rule of a known name takes that one's place, its counts at zero.
  static func add(_ call: AdminCall) throws(Problem) -> Answer {
    let position = try call.query("position", of: "first", "last")
    let engine = try engine(call)
    let rules = try rules(of: call)
    let names: [String]
    do {
      names = try engine.add(rules, first: position == "first")
    } catch {
      throw refused(error, in: try document(call))
    }
    try call.liveTenant().settleScenario()
    return .json(["added": .array(names.map { .string($0) })], .created)
  }

  /// The rules that a content describes. Tests add the same ones in each of their runs: in the form that
  /// nearly all of them use they are not read again.
  private static func rules(of call: AdminCall) throws(Problem) -> [ScenarioRule] {
    let isJSON = fileName(call) == "content.json"
    let known = call.pipeline.knownRules
    if isJSON, let rules = known.find(call.content) { return rules }
    let document = try document(call)
    do {
      let rules = try ScenarioEngine.read(document.value, catalog: call.pipeline.catalog)
      if isJSON { known.keep(rules, of: call.content) }
      return rules
    } catch {
      throw refused(error, in: document)
    }
  }

  private static func document(_ call: AdminCall) throws(Problem) -> ScenarioDocument {
    do {
      return try ScenarioDocument(call.content, name: fileName(call))
    } catch {
      throw Problem(400, "The content cannot be read.", members: error.member)
    }
  }

  private static func refused(
    _ problems: ScenarioProblems, in document: ScenarioDocument
  ) -> Problem {
    Problem(422, "The rules were refused.", members: located(problems, in: document).member)
  }

  static func remove(_ call: AdminCall) throws(Problem) -> Answer {
    let name = call.parameters["name"] ?? ""
    let live = try call.liveTenant()
    let engine = live.rules
    guard let engine, engine.removeRule(name) else { throw unknownRule(name, engine) }
    live.settleScenario()
    return .now(Response(.noContent))
  }

  /// `{"enabled": false}` switches a rule off, `true` on again; `{"position": 1}` moves it to the
  /// front. Its counts stay.
  static func switchRule(_ call: AdminCall) throws(Problem) -> Answer {
    let name = call.parameters["name"] ?? ""
    let object = try call.object(keys: ["enabled", "position"])
    let isEnabled = object["enabled"]?.boolValue
    let position = object["position"]?.intValue
    guard isEnabled != nil || position != nil, (object["enabled"] != nil) == (isEnabled != nil),
      (object["position"] != nil) == (position != nil), position ?? 1 >= 1
    else {
      throw Problem(
        422, "Expected {\"enabled\": true}, {\"enabled\": false} or {\"position\": 1}.")
    }
    let engine = try call.liveTenant().rules
    guard let engine, engine.hasRule(name) else { throw unknownRule(name, engine) }
    if let isEnabled { engine.setRule(name, isEnabled: isEnabled) }
    if let position { engine.moveRule(name, to: position - 1) }
    return .now(Response(.noContent))
  }

  private static func unknownRule(_ name: String, _ engine: ScenarioEngine?) -> Problem {
    let names = engine?.rules.names ?? []
    return Problem(404, "There is no rule \"\(name)\"\(Nearest.hint(for: name, among: names))")
  }

  /// The tenant's engine; one without rules where no scenario is in force yet.
  private static func engine(_ call: AdminCall) throws(Problem) -> ScenarioEngine {
    try call.liveTenant().rules { live in
      ScenarioEngine(
        .empty, catalog: call.pipeline.catalog, tenant: live.name, seed: live.tenant.seed,
        start: live.tenant.clock.now)
    }
  }

  // MARK: verify and schema

  /// `{"match": …, "exactly": 2}`, `{"order": […]}`, any part of an `expect`; or nothing: the
  /// scenario's own `expect`.
  static func verify(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let question = try question(call)
    var expectation = question.expectation
    if question.isEmpty {
      guard let own = live.rules?.expectation else {
        throw Problem(
          422, "The scenario in force expects nothing; ask with {\"match\": …, \"exactly\": 1}.")
      }
      expectation = own
    }
    let report = Verifier(pipeline: call.pipeline, live: live).check(expectation)
    return .json(report.json)
  }

  /// What is asked; the same question as before is not read again.
  private static func question(_ call: AdminCall) throws(Problem) -> VerifyQuestion {
    let known = call.pipeline.knownQuestions
    if let question = known.find(call.content) { return question }
    let json = JSON.object(try call.object())
    do {
      let question = try VerifyQuestion.read(json, catalog: call.pipeline.catalog)
      known.keep(question, of: call.content)
      return question
    } catch {
      throw Problem(422, "The question was refused.", members: error.member)
    }
  }

  static func schema(_ call: AdminCall) -> Answer {
    let text = call.pipeline.rendered.text("scenario.schema.json") {
      ScenarioSchema.document(call.pipeline.catalog).serialized()
    }
    return .now(.json(.ok, text, type: "application/schema+json"))
  }
}

extension ScenarioLoadError {
  /// The places as a member of a problem.
  fileprivate var member: JSONObject {
    let list = problems.map { problem -> JSON in
      var item: JSONObject = [
        "pointer": .string(problem.pointer), "message": .string(problem.message),
      ]
      if let line = problem.line { item["line"] = .integer(line) }
      if let column = problem.column { item["column"] = .integer(column) }
      return .object(item)
    }
    return ["problems": .array(list)]
  }
}
