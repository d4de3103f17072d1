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
    try ScenarioReader.read(spec, at: pointer) { read($0) }
  }

  func read(_ reader: ScenarioReader) -> Program? {
    if case .string = reader.value { return namedBehavior(reader) }
    if case .array = reader.value { return programRules(reader) }
    return reader.object { object in read(object) }
  }

  /// The members of an object that says how to behave; other members may stand beside them.
  func read(_ object: ScenarioObject) -> Program? {
    var program: Program?
    var isCrash = false
    if let rules = object.optional("program") {
      program = programRules(rules)
    } else {
      let key = object.has("behavior") ? "behavior" : "behaviour"
      guard let name = object.required(key)?.choice(of: Behavior.self) else {
        if object.has(key) { object.allowAll() }
        return nil
      }
      program = behavior(name, object)
      isCrash = name == .crash
    }
    guard var program else { return nil }
    common(object, &program, isCrash: isCrash)
    return program
  }

  private func namedBehavior(_ reader: ScenarioReader) -> Program? {
    guard let name = reader.choice(of: Behavior.self) else { return nil }
    return try? ScenarioReader.read([:]) { $0.object { behavior(name, $0) } }
  }

  /// Parameters that every behaviour has.
  private func common(_ object: ScenarioObject, _ program: inout Program, isCrash: Bool) {
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
      object.optional(key)?.problem("a topic's name has letters, digits, - _ + and \\ only")
    }
    if let timeout = milliseconds(object, "exitTimeout") {
      program.exitTimeoutMilliseconds = timeout
    }
    var first: [Program.Action] = []
    for line in texts(object, "log") { first.append(.log(Template(literal: line), level: "INFO")) }
    for line in texts(object, "stdout") { first.append(.write(Template(literal: line), .stdout)) }
    // What a crash says comes with the crash.
    if !isCrash {
      for line in texts(object, "stderr") { first.append(.write(Template(literal: line), .stderr)) }
    }
    program.start = first + program.start
    object.allow("language")
  }

  // MARK: Parameters

  func text(_ object: ScenarioObject, _ key: String) -> String? {
    object.optional(key).flatMap { reader in
      switch reader.value {
      case .string(let text): arguments.fill(text)
      case .integer, .decimal, .bool: reader.value.text
      default: reader.string()
      }
    }
  }

  func texts(_ object: ScenarioObject, _ key: String) -> [String] {
    object.oneOrMore(key) { reader in reader.string().map(arguments.fill) } ?? []
  }

  func template(_ object: ScenarioObject, _ key: String) -> Template? {
    text(object, key).map { Template($0) }
  }

  /// Ours: more lines, rounds or repetitions than anybody waits for.
  static let numberMax = 1_000_000_000
  /// A year in milliseconds.
  static let pauseMax = 366 * 86_400_000

  func number(
    _ object: ScenarioObject, _ key: String, missing: Int,
    in range: ClosedRange<Int> = 0...numberMax
  ) -> Int {
    guard let reader = object.optional(key) else { return missing }
    guard let number = arguments.number(reader.value, missing: missing) else {
      return reader.mismatch("a whole number, or an arg such as \"$0\"") ?? missing
    }
    guard range.contains(number) else {
      // A start call's own args are not a mistake of the scenario.
      if case .string = reader.value { return min(max(number, range.lowerBound), range.upperBound) }
      return reader.int(in: range) ?? missing
    }
    return number
  }

  /// Milliseconds as a number, an arg, or a duration with its unit; at most a year.
  func milliseconds(_ object: ScenarioObject, _ key: String) -> Int? {
    object.optional(key).flatMap { milliseconds($0) }
  }

  func milliseconds(_ reader: ScenarioReader) -> Int? {
    if let number = arguments.number(reader.value, missing: 0),
      (0...Self.pauseMax).contains(number)
    {
      return number
    }
    if case .string(let text) = reader.value, let duration = DurationText.parse(text) {
      return min(Self.pauseMax, Int(clamping: duration.clampedNanoseconds / 1_000_000))
    }
    return reader.mismatch("milliseconds, or a duration such as \"250ms\" or \"2s\"")
  }
}
