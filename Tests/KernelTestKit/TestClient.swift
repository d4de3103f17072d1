import EmulatorKernel
package import HTTPModel
package import PayloadCodecs
import Synchronization
import TestSupport

/// Asks a responder without an engine: what the engine does around `respond`, done by hand.
package struct TestClient: Sendable {
  package let responder: any Responder
  package let address: PeerAddress
  private let connection: UInt64
  private static let lastConnection = Atomic<UInt64>(0)
  private static let lastExchange = Atomic<UInt64>(0)

  package init(_ responder: any Responder, address: PeerAddress = .none) {
    self.responder = responder
    self.address = address
    connection = Self.lastConnection.add(1, ordering: .relaxed).newValue
  }

  package func send(
    _ method: Method, _ target: String, _ fields: KeyValuePairs<String, String> = [:],
    body: String? = nil
  ) async -> Reply {
    let content = body.map { Array($0.utf8) }
    return await send(Self.request(method, target, Fields(fields), content), content ?? [])
  }

  /// The answer to its end; the exchange is over then.
  package func send(_ request: Request, _ content: [UInt8]) async -> Reply {
    var exchange = nextExchange()
    let response = await answer(request, content, &exchange)
    var reply = Reply(response)
    do {
      reply.body = try await response.content
    } catch {
      reply.failure = error
    }
    responder.exchangeEnded(
      exchange,
      outcome: ExchangeOutcome(
        ending: reply.failure == nil ? .completed : .producerFailed,
        requestContentBytes: UInt64(content.count), responseContentBytes: UInt64(reply.body.count)))
    return reply
  }

  /// The answer as the engine gets it: a streamed body is not run, the exchange does not end.
  package func answer(_ request: Request, _ content: [UInt8]) async -> Response {
    var exchange = nextExchange()
    return await answer(request, content, &exchange)
  }

  private func answer(
    _ request: Request, _ content: [UInt8], _ exchange: inout Exchange
  ) async -> Response {
    var answer = responder.respond(to: request, exchange: &exchange)
    while true {
      switch answer {
      case .now(let response): return response
      case .collect(let limit, let then):
        answer = then(content.count > limit ? .tooLarge(limit: limit) : .complete(content))
      case .later(let work): return await work(RequestContent(complete: content))
      case .atOnce(let work, orLater: let waiting):
        if content.count <= Answer.wholeContentMax, let response = work(content) { return response }
        return await waiting(RequestContent(complete: content))
      }
    }
  }

  private func nextExchange() -> Exchange {
    Exchange(
      connectionID: connection,
      sequenceNumber: Self.lastExchange.add(1, ordering: .relaxed).newValue, peer: address)
  }

  /// - Parameter content: nil: no framing field at all.
  package static func request(
    _ method: Method, _ target: String, _ fields: Fields, _ content: [UInt8]?
  ) -> Request {
    var fields = fields
    if !fields.contains("host") { fields.append("Host", "127.0.0.1:7070") }
    return Request(
      method: method, target: RequestTarget(target), fields: fields,
      framing: content.map { .length(UInt64($0.count)) } ?? .none)
  }
}

/// An answer with its content.
package struct Reply: Sendable {
  package var response: Response
  package var body: [UInt8]
  /// What the producer of a streamed body threw.
  package var failure: (any Error)?

  package init(_ response: Response, body: [UInt8] = []) {
    self.response = response
    self.body = body
  }

  package var status: Int { response.status.code }
  package var fields: Fields { response.fields }
  package func field(_ name: String) -> String? { fields[name] }
  package var text: String { String(decoding: body, as: UTF8.self) }
  /// Null where it is none.
  package var json: JSON { (try? JSON(parsing: body)) ?? .null }
}

extension Response {
  /// All content, also of a streamed body.
  package var content: [UInt8] {
    get async throws {
      switch body {
      case .empty: []
      case .bytes(let bytes): bytes
      case .chunks(let chunks): Array(chunks.joined())
      case .stream(_, let producer): try await BodyWriter.collect(producer)
      case .followed(let source): try await BodyWriter.collect { try await $0.follow(source) }
      }
    }
  }
}
