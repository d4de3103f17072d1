import PayloadCodecs
import Scenarios

extension VesselSource {
  static let form = Form.object(
    "What it executes.", VesselSource(kind: .code),
    [
      .required(
        "type", \.kind, .choice, "Code or a blueprint.", beside: ["language": "BASH"]),
      .orNull("language", Form<Language>.choice, "Of code.") { $0.language = $1 },
      .orNull(
        "version", .scalar, "Of Python: 3.7 or 3.9.", example: "3.9",
        beside: ["type": "CODE", "language": "PYTHON"]
      ) { $0.version = $1 },
      .orNull("file", file, "The code itself.") { $0.file = $1 },
      .orNull("file_to_run", .scalar, "The file that is started.", example: "load.sh") {
        $0.fileToRun = $1
      },
      .orNull("git", git, "Where the code is.") { $0.git = $1 },
      .orNull(
        "blueprint", .nonEmptyScalar, "The blueprint's name.", example: "Load a table",
        beside: ["type": "BLUEPRINT"]
      ) {
        $0.blueprint = $1
      },
      .orNull(
        "inputs", inputs, "Inputs of a blueprint.",
        beside: ["type": "BLUEPRINT", "blueprint": "Load a table"]
      ) { $0.inputs = $1 },
      .orNull("arguments", .list(of: argument), "What it is called with.") { $0.arguments = $1 },
      .orNull("environment", .list(of: variable), "Its environment.") { $0.environment = $1 },
      .orNull("packages", .list(of: package), "Packages of the language.") { $0.packages = $1 },
      .orNull("system_packages", .list(of: systemPackage), "Packages of the system.") {
        $0.systemPackages = $1
      },
    ]
  ) { source, object in
    guard let type = object.reader.member("type"),
      type.value == .string(source.kind.rawValue)
    else { return }
    let isCode = source.kind == .code
    for key in isCode ? ["blueprint", "inputs"] : ["language", "version", "file"] {
      if let member = object.reader.member(key), !member.value.isNull {
        member.problem("does not go with type \(source.kind.rawValue)")
      }
    }
    let needed = isCode ? "language" : "blueprint"
    if object.reader.value[needed] ?? .null == .null { object.problem("'\(needed)' is missing") }
    if isCode, let version = source.version,
      source.language != .python || !["3.7", "3.9"].contains(version)
    {
      object.reader.member("version")?.problem("expected 3.7 or 3.9, with language PYTHON")
    }
  }

  private static let name = Field<String>.required(
    "name", \.self, .nonEmptyScalar, "The name.", example: "curl")

  private static let systemPackage = Form.object("A package of the system.", "", [name])

  private static let package = Form.object(
    "A package.", Package(name: ""),
    [
      name.at(\.name),
      .orNull("version", .scalar, "Its version.", example: "==2.0") { $0.version = $1 },
    ])

  private static let variable = Form.object(
    "A variable.", Variable(name: "", value: ""),
    [
      name.at(\.name),
      .orNull("value", .scalar, "Its value.", example: "Aurora") { $0.value = $1 },
    ])

  private static let file = Form.object(
    "A file.", File(name: "", content: ""),
    [
      name.at(\.name),
      .orNull("content", .scalar, "What stands in it.", example: "echo ahoy") { $0.content = $1 },
    ])

  private static let git = Form.object(
    "Where the code is.", Git(repository: ""),
    [
      .required(
        "repository", \.repository, .nonEmptyScalar, "Its address.", example: "harbor/jobs"),
      .orNull("checkout_point", .scalar, "A branch or commit.", example: "main") {
        $0.checkoutPoint = $1
      },
      .orNull("clone_location", Form<Git.CloneLocation>.choice, "Where to.") {
        $0.cloneLocation = $1
      },
    ])

  private static let inputs = Form.dictionary(
    of: input, "Inputs of a blueprint.", exampleKey: "FILE_NAME"
  ).map { members in
    members.sorted { KeyOrder.precedes($0.key, $1.key) }.map {
      Input(name: $0.key, value: $0.value)
    }
  }

  /// Booleans and numbers that stand plain stay what they are: the editor writes `true` beside
  /// `"587"`. The documentation's samples also hold `{}` where a text is meant.
  private static let input = Form<JSON>.plain(
    [
      "anyOf": [
        ["type": ["string", "number", "boolean", "null"]], ["type": "object", "maxProperties": 0],
      ]
    ], example: "out.csv"
  ) { reader in
    switch reader.value {
    case .null, .bool, .integer, .decimal, .string: reader.value
    case .object([:]): reader.value
    case .object, .array: reader.mismatch("a text")
    }
  }

  /// Three forms occur in the documentation: `{key, value}`, `{name, value}`, `{'--flag': value}`.
  private static let argument = Form.dictionary(
    of: Form.scalar.orNull, "{key, value}, {name, value} or {flag: value}.",
    exampleKey: "--verbose"
  ).checked { members, reader -> Argument? in
    func text(_ key: String) -> String? { members.first { $0.key == key }?.value }
    for form in [Argument.Form.key, .name] {
      let word = form.rawValue
      guard members.contains(where: { $0.key == word }) else { continue }
      for (key, _) in members where key != word && key != "value" {
        return reader.unknown("key", key, of: [word, "value"])
      }
      guard let flag = text(word) else { return reader.mismatch("'\(word)' with a text") }
      return Argument(form: form, flag: flag, value: text("value"))
    }
    guard members.count == 1 else {
      return reader.mismatch("{key, value}, {name, value} or one flag with its value")
    }
    return Argument(form: .pair, flag: members[0].key, value: members[0].value)
  }
}

extension Schedule {
  private enum Rhythm: String, CaseIterable {
    case hourly = "HOURLY"
    case daily = "DAILY"
    case weekly = "WEEKLY"
    case monthly = "MONTHLY"
  }

  private struct Written: Sendable {
    var rhythm = Rhythm.daily
    var at = ""
    var when: String?
  }

  static let form = Form.object(
    "A schedule.", Written(),
    [
      .required("how_often", \.rhythm, .choice, "In which rhythm.", example: "DAILY"),
      .required("at", \.at, .scalar, "At which minute, or time of day.", example: "2:00"),
      .orNull(
        "when", .scalar, "On which day, of the week or of the month.", example: "MONDAY",
        beside: ["how_often": "WEEKLY"]
      ) { $0.when = $1 },
    ]
  ).checked { written, reader -> Schedule? in
    guard let frequency = frequency(written, reader),
      let (hour, minute) = time(written, reader)
    else { return nil }
    guard minute % 5 == 0 else {
      reader.member("at")?.problem("minutes come in steps of 5")
      return nil
    }
    return Schedule(frequency: frequency, hour: hour, minute: minute)
  }

  @Sendable private static func frequency(
    _ written: Written, _ reader: ScenarioReader
  ) -> Frequency? {
    let when = reader.member("when") ?? reader
    switch written.rhythm {
    case .hourly, .daily:
      if written.when == nil { return written.rhythm == .hourly ? .hourly : .daily }
      when.problem("goes with WEEKLY and MONTHLY only")
    case .weekly:
      if let day = written.when, let weekday = weekdays.firstIndex(of: day.asciiUppercased) {
        return .weekly(weekday: weekday)
      }
      when.problem("WEEKLY needs 'when': SUNDAY to SATURDAY")
    case .monthly:
      if let day = written.when.flatMap({ Int($0) }), (1...31).contains(day) {
        return .monthly(day: day)
      }
      when.problem("MONTHLY needs 'when': 1 to 31")
    }
    return nil
  }

  /// `2:00`, `:25`, or a bare number: minutes of the day, which is what PyYAML makes of an unquoted
  /// `2:00` (it reads YAML 1.1's numbers to the base 60).
  @Sendable private static func time(
    _ written: Written, _ reader: ScenarioReader
  ) -> (hour: Int, minute: Int)? {
    let isHourly = written.rhythm == .hourly
    let parts = written.at.split(separator: ":", omittingEmptySubsequences: false)
    var numbers = parts.map { part -> Int? in
      guard part.utf8.count <= 4, part.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
      return part.isEmpty ? 0 : Int(part)
    }
    if numbers.count == 1, parts[0] != "", let minutes = numbers[0] {
      numbers = [minutes / 60, minutes % 60]
    }
    guard numbers.count == 2, parts.last != "", let hour = numbers[0], let minute = numbers[1],
      hour < (isHourly ? 1 : 24), minute < 60
    else {
      reader.member("at")?.problem("expected a time such as \(isHourly ? "':25'" : "'2:00'")")
      return nil
    }
    return (hour, minute)
  }
}
