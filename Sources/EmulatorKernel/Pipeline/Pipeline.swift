public import HTTPModel
package import PayloadCodecs
package import Scenarios

/// The way of a request through the emulator.
///
/// **Steps**, in this order; each is the function of that name (a house test holds the list to it):
///
/// 1. `Addressee.init` (`Addressee.swift`): whom the request means.
/// 2. `findTenant` (`Pipeline+Tenant.swift`): the tenant, in memory, new, or read from its file.
/// 3. `resolve` (`Pipeline+Operation.swift`): the operation, or why there is none.
/// 4. `openEntry` (`Pipeline.swift`): the journal's entry, whose number the answer carries.
/// 5. `collect` (`Pipeline+Content.swift`): the content, where the operation or a rule wants it.
/// 6. `decide` (`Pipeline+Rules.swift`): what the scenario's rules say.
/// 7. `RequestMemory.init` (`RequestMemory.swift`): memory for what the request may become.
/// 8. `serve` (`Pipeline+Service.swift`): the service.
/// 9. `amend` (`Pipeline+Finishing.swift`): what the rules change in the answer.
/// 10. `finish` (`Pipeline+Finishing.swift`): guards of the content, the number, journal, counters.
///
/// **Compose**: `Pipeline(services: services, configuration: .serving(blueprint))` is a `Responder`; put
/// `AdminResponder` of the control plane in front of it. The blueprint's world is made at once, so
/// whatever is wrong with a scenario is thrown here.
///
/// **Isolation**: stateless but for its parts; called on any loop. A request without rules whose
/// service answers at once costs three short locks on the tenant's journal, one on the service's
/// state, one on its operation's counters, and no task.
package final class Pipeline: Responder {
  package let services: [any EmulatedService]
  package let operations: OperationTable
  package let tenants: TenantRegistry
  package let metrics: Metrics
  package let listeners: ServiceListeners
  /// Up to so much is unpacked of a content that streams.
  let streamedBytesMax: UInt64
  let pending = PendingExchanges()
  package let exchangeLine: ExchangeLine
  /// Nil: there is no log.
  let exchangeLog: ExchangeLog?
  private let keyFields: KeyFields
  package let rendered = RenderedTexts()
  package let knownScenarios = KnownScenarios()
  package let knownSnapshots = KnownSnapshots()
  /// Rules that were added, and questions that were asked, by their contents.
  package let knownRules = KnownContents<[ScenarioRule]>(bytesMax: 2 << 10)
  package let knownQuestions = KnownContents<VerifyQuestion>(bytesMax: 2 << 10)
  private let catalogMade = OnceReference<CatalogBox>()
  /// See `Lasting`.
  package let isKept: Bool
  /// See `PipelineConfiguration`.
  package let readScenario: (@Sendable (JSON) throws(ScenarioProblems) -> TenantBlueprint)?

  package init(
    services: [any EmulatedService], configuration: PipelineConfiguration
  ) throws(ScenarioProblems) {
    self.services = services
    operations = OperationTable(services, furtherHosts: configuration.furtherHosts)
    keyFields = KeyFields(services.flatMap(\.keyFields))
    exchangeLine = ExchangeLine(operations)
    exchangeLog = configuration.log.map { [exchangeLine] in ExchangeLog($0, exchangeLine) }
    metrics = Metrics(operationCount: operations.entries.count)
    readScenario = configuration.readScenario
    listeners = configuration.listeners
    streamedBytesMax = configuration.streamedBytesMax
    tenants = try TenantRegistry(services: services, configuration: configuration)
    isKept = configuration.isWholeProcess
    if isKept { keep() }
  }

  /// What the names in a scenario are checked against: made when a scenario is first read.
  package var catalog: ScenarioCatalog {
    let made = catalogMade.load() ?? catalogMade.storeIfNil(CatalogBox(services))
    return made.catalog
  }

  private final class CatalogBox: Sendable {
    let catalog: ScenarioCatalog
    init(_ services: [any EmulatedService]) { catalog = ScenarioCatalog(services: services) }
  }

  /// What is told beside exchanges goes there.
  package var log: ServerLog? { exchangeLog?.log }

  private func keep() {
    Lasting.keep(self)
    operations.keep()
    keyFields.keep()
    metrics.keep()
    tenants.keep()
  }

  // MARK: Responder

  package func respond(to request: Request, exchange: inout Exchange) -> Answer {
    metrics.began()
    return findTenant(address(request, exchange), &exchange)
  }

  /// Step 1. A head that comes again is not read again.
  private func address(_ request: Request, _ exchange: Exchange) -> AddressedRequest {
    if let known = request.findings as? KnownAddress, known.pipeline === self {
      return AddressedRequest(request, known, exchange)
    }
    let addressee = Addressee(request, keyFields: keyFields)
    let service = operations.service(meantBy: request, host: addressee.host)
    let addressed = AddressedRequest(request, addressee, service, exchange)
    if request.comesAgain { request.note(KnownAddress(addressed, of: self)) }
    return addressed
  }

  /// Whether a request is one to the control API, on whatever host.
  package func isOfControl(_ request: Request) -> Bool {
    request.target.path.utf8.firstRange(of: "/_wavetank/".utf8) != nil
  }

  /// Whose world a request is about, be it one to the control API.
  package func tenantName(of request: Request) -> String {
    let addressee = Addressee(request, keyFields: keyFields)
    let query = request.target.queryValue("tenant")
    let tenant =
      isOfControl(request) && !addressee.isNamed
      ? query.map { Addressee.tenant(named: $0) } ?? .byDefault : addressee.tenant
    if case .named(let name) = tenant { return name }
    return Tenant.defaultName
  }

  /// Steps 3 to 10, in a tenant whose use has begun: it ends with the exchange.
  func proceed(
    _ addressed: AddressedRequest, in live: LiveTenant, _ exchange: inout Exchange
  ) -> Answer {
    live.settleTimed()
    let resolution = resolve(addressed, in: live)
    if !addressed.isNamed, let answer = lookUpPublicly(addressed, resolution, &exchange.tag) {
      live.tenant.uses.end()
      return answer
    }
    var routed = openEntry(addressed, resolution, in: live, &exchange.tag)
    if addressed.request.hasContent, let engine = live.rules, engine.concernsUploads {
      exchange.upload = strikeUpload(&routed, engine)
    }
    return collect(consume routed)
  }

  /// Step 4. The journal learns of the exchange.
  func openEntry(
    _ addressed: AddressedRequest, _ resolution: Resolution, in live: LiveTenant,
    _ tag: inout UInt64
  ) -> RoutedRequest {
    let number = live.journal.open(
      JournalOpening(
        addressed.request, target: addressed.sent.target, exchange: addressed.exchange,
        parent: live.tenant.codeCalls.parent(of: addressed.request),
        operationIndex: resolution.operationIndex, serviceIndex: resolution.serviceIndex,
        arrived: live.tenant.clock.now, began: .now))
    tag = ExchangeTag.pack(tenant: live.id, number: number)
    return RoutedRequest(head: RequestHead(addressed, resolution, in: live, number, of: self))
  }

  package func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    metrics.ended()
    if let tag = pending.ended(exchange.tag, outcome) { ended(exchange, tag, outcome) }
  }

  /// - Parameter tag: as `ExchangeTag` has it.
  func ended(_ exchange: Exchange, _ tag: UInt64, _ outcome: ExchangeOutcome) {
    let (id, number) = ExchangeTag.unpack(tag)
    guard number > 0, let live = tenants.find(id: id) else { return }
    defer { live.tenant.uses.end() }
    let now = Moment.now
    let found = live.journal.ended(
      number, of: exchange, at: live.tenant.clock.now, wall: now, outcome,
      loggedBy: exchangeLog?.tellsWhy == false ? exchangeLog : nil, of: live.name)
    if let found {
      metrics.finished(
        operation: found.operation, nanoseconds: found.nanoseconds, outcome: outcome)
    }
    logEnd(number, in: live, isKept: found != nil, at: now)
  }
}

/// A request of which it is known whom it means.
struct AddressedRequest: Sendable {
  /// Without the tenant's prefix.
  let request: Request
  /// As it was sent, tenant's prefix included.
  let sent: Request
  let tenant: Addressee.TenantChoice
  let isNamed: Bool
  /// Whose listener or vendor's host it came to; nil: that of no service. Not the host itself, which
  /// would be counted at each look.
  let service: Int?
  let exchange: Exchange
  /// What else is known of its head, where that has come before.
  let known: KnownAddress?

  init(_ sent: Request, _ addressee: Addressee, _ service: Int?, _ exchange: Exchange) {
    self.sent = sent
    var request = sent
    if addressee.prefixLength > 0 {
      request.target = request.target.droppingPathPrefix(addressee.prefixLength)
    }
    self.request = request
    tenant = addressee.tenant
    isNamed = addressee.isNamed
    self.service = service
    self.exchange = exchange
    known = nil
  }

  init(_ sent: Request, _ known: KnownAddress, _ exchange: Exchange) {
    self.sent = sent
    request = known.unprefixed ?? sent
    (tenant, isNamed, service) = (known.tenant, known.isNamed, known.service)
    self.exchange = exchange
    self.known = known
  }
}

/// A request whose tenant and operation are known. A class, since it goes through all further steps:
/// one reference to count, not one for each of its parts.
@usableFromInline final class RequestHead: Sendable {
  let pipeline: Pipeline
  let live: LiveTenant
  let number: UInt64
  let exchange: Exchange
  /// Without the tenant's prefix.
  @usableFromInline let request: Request
  let resolution: Resolution
  /// Nil where there is no operation.
  let entry: OperationTable.Entry?
  let expectsContinue: Bool
  private let known: KnownAddress?

  init(
    _ addressed: AddressedRequest, _ resolution: Resolution, in live: LiveTenant, _ number: UInt64,
    of pipeline: Pipeline
  ) {
    self.pipeline = pipeline
    self.live = live
    self.number = number
    expectsContinue = addressed.request.hasContent && addressed.request.expectsContinue
    exchange = addressed.exchange
    request = addressed.request
    self.resolution = resolution
    entry = resolution.operationIndex.map { pipeline.operations.entries[$0] }
    known = addressed.known
  }

  /// As the operation's service finds it in the request.
  /// - Parameter slot: says it: to take a service out of its array would copy it.
  func credential(_ slot: any ServiceSlot) -> String? {
    if let known, known.operation != nil { return known.credential }
    return slot.credential(of: request)
  }

  /// See `Call.note`.
  var note: (any AnyObject & Sendable)? {
    get { known?.serviceNote }
    set { known?.serviceNote = newValue }
  }

  /// See `Call.baseURL`.
  var baseURL: String {
    guard let known else { return request.baseURL(in: live.tenant) }
    return known.baseURL { request.baseURL(in: live.tenant) }
  }

  /// The request's content as JSON.
  func json(_ content: [UInt8]) throws(JSONParseError) -> JSON {
    if let known { return try known.json(content) }
    return try JSON(parsing: content)
  }
}

/// A request with all that becomes known of it on its way.
///
/// **Cost**: four words, as many as are handed on in registers. One more, and each step would copy them by
/// way of their types' descriptions.
struct RoutedRequest: Sendable {
  let head: RequestHead
  /// Nil unless it was collected.
  var content: [UInt8]?
  /// When that was; zero: it was not, or nobody asks.
  private var collectedAt = Moment.zero
  private var said = Said.nothing

  /// What rules say of a request, and of its content on the way in.
  private enum Said: Sendable {
    case nothing
    case decided(RuleDecision)
    case struck(Struck)
  }

  private final class Struck: Sendable {
    let decision: RuleDecision?
    let upload: RuleOutcome
    init(_ decision: RuleDecision?, _ upload: RuleOutcome) {
      (self.decision, self.upload) = (decision, upload)
    }
  }

  init(head: RequestHead) { self.head = head }

  var collected: Moment? {
    get { collectedAt == .zero ? nil : collectedAt }
    set { collectedAt = newValue ?? .zero }
  }
  /// Nil until the rules have decided, and where none is concerned.
  var decision: RuleDecision? {
    get {
      switch said {
      case .nothing: nil
      case .decided(let decision): decision
      case .struck(let struck): struck.decision
      }
    }
    set {
      if case .struck(let struck) = said {
        said = .struck(Struck(newValue, struck.upload))
      } else {
        said = newValue.map(Said.decided) ?? .nothing
      }
    }
  }
  /// What rules do to its content on the way in; nil: nothing.
  var upload: RuleOutcome? {
    get { if case .struck(let struck) = said { struck.upload } else { nil } }
    set {
      let decided = decision.map(Said.decided) ?? .nothing
      said = newValue.map { [decision] in .struck(Struck(decision, $0)) } ?? decided
    }
  }
  /// The same as `upload != nil`, without a copy of it.
  var isUploadStruck: Bool { if case .struck = said { true } else { false } }
  /// The rules have said nothing of it.
  var isUntouched: Bool { if case .nothing = said { true } else { false } }

  var live: LiveTenant { head.live }
  var number: UInt64 { head.number }
  var exchange: Exchange { head.exchange }
  var request: Request { head.request }
  var resolution: Resolution { head.resolution }
  var operationIndex: Int? { head.resolution.operationIndex }
  var entry: OperationTable.Entry? { head.entry }
}

/// The tag by which the pipeline recognises an exchange when it ends: the tenant's id above the
/// exchange's number. A number of 2^40 takes years to reach.
enum ExchangeTag {
  static func pack(tenant: UInt32, number: UInt64) -> UInt64 {
    UInt64(tenant) << 40 | number & 0xFF_FFFF_FFFF
  }

  static func unpack(_ tag: UInt64) -> (tenant: UInt32, number: UInt64) {
    (UInt32(truncatingIfNeeded: tag >> 40), tag & 0xFF_FFFF_FFFF)
  }
}
