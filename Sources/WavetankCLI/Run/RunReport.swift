import HTTPModel
import Lab
import PayloadCodecs

/// What is left to tell when the program has ended: a summary of one screen, and files for CI.
struct RunReport {
  let command: [String]
  let status: Int32
  let seconds: Double
  /// Names that the program asked for, and addresses, that nothing here answers for.
  private let unserved: [String]
  /// Hosts whose certificate it refused.
  private let distrusted: [(name: String, count: Int)]
  /// Tenants beside the program's own that were asked for: by its keys, or by paths.
  private let others: [(name: String, count: Int)]
  private let entries: [JSON]
  private let total: Int
  /// Nil: the scenario expects nothing.
  private let verdict: JSON?

  /// Asks the server what happened.
  ///
  /// - Parameter ownTenant: of a server for the program alone: what other tenants were asked for there, it asked,
  ///   too. Nil: the server is for others as well.
  init(
    _ command: [String], status: Int32, seconds: Double, unserved: [String],
    distrusted: [(name: String, count: Int)], ownTenant: String?, _ client: ControlClient
  ) async throws {
    (self.command, self.status, self.seconds) = (command, status, seconds)
    self.unserved = unserved
    self.distrusted = distrusted
    let list = try JSON(
      parsing: try await client.look("journal", query: [("limit", "1000000")]))
    entries = list["entries"]?.arrayValue ?? []
    total = list["total"]?.intValue ?? entries.count
    others = if let ownTenant { try await Self.others(client, than: ownTenant) } else { [] }
    // Who asks although nothing is expected is refused, which the server's log tells.
    guard try JSON(parsing: try await client.look("scenario"))["expect"] != nil else {
      verdict = nil
      return
    }
    let (code, answer) = try await client.send(.post, "verify", content: Array("{}".utf8))
    switch code {
    case 200: verdict = .some(try JSON(parsing: answer))
    // It expects nothing.
    case 422: verdict = .none
    default: throw Refused(client.baseURL, status: code, answer)
    }
  }

  private static func others(
    _ client: ControlClient, than own: String
  ) async throws -> [(name: String, count: Int)] {
    let list = try JSON(parsing: try await client.look("tenants"))["tenants"]?.arrayValue ?? []
    return list.compactMap { tenant in
      guard let name = tenant["name"]?.stringValue, name != own,
        let count = tenant["exchanges"]?.intValue, count > 0
      else { return nil }
      return (name, count)
    }
  }

  var isExpecting: Bool { verdict != nil }
  var holds: Bool { verdict.map { $0["holds"]?.boolValue == true } ?? true }

  /// The program's own, else 1 where what the scenario expects does not hold.
  var exitStatus: Int32 { status == 0 && !holds ? 1 : status }

  // MARK: For people

  var summary: String {
    let style = Terminal.Style(2)
    var text =
      style.bold("wavetank:")
      + " \(count(total, "exchange")), the command's exit status \(status)\n"
    for (name, number) in others.prefix(5) {
      text +=
        "  and \(count(number, "exchange")) of the tenant \(name), "
        + "which a key or a path names: “--tenant \(name)” tells of them\n"
    }
    if others.count > 5 { text += "  and those of \(others.count - 5) tenants more\n" }
    let byOperation = tally(entries.map(operation))
    for (name, number) in byOperation.prefix(12) {
      let statuses = tally(
        entries.filter { operation($0) == name }
          .map(LabExchange.outcome))
      let what = statuses.map { "\($0.count) × \($0.name)" }.joined(separator: ", ")
      text += style.row("\(number)  \(name)", what, leftWidth: 44)
    }
    if byOperation.count > 12 { text += "  and \(byOperation.count - 12) operations more\n" }
    text += list("Rules that struck", tally(entries.flatMap { texts($0["rules"]) }))
    text += list("Remarks", tally(entries.flatMap { texts($0["remarks"]) }))
    text += list(
      "Near misses",
      tally(
        entries.compactMap { entry in
          entry["hint"]?.stringValue.map {
            "\(entry["method"]?.stringValue ?? "") \(entry["target"]?.stringValue ?? ""): \($0)"
          }
        }))
    if !distrusted.isEmpty {
      text += style.bad("Refused, for the program does not trust the CA (see “wavetank ca”)") + "\n"
      for (name, count) in distrusted.prefix(12) {
        text += "  \(count) × \(Terminal.harmless(String(name.prefix(160))))\n"
      }
    }
    if !unserved.isEmpty {
      text += style.bad("Asked for, and not served here") + "\n"
      for name in unserved.prefix(12) {
        text += "  \(Terminal.harmless(String(name.prefix(160))))\n"
      }
      if unserved.count > 12 { text += "  and \(unserved.count - 12) more\n" }
    }
    if let verdict {
      text += holds ? "Expected: holds\n" : style.bad("Expected: does not hold") + "\n"
      for check in verdict["checks"]?.arrayValue ?? [] where !holds {
        text += Terminal.harmless("  \(sentence(check))\n")
        for miss in check["nearMisses"]?.arrayValue ?? [] {
          text += Terminal.harmless("    near: \(near(miss))\n")
        }
      }
    }
    return text
  }

  private func operation(_ entry: JSON) -> String {
    let isConnection = entry["fault"]?.stringValue?.hasPrefix("tls ") ?? false
    return entry["operation"]?.stringValue
      ?? (isConnection ? "(TLS connection)" : "(no operation)")
  }

  private func sentence(_ check: JSON) -> String {
    func part(_ name: String) -> String { check[name]?.stringValue ?? "" }
    return
      "\(part("what")): \(part("verdict")), expected \(part("expected")), found \(part("found"))"
  }

  private func near(_ miss: JSON) -> String {
    func part(_ name: String) -> String { miss[name]?.stringValue ?? "" }
    return "\(miss["exchange"]?.text ?? "") \(part("request")): \(part("failed")) wants "
      + "\(part("expected")), found \(part("found"))"
  }

  private func list(_ title: String, _ rows: [(name: String, count: Int)]) -> String {
    guard !rows.isEmpty else { return "" }
    let shown = rows.prefix(5).map { "  \($0.count) × \($0.name.prefix(160))\n" }.joined()
    return "\(title)\n\(Terminal.harmless(shown))"
      + (rows.count > 5 ? "  and \(rows.count - 5) more\n" : "")
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  private func texts(_ json: JSON?) -> [String] {
    json?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  /// Each text with how often it stands there, the most frequent first.
  private func tally(_ texts: [String]) -> [(name: String, count: Int)] {
    var counts: [String: Int] = [:]
    for text in texts { counts[text, default: 0] += 1 }
    return counts.map { ($0.key, $0.value) }
      .sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }
      .map { (name: $0.0, count: $0.1) }
  }

  // MARK: For CI

  /// One case for the command, one for each thing that is expected. Source: the JUnit XML of Jenkins and
  /// GitLab.
  var junit: String {
    var cases = [(command.joined(separator: " "), status == 0 ? nil : "exit status \(status)")]
    for check in verdict?["checks"]?.arrayValue ?? [] {
      let isGood = check["verdict"]?.stringValue == "holds"
      cases.append(
        ("expect: \(check["what"]?.stringValue ?? "")", isGood ? nil : sentence(check)))
    }
    let failures = cases.filter { $0.1 != nil }.count
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuite name=\"wavetank run\" tests=\"\(cases.count)\" failures=\"\(failures)\" time=\"\(seconds)\">\n"
    for (name, failure) in cases {
      text += "  <testcase classname=\"wavetank\" name=\"\(MarkupText.escaped(name))\">"
      if let failure { text += "<failure message=\"\(MarkupText.escaped(failure))\"/>" }
      text += "</testcase>\n"
    }
    return text + "</testsuite>\n"
  }
}
