package import PayloadCodecs

/// What a sweep found: from it come all the forms of the report.
///
/// The same command and seed give the same report, but for `seconds` and `pauses`, which are measured.
package struct SweepReport: Sendable {
  /// A run that was done.
  package struct Entry: Sendable {
    package var run: SweepPlan.Run
    package var judgement: RunJudgement
    package var exit: Int32?
    package var seconds: Double
    package var exchanges: [LabExchange]
    /// The end of what the program wrote to standard error.
    package var errors: String
    /// In the baseline with the same class and flaws.
    package var isKnown = false

    package init(_ run: SweepPlan.Run, _ judgement: RunJudgement, _ outcome: RunOutcome) {
      self.run = run
      self.judgement = judgement
      exit = outcome.exit
      seconds = outcome.seconds
      exchanges = outcome.exchanges
      errors = outcome.errors
    }

    package var isFinding: Bool { judgement.isFinding }

    /// `lost (swallowedError)`.
    package var verdict: String {
      let flaws = judgement.flaws.map(\.rawValue).joined(separator: ", ")
      return judgement.runClass.rawValue + (flaws.isEmpty ? "" : " (\(flaws))")
    }
  }

  package var command: [String]
  package var seed: UInt64
  /// The flags that decide how a run goes, as they were given.
  package var flags: [String] = []
  package var cleanExchanges: Int
  package var cleanSeconds: Double
  /// What was left out.
  package var notes: [String]
  /// In the plan's order.
  package private(set) var entries: [Entry]

  package init(
    command: [String], seed: UInt64, flags: [String] = [], clean: CleanRun, notes: [String],
    entries: [Entry]
  ) {
    self.command = command
    self.flags = flags
    self.seed = seed
    cleanExchanges = clean.outcome.exchanges.count
    cleanSeconds = clean.outcome.seconds
    self.notes = notes
    self.entries = entries
  }

  package var findings: [Entry] { entries.filter(\.isFinding) }
  package var newFindings: [Entry] { findings.filter { !$0.isKnown } }

  package func count(_ runClass: RunClass) -> Int {
    entries.count { $0.judgement.runClass == runClass }
  }

  /// 0 where nothing new is wrong.
  package var exitStatus: Int32 { newFindings.isEmpty ? 0 : 1 }

  /// `120 runs: 80 coped, 30 gave up, 6 lost, 4 hung; 10 findings, 2 of them new.`
  package var summary: String {
    let counts = RunClass.allCases.filter { count($0) > 0 }
      .map { "\(count($0)) \($0 == .gaveUp ? "gave up" : $0.rawValue)" }
    var text = SweepPlan.counted(entries.count, "run")
    if !counts.isEmpty { text += ": \(counts.joined(separator: ", "))" }
    text += "; "
    text += SweepPlan.counted(findings.count, "finding")
    if findings.contains(where: \.isKnown) { text += ", \(newFindings.count) of them new" }
    return text + "."
  }

  /// The command that repeats a run.
  package func replay(_ entry: Entry) -> String {
    let seed = seed == 0 ? "" : " --seed \(seed)"
    let flags = flags.map { " " + Self.quoted($0) }.joined()
    return "wavetank sweep\(seed)\(flags) --replay \(entry.run.id) -- "
      + command.map(Self.quoted).joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-_./=:,@+%".utf8.contains(byte)
      }
    return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }

  // MARK: Baseline

  /// Findings that an earlier report has too are known.
  /// - Parameter baseline: the JSON of a report.
  package mutating func compare(with baseline: JSON) {
    var known: Set<String> = []
    for run in baseline["runs"]?.arrayValue ?? [] {
      guard let id = run["id"]?.stringValue, let name = run["class"]?.stringValue else { continue }
      let flaws = run["flaws"]?.arrayValue?.compactMap(\.stringValue) ?? []
      known.insert(([id, name] + flaws).joined(separator: " "))
    }
    for index in entries.indices where entries[index].isFinding {
      let judgement = entries[index].judgement
      let words =
        [entries[index].run.id, judgement.runClass.rawValue]
        + judgement.flaws.map(\.rawValue)
      entries[index].isKnown = known.contains(words.joined(separator: " "))
    }
  }

  // MARK: JSON

  /// Source: DESIGN §15.
  package var json: JSON {
    [
      "version": 1, "command": .array(command.map(JSON.string)),
      "seed": .decimal("\(seed)"),
      "clean": ["exchanges": .integer(cleanExchanges), "seconds": Self.rounded(cleanSeconds)],
      "notes": .array(notes.map(JSON.string)),
      "runs": .array(entries.map(json)),
    ]
  }

  private func json(_ entry: Entry) -> JSON {
    let judgement = entry.judgement
    let behaviour = judgement.behaviour
    return [
      "id": .string(entry.run.id), "operation": .string(entry.run.operation),
      "occurrence": .integer(entry.run.occurrence), "fault": .string(entry.run.fault.rawValue),
      "represents": .integer(entry.run.stands),
      "class": .string(judgement.runClass.rawValue),
      "flaws": .array(judgement.flaws.map { .string($0.rawValue) }),
      "isFinding": .bool(entry.isFinding), "isKnown": .bool(entry.isKnown),
      "exit": entry.exit.map { .integer(Int($0)) } ?? .null,
      "seconds": Self.rounded(entry.seconds),
      "struck": .bool(behaviour.isStruck), "retries": .integer(behaviour.retries),
      "pauses": .array(behaviour.pauses.prefix(20).map(Self.rounded)),
      "retryAfterKept": behaviour.keepsRetryAfter.map(JSON.bool) ?? .null,
      "connectionReused": behaviour.reusesConnection.map(JSON.bool) ?? .null,
      "difference": .array(judgement.difference.map(JSON.string)),
      "replay": .string(replay(entry)),
    ]
  }

  private static func rounded(_ seconds: Double) -> JSON {
    JSON((seconds * 1000).rounded() / 1000)
  }
}
