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
        let problems = Scenarios.problems(in: group, isStrict: arguments.has("--strict"))
        for problem in problems { Terminal.complain(problem) }
        let warnings = Scenarios.warnings(in: group, isStrict: arguments.has("--strict"))
        for warning in warnings {
          Terminal.complain("\(group.joined(separator: " + ")): warning: \(warning)")
        }
        if !problems.isEmpty {
          isGood = false
        } else if !arguments.has("--quiet") {
          Terminal.say("\(group.joined(separator: " + ")): good")
        }
      }
      return isGood ? 0 : 1
    })

  /// Standard input is read once.
  static func scenarioNames(_ names: [String]) throws(UsageError) {
    if names.filter({ $0 == "-" }).count > 1 {
      throw UsageError("standard input holds one scenario, but “-” was given more than once.")
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
