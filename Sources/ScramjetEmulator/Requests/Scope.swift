import CodeRuntime
import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A call with everything that its path said already looked up: what handlers work on.
struct Scope: Sendable {
  let call: Call
  let world: World<ScramjetState>
  /// Nil for operations of the platform.
  let space: SpaceKey?
  /// Nil for operations of the platform or a space.
  let hub: HubKey?
  /// The instance of `/instance/{id}/…`.
  let instance: InstanceKey?
  let isStrict: Bool
  /// What runs sequences' own code; nil: nothing does.
  var code: SequenceHost?
  /// What the real hub would have refused.
  var remarks: [String]

  func parameter(_ name: String) -> String { call.parameters[name] ?? "" }
  /// A parameter as it stands in the path: the hub's messages show it so, undecoded.
  func written(_ name: String) -> String { call.parameters.written(name) ?? "" }
  var fields: Fields { call.request.fields }

  func space(in state: borrowing ScramjetState) -> Space? { space.flatMap { state.spaces[$0] } }
  func hub(in state: borrowing ScramjetState) -> Hub? { hub.flatMap { state.hubs[$0] } }

  /// For the endpoints of spaces and of what is in them.
  var spaceKey: SpaceKey {
    get throws(ScramjetError) {
      guard let space else { throw .notFound("there is no space") }
      return space
    }
  }

  /// For the endpoints of hubs and of what is on them.
  var hubKey: HubKey {
    get throws(ScramjetError) {
      guard let hub else { throw .notFound("there is no hub") }
      return hub
    }
  }

  /// For the endpoints of instances.
  var instanceKey: InstanceKey {
    get throws(ScramjetError) {
      guard let instance else { throw .unknownInstance(parameter("id")) }
      return instance
    }
  }

  /// Whether `x-end-stream` says anything, in the exact words that a hub knows.
  var endsStream: Bool? {
    switch fields["x-end-stream"] {
    case "true": true
    case "false", "success": false
    default: nil
    }
  }

  // MARK: Answers

  /// What the world holds now.
  func writing(
    _ write: (borrowing ScramjetState, inout JSONWriter) throws(ScramjetError) -> Void
  ) throws(ScramjetError) -> ServiceAnswer {
    .now(reply(json: try text(write)))
  }

  private func text(
    _ write: (borrowing ScramjetState, inout JSONWriter) throws(ScramjetError) -> Void
  ) throws(ScramjetError) -> [UInt8] {
    try world.read { state throws(ScramjetError) in
      var json = JSONWriter(reserving: 640)
      try write(state, &json)
      return json.bytes
    }
  }

  func json(_ value: JSON, _ status: Status = .ok) -> ServiceAnswer {
    if Offload.isHere || value.fits(within: 64 << 10) {
      return .now(reply(json: value.serialized(), status))
    }
    // A long text is written off the loop.
    return .later { _ in
      let text = await Offload.run { value.serialized() }
      return reply(json: text, status)
    }
  }

  /// What the world holds now.
  func json(
    _ read: (borrowing ScramjetState) throws(ScramjetError) -> JSON
  ) throws(ScramjetError) -> ServiceAnswer {
    json(try world.read { state throws(ScramjetError) in try read(state) })
  }

  /// The answer to a question about instances, which may be in progress: where the clock skips time
  /// goes on first, until all have ended that do so by themselves. One that never ends, such as a
  /// program that ticks, is seen one event further at each look.
  func asking(
    about instances: [InstanceKey],
    _ write:
      @escaping @Sendable (borrowing ScramjetState, inout JSONWriter) throws(ScramjetError) -> Void
  ) throws(ScramjetError) -> ServiceAnswer {
    guard world.isSkipping else { return try writing(write) }
    return .later { _ in
      var open = instances
      await world.look { state in
        while let last = open.last {
          if state.endsByTime(last) { return true }
          open.removeLast()
        }
        return false
      }
      if instances.count == 1 {
        await world.look(SkipBudget(events: 1)) { state in state.isMovedByTime(instances[0]) }
      }
      do throws(ScramjetError) {
        return reply(json: try text(write))
      } catch { return reply(error.response) }
    }
  }

  /// The same about many, which are looked for only where time is to go on.
  func asking(
    about many: (borrowing ScramjetState) -> [InstanceKey],
    _ write:
      @escaping @Sendable (borrowing ScramjetState, inout JSONWriter) throws(ScramjetError) -> Void
  ) throws(ScramjetError) -> ServiceAnswer {
    guard world.isSkipping else { return try writing(write) }
    return try asking(about: world.read { state in many(state) }, write)
  }

  func refuse(_ error: ScramjetError) -> ServiceAnswer { .now(reply(error.response)) }

  func empty(_ status: Status) -> ServiceAnswer { .now(reply(Response(status))) }

  /// With the fields that every reply of a hub has.
  func reply(_ response: consuming Response) -> Response {
    Self.finish(&response, remarks: remarks)
    return response
  }

  /// The same of JSON.
  func reply(json content: [UInt8], _ status: Status = .ok) -> Response {
    var response = Response(status, fields: Self.jsonFields, body: .bytes(content))
    for remark in remarks { response.remark(remark) }
    return response
  }

  /// Clients that pool connections, as Node's agents do, give one up a moment before the hub would.
  private static let hubFields = Fields([
    "Access-Control-Allow-Origin": "*", "Keep-Alive": "timeout=5",
  ])
  /// The type of JSON and the above, laid out once.
  private static let jsonFields: Fields = {
    var fields = Fields(["Content-Type": "application/json"])
    fields.append(hubFields)
    return fields
  }()

  static func finish(_ response: inout Response, remarks: [String] = []) {
    response.fields.append(hubFields)
    for remark in remarks { response.remark(remark) }
  }
}

/// A refusal in the API's own form: the code, its reason phrase, and `{"error": …}`.
struct ScramjetError: Error, Sendable, Equatable {
  var status: Status
  /// Nil: no content at all.
  var error: JSON?
  /// Replies about a missing instance have no content type.
  var hasType = true
  /// What `error` stands under.
  var member = "error"
  /// For people, where there is no content that could say it.
  var sentence: String?

  init(_ status: Status, _ error: JSON?) {
    self.status = status
    self.error = error
  }

  init(_ code: Int, _ text: String) { self.init(Status(code, Self.reason(code)), .string(text)) }

  /// The hub's own phrases where they differ from the registered ones.
  static func reason(_ code: Int) -> String? {
    switch code {
    case 422: "Unprocessable Entity"
    case 419: "Insufficient Space on Resource"
    default: nil
    }
  }

  var response: Response {
    guard let error else {
      var response = Response(status)
      // The phrase of a status is a part of what the hub was recorded to say: it stays.
      if let sentence { response.remark(sentence) }
      return response
    }
    let body = JSON.object(JSONObject([(member, error)])).serialized()
    guard hasType else { return Response(status, body: .bytes(body)) }
    return .json(status, body)
  }

  /// Without content: what there is not stands in a remark alone.
  static func notFound(_ sentence: String) -> Self {
    var error = ScramjetError(.notFound, nil)
    error.sentence = sentence
    return error
  }

  /// The platform's, for a hub that does not answer.
  static func isDown(_ hub: Hub?) -> Self { isDown(hub?.id ?? "", because: hub?.downBecause) }

  static func isDown(_ hubID: String, because reason: String? = nil) -> Self {
    var error = ScramjetError(.serviceUnavailable, nil)
    error.sentence = "the hub \(hubID) is not connected" + (reason.map { ": \($0)" } ?? "")
    return error
  }
  static func unknownInstance(_ id: String) -> Self {
    var error = ScramjetError(.notFound, .string("Instance \(id) not found"))
    error.hasType = false
    return error
  }
}
