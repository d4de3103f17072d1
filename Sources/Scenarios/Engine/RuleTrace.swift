package import PayloadCodecs

/// What became of a rule that was looked at for a request.
package enum RuleVerdict: Sendable, Equatable {
  /// The position of the first criterion that did not hold.
  case mismatch(Int)
  case switchedOff
  case outsidePeriod
  /// The position of the first condition on variables that did not hold.
  case condition(Int)
  /// The request is within the limit.
  case withinLimit
  case skipped(reached: Int)
  case notThisOne(reached: Int)
  case drawn(Double)
  case exhausted
  case sequenceOver
  /// It has struck before, and what it refuses is still refused.
  case refusing
  /// It struck, for the n-th time; `step` of a sequence, from 0; `draw` where chance decided.
  case struck(count: Int, step: Int?, draw: Double?)

  /// Whether it decided about the request.
  var isStrike: Bool {
    switch self {
    case .struck, .refusing: true
    default: false
    }
  }
}

/// Why an exchange came out as it did: recorded for every request that some rule may concern,
/// turned into words only when somebody asks.
package struct RuleTrace: Sendable {
  package struct Entry: Sendable {
    package var placed: PlacedRule
    package var verdict: RuleVerdict

    var rule: ScenarioRule { placed.rule }
  }

  package let rules: RuleSet
  package var entries: [Entry] = []
  /// More rules were looked at than are listed.
  package var isCut = false
  /// How much the variables weigh that the exchange has set: the trace keeps their values alive.
  package var changedBytes = 0
  package var variablesBefore: JSONObject
  package var variablesAfter: JSONObject

  /// About how much memory it holds.
  package var byteCount: Int { 96 + entries.count * MemoryLayout<Entry>.stride + changedBytes }

  /// Rules listed for one exchange.
  package static let entryLimit = 256

  /// Whether a rule answered by itself, so that the request found somebody.
  package var hasResponded: Bool {
    entries.contains { entry in
      guard case .struck(_, let step, _) = entry.verdict,
        case .respond = entry.rule.action(atStep: step)
      else { return false }
      return true
    }
  }

  mutating func note(_ placed: PlacedRule, _ verdict: RuleVerdict) {
    if entries.count < Self.entryLimit {
      entries.append(Entry(placed: placed, verdict: verdict))
    } else {
      isCut = true
      if verdict.isStrike { entries.append(Entry(placed: placed, verdict: verdict)) }
    }
  }

  /// Puts what rules about the request's content have done on its way in, in front: whatever they did,
  /// the others had their say, too.
  package mutating func follow(_ upload: RuleTrace) {
    // Of rules that were replaced meanwhile nothing can be told here.
    guard upload.rules === rules else { return }
    entries = upload.entries + entries
    isCut = isCut || upload.isCut
    changedBytes += upload.changedBytes
    variablesBefore = upload.variablesBefore
  }

  /// - Parameter subject: the request as the journal kept it: for what was found in place of what a
  ///   criterion wanted, and for the rules that the index passed over.
  package func explained(for subject: RuleSubject? = nil) -> JSON {
    var result = JSONObject()
    let struck = entries.compactMap { entry -> String? in
      entry.verdict.isStrike ? entry.rule.name : nil
    }
    result["rulesStruck"] = .array(struck.map { .string($0) })
    let (considered, isCut) = all(for: subject)
    result["rulesConsidered"] = .array(considered.map { explained($0, subject) })
    if isCut { result["cut"] = true }
    result["rulesInForce"] = .integer(rules.count)
    result["variablesBefore"] = .object(variablesBefore)
    result["variablesAfter"] = .object(variablesAfter)
    return .object(result)
  }

  /// Why a rule whose `match` holds did not strike; nil: it was not looked at.
  package func obstacle(
    ofRule name: String
  ) -> (failed: String, expected: String, found: String)? {
    guard let entry = entries.first(where: { $0.rule.name.isExactly(name) }) else {
      return nil
    }
    let words = explained(entry, nil)
    let outcome = words["outcome"]?.stringValue ?? ""
    guard let failed = words["failed"]?.stringValue else { return ("turn", "a strike", outcome) }
    return (
      failed, words["expected"]?.stringValue ?? "", words["found"]?.stringValue ?? outcome
    )
  }

  /// What was recorded, and the rules in front of and between these that are about other requests.
  private func all(for subject: RuleSubject?) -> (entries: [Entry], isCut: Bool) {
    guard let subject, !isCut else { return (entries, isCut) }
    let recorded = Dictionary(
      entries.map { ($0.placed.label, $0) }, uniquingKeysWith: { first, _ in first })
    // Rules about connections have no say in requests, and others none in connections; behind those about
    // uploads come those about the request.
    let first = entries.first.map { $0.rule.stage } ?? .request
    let stages: [ScenarioRule.Stage] = first == .upload ? [.upload, .request] : [first]
    let ends = stages.map(end)
    let considered = rules.index.list.all.lazy.compactMap { placed -> Entry? in
      if let entry = recorded[placed.label] { return entry }
      guard let stage = stages.firstIndex(of: placed.rule.stage), placed.label <= ends[stage] else {
        return nil
      }
      return placed.rule.match.firstFailure(for: subject).map {
        Entry(placed: placed, verdict: .mismatch($0))
      }
    }
    var shown = Array(considered.prefix(Self.entryLimit + 1))
    guard shown.count > Self.entryLimit, let beyond = shown.popLast() else { return (shown, false) }
    // What struck is told, however many stand in front of it.
    return (
      shown + entries.filter { $0.placed.label >= beyond.placed.label && $0.verdict.isStrike }, true
    )
  }

  /// The label of the last rule that was looked at, of those that have their say at the same time.
  private func end(_ stage: ScenarioRule.Stage) -> Int {
    guard let last = entries.last(where: { $0.rule.stage == stage }),
      last.verdict.isStrike, !last.rule.continues
    else { return .max }
    return last.placed.label
  }

  private func explained(_ entry: Entry, _ subject: RuleSubject?) -> JSON {
    let rule = entry.rule
    var result: JSONObject = ["rule": .string(rule.name)]
    switch entry.verdict {
    case .mismatch(let index):
      let criterion = rule.match.criteria[index]
      result["outcome"] = "not matched"
      result["failed"] = .string(criterion.key)
      result["expected"] = .string(criterion.expectation)
      if let subject { result["found"] = .string(criterion.finding(in: subject)) }
    case .condition(let index):
      let condition = rule.conditions[index]
      result["outcome"] = "not matched"
      result["failed"] = .string("where.\(condition.name)")
      result["expected"] = .string(condition.matcher.description)
      result["found"] = .string(variablesBefore[condition.name]?.text ?? "nothing")
    case .switchedOff: result["outcome"] = "switched off"
    case .outsidePeriod: result["outcome"] = "outside its period"
    case .withinLimit: result["outcome"] = "within its limit"
    case .skipped(let reached):
      result["outcome"] = .string("skipped: request \(reached) of the first \(rule.skip)")
    case .notThisOne(let reached):
      result["outcome"] = .string(
        "request \(reached) after the skipped ones is none of every \(rule.every)")
    case .drawn(let draw):
      result["outcome"] = "not drawn"
      result["draw"] = JSON(draw)
      result["probability"] = JSON(rule.probability ?? 1)
    case .exhausted: result["outcome"] = .string("exhausted: it struck \(rule.times ?? 0) times")
    case .refusing: result["outcome"] = "still refused since it struck"
    case .sequenceOver: result["outcome"] = "its sequence is over"
    case .struck(let count, let step, let draw):
      result["outcome"] = "struck"
      result["count"] = .integer(count)
      if let step { result["step"] = .integer(step + 1) }
      if let draw {
        result["draw"] = JSON(draw)
        result["probability"] = JSON(rule.probability ?? 1)
      }
      result["action"] = .string(rule.action(atStep: step).name)
    }
    return .object(result)
  }
}

extension ScenarioRule {
  fileprivate enum Stage { case connection, upload, request }

  /// Where it has a say, and others have none.
  fileprivate var stage: Stage {
    isAboutConnections ? .connection : isAboutUploads ? .upload : .request
  }

  func action(atStep step: Int?) -> RuleAction {
    if let step, case .sequence(let sequence) = action, sequence.steps.indices.contains(step) {
      return sequence.steps[step].action
    }
    return action
  }
}
