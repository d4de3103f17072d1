extension SweepReport {
  /// One page that needs nothing else: a matrix of operations and faults, whose cells open what
  /// happened. Every value stands there as text.
  package var html: String {
    let title = "wavetank sweep"
    var text = HTMLPage.head(title)
    text += "<h1>\(title)</h1>\n"
    text += "<p><code>\(e(command.joined(separator: " ")))</code></p>\n<p>\(e(summary))</p>\n"
    if !notes.isEmpty {
      text += "<ul>" + notes.map { "<li>\(e($0))</li>" }.joined() + "</ul>\n"
    }
    text += matrix
    for (index, entry) in entries.enumerated() { text += section(entry, index) }
    return text + "</body>\n</html>\n"
  }

  private func e(_ text: String) -> String { MarkupText.escaped(text) }

  private struct Row: Hashable {
    var operation: String
    var occurrence: Int
  }

  private var matrix: String {
    let faults = SweepFault.allCases.filter { fault in entries.contains { $0.run.fault == fault } }
    var rows: [Row] = []
    var cells: [Row: [SweepFault: Int]] = [:]
    for (index, entry) in entries.enumerated() {
      let row = Row(operation: entry.run.operation, occurrence: entry.run.occurrence)
      if cells[row] == nil { rows.append(row) }
      cells[row, default: [:]][entry.run.fault] = index
    }
    var text = "<table>\n<tr><th></th>"
    for fault in faults {
      text += "<th title=\"\(e(fault.title))\">\(e(fault.rawValue))</th>"
    }
    text += "</tr>\n"
    for row in rows {
      text += "<tr><th>\(e(row.operation))@\(row.occurrence)</th>"
      for fault in faults {
        guard let index = cells[row]?[fault] else {
          text += "<td></td>"
          continue
        }
        let entry = entries[index]
        let mark = entry.judgement.flaws.isEmpty ? "" : " *"
        text += "<td class=\"\(entry.judgement.runClass.rawValue)"
        text += entry.isFinding ? " finding\">" : "\">"
        text += "<a href=\"#r\(index)\">\(e(entry.judgement.runClass.rawValue))\(mark)</a></td>"
      }
      text += "</tr>\n"
    }
    let legend =
      "Each cell opens its run. Framed: a finding. With a star: what the client did is wrong, whatever came of it."
    return text + "</table>\n" + (rows.isEmpty ? "" : "<p>\(legend)</p>\n")
  }

  private func section(_ entry: Entry, _ index: Int) -> String {
    var text = "<section id=\"r\(index)\">\n<h2>\(e(entry.run.id)): \(e(entry.verdict))"
    text += entry.isKnown ? ", known" : ""
    text += "</h2>\n<p>\(e(entry.run.fault.title))</p>\n"
    for flaw in entry.judgement.flaws { text += "<p><b>\(e(flaw.title))</b></p>\n" }
    text += "<p>The client: \(e(entry.judgement.behaviour.sentence)).</p>\n"
    let exit = entry.exit.map { "exit status \($0)" } ?? "ended, since it had no end of its own"
    text += "<p>The program: \(e(exit)).</p>\n"
    if !entry.judgement.difference.isEmpty {
      text += "<h3>The world</h3>\n<ul>"
      text += entry.judgement.difference.map { "<li>\(e($0))</li>" }.joined() + "</ul>\n"
    }
    text += "<h3>The exchanges</h3>\n<table>\n"
    text += "<tr><th></th><th>request</th><th>operation</th><th>status</th><th>ending</th></tr>\n"
    let shown = entry.exchanges.prefix(
      entry.exit == nil ? Self.shownExchanges / 4 : Self.shownExchanges)
    for exchange in shown {
      text += exchange.rules.isEmpty ? "<tr>" : "<tr class=\"struck\">"
      text += "<td>\(exchange.number)</td><td>\(e(exchange.method)) \(e(exchange.target))</td>"
      text += "<td>\(e(exchange.operation ?? ""))</td>"
      text +=
        "<td>\(e(exchange.outcome))</td><td>\(e(exchange.ending))</td></tr>\n"
    }
    text += "</table>\n"
    if entry.exchanges.count > shown.count {
      text += "<p>and more of them.</p>\n"
    }
    if !entry.errors.isEmpty {
      text += "<h3>What it wrote to standard error</h3>\n<pre>"
      // Of one that was ended the end is chance.
      let shown =
        entry.exit == nil
        ? entry.errors.prefix(Self.shownErrors / 4) : entry.errors.suffix(Self.shownErrors)
      text += "\(e(PlainText.ofOutput(String(shown))))</pre>\n"
    }
    return text + "<h3>Repeat it</h3>\n<pre>\(e(replay(entry)))</pre>\n</section>\n"
  }

  /// One that tries without end asks ten thousand times.
  private static let shownExchanges = 40
  private static let shownErrors = 2_000
}

/// What pages of the lab have in common.
package enum HTMLPage {
  /// Nothing is fetched: no script, no font, no picture, and the browser is told so.
  package static func head(_ title: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="viewport" content="width=device-width">
    <title>\(MarkupText.escaped(title))</title>
    <style>
    body { font: 15px/1.5 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
    table { border-collapse: collapse; margin: 1em 0 }
    th, td { border: 1px solid #ccc; padding: .2em .5em; text-align: left; font-weight: normal }
    td a { color: inherit; text-decoration: none; display: block }
    .coped, .good { background: #dff2df } .gaveUp { background: #fff3cd }
    .lost, .duplicated, .hung, .crashed, .bad { background: #f8d0d0 }
    .finding { outline: 2px solid #b00; font-weight: bold } .struck { background: #fff3cd }
    .gaveUp.finding { background: #fbdcb4 }
    section { display: none; border-top: 2px solid #888; padding-top: .5em }
    section:target { display: block }
    pre { background: #f4f4f4; padding: .7em; overflow: auto; white-space: pre-wrap }
    @media (prefers-color-scheme: dark) {
      body { color: #ddd; background: #181818 } pre { background: #262626 }
      .coped, .good { background: #1d3d1d } .gaveUp, .struck { background: #4a3f14 }
      .gaveUp.finding { background: #6b4a12 }
      .lost, .duplicated, .hung, .crashed, .bad { background: #5a1f1f }
    }
    @media print { section { display: block } }
    </style>
    </head>
    <body>

    """
  }
}
