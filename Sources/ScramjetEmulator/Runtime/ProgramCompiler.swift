import EmulatorKernel
import PayloadCodecs

/// Turns what a scenario, a `package.json` or a start call says about an instance's behaviour into a
/// program: either `{"behaviour": NAME, …}` or `{"program": [{"on": …, "do": …}]}`.
struct ProgramCompiler {
  let arguments: Arguments

  init(_ arguments: Arguments = Arguments()) { self.arguments = arguments }

  /// - Errors: everything that is wrong, with its place in `spec`.
  func compile(
    _ spec: JSON, at pointer: String = ""
  ) throws(ScenarioProblems) -> Program {
    try ScenarioReader.read(spec, at: pointer) { reader in
      BehaviorForm.any.read(reader).flatMap { _ in program(reader) }
    }
  }

  /// The program that a value stands for, if `BehaviorForm` takes it; what only the args tell to be
  /// wrong leaves a problem.
  func program(_ reader: ScenarioReader) -> Program? {
    let name = reader.value.stringValue ?? self["behavior", reader] ?? self["behaviour", reader]
    guard let rules = reader.value.arrayValue == nil ? reader.member("program") : reader else {
      guard let behavior = name.flatMap(Behavior.init(rawValue:)) else { return nil }
      var program = program(of: behavior, reader)
      common(reader, &program, isCrash: behavior == .crash)
      return program
    }
    var program = program(ofRules: rules)
    common(reader, &program, isCrash: false)
    return program
  }

  /// Parameters that every behaviour has.
  private func common(_ object: ScenarioReader, _ program: inout Program, isCrash: Bool) {
    let type = text(object, "contentType")
    if let topic = text(object, "topic") {
      program.provides = topic
      program.providesType = type ?? Topic.defaultType
    }
    if let topic = text(object, "requires") {
      program.requires = topic
      program.requiresType = text(object, "requiresType") ?? type ?? Topic.defaultType
    }
    for (key, name) in [("topic", program.provides), ("requires", program.requires)]
    where !name.isEmpty && !Topic.isName(name) {
      object.member(key)?.problem("a topic's name has letters, digits, - _ + and \\ only")
    }
    program.exitTimeoutMilliseconds = milliseconds(object, "exitTimeout")
    var first: [Program.Action] = []
    for line in texts(object, "log") { first.append(.log(Template(literal: line), level: "INFO")) }
    for line in texts(object, "stdout") { first.append(.write(Template(literal: line), .stdout)) }
    // What a crash says comes with the crash.
    if !isCrash {
      for line in texts(object, "stderr") { first.append(.write(Template(literal: line), .stderr)) }
    }
    program.start = first + program.start
  }

  // MARK: Parameters

  private subscript(_ key: String, _ object: ScenarioReader) -> String? {
    object.value[key]?.stringValue
  }

  func text(_ object: ScenarioReader, _ key: String) -> String? {
    object.value[key].map { value in value.stringValue.map(arguments.fill) ?? value.text }
  }

  func texts(_ object: ScenarioReader, _ key: String) -> [String] {
    let value = object.value[key]
    return (value?.arrayValue ?? value.map { [$0] } ?? []).compactMap(\.stringValue)
      .map(arguments.fill)
  }

  func template(_ object: ScenarioReader, _ key: String) -> Template? {
    text(object, key).map { Template($0) }
  }

  func flag(_ object: ScenarioReader, _ key: String) -> Bool { object.value[key] == true }

  /// Ours: more lines, rounds or repetitions than anybody waits for.
  static let numberMax = 1_000_000_000
  /// A year in milliseconds.
  static let pauseMax = 366 * 86_400_000

  /// A start call's own args are not a mistake of the scenario: what is out of range is bounded.
  func number(
    _ object: ScenarioReader, _ key: String, missing: Int,
    in range: ClosedRange<Int> = 0...numberMax
  ) -> Int {
    let number = object.value[key].flatMap { arguments.number($0, missing: missing) }
    return min(max(number ?? missing, range.lowerBound), range.upperBound)
  }

  /// Milliseconds as a number, an arg, or a duration with its unit; at most a year.
  func milliseconds(_ object: ScenarioReader, _ key: String) -> Int? {
    guard let value = object.value[key] else { return nil }
    if let number = arguments.number(value, missing: 0) {
      return min(max(number, 0), Self.pauseMax)
    }
    let duration = value.stringValue.flatMap(DurationText.parse)
    return duration.map { min(Self.pauseMax, Int(clamping: $0.clampedNanoseconds / 1_000_000)) }
  }
}
