import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Topics, at hub and at space level: one table per space behind both.
enum TopicHandlers {
  private static let badName = "Topic id incorrect format"
  private static let badType = "Unsupported content-type"

  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.array { json in
        guard let space = scope.space(in: state) else { return }
        state.readTopics(of: space) { topic in topic.writeForHub(into: &json) }
      }
    }
  }

  static func create(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    guard let id = body?["id"]?.stringValue, !id.isEmpty else {
      throw ScramjetError(400, "Missing body param: id")
    }
    guard let type = body?["content-type"]?.stringValue, !type.isEmpty else {
      throw ScramjetError(400, "Missing body param: content-type")
    }
    guard Topic.contentTypes.contains(type) else { throw ScramjetError(400, badType) }
    guard Topic.isName(id) else { throw ScramjetError(400, badName) }
    let key = TopicKey(space: try scope.spaceKey, name: id)
    let origin = try scope.world.mutate { state, step throws(ScramjetError) -> String in
      if state.topics[key] != nil {
        throw ScramjetError(400, "Topic with given id already exist")
      }
      _ = state.topic(key, type: type, origin: scope.hub, &step)
      return scope.hub(in: state)?.id ?? ""
    }
    return scope.json([
      "id": .string(id), "origin": ["id": .string(origin), "type": "hub"], "state": "flowing",
      "contentType": .string(type),
    ])
  }

  static func delete(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let name = scope.parameter("name")
    guard Topic.isName(name) else { throw ScramjetError(400, badName) }
    let key = TopicKey(space: try scope.spaceKey, name: name)
    try scope.world.mutate { state, step throws(ScramjetError) in
      guard state.topics[key] != nil else { throw ScramjetError(404, "Topic \(name) not found") }
      state.removeTopic(key, &step)
    }
    return scope.json(["message": .string("Topic \(name) removed")])
  }

  // MARK: Writing

  static func publish(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    var scope = scope
    let name = scope.parameter("name")
    guard Topic.isName(name) else { throw ScramjetError(400, badName) }
    let type = try publishedType(&scope)
    let key = TopicKey(space: try scope.spaceKey, name: name)
    let writer = try TopicWriter(key, type: type, through: scope.hub, in: scope.world)
    let reply = scope.reply(.json(scope.wantsOK ? .ok : .accepted, emptyObject))
    let cut = { @Sendable [scope] in
      scope.reply(ScramjetError.isDown(writer.hubID ?? "").response)
    }
    return .atOnce(
      { content in writer.publish(whole: content).map { $0 ? reply : cut() } },
      orLater: { content in
        // Neither the content nor 100 (Continue) before this writer's turn.
        // A program that writes now and then may keep its request open.
        content.allowPauses()
        do {
          try await writer.waitForTurn()
          while let chunk = try await content.next() {
            guard try await writer.write(chunk) else { return cut() }
          }
          writer.finish()
        } catch {}
        return reply
      })
  }

  private static let emptyObject = JSON.object([:]).serialized()

  /// The type that the writer gives; nil: whatever the topic has.
  private static func publishedType(_ scope: inout Scope) throws(ScramjetError) -> String? {
    let refusal = ScramjetError(400, badType)
    guard let value = scope.fields["content-type"] else {
      guard scope.hub != nil else { return nil }
      if scope.isStrict { throw refusal }
      scope.remarks.append("hub 1.0.1 answers 400 to a missing Content-Type here")
      return nil
    }
    if Topic.contentTypes.contains(value) { return value }
    let name = MediaType(value).name
    // The space's own endpoint takes any type.
    if scope.hub == nil { return Topic.contentTypes.contains(name) ? name : nil }
    if scope.isStrict { throw refusal }
    if Topic.contentTypes.contains(name) {
      scope.remarks.append("hub 1.0.1 answers 400 to a Content-Type with parameters here")
      return name
    }
    guard name == "application/json" || name == "application/x-www-form-urlencoded" else {
      throw refusal
    }
    scope.remarks.append("hub 1.0.1 answers 400 to \(name) here: send application/x-ndjson")
    return Topic.defaultType
  }

  // MARK: Reading

  static func subscribe(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let name = scope.parameter("name")
    guard Topic.isName(name) else {
      throw ScramjetError(Status(400, badName), .string(badName))
    }
    var scope = scope
    scope.remarks += try RequestChecks.check(
      .streamOut, scope.call.request, isStrict: scope.isStrict)
    let refusal = ScramjetError(Status(415, badType), .string(badType))
    var wanted = scope.fields["content-type"]
    if let type = wanted, !Topic.contentTypes.contains(type) {
      let bare = MediaType(type).name
      if scope.hub == nil {
        wanted = nil
      } else if scope.isStrict {
        throw refusal
      } else if Topic.contentTypes.contains(bare) {
        wanted = bare
      } else if bare == "application/json" {
        scope.remarks.append("hub 1.0.1 answers 415 to this Content-Type on a topic")
        wanted = nil
      } else {
        throw refusal
      }
    }
    if wanted == nil, scope.isStrict { wanted = Topic.defaultType }
    let key = TopicKey(space: try scope.spaceKey, name: name)
    let type = wanted
    let topic = scope.world.mutate { state, step in
      state.topic(key, type: type, origin: scope.hub, &step)
    }
    if let wanted, topic.contentType != wanted { throw refusal }
    let reader = StreamReader(topic.stream, in: scope.world, source: .topic(key), hub: scope.hub)
    guard let reader else {
      throw .notFound("the topic was removed meanwhile")
    }
    return StreamHandlers.answer(scope, reader)
  }
}

extension Scope {
  /// For topics the word `true` counts in any letter case.
  fileprivate var wantsOK: Bool { fields["x-end-stream"]?.asciiLowercased == "true" }
}
