import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Sequences of a hub.
enum SequenceHandlers {
  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      state.writeSequences(of: scope.hub(in: state), into: &json)
    }
  }

  static func get(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json throws(ScramjetError) in
      let (sequence, hub) = try Self.sequence(scope, state)
      state.write(sequence, location: hub.id, into: &json)
    }
  }

  static func instances(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json throws(ScramjetError) in
      let sequence = try sequence(scope, state).0
      json.array { json in
        for key in sequence.instances {
          if let id = state.instances.read(key, { $0.id }) { json.value(id) }
        }
      }
    }
  }

  private static func sequence(
    _ scope: Scope, _ state: borrowing ScramjetState
  ) throws(ScramjetError) -> (Sequence, Hub) {
    guard let hub = scope.hub(in: state), let sequence = hub.sequence(scope.parameter("id")) else {
      throw ScramjetError(404, "Sequence \(scope.written("id")) not found")
    }
    return (sequence, hub)
  }

  // MARK: Upload

  static func create(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let hub = try scope.hubKey
    let alias = scope.givenName
    try scope.world.read { state throws(ScramjetError) in try refuseTaken(alias, hub, state) }
    return upload(scope) { package, code, state, step throws(ScramjetError) in
      // Another upload may have taken the alias while this one arrived.
      try refuseTaken(alias, hub, state)
      let id = step.ids.uuid("sequence")
      state.addSequence(package, code: code, id: id, alias: alias, to: hub, &step)
      return id
    }
  }

  private static func refuseTaken(
    _ alias: String?, _ hub: HubKey, _ state: borrowing ScramjetState
  ) throws(ScramjetError) {
    if let alias, state.hubs[hub]?.sequence(alias) != nil {
      throw ScramjetError(405, "Sequence with name \(alias) already exist")
    }
  }

  static func update(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let (hub, name) = (try scope.hubKey, scope.parameter("id"))
    let check: @Sendable (borrowing ScramjetState) throws(ScramjetError) -> Sequence = {
      state throws(ScramjetError) in
      guard let sequence = scope.hub(in: state)?.sequence(name) else {
        throw ScramjetError(404, "Sequence with id: \(scope.written("id")) not found")
      }
      guard sequence.instances.isEmpty else {
        throw ScramjetError(409, "Can't update sequence with instances")
      }
      return sequence
    }
    _ = try scope.world.read { state throws(ScramjetError) in try check(state) }
    return upload(scope) { package, code, state, step throws(ScramjetError) in
      let old = try check(state)
      let alias = scope.givenName ?? (name == old.id ? old.alias : name)
      state.addSequence(package, code: code, id: old.id, alias: alias, to: hub, &step)
      return old.id
    }
  }

  /// A hub keeps what it read, not the bytes, unless it runs them: a sequence is never downloaded again.
  private static func upload(
    _ scope: Scope,
    _ keep:
      @escaping @Sendable (
        Shared<SequencePackage>, SequenceCode?, inout ScramjetState, inout ScramjetState.Step
      ) throws(ScramjetError) -> String
  ) -> ServiceAnswer {
    let limit = scope.world.read { state in state.settings.packageByteLimit }
    let answer = { @Sendable (upload: UploadedPackage) -> Response in
      do throws(ScramjetError) {
        let id = try scope.world.mutate { state, step throws(ScramjetError) in
          var code: SequenceCode?
          if scope.code != nil {
            code = SequenceCode(blob: step.blobs.adopt(upload.blob), tag: upload.tag)
          }
          do throws(ScramjetError) {
            return try keep(upload.package, code, &state, &step)
          } catch {
            if let code { step.blobs.remove(code.blob) }
            throw error
          }
        }
        var json = JSONWriter(reserving: 64)
        json.object { $0.member("id", id) }
        return scope.reply(json: json.bytes)
      } catch { return scope.reply(error.response) }
    }
    return .atOnce(
      { content in
        do throws(UploadError) {
          return try PackageUpload.receive(
            whole: content, into: scope.world.blobs, byteLimit: limit, keepsBytes: scope.code != nil
          ).map(answer)
        } catch { return scope.reply(refusal(error)) }
      },
      orLater: { content in
        do throws(UploadError) {
          return answer(
            try await PackageUpload.receive(
              content, into: scope.world.blobs, byteLimit: limit, keepsBytes: scope.code != nil))
        } catch { return scope.reply(refusal(error)) }
      })
  }

  static func refusal(_ error: UploadError) -> Response {
    switch error {
    case .refused(let value): ScramjetError(Status(422, "Unprocessable Entity"), value).response
    case .noRoom: ScramjetError.noRoom
    case .interrupted: ScramjetError(400, "The upload ended early").response
    }
  }

  // MARK: Start

  static func start(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let order = try order(try RequestChecks.json(scope.call), scope)
    let (hubKey, id) = (try scope.hubKey, scope.parameter("id"))
    let runsCode = scope.code != nil
    let started = try scope.world.mutate { state, step throws(ScramjetError) -> StartedInstance in
      let sequence = try Self.sequence(id, on: hubKey, scope, &state, &step)
      let hub = state.hubs.read(hubKey) { $0.id } ?? ""
      let program: CompiledProgram?
      do throws(ScenarioProblems) {
        program = try ProgramChoice.program(
          for: sequence, on: hub, order: order, rules: state.settings.behaviors,
          runsCode: runsCode)
      } catch {
        throw ScramjetError(400, "emulator: " + error.text)
      }
      do throws(StartError) {
        return try state.start(sequence, on: hubKey, order, program: program, &step)
      } catch { throw refusal(error) }
    }
    let reply = reply(to: started)
    guard let code = scope.code, started.runsCode else { return .now(scope.reply(json: reply)) }
    SequenceDriver.start(started.serial, code, in: scope.world, for: scope.call.number)
    // The reply comes when the process is there, or cannot be.
    return .later { _ in
      try? await scope.world.wait(for: .instance(started.serial)) { state, _ in
        state.instances[started.serial]?.status == .starting ? .idle : .ready(())
      }
      var response = Response.json(.ok, reply)
      // What its code calls has this, too.
      response.fields.set("X-Request-Id", started.id)
      return scope.reply(response)
    }
  }

  private static func reply(to started: StartedInstance) -> [UInt8] {
    var json = JSONWriter(reserving: 160)
    json.object { json in
      json.member(
        "message",
        inPieces: { text in
          text.piece("Sequence ")
          text.piece(started.id)
          text.piece(" starting")
        })
      json.member("id", started.id)
    }
    return json.bytes
  }

  /// The sequence on the hub; else the hub fetches it from its space's store, under the id asked for.
  private static func sequence(
    _ id: String, on hub: HubKey, _ scope: Scope, _ state: inout ScramjetState,
    _ step: inout ScramjetState.Step
  ) throws(ScramjetError) -> Sequence {
    if let sequence = state.startable(id, on: hub) { return sequence }
    guard let item = scope.space(in: state)?.store.item(id) else {
      throw ScramjetError(404, "Not Found")
    }
    var code: SequenceCode?
    if scope.code != nil, item.isMade != true, let blob = step.blobs.blob(item.blob) {
      code = SequenceCode(blob: step.blobs.adopt(blob), tag: item.tag)
    }
    state.addSequence(
      item.package, code: code, id: id, alias: nil, to: hub, &step)
    guard let sequence = state.startable(id, on: hub) else {
      throw ScramjetError(404, "Not Found")
    }
    return sequence
  }

  private static func refusal(_ error: StartError) -> ScramjetError {
    switch error {
    case .unknownSequence: ScramjetError(404, "Not Found")
    case .instanceExists: ScramjetError(409, "Instance with a given ID already exists")
    case .overloaded: ScramjetError(419, "Insufficient Space on Resource")
    case .missingMain(let main):
      ScramjetError(
        400,
        "Sequence entrypoint path \(main) is invalid. Check `main` field in Sequence package.json")
    case .refused(let text): ScramjetError(400, text)
    }
  }

  private static func order(_ body: JSON?, _ scope: Scope) throws(ScramjetError) -> StartOrder {
    var order = StartOrder()
    guard let body else { return order }
    let invalid = ScramjetError(422, "Invalid Instance id")
    if let id = body["instanceId"], !id.isFalsy {
      guard case .string(let text) = id, text.utf16.count == 36 else { throw invalid }
      if let config = body["appConfig"], !config.isNull, config.objectValue == nil { throw invalid }
      order.instanceID = text
    }
    if let config = body["appConfig"], !config.isNull { order.appConfig = config }
    // Of whatever type: the hub hands them on without a look.
    order.arguments = body["args"]
    order.outputTopic = try topic(body, "outputTopic")
    order.inputTopic = try topic(body, "inputTopic")
    order.limits = body["limits"]
    return order
  }

  private static func topic(_ body: JSON, _ key: String) throws(ScramjetError) -> String? {
    guard let value = body[key], !value.isNull, value != "" else { return nil }
    guard case .string(let name) = value, Topic.isName(name) else {
      throw ScramjetError(400, "Topic id incorrect format")
    }
    return name
  }

  // MARK: Delete

  static func delete(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let name = scope.parameter("id")
    let hub = try scope.hubKey
    let kills = scope.fields.contains("x-seq-kill-inst")
    let (id, running) = try scope.world.mutate {
      state, step throws(ScramjetError) -> (String, [InstanceKey]) in
      guard let sequence = state.hubs[hub]?.sequence(name) else {
        throw ScramjetError(404, "The sequence \(scope.written("id")) does not exist.")
      }
      let now = step.now
      guard kills || sequence.instances.contains(where: { state.keepsSequence($0, at: now) }) else {
        state.removeSequence(sequence.id, from: hub, &step)
        return (sequence.id, [])
      }
      guard kills else { throw ScramjetError(409, "Can't remove- Sequence in use") }
      guard !sequence.instances.isEmpty else {
        state.removeSequence(sequence.id, from: hub, &step)
        return (sequence.id, [])
      }
      for serial in sequence.instances { state.removeSoon(serial, &step) }
      return (sequence.id, Array(sequence.instances))
    }
    let reply = scope.reply(.json(.ok, JSON.object(["id": .string(id)]).serialized()))
    guard !running.isEmpty else { return .now(reply) }
    return .later { _ in
      // The reply comes when all are gone.
      for serial in running {
        try? await scope.world.wait(for: .instance(serial)) { state, _ in
          state.instances[serial] == nil ? .ready(()) : .coming
        }
      }
      let isRemoved = scope.world.mutate { state, step in
        // One that was started meanwhile is nobody's to kill.
        guard state.hubs.read(hub, { $0.sequences[id]?.instances.isEmpty ?? true }) ?? true else {
          return false
        }
        state.removeSequence(id, from: hub, &step)
        return true
      }
      return isRemoved
        ? reply : scope.reply(ScramjetError(409, "Can't remove- Sequence in use").response)
    }
  }
}

extension Scope {
  /// The name that an upload gives its sequence.
  fileprivate var givenName: String? { fields["x-name"].flatMap { $0.isEmpty ? nil : $0 } }
}
