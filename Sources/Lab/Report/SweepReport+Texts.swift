extension SweepReport {
  /// A case for each run; a new finding is a failure.
  package var junit: String {
    JUnitText.suite(
      "wavetank sweep",
      entries.map { entry in
        let name = "\(entry.run.occurrence): \(entry.run.fault.rawValue)"
        guard entry.isFinding, !entry.isKnown else {
          return JUnitText.Case(entry.run.operation, name)
        }
        return JUnitText.Case(
          entry.run.operation, name,
          failure: (entry.verdict, details(entry).joined(separator: "\n")))
      })
  }

  /// What is to be said about a run besides its verdict.
  package func details(_ entry: Entry) -> [String] {
    [entry.run.fault.title] + entry.judgement.flaws.map(\.title)
      + ["The client: \(entry.judgement.behaviour.sentence)."] + entry.judgement.difference
      + ["Repeat it: \(replay(entry))"]
  }

  /// For the comment on a pull request.
  package var markdown: String {
    let mark = newFindings.isEmpty ? "✅" : "❌"
    var text = "### \(mark) wavetank sweep\n\n\(MarkupText.cell(summary))\n\n"
    if !findings.isEmpty {
      text += "| operation | fault | verdict | the client | the world |\n|-|-|-|-|-|\n"
      for entry in findings {
        let world = entry.judgement.difference.prefix(3)
        let more = entry.judgement.difference.count - world.count
        let cells = [
          "\(entry.run.operation)@\(entry.run.occurrence)", entry.run.fault.rawValue,
          entry.verdict + (entry.isKnown ? ", known" : ""),
          entry.judgement.behaviour.sentence,
          world.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : ""),
        ]
        text += "| \(cells.map(MarkupText.cell).joined(separator: " | ")) |\n"
      }
      text += "\n"
    }
    for note in notes { text += "- \(MarkupText.cell(note))\n" }
    return text
  }

  /// One line for each finding, as it stands on the terminal.
  package static func line(_ entry: Entry) -> String {
    var text = "\(entry.verdict)  \(entry.run.id)  \(entry.judgement.behaviour.sentence)"
    if let first = entry.judgement.difference.first {
      let more = entry.judgement.difference.count - 1
      text += "; \(first.prefix(120))" + (more > 0 ? " (and \(more) more)" : "")
    }
    return entry.isKnown ? text + " [known]" : text
  }
}
