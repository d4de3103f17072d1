import Glibc
import Lab
import PayloadCodecs
import Wavetank

extension Command {
  static let importRecording = Command(
    name: "import",
    summary: "Make a scenario of recordings: their answers, or what in them is otherwise here.",
    operands: "FILE.har…",
    flags: [
      Flag(
        "--differences",
        "Rules only for what differs from the emulator's answers, which they correct."),
      Flag("--name", value: "NAME", "What the scenario is called (the first file's name)."),
      Flag("--out", value: "FILE", "Write it there instead of on standard output."),
    ] + ParityRun.flags + [Flag("--quiet", "Do not say what was left out.")],
    examples: [
      "wavetank import nightly.har --out nightly.json && wavetank --scenario nightly.json",
      "wavetank import --differences nightly.har --out corrected.json",
    ],
    run: { arguments throws(UsageError) in
      guard !arguments.positionals.isEmpty else {
        throw UsageError("import needs a recording: wavetank import nightly.har.")
      }
      let isPlayed = arguments.has("--differences")
      if !isPlayed,
        let flag = ["--scenario", "--clock", "--seed", "--strict", "--patience"].first(
          where: arguments.has)
      {
        throw UsageError("\(flag) is for --differences, which asks a private server.")
      }
      if isPlayed, arguments.positionals.count > 1 {
        throw UsageError("--differences takes one recording: each has a world of its own.")
      }
      let run = try ParityRun(arguments)
      for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
      let files: [ParityRun.File]
      do throws(ParityRun.Failure) {
        files = try run.files()
      } catch {
        return 1
      }
      let rules: [JSON]
      let leftOut: [Recording.Unusable]
      let hasUsed: Bool
      if isPlayed {
        guard let played = try await run.play(files) else { return 1 }
        hasUsed = !played.isEmpty
        let made = DifferenceRules(played)
        (rules, leftOut) = (made.rules, files.flatMap(\.recording.unusable) + made.leftOut)
      } else {
        let made = RecordingScenario(files.map(\.recording))
        (rules, leftOut) = (made.rules, made.leftOut)
        hasUsed = !rules.isEmpty
      }
      if !arguments.has("--quiet") {
        for entry in leftOut { tell(of: entry.number, entry.title, "is not used: \(entry.reason)") }
        for entry in files.flatMap(\.recording.entries) where entry.responseContent != nil {
          guard let cut = entry.cut else { continue }
          tell(
            of: entry.number, entry.title,
            "was cut (\(cut)): its rule answers as if that were all; “fault” would cut it again")
        }
      }
      if !hasUsed {
        Terminal.complain("there is nothing to make rules of: no entry could be used")
        return 1
      }
      let names = arguments.positionals.joined(separator: ", ")
      let scenario = RecordingScenario.scenario(
        arguments.value("--name") ?? scenarioName(arguments.positionals[0]),
        isPlayed
          ? "What was recorded otherwise than the emulator answers (\(names))."
          : "The recorded answers of \(names), in their order.", rules)
      let text = Array((JSONLayout.text(scenario) + "\n").utf8)
      // A long recording makes more than one scenario may hold.
      if let problem = Scenarios.problem(inText: text, name: "the scenario of it") {
        Terminal.complain("nothing is written, since it would be refused: \(problem)")
        return 1
      }
      do {
        try FileContent.write(text, to: arguments.value("--out") ?? "-")
      } catch {
        Terminal.complain("\(error)")
        return 1
      }
      return 0
    })

  private static func tell(of number: Int, _ title: String, _ what: String) {
    Terminal.write(
      Terminal.Style(2).bold("wavetank:")
        + Terminal.harmless(" entry \(number) \(title) \(what)\n"), to: STDERR_FILENO)
  }

  /// `recordings/Nightly 2.har` → `nightly-2`.
  private static func scenarioName(_ file: String) -> String {
    let last = file.split(separator: "/").last ?? ""
    let stem = last.hasSuffix(".har") ? last.dropLast(4) : last
    let name = String(
      stem.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    let trimmed = name.split(separator: "-").joined(separator: "-")
    return trimmed.isEmpty ? "recording" : trimmed
  }
}
