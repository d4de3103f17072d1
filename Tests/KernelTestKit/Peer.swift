import EmulatorKernel
package import HTTPModel
import Synchronization

/// Drives a responder without an engine: what the engine does around `respond`, done by hand.
package struct Peer: Sendable {
  package let responder: any Responder
  package let address: PeerAddress
  private let connection: UInt64
  private static let lastConnection = Atomic<UInt64>(0)

  package init(_ responder: any Responder, address: PeerAddress = .none) {
    self.responder = responder
    self.address = address
    connection = Self.lastConnection.add(1, ordering: .relaxed).newValue
  }

  package struct Reply: Sendable {
    package var response: Response
    package var body: [UInt8]
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var status: Int { response.status.code }
    package func field(_ name: String) -> String? { response.fields[name] }
  }

  private static let sequence = Atomic<UInt64>(0)

  package func send(
    _ method: Method, _ target: String, _ fields: KeyValuePairs<String, String> = [:],
    body: String? = nil
  ) async -> Reply {
    var fields = Fields(fields)
    if !fields.contains("host") { fields.append("Host", "127.0.0.1:7070") }
    let content = body.map { Array($0.utf8) } ?? []
    let request = Request(
      method: method, target: RequestTarget(target), fields: fields,
      framing: body == nil ? .none : .length(UInt64(content.count)))
    return await send(request, content)
  }

  package func send(_ request: Request, _ content: [UInt8]) async -> Reply {
    var exchange = Exchange(
      connectionID: connection,
      sequenceNumber: Self.sequence.add(1, ordering: .relaxed).newValue, peer: address)
    var answer = responder.respond(to: request, exchange: &exchange)
    while true {
      switch answer {
      case .now(let response): return await end(response, exchange, content)
      case .collect(let limit, let then):
        answer = then(content.count > limit ? .tooLarge(limit: limit) : .complete(content))
      case .later(let work):
        return await end(await work(RequestContent(complete: content)), exchange, content)
      }
    }
  }

  private func end(_ response: Response, _ exchange: Exchange, _ content: [UInt8]) async -> Reply {
    var body: [UInt8] = []
    var ending = ExchangeOutcome.Ending.completed
    switch response.body {
    case .empty: break
    case .bytes(let bytes): body = bytes
    case .chunks(let chunks): body = Array(chunks.joined())
    case .stream(_, let producer):
      do {
        body = try await BodyWriter.collect(producer)
      } catch {
        ending = .producerFailed
      }
    }
    responder.exchangeEnded(
      exchange,
      outcome: ExchangeOutcome(
        ending: ending, requestContentBytes: UInt64(content.count),
        responseContentBytes: UInt64(body.count)))
    return Reply(response: response, body: body)
  }
}
