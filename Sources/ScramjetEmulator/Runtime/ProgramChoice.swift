import EmulatorKernel
import PayloadCodecs

/// What stands behind an instance.
enum SequenceRuntime: String, Codable, Sendable, CaseIterable {
  /// A program in place of its code.
  case scripted
  /// Its own code, in a process.
  case process
}

/// A scenario's rule for which instances behave how.
struct BehaviorRule: Codable, Sendable {
  /// Whether its own code is to run, where that is possible; nil: the rule does not say.
  var runtime: SequenceRuntime?
  /// Package name or alias of the sequence; nil: any.
  var sequence: Glob?
  var hub: Glob?
  var spec: JSON

  /// Whether it says how a stand-in behaves.
  var describes: Bool { !(spec.objectValue?.isEmpty ?? false) }

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
/// package's own `emulator`, the scenario's rules, its own code where that can be run, the table of known
/// packages, echo.
enum ProgramChoice {
  static let noCode = "this server runs no code: start it with --run-code"

  /// What is asked to stand behind an instance; nil: its own code where that can be run.
  static func runtime(
    for sequence: Sequence, on hub: String, order: StartOrder, rules: [BehaviorRule]
  ) -> SequenceRuntime? {
    if case .object? = order.appConfig?["emulator"] { return .scripted }
    if let runtime = sequence.runtime { return runtime }
    if let rule = rules.first(where: { $0.matches(sequence, on: hub) }) {
      return rule.runtime ?? .scripted
    }
    // A package that describes its stand-in has one.
    return sequence.package.emulator == nil ? nil : .scripted
  }

  /// - Parameter runsCode: whether this server runs code.
  /// - Returns: nil: its own code runs.
  static func program(
    for sequence: Sequence, on hub: String, order: StartOrder, rules: [BehaviorRule],
    runsCode: Bool
  ) throws(ScenarioProblems) -> CompiledProgram? {
    let wanted = runtime(for: sequence, on: hub, order: order, rules: rules)
    if wanted == .process, !runsCode { throw ScenarioProblems(noCode, at: "/runtime") }
    if runsCode, sequence.code != nil, wanted != .scripted { return nil }
    return try program(for: sequence, on: hub, order: order, rules: rules)
  }

  static func program(
    for sequence: Sequence, on hub: String, order: StartOrder, rules: [BehaviorRule]
  ) throws(ScenarioProblems) -> CompiledProgram {
    let arguments = Arguments(order.arguments?.arrayValue ?? [], appConfig: order.appConfig)
    let compiler = ProgramCompiler(arguments)
    if let spec = order.appConfig?["emulator"], case .object = spec {
      return CompiledProgram(try compiler.compile(spec, at: "/appConfig/emulator"))
    }
    if sequence.package.value.emulator == nil,
      let rule = rules.first(where: { $0.matches(sequence, on: hub) }), rule.describes
    {
      return CompiledProgram(try compiler.compile(rule.spec))
    }
    guard arguments.values.isEmpty, arguments.appConfig == nil else {
      return CompiledProgram(try program(of: sequence.package.value, arguments))
    }
    if let known = CompiledPrograms.program(of: sequence.package) { return known }
    let program = CompiledProgram(try program(of: sequence.package.value, arguments))
    CompiledPrograms.keep(program, of: sequence.package)
    return program
  }

  /// What a package stands for by itself.
  private static func program(
    of package: SequencePackage, _ arguments: Arguments
  ) throws(ScenarioProblems) -> Program {
    let compiler = ProgramCompiler(arguments)
    if let spec = package.emulator { return try compiler.compile(spec, at: "/emulator") }
    let name = package.shortName
    var program = try compiler.compile(
      KnownPackages.behavior(of: name, arguments) ?? ["behaviour": "echo"])
    program.readsTextByLine = name.hasPrefix("python-")
    return program
  }
}
