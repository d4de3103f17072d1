package import HTTPModel
import PayloadCodecs

/// What a line of the log says of an exchange.
struct LoggedExchange {
  var number: UInt64
  var operationIndex: Int?
  var method: Method
  /// As it was sent, with what may be a secret.
  var target: ArraySlice<UInt8>
  var status: Status?
  var duration: Duration?
  var ending: ExchangeOutcome.Ending?
  var fault: TransportFault?
  var rules: [String]
  var remarks: [String] = []
  var hint: String?
  var requestBytes: UInt64
  var responseBytes: UInt64
  /// By the tenant's clock.
  var arrived: VirtualInstant

  /// Those at which somebody should look are warnings.
  var level: LogLevel {
    if operationIndex == nil || !remarks.isEmpty || ending == .producerFailed { return .warn }
    return .info
  }
}

extension LoggedExchange {
  init(_ entry: JournalEntry) {
    self.init(
      number: entry.number, operationIndex: entry.operationIndex, method: entry.method,
      target: entry.target.bytes[...], status: entry.status, duration: entry.duration,
      ending: entry.ending, fault: entry.fault, rules: entry.rules, remarks: entry.remarks,
      hint: entry.hint, requestBytes: entry.requestContentBytes,
      responseBytes: entry.responseContentBytes, arrived: entry.arrived)
  }
}

/// How an exchange is told in one line, in the log and to who follows a journal.
///
/// **Shape** as text: `TIME LEVEL TENANT METHOD TARGET OPERATION OUTCOME DURATIONms #NUMBER`, then what
/// there is of `rule="…"`, `remark="…"`, `hint="…"`, `fault=…`, `ended="…"`, `why="…"`; no operation is
/// `-`. The outcome is the status, or what a fault made of it.
package final class ExchangeLine: Sendable {
  private let operations: OperationTable
  private let names: [[UInt8]]
  private let services: [[UInt8]]
  /// As long as a service's and an operation's together.
  private let nameMax: Int
  /// Of each operation: whether nothing in its path is a secret.
  private let hasPlainPath: [Bool]

  init(_ operations: OperationTable) {
    self.operations = operations
    names = operations.entries.map { Array($0.operation.name.utf8) }
    services = operations.serviceNames.map { Array($0.utf8) }
    nameMax = [names, services].reduce(0) { sum, texts in
      sum + texts.reduce(0) { max($0, $1.count) }
    }
    hasPlainPath = operations.entries.map { $0.operation.firstSecretSegment == nil }
  }

  /// A line as the log has it, without its end: for who follows a journal.
  package func text(_ entry: JournalEntry, of tenant: String, _ style: LogStyle) -> [UInt8] {
    var line = LogBuffer(style)
    line.turn(to: entry.endedOnTheWall ?? entry.arrived)
    write(LoggedExchange(entry), of: tenant, into: &line)
    return line.bytes.dropLast()
  }

  /// - Parameter why: at the level that tells it.
  func write(
    _ exchange: LoggedExchange, of tenant: String, why: String? = nil, into line: inout LogBuffer
  ) {
    switch line.style.form {
    case .text: writeText(exchange, of: tenant, why, &line)
    case .json: writeJSON(exchange, of: tenant, why, &line)
    }
  }

  // MARK: Text

  private func writeText(
    _ exchange: LoggedExchange, of tenant: String, _ why: String?, _ line: inout LogBuffer
  ) {
    let moment = line.moment()
    let target = target(exchange, line.style.form)
    let method = method(exchange.method, line.style.form)
    let name = exchange.operationIndex.map { names[$0] } ?? Self.none
    let isColoured = line.style.hasColour
    let isPlain = exchange.isPlain && why == nil
    let texts = tenant.utf8.count + method.utf8.count + target.count + name.count
    line.append(atMost: texts + Self.roomOfText) { line in
      func colour(_ code: StaticString) { if isColoured { line.putColour(code) } }
      line.putTime(moment, exchange.level, isColoured)
      line.put(tenant)
      line.put(UInt8(ascii: " "))
      line.put(method)
      line.put(UInt8(ascii: " "))
      line.put(target)
      line.put(UInt8(ascii: " "))
      line.put(name)
      line.put(UInt8(ascii: " "))
      colour(Self.colour(of: exchange))
      if let fault = exchange.fault, let outcome = fault.outcome {
        line.put(outcome)
      } else if let status = exchange.status {
        line.put(UInt64(clamping: status.code))
      } else {
        line.put(UInt8(ascii: "-"))
      }
      colour("0")
      line.put(UInt8(ascii: " "))
      if let duration = exchange.duration {
        line.put(duration)
      } else {
        line.put(UInt8(ascii: "-"))
      }
      line.put("ms #" as StaticString)
      line.put(exchange.number)
      if isPlain { line.put(UInt8(ascii: "\n")) }
    }
    guard !isPlain else { return }
    details(exchange, why, &line)
    line.append("\n")
  }

  private static let none: [UInt8] = [UInt8(ascii: "-")]
  /// Time, level, outcome, duration, number, colours: less than this.
  private static let roomOfText = 256

  private func details(_ exchange: LoggedExchange, _ why: String?, _ line: inout LogBuffer) {
    func add(_ name: String, _ text: String) {
      line.append(" \(name)=")
      line.quote(text)
    }
    for rule in exchange.rules { add("rule", rule) }
    for remark in exchange.remarks { add("remark", remark) }
    if let hint = exchange.hint { add("hint", hint) }
    if let fault = exchange.fault { line.append(" fault=\(fault.words)") }
    if exchange.fault == nil, let ending = exchange.ending, ending != .completed {
      add("ended", ending.name)
    }
    if let why { add("why", why) }
  }

  private static func colour(of exchange: LoggedExchange) -> StaticString {
    if exchange.fault != nil { return "35" }
    return switch exchange.status?.code ?? 0 {
    case 200..<300: "32"
    case 300..<400: "36"
    case 400..<500: "33"
    default: "31"
    }
  }

  // MARK: JSON

  private func writeJSON(
    _ exchange: LoggedExchange, of tenant: String, _ why: String?, _ line: inout LogBuffer
  ) {
    let (moment, clock) = (line.moment(), line.moment(of: exchange.arrived))
    let target = target(exchange, line.style.form)
    let method = method(exchange.method, line.style.form)
    let texts = tenant.utf8.count + method.utf8.count + target.count + nameMax
    line.append(atMost: texts + Self.roomOfJSON) { line in
      line.put("{\"time\":\"" as StaticString)
      line.put(moment)
      line.put("\",\"level\":\"" as StaticString)
      line.put(exchange.level.name)
      line.put("\",\"tenant\":\"" as StaticString)
      line.put(tenant)
      line.put("\",\"number\":" as StaticString)
      line.put(exchange.number)
      line.put(",\"method\":\"" as StaticString)
      line.put(method)
      line.put("\",\"target\":\"" as StaticString)
      line.put(target)
      answer(exchange, into: &line)
      line.put(",\"clock\":\"" as StaticString)
      line.put(clock)
      line.put("\",\"rules\":" as StaticString)
    }
    list(exchange.rules, &line)
    line.append(",\"remarks\":")
    list(exchange.remarks, &line)
    for (name, text) in [("hint", exchange.hint), ("why", why)] {
      guard let text else { continue }
      line.append(",\"\(name)\":")
      line.quote(text)
    }
    line.append("}\n")
  }

  /// Names and numbers of a line: less than this.
  private static let roomOfJSON = 768

  /// What came of an exchange, as JSON.
  private func answer(_ exchange: LoggedExchange, into line: inout ByteFiller) {
    if let index = exchange.operationIndex {
      line.put("\",\"service\":\"" as StaticString)
      line.put(services[operations.entries[index].serviceIndex])
      line.put("\",\"operation\":\"" as StaticString)
      line.put(names[index])
      line.put("\",\"status\":" as StaticString)
    } else {
      line.put("\",\"service\":null,\"operation\":null,\"status\":" as StaticString)
    }
    // What was never sent is no status.
    if let status = exchange.status, !(exchange.fault?.sendsNothing ?? false) {
      line.put(UInt64(clamping: status.code))
    } else {
      line.put("null" as StaticString)
    }
    if let fault = exchange.fault {
      line.put(",\"fault\":\"\(fault.name)\",\"outcome\":\"\(fault.outcome ?? fault.name)\"")
    }
    line.put(",\"durationMilliseconds\":" as StaticString)
    if let duration = exchange.duration {
      line.put(duration)
    } else {
      line.put("null" as StaticString)
    }
    line.put(",\"requestBytes\":" as StaticString)
    line.put(exchange.requestBytes)
    line.put(",\"responseBytes\":" as StaticString)
    line.put(exchange.responseBytes)
    line.put(",\"ending\":\"" as StaticString)
    line.put(exchange.ending?.name ?? "in flight")
    line.put(UInt8(ascii: "\""))
  }

  private func list(_ texts: [String], _ line: inout LogBuffer) {
    guard !texts.isEmpty else { return line.append("[]") }
    line.append("[")
    for (index, text) in texts.enumerated() {
      if index > 0 { line.append(",") }
      line.quote(text)
    }
    line.append("]")
  }

  // MARK: What the peer wrote

  private func method(_ method: Method, _ form: LogStyle.Form) -> String {
    guard case .other(let token) = method else { return method.name }
    return String(decoding: Self.visible(Array(token.utf8)[...], form), as: UTF8.self)
  }

  /// Without secrets, as what it is in ASCII.
  private func target(_ exchange: LoggedExchange, _ form: LogStyle.Form) -> ArraySlice<UInt8> {
    let target = exchange.target
    if let index = exchange.operationIndex, hasPlainPath[index], Self.isPlain(target) {
      return target
    }
    // A peer may send sixteen kilobytes; its secrets are found before anything is cut.
    let shown = operations.shownTarget(
      String(decoding: target, as: UTF8.self), of: exchange.operationIndex)
    return Self.visible(Array(shown.utf8)[...], form)[...]
  }

  /// Visible ASCII in origin-form without a query, of no great length.
  private static func isPlain(_ target: ArraySlice<UInt8>) -> Bool {
    guard target.first == UInt8(ascii: "/"), target.count <= LogBuffer.textMax else { return false }
    for byte in target {
      guard byte &- 0x21 <= 0x5D, byte != 0x3F, byte != 0x22, byte != 0x5C else { return false }
    }
    return true
  }

  private static func visible(_ bytes: ArraySlice<UInt8>, _ form: LogStyle.Form) -> [UInt8] {
    var shown: [UInt8] = []
    for byte in bytes.prefix(LogBuffer.textMax) {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): shown += form == .json ? [0x5C, byte] : [byte]
      case 0x21...0x7E: shown.append(byte)
      default:
        let digits = String(byte, radix: 16)
        let padded = digits.utf8.count == 1 ? "0" + digits : digits
        shown += Array((form == .json ? "\\\\x\(padded)" : "\\x\(padded)").utf8)
      }
    }
    if bytes.count > LogBuffer.textMax { shown += Array("...".utf8) }
    return shown
  }
}

extension LoggedExchange {
  /// Whether there is nothing to tell but what every exchange has.
  fileprivate var isPlain: Bool {
    rules.isEmpty && remarks.isEmpty && hint == nil && fault == nil && ending == .completed
  }
}

extension TransportFault {
  /// What stands in the place of the status; nil: the answer arrives as it is.
  fileprivate var outcome: String? {
    switch self {
    case .reset: "reset"
    case .empty: "empty"
    case .refuse: "refused"
    case .truncate: "cut"
    case .stall: "stalled"
    case .corrupt: "corrupt"
    case .tls: "tls"
    case .upload(let fault):
      switch fault.ending {
      case .none: nil
      case .reset: "reset"
      case .stall: "stalled"
      }
    case .throttle(_, let count): count == nil ? nil : "reset"
    case .dribble: nil
    }
  }

  /// The name that scenarios use, and how much.
  fileprivate var words: String {
    switch self {
    case .reset(let count) where count > 0: "reset after \(count) bytes"
    case .truncate(let count?): "truncate after \(count) bytes of content"
    case .truncate: "truncate in the middle of the content"
    case .stall(let count?): "stall after \(count) bytes of content"
    case .stall: "stall in the middle of the content"
    case .throttle(let rate, nil): "throttle to \(rate) bytes a second"
    case .throttle(let rate, let count?):
      "throttle to \(rate) bytes a second, reset after \(count) bytes"
    case .dribble(let count, let pause): "dribble \(count) bytes every \(pause)"
    case .refuse(let time): "refuse for \(time)"
    case .upload(let fault): fault.words
    case .reset, .empty, .corrupt, .tls: name
    }
  }
}

extension UploadFault {
  fileprivate var words: String {
    let rate = bytesPerSecond.map { "upload throttled to \($0) bytes a second" }
    let end: String? =
      switch ending {
      case .none: nil
      case .reset: "upload reset after \(afterBytes) bytes"
      case .stall: "upload stalled after \(afterBytes) bytes"
      }
    return [rate, end].compactMap(\.self).joined(separator: ", ")
  }
}

extension ExchangeOutcome.Ending {
  /// In the words of journal and log.
  package var name: String {
    switch self {
    case .completed: "completed"
    case .peerClosed: "peer closed"
    case .fault: "fault"
    case .timedOut: "timed out"
    case .producerFailed: "cut by the emulator"
    case .serverStopped: "server stopped"
    }
  }
}
