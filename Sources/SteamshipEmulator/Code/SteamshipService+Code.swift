import CodeRuntime
import EmulatorKernel
import PayloadCodecs
import Synchronization

/// Uploaded code at work: versions and packages.
extension SteamshipService {
  /// The address of this server for code, with the tenant; nil: none is run.
  func codeOrigin(in tenant: Tenant) -> CodePlace? {
    code.map { CodePlace(origin: $0.origin, tenant: tenant.name, prefix: tenant.urlPrefix) }
  }

  /// Hands a request to code and waits for its answer, whatever that says. What it prints goes to its
  /// instance's log.
  func ask(_ request: CodeRequest, in world: World<State>) async -> Result<JSON, SteamshipError> {
    guard let code else { return .failure(.noCode) }
    if let trouble = world.mutate({ state, _ in state.takeTrouble(of: request.instance) }) {
      if trouble.delay > .zero, await !pause(trouble.delay, in: world) {
        return .failure(.cancelled)
      }
      if trouble.endsForWantOfMemory {
        // With the process goes what its modules have kept.
        await code.shelf.lose(versionID: request.versionID, ofTenant: world.tenant.name)
        return .failure(.outOfMemory)
      }
    }
    let calls = world.tenant.codeCalls
    let mark = request.exchange.map {
      calls.begin($0, requestID: request.requestID, credential: request.key)
    }
    defer { if let mark { calls.end(mark) } }
    let printed = Printed()
    let result = await world.tenant.whileOutside {
      await self.result(of: request, code, world) { printed.take($0) }
    }
    let text = printed.text
    if let instance = request.instance, !text.isEmpty {
      world.mutate { state, step in state.log(printed: text, by: instance, request, &step) }
    }
    return result
  }

  private func result(
    of request: CodeRequest, _ code: CodeFace, _ world: World<State>,
    print: @escaping @Sendable ([UInt8]) -> Void
  ) async -> Result<JSON, SteamshipError> {
    let blobs = world.blobs
    let name = ProgramName(
      tenant: world.tenant.name, versionID: request.versionID,
      digest: request.digest ?? Self.digest(request.archive.chunks(in: blobs)))
    do throws(CodeError) {
      let program = try await code.shelf.program(name) { request.archive.chunks(in: blobs) }
      let answer = try await code.host.call(program, request.event, print: print)
      return .success(Self.explained(answer, program))
    } catch {
      return .failure(.of(error))
    }
  }

  /// Says why a module is not there, where this server has been told not to install it.
  private static func explained(_ answer: JSON, _ program: InvocableProgram) -> JSON {
    guard program.lacksRequirements, var fields = answer.objectValue,
      var status = answer["status"]?.objectValue, status["state"] == "failed",
      status["statusMessage"]?.stringValue?.contains("No module named") ?? false
    else { return answer }
    status["statusSuggestion"] =
      "Its requirements.txt was not installed: this server runs with --no-pip."
    fields["status"] = .object(status)
    return .object(fields)
  }

  private static func digest(_ chunks: [[UInt8]]) -> String {
    var digest = SHA256()
    for chunk in chunks { digest.update(chunk.span) }
    return digest.finalize().hexadecimal
  }

  /// What stands under `data`, or why there is none.
  static func made(_ envelope: JSON) -> Result<JSON, SteamshipError> {
    unwrap(envelope).map { _ in envelope["data"] ?? .null }
  }

  // MARK: Packages

  /// A call of a package's method.
  func runCode(
    _ invocation: Invocation, _ request: CodeRequest, for caller: Caller, in world: World<State>
  ) async -> Result<InvocationResult, SteamshipError> {
    var request = request
    request.exchange = caller.exchange
    let result = await ask(request, in: world).flatMap(Self.unwrap)
    let failure: SteamshipError? = if case .failure(let error) = result { error } else { nil }
    world.mutate { state, step in
      state.log(invocation, failure, requestID: caller.requestID, &step)
    }
    return result
  }

  /// The same for a call that is a task.
  func runMethod(
    _ invocation: Invocation, for caller: Caller, in world: World<State>
  ) async -> Result<InvocationResult, SteamshipError> {
    let request = world.mutate { state, _ in
      Result { () throws(SteamshipError) in
        try state.codeRequest(to: invocation, requestID: caller.requestID)
      }
    }
    switch request {
    case .success(let request):
      return await runCode(invocation, request, for: caller, in: world)
    case .failure(let error): return .failure(error)
    }
  }

  /// Lets an instance's code know that it is there, once, after the answer.
  /// - Parameter exchange: whose part it is; nil: that is over.
  func initialise(
    _ instance: Key<InvocableInstance>, for exchange: UInt64?, requestID: String,
    in world: World<State>
  ) {
    world.tenant.inBackground {
      guard let use = TenantUse(of: world.tenant) else { return }
      defer { withExtendedLifetime(use) {} }
      let request = world.read { state in
        Result { () throws(SteamshipError) in
          try state.codeRequest(
            to: instance, verb: "POST", path: "__instance_init__", arguments: [:],
            requestID: requestID)
        }
      }
      guard case .success(var request) = request else { return }
      request.exchange = exchange
      let result = await ask(request, in: world).flatMap(Self.unwrap)
      // What the server's end cuts off has not failed.
      if case .failure(.shuttingDown) = result { return }
      world.mutate { state, step in
        state.endInitialisation(of: instance, result.map { _ in }, request, &step)
      }
    }
  }

  // MARK: Versions

  /// Unpacks an upload, loads it, asks what it is, and makes a version of it: what cannot be loaded
  /// becomes none.
  func makeVersion(
    of job: Job, task: Key<EngineTask>, in world: World<State>
  ) async -> Result<String, SteamshipError> {
    guard let code, let upload = job.arguments.upload else { return .failure(.noCode) }
    let archive = Content(upload).chunks(in: world.blobs)
    let digest = Self.digest(archive)
    let event = world.read { $0.checkingEvent(of: job) }
    let checked = await world.tenant.whileOutside { await check(archive, event, code) }
    guard case .success(let (program, specification)) = checked else {
      return checked.map { _ in "" }
    }
    let made = world.mutate { state, step in
      Result { () throws(SteamshipError) in
        try state.makeVersion(specification, digest: digest, of: job, task: task, &step)
      }
    }
    switch made {
    case .success(let (output, id)):
      await code.shelf.put(
        program, as: ProgramName(tenant: world.tenant.name, versionID: id, digest: digest))
      return .success(output)
    case .failure(let error):
      await code.host.remove(program)
      return .failure(error)
    }
  }

  private func check(
    _ archive: [[UInt8]], _ event: JSON, _ code: CodeFace
  ) async -> Result<(InvocableProgram, JSON), SteamshipError> {
    do throws(CodeError) {
      let program = try await code.host.install(archive)
      let answer: Result<JSON, SteamshipError>
      do throws(CodeError) {
        answer = Self.made(
          Self.explained(try await code.host.call(program, event) { _ in }, program))
      } catch {
        answer = .failure(.of(error))
      }
      switch answer {
      case .success(let specification): return .success((program, specification))
      case .failure(let error):
        await code.host.remove(program)
        return .failure(error)
      }
    } catch {
      return .failure(.of(error))
    }
  }

  /// Versions that are gone need no program any more.
  func forgetOldPrograms(in world: World<State>) {
    guard let code else { return }
    let known = world.read { state in Set(state.versions.all.map { ExactText($0.id) }) }
    let name = world.tenant.name
    Task { await code.shelf.keepOnly(known, ofTenant: name) }
  }
}

/// What code prints during one call, its beginning left out where it is too much.
private final class Printed: Sendable {
  private static let bytesMax = 32 << 10

  private let bytes = Mutex<[UInt8]>([])

  func take(_ more: [UInt8]) {
    bytes.withLock { bytes in
      bytes += more
      if bytes.count > 4 * Self.bytesMax { bytes.removeFirst(bytes.count - Self.bytesMax) }
    }
  }

  var text: String {
    bytes.withLock { bytes in
      let text = String(decoding: bytes.suffix(Self.bytesMax), as: UTF8.self)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
  }
}

extension SteamshipError {
  static let cancelled = SteamshipError(503, "Cancelled", "The call was given up.")
  static let shuttingDown = SteamshipError(
    503, "Unavailable", CodeError.shuttingDown.description)
  static let outOfMemory = SteamshipError(
    500, "PackageError",
    "The code's process ended without an answer: signal 9 (it ran out of memory).",
    suggestion: "Give it more with --code-memory.")
  static let noCode = SteamshipError(
    501, "NotSupported", "This server runs no code.",
    suggestion: "Start it with --run-code.")

  /// - Parameter error: what became of the code's process.
  static func of(_ error: CodeError) -> Self {
    switch error {
    case .badArchive: .noMainFile(error.description)
    case .timedOut: Self(504, "Timeout", error.description)
    case .shuttingDown: .shuttingDown
    case .noWorker: Self(503, "Unavailable", error.description)
    default: Self(500, "PackageError", error.description)
    }
  }
}
