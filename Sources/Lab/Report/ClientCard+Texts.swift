package import PayloadCodecs

extension ClientCard {
  /// For a terminal.
  package var text: String {
    var text = summary + "\n"
    if !uses.isEmpty { text += "\nUsed\n" }
    for use in uses {
      text += "  \(use.count)  \(use.operation)  \(Self.statuses(use))\n"
      for (title, words) in Self.unusedParts(use) {
        text += "       \(title): \(words)\n"
      }
    }
    for kind in Remark.Kind.allCases {
      let all = remarks.filter { $0.kind == kind }
      guard !all.isEmpty else { continue }
      text += "\n\(kind.title)\n"
      for remark in all {
        text += "  \(remark.exchanges.count) × \(remark.operation) \(remark.sentence)"
        text += " (exchange \(Self.numbers(remark)))\n"
      }
    }
    if !polling.isEmpty { text += "\nPolling\n" }
    for look in polling {
      text += "  \(look.operation): \(look.looks) looks, \(Self.seconds(look.pause)) between two\n"
    }
    if !unused.isEmpty { text += "\nNever used\n" }
    for name in unused { text += "  \(name)\n" }
    return text
  }

  private static func statuses(_ use: Use) -> String {
    let unanswered = use.count - use.statuses.values.reduce(0, +)
    let none = unanswered > 0 ? ["\(unanswered) × no answer"] : []
    return (use.statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" } + none)
      .joined(separator: ", ")
  }

  private static func unusedParts(_ use: Use) -> [(title: String, words: String)] {
    [
      ("query never used", use.unusedQuery.joined(separator: ", ")),
      ("members never used", use.unusedMembers.joined(separator: ", ")),
      ("statuses never seen", use.unseenStatuses.map(String.init).joined(separator: ", ")),
    ].filter { !$0.1.isEmpty }
  }

  private static func numbers(_ remark: Remark) -> String {
    let shown = remark.exchanges.prefix(5).map(String.init).joined(separator: ", ")
    return remark.exchanges.count > 5 ? shown + ", …" : shown
  }

  private static func seconds(_ seconds: Double) -> String {
    "\((seconds * 1000).rounded() / 1000) s"
  }

  /// A case for each operation that was used, failed by what is to be said about it.
  package var junit: String {
    var cases = uses.map { use in
      let all = remarks.filter { $0.operation == use.operation }
      return JUnitText.Case(
        "wavetank report", use.operation,
        failure: all.isEmpty
          ? nil
          : (
            all.map(\.kind.rawValue).joined(separator: ", "),
            all.map { "\($0.kind.title): \($0.sentence)" }.joined(separator: "\n")
          ))
    }
    let nameless = remarks.filter { $0.operation.isEmpty }
    if !nameless.isEmpty {
      cases.append(
        JUnitText.Case(
          "wavetank report", "no operation",
          failure: (
            "unknownPath", nameless.map(\.sentence).joined(separator: "\n")
          )))
    }
    return JUnitText.suite("wavetank report", cases)
  }

  package var json: JSON {
    [
      "version": 1, "exchanges": .integer(exchanges), "connections": .integer(connections),
      "retries": .integer(retries),
      "operations": .array(
        uses.map { use in
          [
            "operation": .string(use.operation), "count": .integer(use.count),
            "statuses": .object(
              JSONObject(
                use.statuses.sorted { $0.key < $1.key }.map { ("\($0.key)", .integer($0.value)) })),
            "query": Self.list(use.query.sorted()), "members": Self.list(use.members.sorted()),
            "unusedQuery": Self.list(use.unusedQuery),
            "unusedMembers": Self.list(use.unusedMembers),
            "unseenStatuses": .array(use.unseenStatuses.map(JSON.integer)),
          ]
        }),
      "unused": Self.list(unused),
      "remarks": .array(
        remarks.map { remark in
          [
            "kind": .string(remark.kind.rawValue), "operation": .string(remark.operation),
            "sentence": .string(remark.sentence),
            "exchanges": .array(remark.exchanges.map(JSON.integer)),
          ]
        }),
      "polling": .array(
        polling.map { look in
          [
            "operation": .string(look.operation), "looks": .integer(look.looks),
            "pauseSeconds": JSON((look.pause * 1000).rounded() / 1000),
          ]
        }),
    ]
  }

  private static func list(_ words: [String]) -> JSON { .array(words.map(JSON.string)) }

  /// One page that needs nothing else.
  package var html: String {
    func e(_ text: String) -> String { MarkupText.escaped(text) }
    var text = HTMLPage.head("wavetank report") + "<h1>wavetank report</h1>\n<p>\(e(summary))</p>\n"
    text += "<h2>Remarks</h2>\n"
    if remarks.isEmpty { text += "<p class=\"good\">None.</p>\n" }
    for kind in Remark.Kind.allCases {
      let all = remarks.filter { $0.kind == kind }
      guard !all.isEmpty else { continue }
      text += "<h3>\(e(kind.title))</h3>\n<table>\n"
      for remark in all {
        text +=
          "<tr class=\"bad\"><td>\(remark.exchanges.count)</td><td>\(e(remark.operation))</td>"
        text += "<td>\(e(remark.sentence))</td><td>exchange \(e(Self.numbers(remark)))</td></tr>\n"
      }
      text += "</table>\n"
    }
    text += "<h2>Operations</h2>\n<table>\n"
    text +=
      "<tr><th>operation</th><th>how often</th><th>statuses</th><th>not used of it</th></tr>\n"
    for use in uses {
      let rest = Self.unusedParts(use).map { "\($0.title): \($0.words)" }.joined(separator: "; ")
      text += "<tr class=\"good\"><td>\(e(use.operation))</td><td>\(use.count)</td>"
      text += "<td>\(e(Self.statuses(use)))</td><td>\(e(rest))</td></tr>\n"
    }
    for name in unused { text += "<tr><td>\(e(name))</td><td>0</td><td></td><td></td></tr>\n" }
    text += "</table>\n"
    if !polling.isEmpty {
      text += "<h2>Polling</h2>\n<table>\n"
      for look in polling {
        text += "<tr><td>\(e(look.operation))</td><td>\(look.looks) looks</td>"
        text += "<td>\(e(Self.seconds(look.pause))) between two</td></tr>\n"
      }
      text += "</table>\n"
    }
    return text + "</body>\n</html>\n"
  }
}
