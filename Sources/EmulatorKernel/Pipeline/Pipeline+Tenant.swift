import Dispatch
package import HTTPModel

extension Pipeline {
  /// Step 2. Finds the tenant and begins a use of it; one that waits in its file is read off the loop.
  func findTenant(_ addressed: AddressedRequest, _ exchange: inout Exchange) -> Answer {
    switch addressed.tenant {
    case .byDefault: return proceed(addressed, in: tenants.useDefault(), &exchange)
    case .named(let name):
      if let here = tenants.useIfHere(name) { return proceed(addressed, in: here, &exchange) }
      if tenants.mustLoad(name) {
        return proceed(addressed, inTenantFoundBy: { await self.load(name) }, &exchange.tag)
      }
      switch Result(catching: { () throws(ScenarioProblems) in try tenants.use(name) }) {
      case .success(let made): return proceed(addressed, in: made, &exchange)
      case .failure(let problems): return refuse(addressed.request, problems)
      }
    case .malformed(let name):
      return refuseTenant(
        addressed.request, .badRequest, 400,
        "\"\(name)\" is no tenant's name: expected [a-z0-9][a-z0-9-]{0,62}")
    }
  }

  private func load(_ name: String) async -> Result<LiveTenant, ScenarioProblems> {
    await WorldLoading.run(name) {
      Result { () throws(ScenarioProblems) in try self.tenants.use(name) }
    }
  }

  /// Finds the tenant off the loop, then goes on as if it had been in memory.
  func proceed(
    _ addressed: AddressedRequest,
    inTenantFoundBy find: @escaping @Sendable () async -> Result<LiveTenant, ScenarioProblems>,
    _ tag: inout UInt64
  ) -> Answer {
    let ticket = pending.enter()
    tag = ticket
    return .later { content in
      let live: LiveTenant
      switch await find() {
      case .success(let found): live = found
      case .failure(let problems):
        _ = self.pending.leave(ticket, 0)
        return await self.refuse(addressed.request, problems).settled(with: content)
      }
      live.settleTimed()
      var tag: UInt64 = 0
      let resolution = self.resolve(addressed, in: live)
      let answer = self.collect(self.openEntry(addressed, resolution, in: live, &tag))
      // The peer may have gone away meanwhile.
      if let outcome = self.pending.leave(ticket, tag) {
        self.ended(addressed.exchange, tag, outcome)
      }
      return await answer.settled(with: content)
    }
  }

  private func refuse(_ request: Request, _ problems: ScenarioProblems) -> Answer {
    if problems == .noRoom { return refuseTenant(request, .noRoom, 507, problems.text) }
    return refuseTenant(
      request, .internalError, 500, "The scenario does not start: \(problems.text)")
  }

  /// Refused before there is a tenant whose journal could tell.
  private func refuseTenant(
    _ request: Request, _ kind: ServiceFailure.Kind, _ status: Int, _ message: String
  ) -> Answer {
    let service =
      operations.service(ofListener: request.arrival?.listener)
      ?? operations.nearest(to: request).serviceIndex
    var response = services[service].failure(
      ServiceFailure(kind, status: status, message: message), operation: nil, request: request)
    response.guardContent()
    log?.tell(
      .warn,
      "refused \(request.method.name) \(operations.mask.target(request.target.text)), \(response.status.code): \(message)"
    )
    metrics.answered(operation: nil, status: response.status.code)
    return .now(response)
  }
}

/// Where worlds are read: a few at a time, those of one tenant one after another, so that what
/// waits for the same file does not hold threads that other files need.
package enum WorldLoading {
  private static let queues = (0..<4).map { DispatchQueue(label: "wavetank.loading-\($0)") }

  package static func run<Value: Sendable>(
    _ tenant: String, _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    var hash = StableHash(seed: 0)
    hash.combine(tenant)
    return await Offload.run(on: queues[Int(hash.value % UInt64(queues.count))], work)
  }
}

extension Answer {
  /// What comes of an answer where a task has the content: the engine's part, done by hand.
  package func settled(with content: RequestContent) async -> Response {
    var answer = self
    while true {
      switch answer {
      case .now(let response): return response
      case .later(let work), .atOnce(_, orLater: let work): return await work(content)
      case .collect(let limit, let then):
        do {
          let bytes = try await content.collect(limit: limit)
          answer = then(bytes.map { .complete($0) } ?? .tooLarge(limit: limit))
        } catch {
          // The peer is gone or its content is broken: the engine says what is to be said.
          return Response(.badRequest)
        }
      }
    }
  }
}
