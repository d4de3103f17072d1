import ControlPlane
import EmulatorKernel
import HTTPModel

/// Holds the answer to whatever has changed something until that is on the disk (`--durable`).
///
/// What was changed before an answer is in the next save that begins after it; all who wait meanwhile
/// wait for that one (a group commit). A look (GET, HEAD, OPTIONS) waits only where it made something, such as
/// the user of a key that is new. A stream's head waits for what was done before it; what is done while it goes on
/// is saved at intervals.
///
/// **Isolation**: no loop waits: an answer that is held is a task on its connection's loop.
final class DurableResponder: Responder {
  private let inner: AdminResponder
  private let store: WorldStore
  private var pipeline: Pipeline { inner.pipeline }

  init(_ inner: AdminResponder, _ store: WorldStore) {
    self.inner = inner
    self.store = store
  }

  func respond(to request: Request, exchange: inout Exchange) -> Answer {
    let tenant = pipeline.tenantName(of: request)
    let kind: Call.Kind
    switch request.method {
    case .get, .head, .options:
      kind = .look(idsBefore: pipeline.tenants.find(tenant)?.idCountNow)
    default: kind = .change
    }
    pipeline.metrics.hold(exchange)
    let answer = inner.respond(to: request, exchange: &exchange)
    return held(answer, Call(request: request, exchange: exchange, tenant: tenant, kind: kind))
  }

  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    pipeline.metrics.released(exchange)
    inner.exchangeEnded(exchange, outcome: outcome)
  }

  private struct Call: Sendable {
    enum Kind {
      case change
      /// Nil: its world was not in memory, or held by others.
      case look(idsBefore: UInt64?)
    }

    let request: Request
    let exchange: Exchange
    let tenant: String
    let kind: Kind
  }

  private func hasChanged(_ call: Call) -> Bool {
    guard case .look(let idsBefore) = call.kind, let idsBefore else { return true }
    return pipeline.tenants.find(call.tenant)?.idCountNow != idsBefore
  }

  private func held(_ answer: Answer, _ call: Call) -> Answer {
    switch answer {
    case .now(let response):
      guard hasChanged(call) else { return .now(released(response, call)) }
      return .later { _ in await self.saved(response, call) }
    case .later(let work), .atOnce(_, orLater: let work):
      return .later { content in await self.saved(await work(content), call) }
    case .collect(let limit, let then):
      return .collect(limit: limit) { content in self.held(then(content), call) }
    }
  }

  /// Who is answered can rely on it; who cannot is told so, in the form of the API that was asked.
  private func saved(_ response: Response, _ call: Call) async -> Response {
    // The control API changes others' worlds, too.
    guard hasChanged(call),
      let reason = await store.commit(call.tenant, andAll: pipeline.isOfControl(call.request))
    else {
      return released(response, call)
    }
    let replacement = inner.replaceAnswer(
      to: call.request, call.exchange,
      by: "It is done, and will be lost if the server ends now, for it cannot be saved: \(reason)")
    return released(replacement, call)
  }

  /// It goes out, and is counted.
  private func released(_ response: Response, _ call: Call) -> Response {
    pipeline.metrics.released(call.exchange, status: response.status.code)
    return response
  }
}
