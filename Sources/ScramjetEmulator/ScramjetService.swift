package import CodeRuntime
package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// The Scramjet Cloud Platform: platform, spaces, hubs, their store, sequences, instances and topics.
package struct ScramjetService: EmulatedService {
  package typealias State = ScramjetState
  package typealias Handler = ScramjetHandler

  package var name: String { "scramjet" }
  package var hostNames: [String] { ["api.scramjet.cloud", "*.scramjet.cloud", "*.scramjet.org"] }
  package var endpoints: [Endpoint<ScramjetService>] { Endpoint.all }
  package var sources: KeyValuePairs<Fidelity, String> { Evidence.sources }
  private let code: SequenceHost?

  /// - Parameter code: what runs sequences' own code; nil: nothing does, and all instances are stand-ins.
  package init(code: SequenceHost? = nil) { self.code = code }

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<ScramjetState.WakeKey>
  ) throws(ScenarioProblems) -> ScramjetState {
    try ScramjetSeed.makeState(seed, runsCode: code != nil, &step)
  }

  package func moveIn(_ state: inout ScramjetState, _ step: inout ScramjetState.Step) {
    state.beginEpoch()
  }

  package func begin(_ world: World<ScramjetState>) {
    if let code { SequenceDriver.startAll(in: world, code) }
  }

  /// The token of `Authorization: Bearer TOKEN`; of another form the whole value.
  package func credential(of request: Request) -> String? {
    request.fields.bearerToken ?? request.fields["authorization"]
  }

  package func claim(
    _ request: Request, in world: World<ScramjetState>
  ) -> Claim? { ClaimedPaths.claim(request) }

  package func respond(
    to call: Call, at endpoint: Endpoint<Self>, in world: World<ScramjetState>
  ) -> ServiceAnswer {
    do throws(ScramjetError) {
      let scope = try scope(of: call, endpoint.handler, in: world)
      return RequestRecord.wrap(endpoint.handler, scope)
    } catch {
      return .now(Self.response(error))
    }
  }

  /// A base that ends in a slash makes two of them: folded here, unknown to a hub.
  private static func slashRemark(isStrict: Bool) throws(ScramjetError) -> String {
    if isStrict { throw .notFound("a hub knows no path with two slashes in a row") }
    return "hub 1.0.1 answers 404 to a path with two slashes in a row"
  }

  package func refusal(
    of call: Call, at endpoint: Endpoint<Self>, in world: World<ScramjetState>
  ) -> Response? {
    do throws(ScramjetError) {
      _ = try scope(of: call, endpoint.handler, in: world)
      return nil
    } catch {
      return Self.response(error)
    }
  }

  /// Where a call belongs, if it is as its endpoint demands.
  private func scope(
    of call: Call, _ handler: ScramjetHandler, in world: World<ScramjetState>
  ) throws(ScramjetError) -> Scope {
    let finder = ScopeFinder(call: call, level: handler.level, world: world)
    var remarks = try finder.authorize()
    let place = try finder.place()
    let checked = try RequestChecks.check(handler.form, call.request, isStrict: place.isStrict)
    if !checked.isEmpty { remarks += checked }
    if call.request.target.hasDoubledSlash {
      remarks.append(try Self.slashRemark(isStrict: place.isStrict))
    }
    return Scope(
      call: call, world: world, space: place.space, hub: place.hub, instance: place.instance,
      isStrict: place.isStrict, code: code, remarks: remarks)
  }

  private static func response(_ error: ScramjetError) -> Response {
    var response = error.response
    Scope.finish(&response)
    return response
  }

  /// Some milliseconds: one takes five microseconds to be written, at most ten to be removed.
  private static let thingsOnLoopMax = 400

  /// Lists and what removes many things at once, where there are many.
  package func mayTakeLong(
    _ call: Call, at endpoint: Endpoint<Self>, in world: World<ScramjetState>
  ) -> Bool {
    guard endpoint.handler.reachesMuch else { return false }
    return world.box.read { state in
      var count = state.instances.count + state.topics.count + state.hubs.count
      for space in state.spaceOrder.prefix(64) {
        count += state.spaces.read(space) { $0.store.count } ?? 0
        for hub in (state.spaces.read(space) { $0.hubs } ?? []).prefix(64) {
          count += state.hubs.read(hub) { $0.sequences.count } ?? 0
        }
      }
      return count > Self.thingsOnLoopMax
    }
  }

  package func failure(
    _ failure: ServiceFailure, operation: Operation?, request: Request
  ) -> Response {
    var response = Self.failureResponse(failure, operation, request)
    if response.status.isError, response.body.length == 0, let sentence = failure.sentence {
      response.remark(sentence)
    }
    Scope.finish(&response)
    return response
  }

  /// The hub answers 404 without content to whatever it does not know, and 200 to every OPTIONS.
  private static func failureResponse(
    _ failure: ServiceFailure, _ operation: Operation?, _ request: Request
  ) -> Response {
    switch failure.kind {
    case .unknownPath, .methodNotAllowed:
      return request.method == .options ? PlatformHandlers.preflightResponse : Response(.notFound)
    case .noRoom:
      // The store says so without a word (contract §4).
      if Row.store.contains(where: { $0.operation.name == operation?.name }) {
        return ScramjetError.noRoom
      }
      return ScramjetError(507, failure.message ?? "Insufficient Storage").response
    case .rateLimited(let seconds):
      var response = ScramjetError(429, failure.message ?? "Too Many Requests").response
      response.fields.append("Retry-After", String(seconds))
      return response
    case .contentTooLarge:
      return ScramjetError(413, failure.message ?? "Content too large").response
    case .injected, .badRequest, .internalError:
      // What the hub's own checks have to say stands behind the status (contract §1.7).
      let named = Status(failure.status, ScramjetError.reason(failure.status))
      let status = failure.message.map(named.saying) ?? named
      if failure.status == 401 || failure.status == 403 {
        return .json(status, JSON.object(["message": "Forbidden"]).serialized())
      }
      return ScramjetError(status, .string(failure.message ?? status.reason)).response
    }
  }

  package func describe(_ world: World<ScramjetState>) -> JSON {
    world.read { state in ScramjetView.describe(state) }
  }

  package func emit(
    _ event: JSONObject, in world: World<ScramjetState>
  ) throws(ScenarioProblems) -> Bool {
    try ScramjetEvents.perform(event, in: world)
  }
}
