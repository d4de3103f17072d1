import Glibc
import Lab
import Wavetank

extension Command {
  /// Exit statuses: 0 no new difference; 1 some, or it did not work.
  static let parity = Command(
    name: "parity",
    summary: "Ask the emulator what a recording's client asked, and compare the answers.",
    operands: "FILE.har…",
    flags: [
      Flag("--url", value: "URL", "Ask the server that listens there (a private one)."),
      Flag("--token", value: "T", "With --url: the control token ($WAVETANK_CONTROL_TOKEN)."),
      Flag("--accept", value: "FILE", "Differences that are known, as JSON, each with its reason."),
    ] + ParityRun.flags + [
      Flag("--json", value: "FILE", "Write the report there as JSON (- : standard output)."),
      Flag("--junit", value: "FILE", "Write the report there as JUnit XML."),
      Flag("--html", value: "FILE", "Write the report there as one page."),
      Flag("--quiet", "Nothing on the terminal but what goes wrong."),
    ],
    examples: [
      "wavetank parity nightly.har",
      "wavetank parity --accept known.json --junit parity.xml recordings/*.har",
      "wavetank parity --scenario corrected.json nightly.har",
    ],
    run: { arguments throws(UsageError) in
      guard !arguments.positionals.isEmpty else {
        throw UsageError("parity needs a recording: wavetank parity nightly.har.")
      }
      let run = try ParityRun(arguments)
      for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
      let files: [ParityRun.File]
      let acceptances: Acceptances
      do throws(ParityRun.Failure) {
        acceptances = try Self.acceptances(arguments)
        files = try run.files()
      } catch {
        return 1
      }
      guard let played = try await run.play(files) else { return 1 }
      let report = ParityReport(
        played,
        leftOut: files.flatMap { file in
          file.recording.unusable.map { ParityReport.LeftOut(file.name, $0) }
        },
        superseded: files.reduce(0) { $0 + $1.recording.supersededLooks.count }, acceptances)
      return write(report, arguments)
    })

  private static func acceptances(
    _ arguments: CommandLineArguments
  ) throws(ParityRun.Failure) -> Acceptances {
    guard let file = arguments.value("--accept") else { return Acceptances() }
    do {
      return try Acceptances(try FileContent.read(file))
    } catch let problem as Acceptances.Problem {
      Terminal.complain("\(file) \(problem)")
    } catch {
      Terminal.complain("\(error)")
    }
    throw ParityRun.Failure()
  }

  private static func write(_ report: ParityReport, _ arguments: CommandLineArguments) -> Int32 {
    let isJSONShown = arguments.value("--json") == "-"
    if !isJSONShown {
      if !arguments.has("--quiet") {
        Terminal.put(Terminal.harmless(report.text))
      } else if !report.holds || report.played.isEmpty {
        Terminal.complain(report.summary)
      }
    }
    do {
      for (flag, text) in [
        ("--json", JSONLayout.text(report.json) + "\n"), ("--junit", report.junit),
        ("--html", report.html),
      ] {
        guard let file = arguments.value(flag) else { continue }
        try FileContent.write(Array(text.utf8), to: file)
      }
    } catch {
      Terminal.complain("\(error)")
      return 1
    }
    if report.played.isEmpty {
      Terminal.complain("there is nothing to compare: no entry could be used")
      return 1
    }
    return report.holds ? 0 : 1
  }
}
