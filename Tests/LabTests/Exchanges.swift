import Lab
import PayloadCodecs

/// Journals made up for tests.
enum Exchanges {
  /// One that came out well.
  static func made(
    _ number: Int, _ operation: String?, _ method: String = "GET", status: Int? = 200,
    target: String = "/x", content: String = "", answer: String = "{\"a\":1}",
    rule: String? = nil, ending: String = "completed", at began: Double? = nil,
    connection: Int = 1, host: String? = nil, type: String = "application/json"
  ) -> LabExchange {
    let service = operation.map { String($0.prefix { $0 != "." }) }
    let json: JSON = [
      "number": .integer(number), "service": JSON(service), "operation": JSON(operation),
      "method": .string(method), "target": .string(target),
      "status": status.map(JSON.integer) ?? .null,
      "rules": .array(rule.map { [.string($0)] } ?? []), "remarks": [], "ending": .string(ending),
      "durationMilliseconds": 1, "requestBytes": .integer(content.utf8.count),
      "responseBytes": .integer(answer.utf8.count), "connection": .integer(connection),
      "beganMilliseconds": JSON((began ?? Double(number)) * 1000),
      "secure": .bool(host != nil),
      "request": [
        "fields": .array(host.map { [["name": "Host", "value": .string($0)]] } ?? []),
        "content": .string(content),
      ],
      "response": [
        "fields": [["name": "Content-Type", "value": .string(type)]],
        "content": .string(answer),
      ],
    ]
    guard let exchange = LabExchange(json) else { preconditionFailure("no exchange: \(json.text)") }
    return exchange
  }

  static func made(_ operations: [String]) -> [LabExchange] {
    operations.enumerated().map { made($0.offset + 1, $0.element) }
  }

  static func world(_ things: [(kind: String, place: String)]) -> WorldDigest {
    WorldDigest([
      "things": .array(
        things.map {
          ["service": "s", "kind": .string($0.kind), "place": [.string($0.place)], "content": [:]]
        })
    ])
  }
}
