package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// What the emulator asks of a service besides answering calls.
extension SteamshipService {
  package func failure(
    _ failure: ServiceFailure, operation: Operation?, request: Request
  ) -> Response {
    let (code, message) = Self.words(for: failure, request)
    var response = SteamshipError(failure.status, code, failure.message ?? message).response
    switch failure.kind {
    case .methodNotAllowed(let methods):
      response.fields.append("Allow", methods.map(\.name).joined(separator: ", "))
    case .rateLimited(let seconds): response.fields.append("Retry-After", "\(seconds)")
    default: break
    }
    return response
  }

  private static func code(of status: Int) -> String {
    switch status {
    case 400: "InvalidInput"
    case 401: "AuthenticationFailed"
    case 403: "NotAuthorized"
    case 404: "NotFound"
    case 409: "AlreadyExists"
    case 429: "TooManyRequests"
    case 503: "ServiceUnavailable"
    default: status >= 500 ? "InternalError" : "RequestFailed"
    }
  }

  /// The word for programs, and what people read unless the failure has words of its own.
  private static func words(for failure: ServiceFailure, _ request: Request) -> (String, String) {
    switch failure.kind {
    case .unknownPath: ("NotFound", "There is no operation at \(request.target.shortPath).")
    case .methodNotAllowed(let methods):
      (
        "MethodNotAllowed",
        "The operation at \(request.target.shortPath) takes "
          + "\(methods.map(\.name).joined(separator: " or ")), not \(request.method.name)."
      )
    case .contentTooLarge(let limit):
      ("ContentTooLarge", "The request's content is larger than \(limit) bytes.")
    case .rateLimited(let seconds):
      ("TooManyRequests", "Too many requests: try again in \(seconds) seconds.")
    case .noRoom: (SteamshipError.noRoom.code, SteamshipError.noRoom.message)
    case .badRequest: ("InvalidInput", "The request is malformed.")
    case .injected: (code(of: failure.status), Status.registeredReason(failure.status))
    case .internalError: ("InternalError", "Something went wrong inside the emulator.")
    }
  }

  package func describe(_ world: World<State>) -> JSON {
    world.read { state in state.description }
  }

  /// `{"signal": "name"}` ends every stage that waits for it; `{"expireKey": …}` is the kernel's.
  package func emit(_ event: JSONObject, in world: World<State>) throws(ScenarioProblems) -> Bool {
    if try emitCodeEvent(event, in: world) { return true }
    guard let value = event["signal"] else { return false }
    guard let name = value.stringValue else {
      throw ScenarioProblems([ScenarioProblem("/signal", "expected a string")])
    }
    _ = world.mutate { state, step in state.signal(name, &step) }
    return true
  }
}

extension SteamshipState {
  /// For people: users with what they own, and what is going on.
  var description: JSON {
    [
      "users": .array(
        users.all.map { user in
          [
            "id": .string(user.id), "handle": .string(user.handle),
            "workspaces": .array(
              user.workspaces.keys.compactMap { key in
                workspaces[key].map { workspaceSummary(key, $0) }
              }),
          ]
        }),
      "packages": .array(
        invocables.keys.filter { invocables.read($0, { $0.kind }) == .package }.map { key in
          JSON { write(key, into: &$0) }
        }),
      "plugins": .array(
        invocables.all.filter { $0.kind == .plugin }.map { .string($0.handle) }),
      "tasks": .array(
        tasks.keys.suffix(Self.shownTasksMax).map { key in
          let task = tasks[key]
          return [
            "id": JSON(task?.id), "name": JSON(task?.name), "state": JSON(task?.state.rawValue),
            "message": JSON(task?.statusMessage), "workspace": JSON(task?.workspaceID),
            "createdAt": JSON(task?.createdAt.iso8601(.microseconds)),
            "startedAt": JSON(task?.startedAt?.iso8601(.microseconds)),
            "modifiedAt": JSON(task?.modifiedAt.iso8601(.microseconds)),
            "runAfter": JSON(task?.runAfter?.iso8601(.microseconds)),
            "stages": .array(
              (task?.timeline.stages ?? []).map { .string($0.state.rawValue) }),
            "stage": .integer(task?.stage ?? -1),
            "waitsFor": .integer(task?.unfinishedDependencies.count ?? 0),
          ]
        }),
      "counts": [
        "tasks": .integer(tasks.count), "files": .integer(files.count),
        "blocks": .integer(blocks.count), "tags": .integer(tags.count),
        "embeddingItems": .integer(indexItems.count),
      ],
    ]
  }

  private static let shownTasksMax = 200

  private func workspaceSummary(_ key: Key<Workspace>, _ workspace: Workspace) -> JSON {
    [
      "id": .string(workspace.id), "handle": .string(workspace.handle),
      "packageInstances": .array(
        workspace.packageInstances.keys.compactMap { instances[$0].map { .string($0.handle) } }),
      "pluginInstances": .array(
        workspace.pluginInstances.keys.compactMap { instances[$0].map { .string($0.handle) } }),
      "runtimes": .object(
        JSONObject(
          (workspace.packageInstances.keys + workspace.pluginInstances.keys).compactMap { key in
            instances[key].map { ($0.handle, .string(runtime(of: key))) }
          })),
      "files": .integer(workspace.files.keys.count { files.contains($0) }),
    ]
  }
}
