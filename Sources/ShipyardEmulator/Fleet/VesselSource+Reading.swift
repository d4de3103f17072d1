import PayloadCodecs

extension VesselSource {
  private static let commonKeys = [
    "type", "arguments", "environment", "packages", "system_packages", "git", "file_to_run",
  ]
  private static let codeKeys = ["language", "version", "file"]
  private static let blueprintKeys = ["blueprint", "inputs"]

  init(_ reader: FleetNodeReader) throws(FleetDocumentError) {
    let source = try reader.object(Self.commonKeys + Self.codeKeys + Self.blueprintKeys)
    kind = try source.required("type").word()
    for key in kind == .code ? Self.blueprintKeys : Self.codeKeys {
      if let member = source[key] { throw member.failure("does not go with type \(kind.rawValue)") }
    }
    switch kind {
    case .code:
      language = try source.required("language").word()
      version = try Self.version(source["version"], language)
      file = try source["file"].map(Self.file)
    case .blueprint:
      blueprint = try source.required("blueprint").nonEmptyText()
      inputs = try Self.inputs(source["inputs"])
    }
    git = try source["git"].map(Self.git)
    fileToRun = try source["file_to_run"]?.text()
    arguments = try source["arguments"]?.list(Self.argument) ?? []
    environment = try source["environment"]?.list(Self.variable) ?? []
    packages = try source["packages"]?.list(Self.package) ?? []
    systemPackages = try source["system_packages"]?.list(Self.systemPackage) ?? []
  }

  /// `3.9` without quotes is a number for YAML, and a text for us.
  private static func version(
    _ reader: FleetNodeReader?, _ language: Language?
  ) throws(FleetDocumentError) -> String? {
    guard let reader else { return nil }
    let version = try reader.text()
    guard language == .python, ["3.7", "3.9"].contains(version) else {
      throw reader.failure("expected 3.7 or 3.9, with language PYTHON")
    }
    return version
  }

  private static func file(_ reader: FleetNodeReader) throws(FleetDocumentError) -> File {
    let file = try reader.object(["name", "content"])
    return File(
      name: try file.required("name").nonEmptyText(),
      content: try file.any("content")?.optionalText() ?? "")
  }

  private static func git(_ reader: FleetNodeReader) throws(FleetDocumentError) -> Git {
    let git = try reader.object(["repository", "checkout_point", "clone_location"])
    return Git(
      repository: try git.required("repository").nonEmptyText(),
      checkoutPoint: try git["checkout_point"]?.text(),
      cloneLocation: try git["clone_location"]?.word())
  }

  private static func inputs(_ reader: FleetNodeReader?) throws(FleetDocumentError) -> [Input] {
    guard let reader else { return [] }
    var inputs: [Input] = []
    let members = try reader.members().sorted { KeyOrder.precedes($0.key, $1.key) }
    for (name, value) in members {
      inputs.append(Input(name: name, value: try input(value)))
    }
    return inputs
  }

  /// Booleans and numbers that stand plain stay what they are: the editor writes `true` beside
  /// `"587"`. A number that is written otherwise than it would be read, `007`, is a text.
  ///
  /// The documentation's samples also hold `{}` where a text is meant.
  private static func input(_ reader: FleetNodeReader) throws(FleetDocumentError) -> JSON {
    switch reader.node {
    case .null: return .null
    case .map(let members) where members.isEmpty:
      reader.remark("an input is a text: {} is passed on as it stands")
      return .object(JSONObject())
    case .scalar(let text, value: .integer(let number)) where text == String(number):
      return .integer(number)
    case .scalar(let text, value: .decimal(let number)) where text == number:
      return .decimal(number)
    case .scalar(_, value: .bool(let flag)): return .bool(flag)
    default: return .string(try reader.text())
    }
  }

  /// Three forms occur in the documentation: `{key, value}`, `{name, value}`, `{'--flag': value}`.
  private static func argument(_ reader: FleetNodeReader) throws(FleetDocumentError) -> Argument {
    let members = try reader.members()
    let keys = TextSet(members.map(\.key))
    for form in [Argument.Form.key, .name] where keys.contains(form.rawValue) {
      let argument = try reader.object([form.rawValue, "value"])
      return Argument(
        form: form, flag: try argument.required(form.rawValue).text(),
        value: try argument["value"]?.text())
    }
    guard members.count == 1 else {
      throw reader.failure("expected {key, value}, {name, value} or one flag with its value")
    }
    return Argument(
      form: .pair, flag: members[0].key, value: try members[0].value.optionalText())
  }

  private static func variable(_ reader: FleetNodeReader) throws(FleetDocumentError) -> Variable {
    let variable = try reader.object(["name", "value"])
    return Variable(
      name: try variable.required("name").nonEmptyText(),
      value: try variable.any("value")?.optionalText() ?? "")
  }

  private static func package(_ reader: FleetNodeReader) throws(FleetDocumentError) -> Package {
    let package = try reader.object(["name", "version"])
    return Package(
      name: try package.required("name").nonEmptyText(), version: try package["version"]?.text())
  }

  private static func systemPackage(
    _ reader: FleetNodeReader
  ) throws(FleetDocumentError) -> String {
    try reader.object(["name"]).required("name").nonEmptyText()
  }
}
