package import HTTPModel
package import PayloadCodecs

/// One emulated API. A value without state of its own: each tenant's state lies in a `World`.
///
/// **Errors** stop here: `respond` does not throw, and `failure` renders any failure in the API's
/// own error form.
package protocol EmulatedService: Sendable {
  associatedtype State: ServiceState
  /// What answers an endpoint, with whatever else the service wants to know of it; a method of the
  /// service, where it wants to know no more.
  associatedtype Handler: Sendable =
    @Sendable (Self) -> (Call, World<State>) -> ServiceAnswer
  /// What a key may be allowed to do.
  associatedtype Right: RawRepresentable & Sendable = AnyKey where Right.RawValue == String

  /// In lower case: the first part of its operations' names and its key in a scenario's `given` and
  /// `behaviors`.
  var name: String { get }
  /// The vendor's own host names, lower case; `*.` in front covers all names below.
  var hostNames: [String] { get }
  /// The table of all endpoints.
  var endpoints: [Endpoint<Self>] { get }
  /// What each fidelity rests on, for operations that do not say it themselves.
  var sources: KeyValuePairs<Fidelity, String> { get }
  /// What is said about the API as a whole.
  var documentation: ServiceDocumentation { get }
  /// What an endpoint takes and answers: what its row says and what all endpoints have. Made when
  /// somebody asks.
  func documentation(of endpoint: Endpoint<Self>) -> OperationDocumentation

  /// The world that a scenario describes, or everything that is wrong with its sections. Tenants share
  /// it, copied on write, with the ids that it has.
  func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<State.WakeKey>
  ) throws(ScenarioProblems) -> State

  /// A world becomes a tenant's: adds what is not the same in each.
  func moveIn(_ state: inout State, _ step: inout StepContext<State.WakeKey>)

  /// Names in events, or in the state's own behaviors, of things that a state does not have: a sentence
  /// each, for `check`. They may come into being later.
  func unknownNames(in state: State, emitted: [(place: String, event: JSON)]) -> [String]

  /// A world as at a tenant's start is in force: what it says runs by itself may begin.
  func begin(_ world: World<State>)

  /// A world that came back with a snapshot is in force: what somebody outside was to do for it, and
  /// nobody does any more, may begin anew.
  func resume(_ world: World<State>)

  /// The fields in which clients send a key as it is, in lower case, where it is not `authorization`:
  /// such a key may name the tenant, and the journal masks it.
  var keyFields: [String] { get }
  /// Further fields whose values are secrets, in lower case: the journal masks them.
  var secretFields: [String] { get }
  /// The variables that point the vendor's published clients here.
  /// - Parameters:
  ///   - baseURL: scheme, host, port and tenant's prefix, without a slash at the end.
  ///   - key: a key that names the tenant.
  func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)]

  /// The vendor's published packages for Python, and the versions that this service was tried with.
  var clientPackages: [(name: String, version: String)] { get }

  /// Keeps what the service has of its own; see `Lasting`.
  func keep()

  /// The request's credential; nil when it carries none.
  func credential(of request: Request) -> String?

  /// A request that no template matched, claimed by what exists in the world (an instance's own
  /// URL, a webhook).
  func claim(_ request: Request, in world: World<State>) -> Claim?

  func respond(
    to call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> ServiceAnswer

  /// Whether the world holds what an operation's parameters name and shows it to everybody: asked of
  /// operations that are found by an id.
  func showsToEverybody(
    _ parameters: PathParameters, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Bool

  /// The answer to a call that fails whatever its content is (a key, a type, a path that is wrong);
  /// nil: that is not known yet. Asked without content, where a peer waits to be told to send it;
  /// changes nothing.
  func refusal(of call: Call, at endpoint: Endpoint<Self>, in world: World<State>) -> Response?

  /// Whether answering may take longer than a loop should be held (some milliseconds), told in a
  /// microsecond: then `respond` is called off the loop. Asked for operations that collect their
  /// content or ignore it.
  func mayTakeLong(_ call: Call, at endpoint: Endpoint<Self>, in world: World<State>) -> Bool

  /// A failure in this API's own form.
  /// - Parameter operation: nil when the request belongs to none.
  func failure(_ failure: ServiceFailure, operation: Operation?, request: Request) -> Response

  /// A readable view of the world for `GET /_wavetank/state/{service}`.
  func describe(_ world: World<State>) -> JSON

  /// A stream of the world as it passes, for who only looks: nothing is taken from it. Nil: the query
  /// names none.
  func tap(_ query: [(name: String, value: String)], in world: World<State>) -> Response?

  /// All that there is in the world and was not there by itself, thing by thing: what the lab
  /// compares (DESIGN §15).
  func inventory(_ world: World<State>) -> [WorldThing]

  /// The service's tab in the console; nil: its state as JSON.
  var consoleView: ConsoleView? { get }
  /// What the service's parts of a scenario look like; nil: it does not say.
  var sections: ScenarioCatalog.Service.Sections? { get }
  /// The events that `emit` knows; nil: it does not say.
  var events: [ServiceEvent]? { get }

  /// Makes something happen now (a rule's `emit`, `POST /_wavetank/emit`), such as
  /// `{"crashHub": "sth-0"}`. Returns false when the event is none of this service's.
  func emit(_ event: JSONObject, in world: World<State>) throws(ScenarioProblems) -> Bool
}

extension EmulatedService {
  package var sources: KeyValuePairs<Fidelity, String> { [:] }
  package func moveIn(_ state: inout State, _ step: inout StepContext<State.WakeKey>) {}
  package func begin(_ world: World<State>) {}
  package func resume(_ world: World<State>) {}
  package func keep() {}
  package func unknownNames(
    in state: State, emitted: [(place: String, event: JSON)]
  ) -> [String] { [] }
  package func inventory(_ world: World<State>) -> [WorldThing] { [] }
  package var keyFields: [String] { [] }
  package var secretFields: [String] { [] }
  package var consoleView: ConsoleView? { nil }
  package func tap(
    _ query: [(name: String, value: String)], in world: World<State>
  ) -> Response? { nil }
  package func clientVariables(
    baseURL: String, key: String
  ) -> [(name: String, value: String)] { [] }
  package var clientPackages: [(name: String, version: String)] { [] }
  package var sections: ScenarioCatalog.Service.Sections? { nil }
  package var events: [ServiceEvent]? { nil }
  package var documentation: ServiceDocumentation {
    ServiceDocumentation(title: name, description: "")
  }

  package func documentation(of endpoint: Endpoint<Self>) -> OperationDocumentation {
    endpoint.description()
  }

  package func claim(_ request: Request, in world: World<State>) -> Claim? { nil }

  package func showsToEverybody(
    _ parameters: PathParameters, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Bool { false }

  package func refusal(
    of call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Response? { nil }

  package func mayTakeLong(
    _ call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Bool { false }

  package func emit(
    _ event: JSONObject, in world: World<State>
  ) throws(ScenarioProblems) -> Bool { false }
}

extension EmulatedService
where Handler == @Sendable (Self) -> (Call, World<State>) -> ServiceAnswer {
  package func respond(
    to call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> ServiceAnswer {
    endpoint.handler(self)(call, world)
  }
}

/// What a service answers to a call.
package enum ServiceAnswer: Sendable {
  case now(Response)
  /// Runs as a task on the connection's own loop; see `Answer.later`.
  case later(@Sendable (RequestContent) async -> Response)
  /// The first one is asked before, on the loop, where a small content is here as a whole; see
  /// `Answer.atOnce`.
  case atOnce(
    @Sendable ([UInt8]) -> Response?, orLater: @Sendable (RequestContent) async -> Response)

  /// Waits for the response, if it comes later.
  package func response(_ content: RequestContent) async -> Response {
    switch self {
    case .now(let response): response
    case .later(let work), .atOnce(_, orLater: let work): await work(content)
    }
  }

  /// The same with another response, however it comes.
  package func map(_ change: @escaping @Sendable (Response) -> Response) -> ServiceAnswer {
    switch self {
    case .now(let response): .now(change(response))
    case .later(let work): .later { content in change(await work(content)) }
    case .atOnce(let work, orLater: let waiting):
      .atOnce(
        { content in work(content).map(change) },
        orLater: { content in change(await waiting(content)) })
    }
  }

  /// The same, as the engine takes it.
  consuming func asAnswer() -> Answer {
    switch consume self {
    case .now(let response): .now(response)
    case .later(let work): .later(work)
    case .atOnce(let work, orLater: let waiting): .atOnce(work, orLater: waiting)
    }
  }
}

/// Why a request fails before or instead of the service's own work.
package struct ServiceFailure: Sendable {
  package enum Kind: Sendable, Equatable {
    case unknownPath
    case methodNotAllowed([Method])
    case contentTooLarge(limit: Int)
    /// A scenario rule asks for this status in the operation's own error form.
    case injected
    /// The tenant's name is malformed, or the like.
    case badRequest
    /// No room for stored content.
    case noRoom
    case rateLimited(retryAfter: Int)
    case internalError
  }
  package var kind: Kind
  package var status: Int
  /// A sentence for people; nil: the service's own wording.
  package var message: String?
  /// Where it happens, for error forms that carry an id of the request; nil before a tenant is known.
  package var tenant: Tenant?
  /// The number of the exchange in the tenant's journal.
  package var number: UInt64

  package init(
    _ kind: Kind, status: Int, message: String? = nil, tenant: Tenant? = nil, number: UInt64 = 0
  ) {
    self.kind = kind
    self.status = status
    self.message = message
    self.tenant = tenant
    self.number = number
  }

  package static let noRoom = ServiceFailure(.noRoom, status: 507)

  /// What is wrong, for people, where the form of an API has no place for more than a status; nil:
  /// whoever asked for the failure knows.
  package var sentence: String? {
    if let message { return message }
    switch kind {
    case .unknownPath: return "no operation has this method and path"
    case .methodNotAllowed(let methods):
      return "this path takes \(methods.map(\.name).joined(separator: ", ")) only"
    case .contentTooLarge(let limit): return "at most \(limit) bytes of content are taken here"
    case .noRoom: return "there is no memory left for this"
    case .rateLimited(let seconds): return "that was too often; there is room again in \(seconds) s"
    case .injected, .badRequest, .internalError: return nil
    }
  }
}
