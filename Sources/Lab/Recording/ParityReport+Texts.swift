package import PayloadCodecs

extension ParityReport {
  /// For a terminal.
  package var text: String {
    var text = ""
    let hasFiles = Set(played.map(\.file) + leftOut.map(\.file)).count > 1
    func place(_ file: String, _ number: Int) -> String {
      (hasFiles ? "\(file) " : "") + "exchange \(number)"
    }
    for (exchange, all) in zip(played, perExchange) where !all.isEmpty {
      let found = exchange.answer.map { "\($0.status)" } ?? "no answer"
      text += "\(place(exchange.file, exchange.entry.number))  \(exchange.entry.title)  "
      text += "recorded \(exchange.entry.status), here \(found)\n"
      for finding in all { text += "  \(Self.line(finding))\n" }
    }
    for exchange in withoutContent {
      text += "\(place(exchange.file, exchange.entry.number))  \(exchange.entry.title)  "
      text += "compared without its content: \(exchange.entry.contentLack ?? "it is not there")\n"
    }
    for entry in leftOut {
      text += "\(place(entry.file, entry.number))  \(entry.title)  not used: \(entry.reason)\n"
    }
    for acceptance in unused {
      text += "accepted, and not found any more: \(acceptance.text) (\(acceptance.reason))\n"
    }
    return text + summary + "\n"
  }

  private static func line(_ finding: Finding) -> String {
    let difference = finding.difference
    let place = difference.place.isEmpty ? "/" : difference.place
    let padding = String(repeating: " ", count: max(1, 9 - difference.kind.rawValue.count))
    var text = "\(difference.kind.rawValue)\(padding)\(place): "
    text += "recorded \(difference.recorded), here \(difference.found)"
    if let reason = finding.reason { text += "  (accepted: \(reason))" }
    return text
  }

  package var json: JSON {
    [
      "version": 1, "exchanges": .integer(played.count),
      "same": .integer(played.count { $0.differences.isEmpty }),
      "differences": .array(
        findings.map { finding in
          var object: JSONObject = [
            "file": .string(finding.played.file),
            "exchange": .integer(finding.played.entry.number),
            "method": .string(finding.played.entry.method),
            "path": .string(finding.played.entry.path),
            "place": .string(finding.difference.place),
            "kind": .string(finding.difference.kind.rawValue),
            "recorded": .string(finding.difference.recorded),
            "found": .string(finding.difference.found),
            "isAccepted": .bool(finding.reason != nil),
          ]
          object["reason"] = finding.reason.map(JSON.string)
          return .object(object)
        }),
      "new": .integer(news.count), "supersededLooks": .integer(superseded),
      "withoutContent": .array(
        withoutContent.map { exchange in
          [
            "file": .string(exchange.file), "exchange": .integer(exchange.entry.number),
            "reason": .string(exchange.entry.contentLack ?? ""),
          ]
        }),
      "notUsed": .array(
        leftOut.map { entry in
          [
            "file": .string(entry.file), "entry": .integer(entry.number),
            "what": .string(entry.title), "reason": .string(entry.reason),
          ]
        }),
      "unusedAcceptances": .array(
        unused.map { ["what": .string($0.text), "reason": .string($0.reason)] }),
    ]
  }

  /// A case for each exchange, failed by what is new.
  package var junit: String {
    JUnitText.suite(
      "wavetank parity",
      zip(played, perExchange).map { exchange, findings in
        let all = findings.filter { $0.reason == nil }
        return JUnitText.Case(
          exchange.file, "\(exchange.entry.number) \(exchange.entry.title)",
          failure: all.isEmpty
            ? nil
            : (
              SweepPlan.counted(all.count, "difference"),
              all.map(Self.line).joined(separator: "\n")
            ))
      })
  }

  /// One page that needs nothing else.
  package var html: String {
    func e(_ text: String) -> String { MarkupText.escaped(text) }
    let title = "wavetank parity"
    var text = HTMLPage.head(title) + "<h1>\(title)</h1>\n<p>\(e(summary))</p>\n"
    text += "<table>\n<tr><th>exchange</th><th>request</th><th>recorded</th><th>here</th>"
    text += "<th>differences</th></tr>\n"
    for (exchange, all) in zip(played, perExchange) {
      let isGood = all.allSatisfy { $0.reason != nil }
      text += "<tr class=\"\(isGood ? "good" : "bad")\">"
      text += "<td>\(e(exchange.file)) \(exchange.entry.number)</td>"
      text += "<td>\(e(exchange.entry.title))</td><td>\(exchange.entry.status)</td>"
      text += "<td>\(exchange.answer.map { "\($0.status)" } ?? "no answer")</td>"
      text += "<td>\(all.map { e(Self.line($0)) }.joined(separator: "<br>"))</td></tr>\n"
    }
    text += "</table>\n"
    if !leftOut.isEmpty {
      text += "<h2>Not used</h2>\n<table>\n"
      for entry in leftOut {
        text += "<tr><td>\(e(entry.file)) \(entry.number)</td><td>\(e(entry.title))</td>"
        text += "<td>\(e(entry.reason))</td></tr>\n"
      }
      text += "</table>\n"
    }
    if !unused.isEmpty {
      text += "<h2>Accepted, and not found any more</h2>\n<ul>\n"
      for acceptance in unused {
        text += "<li>\(e(acceptance.text)) (\(e(acceptance.reason)))</li>\n"
      }
      text += "</ul>\n"
    }
    return text + "</body>\n</html>\n"
  }
}
