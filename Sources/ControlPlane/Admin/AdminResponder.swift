package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// What the control API needs besides the pipeline; everything has a default that works.
package struct AdminOptions: Sendable {
  /// `--control-token`; nil: loopback only.
  package var token: String?
  package var version: String
  /// Whether the server takes requests, for `GET /ready`.
  package var isReady: @Sendable () -> Bool
  /// Further metrics, such as the engine's connections.
  package var moreMetrics: @Sendable (inout MetricText) -> Void
  /// Told when a world was dropped or reset: much memory may be free now.
  package var onWorldDropped: @Sendable () -> Void
  /// Who signs for this server over TLS, for `GET /ca.pem`.
  package var authority: @Sendable () -> Authority
  /// Who plays the clients of a demo; nil: nobody.
  package var demo: (any DemoStage)?
  /// How much a snapshot that is put may weigh.
  package var snapshotBytesMax: Int
  /// Other servers behind the same front.
  package var peers: [PeerServer]

  package init(
    token: String? = nil, version: String = "0.1.0",
    isReady: @escaping @Sendable () -> Bool = { true },
    moreMetrics: @escaping @Sendable (inout MetricText) -> Void = { _ in },
    onWorldDropped: @escaping @Sendable () -> Void = {},
    authority: @escaping @Sendable () -> Authority = { .none("This server speaks no TLS.") },
    demo: (any DemoStage)? = nil, snapshotBytesMax: Int = 1 << 30, peers: [PeerServer] = []
  ) {
    self.token = token
    self.version = version
    self.isReady = isReady
    self.moreMetrics = moreMetrics
    self.onWorldDropped = onWorldDropped
    self.authority = authority
    self.demo = demo
    self.snapshotBytesMax = snapshotBytesMax
    self.peers = peers
  }

  /// A certificate authority.
  package enum Authority: Sendable {
    /// As PEM, without its key.
    case certificate([UInt8])
    /// There is none: a sentence for people.
    case none(String)
  }
}

/// The control API in front of the pipeline: `/_wavetank/…` (also below a tenant's prefix) and `/`
/// are answered here, everything else goes on.
///
/// **Compose**: `AdminResponder(pipeline: pipeline, options: AdminOptions(token: …))` is the
/// `Responder` to give to the engine.
package final class AdminResponder: Responder {
  package let pipeline: Pipeline
  package let options: AdminOptions
  private let access: AdminAccess
  private let console: ConsolePage
  private let written = WrittenWorlds()
  private let routes: RouteTable

  private static let paths = AdminRoute.all.map { "/_wavetank" + $0.path }
  private static let root = Array("/_wavetank".utf8)
  private static let healthPath = Array("/_wavetank/health".utf8)
  private static let healthy = AnswerGuard.control.added(to: ServerRoutes.health(with: []))
  /// Tells our own exchanges from the pipeline's when they end.
  private static let tag = UInt64.max

  package init(pipeline: Pipeline, options: AdminOptions = AdminOptions()) {
    self.pipeline = pipeline
    self.options = options
    console = ConsolePage(pipeline.services)
    access = AdminAccess(token: options.token.map(ControlToken.init))
    var routes = RouteTable(skipsEmptySegments: true)
    for (index, route) in AdminRoute.all.enumerated() {
      routes.insert(route.method, PathTemplate("/_wavetank" + route.path), index)
    }
    self.routes = routes
    if pipeline.isKept { Lasting.keep(self) }
  }

  package func respond(to request: Request, exchange: inout Exchange) -> Answer {
    let bytes = request.target.bytes
    let path = request.target.pathRange
    // Most requests part here: by the first byte behind the slash.
    let isRoot = path.count <= 1
    guard isRoot || bytes[path.lowerBound + 1] == UInt8(ascii: "_") else {
      return pipeline.respond(to: request, exchange: &exchange)
    }
    if path.count == Self.healthPath.count, request.method == .get || request.method == .head,
      bytes[path] == Self.healthPath[...]
    {
      exchange.tag = Self.tag
      // What is wrong is told to those only who may use the control API.
      if pipeline.tenants.storageProblems.isEmpty { return .now(Self.healthy) }
    }
    if path.count > 2, bytes[path.lowerBound + 2] == UInt8(ascii: "w"),
      let known = KnownControlCall.of(request, to: self, from: exchange.peer)
    {
      exchange.tag = Self.tag
      return AnswerGuard.control.added(
        to: answer(request, known.route, known.parameters, known.tenantChoice, isTrusted: true))
    }
    let addressee = Addressee(request, keyFields: nil)
    let rest = bytes[(path.lowerBound + addressee.prefixLength)..<path.upperBound]
    if rest.count <= 1 {
      if let index = index(request, addressee) {
        exchange.tag = Self.tag
        return .now(AnswerGuard.control.added(to: index))
      }
    } else if rest.starts(with: Self.root),
      rest.count == Self.root.count
        || rest[rest.startIndex + Self.root.count] == UInt8(ascii: "/")
    {
      exchange.tag = Self.tag
      return AnswerGuard.control.added(to: control(request, addressee, exchange.peer))
    }
    return pipeline.respond(to: request, exchange: &exchange)
  }

  package func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    if exchange.tag != Self.tag { pipeline.exchangeEnded(exchange, outcome: outcome) }
  }

  /// What goes out in place of an answer that is known: what was done for it cannot be kept
  /// (`--durable`). Journal, counters and log tell of this one.
  package func replaceAnswer(
    to request: Request, _ exchange: Exchange, by sentence: String
  ) -> Response {
    guard exchange.tag == Self.tag else {
      return pipeline.replaceAnswer(to: request, exchange, by: sentence)
    }
    let problem = Problem(500, sentence)
    let choice = tenantChoice(request, Addressee(request, keyFields: nil))
    log(request, choice, problem.status.code, sentence)
    return AnswerGuard.control.added(to: problem.response)
  }

  // MARK: The root

  /// `/`: browsers go to the console, others get an index. Not for hosts that name something.
  private func index(_ request: Request, _ addressee: Addressee) -> Response? {
    guard request.method == .get || request.method == .head,
      addressee.host.map({ HostName.isLoopback($0[...]) && $0.hasSuffix(".tenant.localhost") })
        ?? true
    else { return nil }
    if case .malformed(let name) = addressee.tenant, !name.isEmpty {
      return Problem.noTenantName(name).response
    }
    var prefix = String(
      decoding: request.target.bytes[request.target.pathRange].prefix(addressee.prefixLength),
      as: UTF8.self)
    // `/_t/` names no tenant: what it leads to has no place for one.
    if prefix.hasSuffix("/") { prefix = "" }
    if request.fields.list("accept").contains(where: { $0.asciiLowercased.hasPrefix("text/html") })
    {
      var response = Response(.init(302))
      response.fields.append("Location", "\(prefix)/_wavetank/console")
      return response
    }
    return .json(.ok, AdminIndex.json(options.version, prefix: prefix, pipeline))
  }

  // MARK: The control API

  private func control(_ request: Request, _ addressee: Addressee, _ peer: PeerAddress) -> Answer {
    var inner = request
    if addressee.prefixLength > 0 {
      inner.target = request.target.droppingPathPrefix(addressee.prefixLength)
    }
    let match = routes.match(request.method, inner.target)
    var route: AdminRoute?
    if case .found(let index, _) = match { route = AdminRoute.all[index] }
    let refusal = access.refusal(of: request, from: peer)
    let choice = tenantChoice(inner, addressee)
    if let refusal, !(route?.isPublic ?? false) {
      log(inner, choice, refusal.status.code, refusal.detail)
      return .now(refusal.response)
    }
    guard let route, case .found(_, let parameters) = match else {
      let response = unknown(inner, match)
      log(inner, choice, response.status.code)
      return .now(response)
    }
    if refusal == nil, addressee.prefixLength == 0, request.comesAgain {
      request.note(KnownControlCall(self, route, parameters, choice, from: peer))
    }
    return answer(inner, route, parameters, choice, isTrusted: refusal == nil)
  }

  /// - Parameter isTrusted: as `AdminCall` has it.
  private func answer(
    _ request: Request, _ route: AdminRoute, _ parameters: PathParameters,
    _ choice: Addressee.TenantChoice, isTrusted: Bool
  ) -> Answer {
    let call = { @Sendable (content: [UInt8]) -> AdminCall in
      AdminCall(
        request: request, parameters: parameters, content: content, console: self.console,
        written: self.written, tenantChoice: choice, isTrusted: isTrusted,
        pipeline: self.pipeline, options: self.options)
    }
    guard let limit = route.contentLimit, request.hasContent else {
      return run(route, call([]))
    }
    return .collect(limit: limit) { content in
      switch content {
      case .complete(let bytes): return self.run(route, call(bytes))
      case .tooLarge(let limit):
        return .now(Problem(413, "At most \(limit) bytes are accepted here.").response)
      case .noRoom: return .now(Problem.noRoom.response)
      }
    }
  }

  /// Small things are done at once, on the loop; what may take long does not hold it. The call, and
  /// with it the tenants that it uses, is held until its answer is over.
  private func run(_ route: AdminRoute, _ call: AdminCall) -> Answer {
    if Self.isDoneAtOnce(route, call) {
      switch handle(route, call) {
      case .now(let response): return .now(Self.holding(call, response))
      case .later(let work), .atOnce(_, orLater: let work):
        return .later { content in Self.holding(call, await work(content)) }
      case .collect(let limit, let then): return .collect(limit: limit, then: then)
      }
    }
    // What the content becomes when it is read.
    let needed = RequestMemory.readingBytes(of: call.content)
    guard let lease = MemoryLease(needed, of: pipeline.tenants.budget) else {
      return .now(Problem.noRoom.response)
    }
    return .later { content in
      defer { withExtendedLifetime(lease) {} }
      return switch await Offload.run(on: Offload.concurrent, { self.handle(route, call) }) {
      case .now(let response): Self.holding(call, response)
      case .later(let work), .atOnce(_, orLater: let work):
        Self.holding(call, await work(content))
      case .collect: Problem(500, "The content was collected already.").response
      }
    }
  }

  private static func isDoneAtOnce(_ route: AdminRoute, _ call: AdminCall) -> Bool {
    guard route.isLight || route.isSmall != nil, call.content.count <= AdminRoute.lightBytesMax,
      !call.mustLoad
    else { return false }
    return route.isLight || route.isSmall?(call) ?? false
  }

  private static func holding(_ call: AdminCall, _ response: Response) -> Response {
    var held = response
    switch response.body {
    case .empty, .bytes, .chunks: return response
    case .stream(let length, let producer):
      held.body = .stream(length: length) { writer in
        defer { withExtendedLifetime(call) {} }
        try await producer(writer)
      }
    case .followed(let source):
      held.body = .followed(EndingSource(source) { withExtendedLifetime(call) {} })
    }
    return held
  }

  private func handle(_ route: AdminRoute, _ call: AdminCall) -> Answer {
    do {
      let answer = try route.handle(call)
      var status: Int?
      if case .now(let response) = answer { status = response.status.code }
      log(call.request, call.tenantChoice, status)
      return answer
    } catch {
      log(call.request, call.tenantChoice, error.status.code, error.detail)
      return .now(error.response)
    }
  }

  /// A call in the server's log: a warning where it was refused; what only looks is told at the level
  /// that tells everything.
  /// - Parameter status: nil: the answer goes on, as a stream does.
  private func log(
    _ request: Request, _ choice: Addressee.TenantChoice, _ status: Int?, _ detail: String = ""
  ) {
    guard let log = pipeline.log else { return }
    let wasRefused = status ?? 200 >= 400
    let looks = [Method.get, .head, .options].contains(request.method)
    var tenant = Tenant.defaultName
    if case .named(let name) = choice { tenant = name }
    log.tell(wasRefused ? .warn : looks ? .debug : .info, of: tenant) {
      let target = pipeline.operations.mask.target(request.target.text)
      return "control: \(request.method.name) \(target) \(wasRefused ? "refused, " : "")"
        + (status.map(String.init) ?? "follows") + (detail.isEmpty ? "" : ": \(detail)")
    }
  }

  /// Path prefix, field, `?tenant=`, host: the first that there is.
  private func tenantChoice(_ request: Request, _ addressee: Addressee) -> Addressee.TenantChoice {
    let isNamed = addressee.prefixLength > 0 || request.fields.contains("x-wavetank-tenant")
    guard !isNamed, let name = request.target.queryValue("tenant") else { return addressee.tenant }
    // Two that differ name none, as two lines of the field do.
    let other = request.target.queryItems.first { $0.name == "tenant" && $0.value != name }
    return Addressee.tenant(named: other.map { "\(name), \($0.value)" } ?? name)
  }

  private func unknown(_ request: Request, _ match: RouteTable.Match) -> Response {
    guard case .methodNotAllowed(let methods) = match else {
      let valid = Self.paths
      let path = request.target.shortPath
      let nearest = Nearest.match(for: path, among: valid)
      let hint = nearest.map { "; did you mean \($0)?" } ?? "; GET /_wavetank lists what there is"
      return Problem(404, "The control API has no \(path)\(hint)").response
    }
    let allow = (methods + [.options]).map(\.name).joined(separator: ", ")
    guard request.method != .options else {
      return Response(.noContent, fields: Fields(["Allow": allow]))
    }
    return Problem(
      405, "\(request.method.name) is not allowed here, but \(allow)",
      fields: Fields(["Allow": allow])
    ).response
  }
}
