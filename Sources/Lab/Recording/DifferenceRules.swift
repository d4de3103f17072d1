import HTTPModel
package import PayloadCodecs

/// Rules that make the emulator's answers what was recorded, and leave all that is the same to it.
package struct DifferenceRules {
  package private(set) var rules: [JSON] = []
  /// Exchanges with a difference that no rule can take away, each with the reason.
  package private(set) var leftOut: [Recording.Unusable] = []

  /// One exchange with what makes its answer right; nil: it is.
  private struct Correction {
    var played: PlayedExchange
    var effect: JSONObject?
  }

  /// - Parameter played: all of what was played, in order: how often a rule is to strike depends on
  ///   those that need none, too.
  package init(_ played: [PlayedExchange]) {
    var groups: [(match: JSON, all: [Correction])] = []
    for exchange in played {
      let match = Self.match(exchange)
      let correction = Correction(played: exchange, effect: effect(exchange))
      if let index = groups.firstIndex(where: { $0.match == match }) {
        groups[index].all.append(correction)
      } else {
        groups.append((match, [correction]))
      }
    }
    for group in groups { add(group.match, group.all) }
  }

  private static func match(_ exchange: PlayedExchange) -> JSON {
    let entry = exchange.entry
    let places = exchange.correspondence.placesOfIdentities(in: entry.path)
    var match: JSONObject = [
      "method": .string(entry.method), "path": .string(RulePath.pattern(entry.path, any: places)),
    ]
    var query = JSONObject()
    for (name, value) in RequestTarget(entry.target).queryItems
    where !Correspondence.isMasked(value) && query[name] == nil && !name.isEmpty
      && exchange.correspondence.translated(value) == value
    {
      query[name] = ["equal": .string(value)]
    }
    if !query.isEmpty { match["query"] = .object(query) }
    return .object(match)
  }

  private mutating func add(_ match: JSON, _ all: [Correction]) {
    guard all.contains(where: { $0.effect != nil }) else { return }
    let first = all[0]
    let isTheSame = all.allSatisfy { $0.effect == first.effect }
    var before = 0
    for correction in isTheSame ? [first] : all {
      let entry = correction.played.entry
      if let effect = correction.effect {
        var rule: JSONObject = [
          "name": .string(
            "\(rules.count + 1): exchange \(entry.number), \(entry.method) \(entry.path.prefix(120))"
          ),
          "match": match,
        ]
        if !isTheSame {
          if before > 0 { rule["skip"] = .integer(before) }
          rule["times"] = .integer(correction.played.looks)
          // Those behind it count the same requests.
          rule["continue"] = true
        }
        for (key, value) in effect.members { rule[key] = value }
        rules.append(.object(rule))
      }
      before += correction.played.looks
    }
  }

  // MARK: What makes an answer right

  private mutating func effect(_ exchange: PlayedExchange) -> JSONObject? {
    guard !exchange.differences.isEmpty else { return nil }
    let entry = exchange.entry
    guard let answer = exchange.answer else {
      leave(entry, "no answer came, and a rule cannot make one in its place")
      return nil
    }
    guard let content = entry.responseContent else {
      return ["patch": .object(Self.frame(exchange, answer))]
    }
    let changesContent = exchange.differences.contains {
      $0.kind != .status && $0.kind != .header
    }
    var patch = Self.frame(exchange, answer)
    if !changesContent { return ["patch": .object(patch)] }
    if let recorded = entry.responseJSON, let found = answer.json,
      let change = JSONChange(from: found, to: recorded, exchange).patch
    {
      patch["json"] = RulePath.template(change)
      return ["patch": .object(patch)]
    }
    // The service works all the same; what it says is replaced.
    let translated = entry.responseJSON.map { exchange.correspondence.translated($0) }
    let text = String(validating: content, as: UTF8.self)
      .map { Array(exchange.correspondence.translated($0).utf8) }
    return [
      "after": true,
      "respond": RecordingScenario.respond(
        entry, translated?.serialized() ?? text ?? content),
    ]
  }

  private mutating func leave(_ entry: Recording.Entry, _ reason: String) {
    leftOut.append(
      Recording.Unusable(number: entry.number, title: entry.title, reason: reason))
  }

  /// Status and fields.
  private static func frame(
    _ exchange: PlayedExchange, _ answer: AnswerComparison.Answer
  ) -> JSONObject {
    var patch = JSONObject()
    var header = JSONObject()
    for difference in exchange.differences {
      if difference.kind == .status { patch["status"] = .integer(exchange.entry.status) }
      guard difference.kind == .header else { continue }
      let name = String(difference.place.dropFirst("header/".count))
      header[name] =
        exchange.entry.responseField(name).map {
          .string(RulePath.template(exchange.correspondence.translated($0)))
        } ?? .null
    }
    if !header.isEmpty { patch["header"] = .object(header) }
    return patch
  }
}

/// What turns one JSON value into another as a merge patch (RFC 7396), where what is the same but for ids
/// and times stays as it is.
private struct JSONChange {
  /// Nil: no such patch exists, since it would have to set a null.
  let patch: JSON?

  init(from found: JSON, to recorded: JSON, _ exchange: PlayedExchange) {
    let wanted = Self.wanted(recorded, found, at: "", exchange)
    patch = Self.patch(from: found, to: wanted)
  }

  /// What the answer should have been: the recorded one, with the emulator's ids and times.
  private static func wanted(
    _ old: JSON, _ new: JSON, at place: String, _ exchange: PlayedExchange
  ) -> JSON {
    switch (old, new) {
    case (.object(let old), .object(let new)):
      var result = JSONObject()
      for (key, value) in old.members {
        result[key] =
          new[key].map {
            wanted(value, $0, at: place + "/" + key.asPointerToken, exchange)
          } ?? exchange.correspondence.translated(value, name: key)
      }
      return .object(result)
    case (.array(let old), .array(let new)):
      return .array(
        old.enumerated().map { index, element in
          new.indices.contains(index)
            ? wanted(element, new[index], at: "\(place)/\(index)", exchange)
            : exchange.correspondence.translated(element)
        })
    default:
      let differs = exchange.differences.contains { $0.place == place }
      return differs ? exchange.correspondence.translated(old) : new
    }
  }

  private static func patch(from old: JSON, to new: JSON) -> JSON? {
    guard case .object(let before) = old, case .object(let after) = new else {
      // Inside of an array a null is a value like others.
      return new.isNull || new.objectValue.map(holdsNull) ?? false ? nil : new
    }
    var patch = JSONObject()
    for (key, _) in before.members where after[key] == nil { patch[key] = .null }
    for (key, value) in after.members {
      guard let known = before[key] else {
        if value.isNull || value.objectValue.map(holdsNull) ?? false { return nil }
        patch[key] = value
        continue
      }
      if known == value { continue }
      guard let inner = self.patch(from: known, to: value) else { return nil }
      patch[key] = inner
    }
    return .object(patch)
  }

  /// A merge patch would leave such members out.
  private static func holdsNull(_ object: JSONObject) -> Bool {
    object.members.contains { $0.value.isNull || $0.value.objectValue.map(holdsNull) ?? false }
  }
}
