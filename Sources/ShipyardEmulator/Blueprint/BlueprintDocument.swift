import EmulatorKernel
import PayloadCodecs

/// The JSON of a blueprint, checked against its ranges before anything changes.
/// Source: the former API reference, "Create Blueprint" (fields and ranges).
struct BlueprintDocument: Sendable {
  private let object: JSONObject
  let name: String?
  let palletType: Blueprint.PalletType?

  /// Ours: an update looks each of its inputs up among those there are.
  static let inputCountMax = 1_000

  init(_ content: [UInt8]) throws(ShipyardError) {
    object = try ShipyardCall.object(try ShipyardCall.json(content))
    for key in ["name", "synopsis", "description"] {
      if let value = object[key], value.stringValue == nil {
        throw .badRequest("\(key) must be a string, not \(value.kindName)")
      }
    }
    name = object["name"]?.stringValue
    if name == "" { throw .badRequest("name must not be empty") }
    _ = try Self.int(object["state"], "state", in: 1...3)
    palletType = try Self.palletType(object["pallet_type"])
    _ = try Self.int(object["runtime_timeout"], "runtime_timeout", in: 300...3600)
    try Self.checkRetryStrategy(object["retry_strategy"])
    try Self.checkExitCodeRanges(object["exclude_exit_code_ranges"])
  }

  private static func int(
    _ json: JSON?, _ name: String, in range: ClosedRange<Int>
  ) throws(ShipyardError) -> Int? {
    guard let json else { return nil }
    guard let number = json.intValue, range.contains(number) else {
      throw .badRequest(
        "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func palletType(
    _ json: JSON?
  ) throws(ShipyardError) -> Blueprint.PalletType? {
    guard let json else { return nil }
    guard let type = json.intValue.flatMap(Blueprint.PalletType.init(rawValue:)) else {
      throw .badRequest("pallet_type must be 2 (Python), 3 (Bash) or 7 (Node)")
    }
    return type
  }

  private static func checkRetryStrategy(_ json: JSON?) throws(ShipyardError) {
    guard let json else { return }
    guard case .object(let strategy) = json else {
      throw .badRequest("retry_strategy must be an object")
    }
    _ = try int(strategy["number_of_retries"], "number_of_retries", in: 0...24)
    if let wait = try int(strategy["ttr"], "ttr", in: 0...3600), wait % 300 != 0 {
      throw .badRequest("ttr comes in steps of 300")
    }
  }

  private static func checkExitCodeRanges(_ json: JSON?) throws(ShipyardError) {
    guard let json, json != .null else { return }
    let message = "exclude_exit_code_ranges must be an array of [from, to], 1–255"
    guard case .array(let ranges) = json else { throw .badRequest(message) }
    for range in ranges {
      guard case .array(let bounds) = range, bounds.count == 2, let low = bounds[0].intValue,
        let high = bounds[1].intValue, low >= 1, high <= 255, low <= high
      else { throw .badRequest(message) }
    }
  }

  /// Members that have a place of their own in `Blueprint`, and those that are the service's.
  private static let ownMembers: TextSet = [
    "name", "pallet_type", "spec_list", "id", "org_id", "created_at", "updated_at",
  ]

  func apply(
    to blueprint: inout Blueprint, _ state: ShipyardState, _ ids: inout IDSource
  ) throws(ShipyardError) {
    try checkPallet(blueprint, state)
    if let name { blueprint.name = name }
    blueprint.members.merge(
      JSONObject(object.members.filter { !Self.ownMembers.contains($0.key) }))
    guard let list = object["spec_list"] else { return }
    guard case .array(let entries) = list else {
      throw .badRequest("spec_list must be an array, not \(list.kindName)")
    }
    guard blueprint.inputs.count + entries.count <= Self.inputCountMax else {
      throw .badRequest("spec_list: more than \(Self.inputCountMax) inputs")
    }
    for (index, entry) in entries.enumerated() {
      try applyInput(entry, at: "spec_list[\(index)]", to: &blueprint, &ids)
    }
  }

  private func checkPallet(
    _ blueprint: Blueprint, _ state: ShipyardState
  ) throws(ShipyardError) {
    guard let config = object["pallet_config"] else { return }
    guard case .object = config else { throw .badRequest("pallet_config must be an object") }
    if let program = config["command"]?["program"] {
      guard program.stringValue == blueprint.palletType.program else {
        throw .badRequest(
          "pallet_config.command.program must be \(blueprint.palletType.program) here")
      }
    }
    guard let file = config["external_file"]?["temp"] else { return }
    guard let id = file["id"]?.stringValue.flatMap({ ResourceID($0) }),
      let uploaded = state.externalFiles[id], uploaded.url == file["url"]?.stringValue,
      uploaded.organizationID == blueprint.organizationID
    else {
      throw .badRequest("pallet_config.external_file.temp names no uploaded file")
    }
  }

  /// An entry with an id changes that input, one without is added.
  private func applyInput(
    _ entry: JSON, at path: String, to blueprint: inout Blueprint, _ ids: inout IDSource
  ) throws(ShipyardError) {
    guard case .object(var members) = entry else {
      throw .badRequest("\(path) must be an object, not \(entry.kindName)")
    }
    let position = try Self.position(of: members["id"], in: blueprint, at: path)
    members["id"] = nil
    var merged = position.map { blueprint.inputs[$0].members } ?? JSONObject()
    merged.merge(members)
    guard let name = merged["name"]?.stringValue, !name.isEmpty else {
      throw .badRequest("\(path).name must be a string")
    }
    guard
      let type = merged["type"]?.intValue.flatMap(Blueprint.Input.InputType.init(rawValue:))
    else { throw .badRequest("\(path).type must be a number from 1 to 8") }
    try Self.checkTypeSpec(merged, type, at: path)
    if let position {
      blueprint.inputs[position].name = name
      blueprint.inputs[position].type = type
      blueprint.inputs[position].members = merged
    } else {
      let id = ResourceID(&ids, "shipyard.blueprintInput")
      blueprint.inputs.append(Blueprint.Input(id: id, name: name, type: type, members: merged))
    }
  }

  private static func position(
    of id: JSON?, in blueprint: Blueprint, at path: String
  ) throws(ShipyardError) -> Int? {
    guard let id, id != .null, id != "" else { return nil }
    let wanted = id.stringValue.flatMap { ResourceID($0) }
    guard let position = blueprint.inputs.firstIndex(where: { $0.id == wanted }) else {
      throw .badRequest("\(path).id names no input of this blueprint")
    }
    return position
  }

  private static func checkTypeSpec(
    _ members: JSONObject, _ type: Blueprint.Input.InputType, at path: String
  ) throws(ShipyardError) {
    guard type == .select else { return }
    guard let choices = members["type_spec"]?.arrayValue, !choices.isEmpty else {
      throw .badRequest("\(path).type_spec of a select must be an array of {name, value}")
    }
    let names = choices.compactMap { $0["name"]?.stringValue }
    guard names.count == choices.count else {
      throw .badRequest("\(path).type_spec: every choice needs a name")
    }
    if let standard = members["default"], standard != .null, standard != "" {
      guard let name = standard.stringValue, names.contains(name) else {
        throw .badRequest("\(path).default must be one of the names")
      }
    }
  }
}
