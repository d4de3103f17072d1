import Wavetank

extension Command {
  static let check = Command(
    name: "check",
    summary: "Validate scenarios: every problem with its place, rules that can never strike.",
    operands: "FILE|NAME|-…",
    flags: [
      Flag("--together", "Merge the files, as serve does, instead of each by itself."),
      Flag("--strict", "As for serve --strict."),
      Flag("--quiet", "Print nothing but problems."),
    ],
    examples: [
      "wavetank check Scenarios/*.json", "wavetank check --together base.json local.yaml",
      "generate | wavetank check -",
    ],
    run: { arguments throws(UsageError) in
      let all = arguments.positionals
      guard !all.isEmpty else { throw UsageError("check needs at least one scenario.") }
      try scenarioNames(all)
      // `Scenarios/*.json` takes the schema in: no scenario, and nothing wrong with it.
      let names = all.filter { name in
        guard Scenarios.isSchema(name) else { return true }
        let isQuiet = arguments.has("--quiet")
        if !isQuiet { Terminal.say("\(name): a JSON Schema, no scenario: passed over") }
        return false
      }
      var isGood = !names.isEmpty
      if !isGood {
        Terminal.complain("\(all.joined(separator: ", ")): there is no scenario to check")
      }
      for group in names.isEmpty ? [] : arguments.has("--together") ? [names] : names.map({ [$0] })
      {
        let findings = Scenarios.findings(in: group, isStrict: arguments.has("--strict"))
        for problem in findings.problems { Terminal.complain(problem) }
        for warning in findings.warnings {
          Terminal.complain("\(group.joined(separator: " + ")): warning: \(warning)")
        }
        if !findings.problems.isEmpty {
          isGood = false
        } else if !arguments.has("--quiet") {
          Terminal.say("\(group.joined(separator: " + ")): good")
        }
      }
      return isGood ? 0 : 1
    })

  /// Standard input is read once, and so is any other pipe that a shell hands in, by whatever name.
  static func scenarioNames(_ names: [String]) throws(UsageError) {
    var seen: [String: String] = [:]
    for name in names {
      guard let stream = Scenarios.stream(name) else { continue }
      if let first = seen[stream] {
        throw UsageError(
          "\(stream == "0" ? "standard input" : "“\(name)”") holds one scenario, but "
            + (first == name
              ? "“\(name)” was given more than once." : "“\(first)” and “\(name)” are the same."))
      }
      seen[stream] = name
    }
  }

  static let scenarios = Command(
    name: "scenarios", summary: "List the shipped scenarios, or print one.", operands: "[NAME]",
    flags: [],
    examples: ["wavetank scenarios", "wavetank scenarios rate-limited > mine.json"],
    run: { arguments throws(UsageError) in
      if let name = arguments.positionals.first {
        if arguments.positionals.count > 1 {
          throw UsageError("scenarios prints one: “\(arguments.positionals[1])” is one too many.")
        }
        guard let text = Scenarios.text(of: name) else {
          throw UsageError(CommandLineArguments.unknown(name, among: Scenarios.names))
        }
        Terminal.put(text)
        return 0
      }
      let shipped = Scenarios.shipped
      let width = (shipped.map(\.name.count).max() ?? 0) + 2
      for (name, summary) in shipped { Terminal.say(padded(name, width) + summary) }
      return 0
    })
}
