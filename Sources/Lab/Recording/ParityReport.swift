/// A recorded exchange that was played, and what came of it.
package struct PlayedExchange: Sendable {
  package var file: String
  package var entry: Recording.Entry
  /// How often it was asked, until what the recording ends with had come.
  package var looks: Int
  package var answer: AnswerComparison.Answer?
  package var differences: [ParityDifference]
  /// As it stood when the exchange was over.
  package var correspondence: Correspondence

  package init(
    file: String, entry: Recording.Entry, looks: Int, answer: AnswerComparison.Answer?,
    differences: [ParityDifference], correspondence: Correspondence
  ) {
    (self.file, self.entry, self.looks, self.answer) = (file, entry, looks, answer)
    (self.differences, self.correspondence) = (differences, correspondence)
  }

  /// Nothing came.
  package static func withoutAnswer(
    _ file: String, _ entry: Recording.Entry, _ reason: String, _ correspondence: Correspondence
  ) -> PlayedExchange {
    PlayedExchange(
      file: file, entry: entry, looks: 1, answer: nil,
      differences: [ParityDifference(.noAnswer, "status", "\(entry.status)", reason)],
      correspondence: correspondence)
  }
}

/// What a comparison with recordings has shown.
package struct ParityReport: Sendable {
  package struct Finding: Sendable {
    package var played: PlayedExchange
    package var difference: ParityDifference
    /// Why it is lived with; nil: it is new.
    package var reason: String?
  }

  /// An entry of a file that was not compared, and why.
  package struct LeftOut: Sendable {
    package var file: String
    package var number: Int
    package var title: String
    package var reason: String

    package init(_ file: String, _ entry: Recording.Unusable) {
      self.file = file
      (number, title, reason) = (entry.number, entry.title, entry.reason)
    }
  }

  package private(set) var played: [PlayedExchange]
  package private(set) var findings: [Finding] = []
  /// Those of each exchange that was played.
  private(set) var perExchange: [[Finding]] = []
  package private(set) var leftOut: [LeftOut]
  /// Looks that were left to the last of their row.
  package private(set) var superseded: Int
  /// Acceptances that nothing was found for.
  package private(set) var unused: [Acceptances.Acceptance] = []

  package init(
    _ played: [PlayedExchange], leftOut: [LeftOut], superseded: Int, _ acceptances: Acceptances
  ) {
    (self.played, self.leftOut, self.superseded) = (played, leftOut, superseded)
    var used: Set<Int> = []
    for exchange in played {
      perExchange.append(
        exchange.differences.map { difference in
          let index = acceptances.index(for: difference, of: exchange)
          index.map { _ = used.insert($0) }
          return Finding(
            played: exchange, difference: difference,
            reason: index.map { acceptances.all[$0].reason })
        })
    }
    findings = perExchange.flatMap(\.self)
    unused = acceptances.all.enumerated().filter { !used.contains($0.offset) }.map(\.element)
  }

  package var news: [Finding] { findings.filter { $0.reason == nil } }
  package var holds: Bool { news.isEmpty }

  /// Played, but compared without its content.
  package var withoutContent: [PlayedExchange] {
    played.filter { $0.entry.responseContent == nil }
  }

  package var summary: String {
    let same = played.count { $0.differences.isEmpty }
    let accepted = findings.count - news.count
    var text = "\(SweepPlan.counted(played.count, "exchange")) compared, \(same) the same, "
    text += SweepPlan.counted(findings.count, "difference")
    if accepted > 0 { text += " (\(accepted) accepted)" }
    if superseded > 0 { text += ", \(SweepPlan.counted(superseded, "earlier look")) passed over" }
    if !leftOut.isEmpty { text += ", \(leftOut.count) of the file not used" }
    return text + "."
  }
}
