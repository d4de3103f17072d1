import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What a hub's audit and log tell of one request: START and END in the audit, a line in the log.
enum RequestRecord {
  /// The START stands before whatever the request does to the hub. What only looks is told of at once,
  /// unless its answer takes its time.
  static func wrap(_ handler: ScramjetHandler, _ scope: Scope) -> ServiceAnswer {
    guard let hub = scope.hub else { return answer(handler, scope) }
    var record = draft(handler.auditCode, scope)
    let isLook = handler.form == .json
    if !isLook { begin(&record, scope, hub) }
    let answer = answer(handler, scope)
    if case .now(let response) = answer, !response.body.isStream {
      note(response, record, hasBegun: !isLook, scope, hub)
      return answer
    }
    if isLook { begin(&record, scope, hub) }
    return answer.map { [record] response in
      var response = response
      end(&response, record, scope, hub)
      return response
    }
  }

  private static func answer(_ handler: ScramjetHandler, _ scope: Scope) -> ServiceAnswer {
    do throws(ScramjetError) {
      return try handler.answer(scope)
    } catch {
      return scope.refuse(error)
    }
  }

  /// Nil: nothing that is audited.
  private static func draft(_ code: Int?, _ scope: Scope) -> AuditRecord? {
    guard let code else { return nil }
    let (call, request) = (scope.call, scope.call.request)
    var record = AuditRecord(
      state: .start, code: code,
      object: call.parameters["id"] ?? call.parameters["name"] ?? "")
    if let requestor = request.fields["x-mw-billable"] { record.requestor = requestor }
    record.received = UInt64(request.fields.bytes.count + request.target.bytes.count)
    return record
  }

  private static func begin(_ record: inout AuditRecord?, _ scope: Scope, _ hub: HubKey) {
    guard let draft = record else { return }
    record = scope.world.mutate { state, step in
      var record = draft
      record.request = step.ids.uuidWords("audit")
      state.audit(record, hub: hub, &step)
      return record
    }
  }

  /// What an answer is told of, and that it has ended, unless it is a stream.
  private static func note(
    _ response: borrowing Response, _ record: AuditRecord?, hasBegun: Bool, _ scope: Scope,
    _ hub: HubKey
  ) {
    let (status, length) = (response.status.code, response.body.length ?? 0)
    let isStream = response.body.isStream
    scope.world.mutate { state, step in
      let line = Line(scope.call.request, status)
      guard var record else { return line.note(of: nil, hub, &state, &step) }
      if hasBegun {
        line.note(of: nil, hub, &state, &step)
        if !isStream { finish(record, length, &state, hub, &step) }
      } else {
        record.request = step.ids.uuidWords("audit")
        record.sent = length
        line.note(of: record, hub, &state, &step)
      }
    }
  }

  /// The end of a streamed answer is the end of its stream.
  private static func end(
    _ response: inout Response, _ record: AuditRecord?, _ scope: Scope, _ hub: HubKey
  ) {
    note(response, record, hasBegun: true, scope, hub)
    guard let record else { return }
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
  }

  /// The log's line of a request.
  private struct Line {
    let request: Request
    let status: UInt16

    init(_ request: Request, _ status: Int) {
      self.request = request
      self.status = UInt16(clamping: status)
    }

    /// - Parameter record: of the audit, START and END in one; nil: the line alone.
    func note(
      of record: AuditRecord?, _ hub: HubKey, _ state: inout ScramjetState,
      _ step: inout ScramjetState.Step
    ) {
      let path = request.target.pathBytes
      if let record {
        state.note(
          record.entry(.wholeRequest, hub: hub, at: step.now, status: status),
          object: record.object.utf8.span, requestor: record.requestor.utf8.span,
          method: request.method.name.utf8.span, path: path.span, &step)
      } else {
        state.note(
          UnwrittenRecords.Entry(kind: .request, hub: hub, at: step.now, status: status),
          object: Span(), method: request.method.name.utf8.span, path: path.span, &step)
      }
    }
  }

  private static func finish(
    _ record: AuditRecord, _ sent: UInt64, _ state: inout ScramjetState, _ hub: HubKey,
    _ step: inout ScramjetState.Step
  ) {
    var record = record
    record.state = .end
    record.sent = sent
    state.audit(record, hub: hub, &step)
  }
}

extension Response.Body {
  fileprivate var isStream: Bool {
    switch self {
    case .empty, .bytes, .chunks: false
    case .stream, .followed: true
    }
  }
}
