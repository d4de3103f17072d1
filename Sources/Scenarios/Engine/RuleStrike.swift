import Determinism
import HTTPModel
package import PayloadCodecs

/// One strike of one rule: fills its templates and adds its effects to the outcome.
package struct RuleStrike {
  let placed: PlacedRule
  /// The step of its sequence.
  let step: Int?
  let count: Int
  /// Set when a limit was exceeded.
  let retryAfter: Duration?
  let random: StrikeRandom
  let subject: RuleSubject
  /// The tenant's, and its variables before the strike.
  let now: VirtualInstant
  let variables: JSONObject
  /// Made when the first template asks: most rules have none.
  private var madeContext: TemplateContext?

  init(
    _ placed: PlacedRule, step: Int? = nil, count: Int, retryAfter: Duration? = nil,
    _ random: StrikeRandom, _ subject: RuleSubject, now: VirtualInstant, variables: JSONObject
  ) {
    self.placed = placed
    self.step = step
    self.count = count
    self.retryAfter = retryAfter
    self.random = random
    self.subject = subject
    self.now = now
    self.variables = variables
  }

  private var context: TemplateContext {
    mutating get {
      if let madeContext { return madeContext }
      let random = random
      let context = TemplateContext(
        subject: subject, variables: variables, now: now, count: count,
        captures: placed.rule.match.captures(in: subject), random: random.ids)
      madeContext = context
      return context
    }
    set { madeContext = newValue }
  }

  private var sequenceStep: SequenceEffect.Step? {
    guard let step, case .sequence(let sequence) = placed.rule.action else { return nil }
    return sequence.steps[step]
  }

  mutating func perform(on outcome: inout RuleOutcome, variables: inout JSONObject) {
    let action = placed.rule.action(atStep: step)
    outcome.strikes.append(.init(rule: placed.rule.name, action: action.name, count: count))
    addDelay(placed.rule.delay, "delay", to: &outcome)
    addDelay(sequenceStep?.delay, "step delay", to: &outcome)
    add(action, to: &outcome)
    if outcome.closing == nil { outcome.closing = placed.rule.closing ?? sequenceStep?.closing }
    if placed.rule.isAfter || sequenceStep?.isAfter ?? false { outcome.isAfter = true }
    if placed.rule.isTwice { outcome.isTwice = true }
    let following = trigger(variables: &variables)
    if !following.events.isEmpty { outcome.events += following.events }
    if !following.remarks.isEmpty { outcome.remarks += following.remarks }
    outcome.changedBytes += following.changedBytes
  }

  /// What follows from a strike besides the answer.
  package struct Following: Sendable {
    package var events: [JSONObject] = []
    package var remarks: [String] = []
    /// How much the variables that were set weigh.
    var changedBytes = 0
  }

  /// Events and variables alone.
  mutating func trigger(variables: inout JSONObject) -> Following {
    var following = Following()
    for event in placed.rule.events {
      if case .object(let event) = event.json(&context) { following.events.append(event) }
    }
    assign(&variables, &following)
    if madeContext?.isCut == true {
      following.remarks.append(
        "rule \"\(placed.rule.name)\": what its templates fill in came to more than "
          + "\(EngineLimits.templateBytesMax >> 20) MiB and was cut")
    }
    return following
  }

  private func addDelay(
    _ delay: DelayEffect?, _ purpose: String, to outcome: inout RuleOutcome
  ) {
    guard let delay else { return }
    if delay.place == .head, case .fixed(let duration) = delay.distribution {
      // As `draw` has it: without chance, no stream is made for it.
      return outcome.delay += delay.bounded(duration)
    }
    var stream = random.stream(purpose)
    switch delay.place {
    case .head: outcome.delay += delay.draw(&stream)
    case .each:
      // A draw for each piece, from (seed, tenant, rule, count, piece).
      let key = stream.next()
      outcome.piecePauses.append { piece in
        var stream = SeededRandom(seed: key, ["piece"], count: UInt64(clamping: piece))
        return delay.draw(&stream)
      }
    }
  }

  /// With several rules at work (`continue`) the first replacement and the first fault stand,
  /// patches add up.
  private mutating func add(_ action: RuleAction, to outcome: inout RuleOutcome) {
    switch action {
    case .pass, .sequence: break
    case .error(let effect):
      guard outcome.replacement == nil else { return }
      let failure = RuleOutcome.Failure(
        status: effect.status, reason: effect.reason.map { $0.text(&context) },
        message: effect.message.map { $0.text(&context) })
      outcome.replacement = .error(failure, header: fields(effect.header))
    case .limit:
      guard outcome.replacement == nil else { return }
      let seconds = max(1, (retryAfter ?? .seconds(1)).secondsRoundedUp)
      outcome.replacement = .error(
        RuleOutcome.Failure(status: 429, retryAfter: seconds), header: [])
    case .respond(let effect):
      guard outcome.replacement == nil else { return }
      outcome.replacement = .respond(answer(effect))
    case .patch(let effect):
      var header: [(name: String, value: String?)] = []
      for field in effect.header {
        header.append((field.name, field.value.map { $0.text(&context) }))
      }
      var cells: [(heading: String, value: String)]?
      if let csv = effect.csv {
        cells = []
        for cell in csv { cells?.append((cell.heading, cell.value.text(&context))) }
      }
      outcome.patches.append(
        .init(
          status: effect.status, header: header, json: effect.json.map { $0.json(&context) },
          csv: cells))
    case .fault(let fault):
      guard outcome.fault == nil else { return }
      outcome.fault = fault
      if case .corrupt(.flippedBytes(let count, _)) = fault {
        var stream = random.stream("fault")
        outcome.fault = .corrupt(.flippedBytes(count: count, seed: stream.next()))
      }
    }
  }

  private mutating func fields(_ header: [HeaderTemplate]) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for field in header {
      if let value = field.value { fields.append((field.name, value.text(&context))) }
    }
    return fields
  }

  /// A rule whose answer is always the same makes it once.
  private mutating func answer(_ effect: RespondEffect) -> Response {
    guard step == nil else { return response(effect) }
    if let prepared = placed.preparedAnswer { return prepared }
    let made = response(effect)
    if effect.isConstant { placed.keep(made) }
    return made
  }

  private mutating func response(_ effect: RespondEffect) -> Response {
    var response = Response(Status(effect.status))
    if let reason = effect.reason {
      response.status = response.status.saying(reason.text(&context))
    }
    for (name, value) in fields(effect.header) { response.fields.append(name, value) }
    let type: String?
    switch effect.content {
    case .none: type = nil
    case .json(let template):
      response.body = .bytes(template.json(&context).serialized())
      type = "application/json"
    case .text(let template):
      response.body = .bytes(Array(template.text(&context).utf8))
      type = "text/plain; charset=utf-8"
    case .bytes(let bytes):
      response.body = .bytes(bytes)
      type = "application/octet-stream"
    }
    let saysType = effect.header.contains { $0.name.asciiLowercased == "content-type" }
    if let type, !saysType {
      response.fields.append("Content-Type", type)
    }
    return response
  }

  private mutating func assign(_ variables: inout JSONObject, _ following: inout Following) {
    for assignment in placed.rule.assignments {
      switch assignment.value {
      case .set(let template):
        let value = template.json(&context)
        if let bytes = value.variableBytes {
          following.changedBytes += bytes
          variables[assignment.name] = value
        } else {
          following.remarks.append(
            "rule \"\(placed.rule.name)\": the variable \"\(assignment.name)\" \(JSON.variableLimit) "
              + "and stays as it is")
        }
      case .add(let number):
        guard let sum = Self.sum(variables[assignment.name], number) else {
          following.remarks.append(
            "rule \"\(placed.rule.name)\": the variable \"\(assignment.name)\" would be too large a "
              + "number and stays as it is")
          continue
        }
        variables[assignment.name] = sum
      }
    }
  }

  /// Of whole numbers to the last digit; nil: no number is that large.
  private static func sum(_ value: JSON?, _ number: Double) -> JSON? {
    if case .integer(let old) = value, let step = Int(exactly: number) {
      let (sum, overflows) = old.addingReportingOverflow(step)
      if !overflows { return .integer(sum) }
    }
    let sum = (value?.doubleValue ?? 0) + number
    guard sum.isFinite else { return nil }
    return Int(exactly: sum).map { .integer($0) } ?? JSON(sum)
  }
}

/// The random streams of one strike: from (seed, tenant, rule by its name, what is counted by, count) alone.
struct StrikeRandom: Sendable {
  let seed: UInt64
  let tenant: String
  let rule: String
  let key: String
  let count: UInt64
  /// The purpose of fresh ids.
  var purposeOfIDs = "id"

  func stream(_ purpose: String) -> SeededRandom {
    SeededRandom(seed: seed, [tenant, rule, purpose, key], count: count)
  }

  var ids: SeededRandom { stream(purposeOfIDs) }
}
