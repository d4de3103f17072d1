import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What a hub's audit and log tell of one request: START and END in the audit, a line in the log.
enum RequestRecord {
  /// The START stands before whatever the request does to the hub.
  static func wrap(_ handler: ScramjetHandler, _ scope: Scope) -> ServiceAnswer {
    let request = scope.hub.flatMap { begin(handler.auditCode, scope, $0) }
    let answer: ServiceAnswer
    do throws(ScramjetError) {
      answer = try handler.answer(scope)
    } catch {
      answer = scope.refuse(error)
    }
    guard let hub = scope.hub else { return answer }
    return answer.map { end($0, request, scope, hub) }
  }

  private static func begin(_ code: Int?, _ scope: Scope, _ hub: HubKey) -> AuditRecord? {
    guard let code else { return nil }
    var record = AuditRecord(
      state: "START", code: code,
      object: scope.call.parameters["id"] ?? scope.call.parameters["name"] ?? "")
    if let requestor = scope.fields["x-mw-billable"] { record.requestor = requestor }
    record.received = UInt64(scope.fields.bytes.count + scope.call.request.target.bytes.count)
    let base = record
    return scope.world.mutate { state, step in
      var record = base
      record.request = step.ids.uuidWords("audit")
      state.audit(record, hub: hub, &step)
      return record
    }
  }

  /// The end of a streamed answer is the end of its stream.
  private static func end(
    _ response: Response, _ record: AuditRecord?, _ scope: Scope, _ hub: HubKey
  ) -> Response {
    let call = scope.call
    let status = response.status.code
    let isStream = response.body.producer != nil
    let length = response.body.length ?? 0
    scope.world.mutate { state, step in
      let now = step.now
      state.logOnHub("Request", level: "DEBUG", hub: hub, &step) { json in
        json.array("data") { write(call.request, status, at: now, into: &$0) }
      }
      if !isStream { finish(record, length, &state, hub, &step) }
    }
    guard let record else { return response }
    var response = response
    let world = scope.world
    let onEnd = { @Sendable in
      world.mutate { state, step in finish(record, 0, &state, hub, &step) }
    }
    switch response.body {
    case .empty, .bytes, .chunks: break
    case .stream(let known, let producer):
      response.body = .stream(length: known) { writer in
        defer { onEnd() }
        try await producer(writer)
      }
    case .followed(let source): response.body = .followed(EndingSource(source, onEnd: onEnd))
    }
    return response
  }

  private static func write(
    _ request: Request, _ status: Int, at now: VirtualInstant, into json: inout JSONWriter
  ) {
    var text: [UInt8] = []
    text.reserveCapacity(160)
    text.append(contentsOf: "date: ".utf8.span)
    now.withISO8601(.milliseconds) { text.append(contentsOf: $0) }
    text.append(contentsOf: ", method: ".utf8.span)
    text.append(contentsOf: request.method.name.utf8.span)
    text.append(contentsOf: ", url: ".utf8.span)
    text.append(contentsOf: request.target.pathBytes.span)
    text.append(contentsOf: ", status: ".utf8.span)
    text.append(contentsOf: String(status).utf8.span)
    json.value(text.span)
  }

  private static func finish(
    _ record: AuditRecord?, _ sent: UInt64, _ state: inout ScramjetState, _ hub: HubKey,
    _ step: inout ScramjetState.Step
  ) {
    guard var record else { return }
    record.state = "END"
    record.sent = sent
    state.audit(record, hub: hub, &step)
  }
}
