package import HTTPModel
package import PayloadCodecs

/// What decides, for one tenant, whether a rule of its scenario strikes a request: the place for the
/// scenarios in the pipeline. One object per tenant and scenario, made by `TenantBlueprint.makeRules`
/// and replaced by `Cloud.replaceRules`.
///
/// **Isolation**: called on any connection's loop or off it, several at a time; must not block.
package protocol RuleEngine: AnyObject, Sendable, Weighed {
  /// Whether some rule looks at requests of that operation (nil: of none). False skips everything
  /// else, so it must be O(1). The index counts in `OperationTable`.
  func concerns(operation: Int?) -> Bool
  /// Whether a rule must see the content of a request whose operation does not collect it. Streamed
  /// content is never collected for a rule.
  func needsContent(operation: Int?) -> Bool
  /// Whether some rule may refuse requests of that operation: then it is decided about them as soon
  /// as their head is here, unless some rule must see their content.
  func mayRefuse(operation: Int?) -> Bool
  /// Whether `decide` may take longer than a loop should be held, for requests of that operation:
  /// then it is called off the loop.
  func mayTakeLong(operation: Int?) -> Bool
  /// Chooses what happens. Counts, draws, sets variables and performs `emit` on the way.
  func decide(_ context: RuleContext) -> RuleDecision

  /// Counts and variables, for a snapshot; null: there are none. Asked while nothing of the tenant
  /// may change, so it only takes them; what it gives makes the JSON of them afterwards.
  var saved: @Sendable () -> JSON { get }
  /// Reads what `saved` gave, for a snapshot that is put back. Nothing changes before `putInForce`.
  func prepareRestore(_ saved: JSON) throws(ScenarioProblems) -> PreparedState
}

extension RuleEngine {
  package var heapBytes: Int { 0 }
  package func mayRefuse(operation: Int?) -> Bool { false }
  package func mayTakeLong(operation: Int?) -> Bool { false }
  package var saved: @Sendable () -> JSON { { .null } }
  package func prepareRestore(_ saved: JSON) throws(ScenarioProblems) -> PreparedState {
    PreparedState {}
  }
}

/// What a rule can look at and use.
package struct RuleContext: Sendable {
  package let request: Request
  /// In `OperationTable`; nil when the request belongs to no operation.
  package let operationIndex: Int?
  package let operation: Operation?
  package let parameters: PathParameters
  /// Empty unless the content was collected.
  package let content: [UInt8]
  package let isContentCollected: Bool
  package let credential: String?
  package let exchange: Exchange
  package let number: UInt64
  package let cloud: Cloud
  private let service: any EmulatedService

  init(
    request: Request, operationIndex: Int?, operation: Operation?, parameters: PathParameters,
    content: [UInt8]?, credential: String?, exchange: Exchange, number: UInt64, cloud: Cloud,
    service: any EmulatedService
  ) {
    self.request = request
    self.operationIndex = operationIndex
    self.operation = operation
    self.parameters = parameters
    self.content = content ?? []
    isContentCollected = content != nil
    self.credential = credential
    self.exchange = exchange
    self.number = number
    self.cloud = cloud
    self.service = service
  }

  package var tenant: Tenant { cloud.tenant }
  package var serviceName: String { service.name }

  /// A failure in the form of the operation's own API (a rule's `error`, `limit`).
  package func failure(_ kind: ServiceFailure.Kind, status: Int, message: String? = nil) -> Response
  {
    service.failure(
      ServiceFailure(kind, status: status, message: message, tenant: tenant, number: number),
      operation: operation, request: request)
  }

  /// What a rule counts `per: resource`: the operation's resource parameter, else the whole path.
  package var resource: String {
    if let name = operation?.resourceParameter, let value = parameters[name] { return value }
    return request.target.path
  }
}

/// What the rules decided about one request.
package struct RuleDecision: Sendable {
  package enum Action: Sendable {
    /// The service answers as usual.
    case pass
    /// This is the answer; the service is not asked. Delays and faults stand in `delivery`.
    case instead(Response)
    /// The service does its work, then this makes the answer of its answer (patches, delays,
    /// faults, and the answers of rules with `after`).
    case amend(@Sendable (Response) -> Response)
  }

  package var action: Action
  /// Whether amending the answer may take longer than a loop should be held.
  package var mayTakeLong = false
  /// The names of the rules that struck, in order.
  package var struck: [String]
  /// Why it came out so, for `GET /_wavetank/journal/N`.
  package var explanation: (any RuleExplanation)?

  package init(
    _ action: Action, struck: [String] = [], explanation: (any RuleExplanation)? = nil
  ) {
    self.action = action
    self.struck = struck
    self.explanation = explanation
  }
}

/// Rules considered, the first criterion that failed for each, draws, state before and after: kept
/// with the journal entry and rendered when somebody asks.
package protocol RuleExplanation: Sendable {
  /// About how much memory it holds.
  var byteCount: Int { get }
  func describe() -> JSON
}
