import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Events of instances.
enum EventHandlers {
  /// Content: `[5001, {"eventName": NAME, "message": ANY}]`; the number is not looked at.
  static func send(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    guard let event = body?[1], let name = event["eventName"]?.stringValue else {
      throw ScramjetError(400, "Invalid format, eventName missing.")
    }
    // The published Python client misspells the key.
    let message = event["message"] ?? event["messagee"]
    let serial = try scope.instanceKey
    scope.world.mutate { state, step in
      state.deliver(name, message, to: serial, &step)
      state.runWork(&step)
    }
    return scope.json(["accepted": "OK"])
  }

  /// The last event of the name, at once; else the first to come.
  static func last(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    let name = scope.parameter("name")
    let (known, start) = scope.world.read { state in
      (state.instances[serial]?.lastEvents[name], state.instances[serial]?.nextEvent ?? 0)
    }
    if let known { return scope.json(known) }
    return try next(scope, from: start, named: name) { $0.message ?? [:] }
  }

  static func once(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    let start = scope.world.read { state in state.instances[serial]?.nextEvent ?? 0 }
    return try next(scope, from: start, named: scope.parameter("name")) { $0.message ?? [:] }
  }

  /// Without a name: the last event of any, or the first to come.
  static func anyOnce(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    var scope = scope
    scope.remarks.append("hub 1.0.1 has no /once without an event's name and answers 404")
    if scope.isStrict { return scope.empty(.notFound) }
    let serial = try scope.instanceKey
    let (known, start) = scope.world.read { state in
      (state.instances[serial]?.lastEvent, state.instances[serial]?.nextEvent ?? 0)
    }
    if let known { return scope.json(named(known.value)) }
    return try next(scope, from: start, named: nil, named(_:))
  }

  private static func named(_ event: Instance.Event) -> JSON {
    ["eventName": .string(event.name), "message": event.message ?? .null]
  }

  /// The first event from number `position` on; nil: there will be none, since the instance is gone.
  /// Where the clock skips nobody waits for that: it is enough that the instance is over.
  private nonisolated(nonsending) static func event(
    of serial: InstanceKey, from position: Int, named name: String?, in world: World<ScramjetState>
  ) async throws(CancellationError) -> (event: Instance.Event, next: Int)? {
    try await world.wait(for: .events(serial)) { state, _ in
      guard let instance = state.instances[serial] else { return .ready(nil) }
      if let found = state.event(of: serial, from: position, named: name) { return .ready(found) }
      if instance.status.isOver, world.isSkipping { return .ready(nil) }
      return state.isMovedByTime(serial) ? .coming : .idle
    }
  }

  private static func next(
    _ scope: Scope, from start: Int, named name: String?,
    _ body: @escaping @Sendable (Instance.Event) -> JSON
  ) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    return .later { _ in
      let found = try? await event(of: serial, from: start, named: name, in: scope.world)
      guard let event = (found ?? nil)?.event else {
        return scope.reply(ScramjetError.unknownInstance(scope.parameter("id")).response)
      }
      return scope.reply(.json(.ok, body(event).serialized()))
    }
  }

  static func stream(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try events(scope, named: scope.parameter("name")) { event in
      event.message.map { $0.isFalsy ? [:] : $0 } ?? [:]
    }
  }

  static func anyEvents(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    var scope = scope
    scope.remarks.append("hub 1.0.1 has no /event without an event's name and answers 404")
    if scope.isStrict { return scope.empty(.notFound) }
    return try events(scope, named: nil, named(_:))
  }

  /// One JSON value a line, from now on, until the instance is gone.
  private static func events(
    _ scope: Scope, named name: String?, _ body: @escaping @Sendable (Instance.Event) -> JSON
  ) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    let world = scope.world
    let start = world.read { state in state.instances[serial]?.nextEvent ?? 0 }
    var fields = Fields()
    fields.append("Content-Type", "application/octet-stream")
    return .now(
      scope.reply(
        .streaming(.ok, fields: fields, isLive: true) { writer in
          var position = start
          while true {
            let found = try await event(of: serial, from: position, named: name, in: world)
            guard let found else { return }
            position = found.next
            try await writer.write(body(found.event).serialized() + [UInt8(ascii: "\n")])
          }
        }))
  }
}
