import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// An instance's streams.
enum StreamHandlers {
  // MARK: Out

  /// - Parameter endsHere: nothing more comes once the instance is over.
  static func out(
    _ path: any KeyPath<Instance, StreamKey> & Sendable, endsHere: Bool = false
  ) -> @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer {
    { scope throws(ScramjetError) in
      let serial = try scope.instanceKey
      let stream = scope.world.read { state in state.instances[serial]?[keyPath: path] }
      let source = StreamReader.Source.instance(serial, endsHere: endsHere)
      guard let stream, let reader = StreamReader(stream, in: scope.world, source: source) else {
        throw .unknownInstance(scope.parameter("id"))
      }
      return answer(scope, reader)
    }
  }

  /// A log or an audit of the scope's hub or space.
  static func follow(
    _ scope: Scope, _ stream: StreamKey?
  ) throws(ScramjetError) -> ServiceAnswer {
    guard let stream, let reader = StreamReader(stream, in: scope.world, hub: scope.hub) else {
      throw .notFound("there is no such stream any more")
    }
    return answer(scope, reader)
  }

  /// The answer that carries a stream: its head goes out at once.
  static func answer(
    _ scope: Scope, _ reader: StreamReader, type: String? = "application/octet-stream"
  ) -> ServiceAnswer {
    var fields = Fields()
    if let type { fields.append("Content-Type", type) }
    return .now(scope.reply(.following(reader, fields: fields)))
  }

  /// A live stream of an instance's health reports, made for one reader.
  static func reportStream(of serial: InstanceKey, in world: World<ScramjetState>) -> StreamReader?
  {
    let stream = world.mutate { state, step -> StreamKey? in
      guard state.instances[serial] != nil else { return nil }
      return state.makeReportStream(of: serial, &step)
    }
    guard let stream else { return nil }
    return StreamReader(stream, in: world) { state, step in state.remove(stream, &step) }
  }

  // MARK: In

  static func stdin(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try write(scope, to: .stdin)
  }

  static func input(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try claimInput(scope)
    return try write(scope, to: .input)
  }

  /// The first POST must name a content type, which then holds; an instance that reads a topic takes
  /// nothing here.
  private static func claimInput(_ scope: Scope) throws(ScramjetError) {
    let serial = try scope.instanceKey
    let type = scope.fields["content-type"].map { MediaType($0).name }
    try scope.world.mutate { state, step throws(ScramjetError) in
      guard let instance = state.instances[serial] else {
        throw .unknownInstance(scope.parameter("id"))
      }
      if !instance.requires.isEmpty { throw ScramjetError(405, "Input provided in other way") }
      if instance.inputType == nil, !instance.status.isOver {
        guard let type else { throw ScramjetError(406, "Content-Type must be defined") }
        state.instances[serial]?.inputType = type
        if instance.process != nil { state.order(.input(type: type), serial, &step) }
      }
    }
  }

  /// Status at once, content while it arrives, the end of the reply when all has been taken.
  private static func write(
    _ scope: Scope, to lane: Lane
  ) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    let ends = scope.endsStream ?? true
    return .later { content in
      content.allowPauses()
      content.announceReading()
      return scope.reply(
        .streaming(ends ? .ok : .accepted) { _ in
          // The head goes out before the instance does anything with the content.
          await Task.yield()
          try await pass(content, to: serial, lane: lane, in: scope.world)
          if ends {
            scope.world.mutate { state, step in state.endLane(lane, of: serial, &step) }
          }
        })
    }
  }

  /// Gives the instance all that comes, as fast as it takes it. What a dead instance does not take
  /// is read and dropped.
  private static func pass(
    _ content: RequestContent, to serial: InstanceKey, lane: Lane, in world: World<ScramjetState>
  ) async throws {
    while let chunk = try await content.next() {
      let isTaken = try await world.wait(for: .lane(serial, lane)) { state, step -> Awaited<Bool> in
        switch state.give(chunk, to: serial, lane: lane, &step) {
        case nil: .ready(false)
        case true: .ready(true)
        case false: state.isMovedByTime(serial) ? .coming : .idle
        }
      }
      if !isTaken { return await content.drain() }
    }
  }

  /// Content to the input, output in the reply; neither end is passed on.
  static func both(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try claimInput(scope)
    let serial = try scope.instanceKey
    let world = scope.world
    let stream = world.read { state in state.instances[serial]?.output }
    guard let stream, let reader = StreamReader(stream, in: world, source: .instance(serial)) else {
      throw .unknownInstance(scope.parameter("id"))
    }
    return .later { content in
      content.allowPauses()
      content.announceReading()
      return scope.reply(
        .streaming(.ok, isLive: true) { writer in
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pass(content, to: serial, lane: .input, in: world) }
            try await writer.follow(reader)
            group.cancelAll()
          }
        })
    }
  }
}
