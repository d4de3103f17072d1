import PayloadCodecs

/// What a trigger says about the variables of vessels.
/// Source: Shipyard documentation, "API Triggers", and the former API reference.
struct VesselOverrides: Sendable {
  /// Vessel name → variable → new value; nulls have no effect and are gone.
  var byVessel: TextMap<TextMap<String>> = [:]
  var remarks: [String] = []

  /// Skips its vessel, if its value says so.
  static let statusVariable = "SHIPYARD_OVERRIDE_STATUS"

  /// The exit code that stands in for a skipped vessel's own; nil: it is not skipped.
  static func exitCode(ofStatus value: String?) -> Int? {
    switch value {
    case "SUCCESS", "SUCCESSFUL": 0
    case "ERROR", "ERRORED": 1
    default: nil
    }
  }

  static let none = VesselOverrides()

  /// Reads the object that was stored with a run.
  init(stored bytes: [UInt8]) {
    self =
      (try? JSON(parsing: bytes)).flatMap { try? VesselOverrides($0, isStrict: false) } ?? .none
  }

  private init() {}

  init(_ json: JSON, isStrict: Bool) throws(ShipyardError) {
    let object = try ShipyardCall.object(json)
    for key in object.keys where key != "vessel_overrides" {
      try ignore("the member '\(key)' is unknown and ignored", isStrict)
    }
    guard let list = object["vessel_overrides"], list != .null else { return }
    guard case .array(let entries) = list else {
      throw .badRequest("vessel_overrides must be an array, not \(list.kindName)")
    }
    for (index, entry) in entries.enumerated() {
      try read(entry, at: "vessel_overrides[\(index)]", isStrict)
    }
  }

  private mutating func ignore(_ reason: String, _ isStrict: Bool) throws(ShipyardError) {
    if isStrict { throw .badRequest(reason) }
    if remarks.count < 8 { remarks.append(reason) }
  }

  private mutating func read(
    _ entry: JSON, at path: String, _ isStrict: Bool
  ) throws(ShipyardError) {
    guard case .object(let object) = entry else {
      throw .badRequest("\(path) must be an object, not \(entry.kindName)")
    }
    guard let name = object["name"]?.stringValue else {
      throw .badRequest("\(path).name must be a string: the name of a vessel")
    }
    for key in object.keys where key != "name" && key != "environment_variable_overrides" {
      try ignore("\(path) has the unknown member '\(key)', which is ignored", isStrict)
    }
    guard let variables = object["environment_variable_overrides"], variables != .null else {
      return
    }
    guard case .object(let variables) = variables else {
      throw .badRequest(
        "\(path).environment_variable_overrides must be an object, not \(variables.kindName)")
    }
    // A vessel that is named without any change still has to exist.
    var own = byVessel[name] ?? [:]
    for (variable, value) in variables.members {
      if let text = try Self.text(value, at: "\(path) variable '\(variable)'") {
        own[variable] = text
      }
    }
    byVessel[name] = own
  }

  /// A string as it is, numbers and booleans as their JSON text, null for no change.
  /// Fidelity: documented for strings and null, assumed for the rest.
  private static func text(_ value: JSON, at path: String) throws(ShipyardError) -> String? {
    switch value {
    case .string(let text): return text
    case .null: return nil
    case .bool, .integer, .decimal: return value.text
    case .array, .object:
      throw .badRequest("\(path) must be a string or null, not \(value.kindName)")
    }
  }
}

extension VesselOverrides {
  /// Reads the content of a trigger.
  init(
    content: [UInt8], _ settings: ShipyardSettings, isStrict: Bool
  ) throws(ShipyardError) {
    self = .none
    if content.isEmpty { return }
    if content.elementsEqual("ata".utf8) {
      guard !isStrict else { throw .badRequest("the content 'ata' is no JSON") }
      // What curl makes of the `-data` that the former reference prints: `-d ata`.
      remarks = ["'ata' is what curl sends for '-data': no overrides arrived, write -d"]
    } else if content.starts(with: "vessel_overrides=".utf8) {
      // A dict that `requests` form-encoded.
      let reason =
        "the overrides were form-encoded and their values are lost: pass json.dumps(overrides)"
      guard settings.acceptsFormOverrides else { throw .badRequest(reason) }
      remarks = [reason]
    } else {
      try self.init(ShipyardCall.json(content), isStrict: isStrict)
    }
  }
}
