package import PayloadCodecs

/// What a sweep lets go wrong with one exchange: each is one rule of a scenario.
package enum SweepFault: String, Sendable, CaseIterable {
  case resetBefore = "reset-before"
  case resetAfter = "reset-after"
  case empty
  case cut
  case corrupt
  case framing
  case stall
  case slow
  case tooMany = "429"
  case failed = "500"
  case unavailable = "503"
  case outage
  case unreachable
  case expired = "401"
  case wrongType = "wrong-type"
  case lostConnection = "lost-connection"
  case workFails = "work-fails"
  case workNeverEnds = "work-never-ends"

  /// A sentence for people.
  package var title: String {
    switch self {
    case .resetBefore: "The connection is reset before the work is done."
    case .resetAfter: "The work is done, then the connection is reset in place of an answer."
    case .empty: "The connection is closed without an answer, and nothing is done."
    case .cut: "The answer is cut in its middle."
    case .corrupt: "The answer's bytes are spoilt."
    case .framing: "The answer's chunked coding is broken."
    case .stall: "The answer stops in its middle and never goes on."
    case .slow: "The answer takes 2 s."
    case .tooMany: "429 with Retry-After: 1."
    case .failed: "500."
    case .unavailable: "503."
    case .outage: "503, from then on for this operation."
    case .unreachable: "Closed without an answer, from then on for this operation."
    case .expired: "401, from then on for the whole service: the key has expired."
    case .wrongType: "The answer's content type is text/html."
    case .lostConnection: "The answer is whole, then its connection is gone."
    case .workFails: "From then on the work that is asked for has failed."
    case .workNeverEnds: "From then on the work that is asked for goes on for ever."
    }
  }

  /// What is not swept: said, never passed over. For the first two the language of scenarios has no
  /// rule.
  package static let missing = [
    "duplicate delivery", "a stalled reader and a reader that is gone", "faults of TLS",
  ]

  /// How long `slow` takes, and what `429` asks for.
  package static let slowSeconds = 2
  package static let retryAfterSeconds = 1

  /// Whether it makes a difference for an exchange that went like this.
  package func fits(_ exchange: LabExchange) -> Bool {
    switch self {
    case .cut, .stall: exchange.responseBytes > 1
    case .framing: exchange.responseBytes > 1
    // Of other contents nobody could tell.
    case .corrupt, .wrongType: exchange.hasJSONAnswer
    case .workFails, .workNeverEnds: work(of: exchange) != nil
    default: true
    }
  }

  /// Whether it goes on for all later exchanges of the operation.
  package var lasts: Bool {
    switch self {
    case .outage, .unreachable, .expired, .workFails, .workNeverEnds: true
    default: false
    }
  }

  // MARK: The rule

  /// - Parameters:
  ///   - occurrence: the how manyth exchange of its operation it is, from 1.
  ///   - ofService: the how manyth of its service.
  package func rule(
    named name: String, for exchange: LabExchange, occurrence: Int, ofService: Int
  ) -> JSON {
    var match: JSONObject = ["operation": JSON(exchange.operation)]
    var skip = occurrence - 1
    if self == .expired {
      match = ["service": JSON(exchange.service)]
      skip = ofService - 1
    }
    var rule: JSONObject = ["name": .string(name), "match": .object(match)]
    if skip > 0 { rule["skip"] = .integer(skip) }
    if !lasts { rule["times"] = 1 }
    for (key, value) in effect(on: exchange).members { rule[key] = value }
    return .object(rule)
  }

  private func effect(on exchange: LabExchange) -> JSONObject {
    switch self {
    case .resetBefore: ["fault": "reset"]
    case .resetAfter: ["fault": "reset", "after": true]
    case .empty, .unreachable: ["fault": "empty"]
    case .cut: ["fault": "truncate"]
    case .corrupt: ["fault": ["corrupt": ["bytes": 65_536]]]
    case .framing: ["fault": ["corrupt": ["chunk": true]]]
    case .stall: ["fault": "stall"]
    case .slow: ["delay": .string("\(Self.slowSeconds)s"), "pass": true]
    case .tooMany:
      ["error": ["status": 429, "header": ["Retry-After": .string("\(Self.retryAfterSeconds)")]]]
    case .failed: ["error": 500]
    case .unavailable, .outage: ["error": 503]
    case .expired: ["error": 401]
    case .wrongType: ["patch": ["header": ["Content-Type": "text/html"]]]
    // Behind the last byte, whose number need not be known.
    case .lostConnection: ["fault": ["reset": ["afterBytes": 1_073_741_824]]]
    case .workFails: ["patch": ["json": work(of: exchange)?.failed ?? [:]]]
    case .workNeverEnds: ["patch": ["json": work(of: exchange)?.going ?? [:]]]
    }
  }

  /// How an answer that tells how work is going would tell that it failed, or goes on; nil where it tells
  /// nothing of the kind.
  private func work(of exchange: LabExchange) -> (failed: JSON, going: JSON)? {
    guard let content = exchange.responseContent, let answer = try? JSON(parsing: content) else {
      return nil
    }
    switch exchange.operation {
    case "steamship.task.status" where answer["status"]?["state"] != nil:
      return (
        ["status": ["state": "failed", "statusMessage": "It failed half-way."]],
        ["status": ["state": "running"]]
      )
    case "scramjet.instance.get" where answer["status"] != nil:
      return (["status": "errored"], ["status": "running"])
    default: return nil
    }
  }
}
