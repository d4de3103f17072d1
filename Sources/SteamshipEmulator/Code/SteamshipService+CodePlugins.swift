import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Uploaded code at work: plugins, whose operations are tasks.
extension SteamshipService {
  /// The work of a task whose code is uploaded: its output, as the task keeps it.
  func codeWork(
    of job: Job, task: Key<EngineTask>?, in world: World<State>
  ) async -> Result<String, SteamshipError> {
    if job.isVersionUpload, let task {
      return await makeVersion(of: job, task: task, in: world)
    }
    do throws(SteamshipError) {
      switch SteamshipState.codePath(of: job) {
      case "embed": return .success(try await embed(job, task: task, in: world))
      case "generate" where world.mutate({ $0.isStreamingCode(job, &$1) }):
        return .success(try await stream(job, task: task, in: world))
      case let path?:
        let data = try data(of: job, in: world)
        var envelope = try await answer(of: path, data, job, task: task, in: world)
        if path == "getTrainingParameters",
          job.operation == "steamship.plugin.instance.train"
        {
          let parameters = try Self.made(envelope).get()
          envelope = try await answer(
            of: "train", SteamshipState.trainingInput(job, parameters), job, task: task, in: world)
        }
        return .success(try take(envelope, of: job, in: world))
      case nil: throw .noCode
      }
    } catch {
      return .failure(error)
    }
  }

  /// The same for a request that waits for its answer.
  func workAtOnce(on job: Job, in world: World<State>) async -> Response {
    switch await codeWork(of: job, task: nil, in: world) {
    case .success(let output):
      SteamshipWire.data((try? JSON(parsing: Array(output.utf8))) ?? .null)
    case .failure(let error): error.response
    }
  }

  /// A task's envelope once it has ended.
  func finished(_ key: Key<EngineTask>, in world: World<State>) async -> Response {
    let bytes = try? await world.wait(for: .task(serial: key.serial)) {
      state, _ -> Awaited<[UInt8]> in
      guard state.tasks.read(key, { $0.state.isTerminal }) ?? true else { return .idle }
      return .ready(state.taskEnvelope(key))
    }
    return bytes.map { SteamshipWire.json($0) } ?? SteamshipError.cancelled.response
  }

  private func data(of job: Job, in world: World<State>) throws(SteamshipError) -> JSON {
    try world.mutate { (state, step) throws(SteamshipError) in
      guard let instance = state.codePlugin(of: job, &step) else { throw .noCode }
      return try state.codeInput(of: job, instance, &step)
    }
  }

  /// Asks a plugin until it has done its work: the same question again with the task, as long as it
  /// says that it is still at it.
  private func answer(
    of path: String, _ data: JSON, _ job: Job, task: Key<EngineTask>?, in world: World<State>
  ) async throws(SteamshipError) -> JSON {
    var status: JSON?
    while true {
      let request = try world.mutate { (state, step) throws(SteamshipError) -> CodeRequest in
        guard let instance = state.codePlugin(of: job, &step) else { throw .noCode }
        var request = try state.codeRequest(
          to: instance, verb: "POST", path: path,
          arguments: state.codeArguments(data, instance, status: status),
          requestID: job.caller.requestID)
        request.exchange = job.caller.exchange
        return request
      }
      let envelope = try await ask(request, in: world).get()
      guard envelope["status"]?["state"] == "running" else { return envelope }
      status = world.mutate { state, step in
        state.noteProgress(envelope["status"] ?? .null, of: task, &step)
      }
      guard await pause(Self.statusCheckInterval, in: world) else { throw .cancelled }
    }
  }

  /// Fidelity: assumed.
  private static let statusCheckInterval = Duration.milliseconds(500)

  /// Waits on the tenant's clock. False: it is given up.
  func pause(_ duration: Duration, in world: World<State>) async -> Bool {
    let (moment, instant) = world.mutate { state, step in
      (state.scheduleMoment(at: step.now + duration), step.now + duration)
    }
    defer { world.mutate { state, _ in state.cancelMoment(moment) } }
    let isOver: Void? = try? await world.wait(for: .moment(moment)) { _, step in
      step.now >= instant ? .ready(()) : .coming
    }
    return isOver != nil
  }

  /// Lets the engine's own rule take what a plugin has made.
  private func take(
    _ envelope: JSON, of job: Job, in world: World<State>
  ) throws(SteamshipError) -> String {
    let made = try Self.made(envelope).get()
    return try world.mutate { (state, step) throws(SteamshipError) in
      try state.takeMade(made, envelope, of: job, &step)
    }
  }

  // MARK: Streams

  /// Makes the blocks that a generator says it will write, and lets it write them; whoever asked for a
  /// stream has the blocks before they are whole.
  private func stream(
    _ job: Job, task: Key<EngineTask>?, in world: World<State>
  ) async throws(SteamshipError) -> String {
    let data = try data(of: job, in: world)
    let types = try await answer(
      of: "determineOutputBlockTypes", data, job, task: task, in: world)
    let output = try take(types, of: job, in: world)
    let reply = (try? JSON(parsing: Array(output.utf8))) ?? .null
    let blocks = reply["blocks"]?.arrayValue ?? []
    var further = data.objectValue ?? JSONObject()
    further["outputBlocks"] = .array(blocks)
    let input = JSON.object(further)
    guard try job.arguments.flag("streaming") else {
      do throws(SteamshipError) {
        try await write(blocks, input, job, task: task, in: world)
      } catch {
        abort(blocks, in: world)
        throw error
      }
      return world.mutate { state, step in state.streamedBlocks(blocks, step.blobs).text }
    }
    world.tenant.inBackground {
      guard let use = TenantUse(of: world.tenant) else { return }
      defer { withExtendedLifetime(use) {} }
      do throws(SteamshipError) {
        try await write(blocks, input, job, task: task, in: world)
      } catch {
        abort(blocks, in: world)
      }
    }
    return output
  }

  private func write(
    _ blocks: [JSON], _ input: JSON, _ job: Job, task: Key<EngineTask>?, in world: World<State>
  ) async throws(SteamshipError) {
    let envelope = try await answer(
      of: "streamResultToBlocks", input, job, task: task, in: world)
    _ = try Self.made(envelope).get()
  }

  private func abort(_ blocks: [JSON], in world: World<State>) {
    world.mutate { state, step in state.abortStreams(blocks, &step) }
  }

  // MARK: Vectors

  /// Asks an embedder for the vector of each text that the job needs, then does the job.
  private func embed(
    _ job: Job, task: Key<EngineTask>?, in world: World<State>
  ) async throws(SteamshipError) -> String {
    let texts = try world.mutate { (state, step) throws(SteamshipError) in
      try state.textsToEmbed(by: job, &step)
    }
    var vectors: [ExactText: [Double]] = [:]
    for text in texts where vectors[ExactText(text)] == nil {
      let data: JSON = ["file": ["blocks": [["text": .string(text)]], "tags": []]]
      let made = try Self.made(await answer(of: "tag", data, job, task: task, in: world)).get()
      let tag = made["file"]?["blocks"]?.arrayValue?.first?["tags"]?.arrayValue?.first
      guard let vector = tag?["value"]?["vector-value"]?.arrayValue?.compactMap(\.doubleValue),
        !vector.isEmpty
      else {
        throw .badlyMade("an embedder answers a block's tag with a value {\"vector-value\": […]}")
      }
      vectors[ExactText(text)] = vector
    }
    let known = vectors
    return try world.mutate { (state, step) throws(SteamshipError) in
      state.vectorsByCode.value = known
      defer { state.vectorsByCode.value = nil }
      return try state.perform(job, &step)
    }
  }
}
