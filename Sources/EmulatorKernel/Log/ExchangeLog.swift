import HTTPModel
import PayloadCodecs

/// The exchanges of all tenants in the server's log: one line for each, when it is over.
package final class ExchangeLog: Sendable {
  let log: ServerLog
  let line: ExchangeLine
  /// What became of each rule is told, too: from the journal's entry, which is made for that.
  let tellsWhy: Bool

  init(_ log: ServerLog, _ line: ExchangeLine) {
    self.log = log
    self.line = line
    tellsWhy = log.level >= .debug
  }

  /// - Returns: whether the log must be woken, once no lock is held.
  func append(
    _ exchange: LoggedExchange, of tenant: String, why: String? = nil,
    at moment: Moment
  ) -> Bool {
    guard exchange.level <= log.level else { return false }
    return log.append(at: moment) { line.write(exchange, of: tenant, why: why, into: &$0) }
  }
}

extension Pipeline {
  /// An exchange is over whose line the journal has not written.
  func logEnd(
    _ number: UInt64, in live: LiveTenant, isKept: Bool, at moment: Moment
  ) {
    guard let exchangeLog else { return }
    guard isKept else {
      exchangeLog.log.tell(
        .info, of: live.name,
        "exchange #\(number) is over; the journal has dropped what was known of it")
      return
    }
    guard exchangeLog.tellsWhy, let entry = live.journal.entry(number) else { return }
    let needsWake = exchangeLog.append(
      LoggedExchange(entry), of: live.name, why: why(entry, in: live), at: moment)
    if needsWake { exchangeLog.log.wake() }
  }

  /// What the rules made of an exchange, each with what became of it.
  private func why(_ entry: JournalEntry, in live: LiveTenant) -> String {
    guard let trace = entry.trace ?? live.rules?.trace() else {
      return entry.operationIndex == nil ? "no operation has this method and path" : "no rules"
    }
    let rules = trace.explained(for: subject(of: entry, in: live))["rulesConsidered"]?.arrayValue
    guard let rules, !rules.isEmpty else { return "no rule looks at this operation" }
    return rules.map(Self.sentence).joined(separator: "; ")
  }

  private static func sentence(_ rule: JSON) -> String {
    func part(_ name: String) -> String? { rule[name]?.stringValue }
    var text = "\(part("rule") ?? ""): \(part("outcome") ?? "")"
    if let failed = part("failed") { text += ", \(failed) expected \(part("expected") ?? "")" }
    if let found = part("found") { text += ", found \(found)" }
    if let count = rule["count"]?.intValue { text += " for the \(count). time" }
    if let action = part("action") { text += ", \(action)" }
    return text
  }
}
