import EmulatorKernel
import PayloadCodecs

/// A scenario's rule for which instances behave how.
struct BehaviorRule: Codable, Sendable {
  /// Package name or alias of the sequence; nil: any.
  var sequence: Glob?
  var hub: Glob?
  var spec: JSON

  init(sequence: Glob? = nil, hub: Glob? = nil, spec: JSON) {
    self.sequence = sequence
    self.hub = hub
    self.spec = spec
  }

  func matches(_ candidate: Sequence, on hubID: String) -> Bool {
    if let hub, !hub.matches(hubID) { return false }
    guard let sequence else { return true }
    let names = [
      candidate.package.name, candidate.package.shortName, candidate.alias ?? "", candidate.id,
    ]
    return names.contains { sequence.matches($0) }
  }
}

/// Finds the program for an instance. First match wins: the start's `appConfig.emulator`, the
/// package's own `emulator`, the scenario's rules, the table of known packages, echo.
enum ProgramChoice {
  static func program(
    for sequence: Sequence, on hub: String, order: StartOrder, rules: [BehaviorRule]
  ) throws(ScenarioProblems) -> Program {
    let arguments = Arguments(order.arguments?.arrayValue ?? [], appConfig: order.appConfig)
    let compiler = ProgramCompiler(arguments)
    if let spec = order.appConfig?["emulator"], case .object = spec {
      return try compiler.compile(spec, at: "/appConfig/emulator")
    }
    if let spec = sequence.package.emulator {
      return try compiler.compile(spec, at: "/emulator")
    }
    if let rule = rules.first(where: { $0.matches(sequence, on: hub) }) {
      return try compiler.compile(rule.spec)
    }
    let name = sequence.package.shortName
    var program = try compiler.compile(
      KnownPackages.behavior(of: name, arguments) ?? ["behaviour": "echo"])
    program.readsTextByLine = name.hasPrefix("python-")
    return program
  }
}
