package import PayloadCodecs

extension SweepFault {
  /// Where a connection begins to speak TLS.
  package struct Handshake: Sendable, Equatable {
    package var host: String
    /// The how manyth of its host, from 1.
    package var occurrence: Int
  }

  /// - Parameters:
  ///   - occurrence: the how manyth exchange of its operation it is, from 1.
  ///   - ofService: the how manyth of its service.
  ///   - handshake: that of its connection, where it is the first there.
  package func rule(
    named name: String, for exchange: LabExchange, occurrence: Int, ofService: Int,
    handshake: Handshake? = nil
  ) -> JSON {
    var match: JSONObject = ["operation": JSON(exchange.operation)]
    var skip = occurrence - 1
    if self == .expired {
      match = ["service": JSON(exchange.service)]
      skip = ofService - 1
    }
    if isOfTLS, let handshake {
      match = ["host": .string(handshake.host)]
      skip = handshake.occurrence - 1
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
    case .twice: ["twice": true, "pass": true]
    // Behind the last byte, whose number need not be known.
    case .lostConnection: ["fault": ["reset": ["afterBytes": 1_073_741_824]]]
    case .readerStalls: ["fault": ["stall": Self.half(exchange)]]
    case .readerGone: ["fault": ["reset": Self.half(exchange)]]
    case .workFails: ["patch": work(of: exchange)?.failed ?? [:]]
    case .workNeverEnds: ["patch": work(of: exchange)?.going ?? [:]]
    default:
      switch tls?.kind {
      case .text(let word): ["fault": ["tls": .string(word)]]
      case .alert(let number): ["fault": ["tls": ["alert": .integer(number)]]]
      case nil: [:]
      }
    }
  }

  /// Of what the client sends.
  private static func half(_ exchange: LabExchange) -> JSON {
    ["on": "request", "afterBytes": .integer(exchange.requestBytes / 2)]
  }

  /// What begins the work that a service's tables tell of: who has asked none of it only exports them.
  static let starts = ["shipyard": ["shipyard.fleetRun.create", "shipyard.webhook.receive"]]

  /// How an answer that tells how work is going would tell that it failed, or goes on, as patches; nil
  /// where it tells nothing of the kind.
  func work(of exchange: LabExchange) -> (failed: JSON, going: JSON)? {
    guard let content = exchange.responseContent else { return nil }
    switch exchange.operation {
    case "steamship.task.status" where Self.has(["status", "state"], in: content):
      return (
        ["json": ["status": ["state": "failed", "statusMessage": "It failed half-way."]]],
        ["json": ["status": ["state": "running"]]]
      )
    case "scramjet.instance.get" where Self.has(["status"], in: content):
      return (["json": ["status": "errored"]], ["json": ["status": "running"]])
    case "shipyard.fleetRun.list", "shipyard.fleetRun.export":
      guard Self.hasRows(under: "Status", in: content) else { return nil }
      return (
        ["csv": ["Status": "Errored"]],
        ["csv": ["Status": "Running", "End Time": "", "Duration": "", "Billable Runtime": ""]]
      )
    case "shipyard.voyage.list":
      guard Self.hasRows(under: "Fleet Log Status", in: content) else { return nil }
      return (
        ["csv": ["Fleet Log Status": "Errored", "Vessel Status": "Errored", "Exit Code": "1"]],
        ["csv": ["Fleet Log Status": "Running", "Vessel Status": "Running", "Exit Code": ""]]
      )
    default: return nil
    }
  }

  private static func has(_ path: [String], in content: String) -> Bool {
    var value = try? JSON(parsing: content)
    for name in path { value = value?[name] }
    return value != nil
  }

  /// Whether it is a table with that heading and something below it.
  private static func hasRows(under heading: String, in content: String) -> Bool {
    let lines = content.utf8.split(separator: UInt8(ascii: "\n"))
    guard lines.count > 1, let head = lines.first else { return false }
    let returns = UInt8(ascii: "\r")
    return head.split(separator: UInt8(ascii: ",")).contains { cell in
      cell.last == returns
        ? cell.dropLast().elementsEqual(heading.utf8) : cell.elementsEqual(heading.utf8)
    }
  }
}
