import Wavetank

extension Command {
  static let check = Command(
    name: "check",
    summary: "Validate scenarios: every problem with its place, rules that can never strike.",
    operands: "FILE|NAME…",
    flags: [
      Flag("--together", "Merge the files, as serve does, instead of each by itself."),
      Flag("--strict", "As for serve --strict."),
      Flag("--quiet", "Print nothing but problems."),
    ],
    examples: [
      "wavetank check Scenarios/*.json", "wavetank check --together base.json local.yaml",
    ],
    run: { arguments throws(UsageError) in
      let names = arguments.positionals
      guard !names.isEmpty else { throw UsageError("check needs at least one scenario.") }
      var isGood = true
      for group in arguments.has("--together") ? [names] : names.map({ [$0] }) {
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

  static let scenarios = Command(
    name: "scenarios", summary: "List the shipped scenarios, or print one.", operands: "[NAME]",
    flags: [],
    examples: ["wavetank scenarios", "wavetank scenarios rate-limited > mine.json"],
    run: { arguments throws(UsageError) in
      let shipped = Scenarios.shipped
      if let name = arguments.positionals.first {
        guard let text = Scenarios.text(of: name) else {
          throw UsageError(CommandLineArguments.unknown(name, among: shipped.map(\.name)))
        }
        Terminal.put(text)
        return 0
      }
      let width = (shipped.map(\.name.count).max() ?? 0) + 2
      for (name, summary) in shipped { Terminal.say(padded(name, width) + summary) }
      return 0
    })
}
