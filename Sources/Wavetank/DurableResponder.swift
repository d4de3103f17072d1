import ControlPlane
import EmulatorKernel
import HTTPModel

/// Holds the answer to whatever may have changed something until that is on the disk (`--durable`).
///
/// What was changed before an answer is in the next save that begins after it; all who wait meanwhile
/// wait for that one (a group commit). Looks (GET, HEAD, OPTIONS) wait for nothing. A stream's head waits
/// for what was done before it; what is done while it goes on is saved at intervals.
///
/// **Isolation**: no loop waits: an answer that is held is a task on its connection's loop.
final class DurableResponder: Responder {
  private let inner: AdminResponder
  private let store: WorldStore

  init(_ inner: AdminResponder, _ store: WorldStore) {
    self.inner = inner
    self.store = store
  }

  func respond(to request: Request, exchange: inout Exchange) -> Answer {
    let answer = inner.respond(to: request, exchange: &exchange)
    switch request.method {
    case .get, .head, .options: return answer
    default: return held(answer, Change(request, exchange, inner.pipeline))
    }
  }

  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    inner.exchangeEnded(exchange, outcome: outcome)
  }

  /// A request that may change something.
  private struct Change: Sendable {
    let request: Request
    let exchange: Exchange
    let tenant: String

    init(_ request: Request, _ exchange: Exchange, _ pipeline: Pipeline) {
      (self.request, self.exchange) = (request, exchange)
      tenant = pipeline.tenantName(of: request)
    }
  }

  private func held(_ answer: Answer, _ change: Change) -> Answer {
    switch answer {
    case .now(let response): .later { _ in await self.saved(response, change) }
    case .later(let work), .atOnce(_, orLater: let work):
      .later { content in await self.saved(await work(content), change) }
    case .collect(let limit, let then):
      .collect(limit: limit) { content in self.held(then(content), change) }
    }
  }

  /// Who is answered can rely on it; who cannot is told so, in the form of the API that was asked.
  private func saved(_ response: Response, _ change: Change) async -> Response {
    guard let reason = await store.commit(change.tenant) else { return response }
    return inner.replaceAnswer(
      to: change.request, change.exchange,
      by: "It is done, and will be lost if the server ends now, for it cannot be saved: \(reason)")
  }
}
