import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Scenarios

extension ShipyardCall {
  /// `PUT …/fleets`: creates or updates a fleet from YAML and answers with what was stored.
  /// `PUT …/fleets/{f}` is the same with the `_id` in the path.
  ///
  /// The pipeline has a large document read off the loop.
  /// Source: Shipyard documentation, "Fleets as Code"; shipyard-api 0.3.0, `upsert_fleet`.
  func upsertFleet() throws(ShipyardError) -> ServiceAnswer {
    let reading = try reading { () throws(ShipyardError) in try FleetDocument.read(content) }
    let (yaml, remarks) = try world.mutate {
      state, step throws(ShipyardError) -> (JSON, [String]) in
      let (organization, project) = try project(in: state)
      let document = try reading.get()
      let remarks = document.remarks
      if state.isStrict, let remark = remarks.first { throw .badRequest(remark) }
      let fleetID = try state.target(of: document, pathID(), in: project, &step.ids)
      let previous = state.fleets[fleetID].flatMap { state.versions[$0.versionKey] }
      let definition = state.definition(
        document, replacing: previous, in: organization, &step.ids)
      state.saveFleet(fleetID, definition, in: project, &step)
      return (state.asCode(fleetID, definition, in: organization), remarks)
    }
    return answer(yaml, remarks)
  }

  private func answer(_ yaml: JSON, _ remarks: [String] = []) -> ServiceAnswer {
    .written(yaml, onLoopUpTo: Offload.inlineBytesMax) { .yaml($0, remarks) }
  }

  /// The fleet's id in the path; nil when the path has none.
  private func pathID() throws(ShipyardError) -> ResourceID? {
    guard parameters["fleet"] != nil else { return nil }
    guard let id = id("fleet") else { throw .badRequest("the path's fleet is no UUID") }
    return id
  }

  /// `GET …/fleets/{f}`.
  func fleetAsCode() throws(ShipyardError) -> ServiceAnswer {
    let yaml = try world.read { state throws(ShipyardError) -> JSON in
      let (organization, _, fleetID) = try fleet(in: state)
      guard let key = state.fleets[fleetID]?.versionKey, let version = state.versions[key] else {
        throw .badRequest("the path names no fleet of this project")
      }
      return state.asCode(fleetID, version.definition, in: organization)
    }
    return answer(yaml)
  }
}

extension Response {
  fileprivate static func yaml(_ value: JSON, _ remarks: [String]) -> Response {
    var response = Response(.ok, body: .bytes(YAMLWriter.write(value)))
    response.fields.append("Content-Type", "application/yaml; charset=utf-8")
    for remark in remarks { response.shortRemark(remark) }
    return response
  }
}

extension FleetDocument {
  private static let known = KnownContents<FleetDocument>(bytesMax: 4 << 10)

  /// As `init(yaml:)`, which is asked once for a document that comes again.
  static func read(_ bytes: [UInt8]) throws(ShipyardError) -> FleetDocument {
    if let document = known.find(bytes) { return document }
    let document = try FleetDocument(yaml: bytes)
    known.keep(document, of: bytes)
    return document
  }

  /// A document whose root is one string is read again: `upsert_fleet` given text (as its annotation
  /// says) dumps that text as a string.
  init(yaml bytes: [UInt8]) throws(ShipyardError) {
    let root: YAMLNode
    do throws(YAMLError) {
      let outer = try YAMLNode(yaml: bytes)
      root = try outer.text.map { text throws(YAMLError) in try YAMLNode(yaml: text) } ?? outer
    } catch {
      throw .badRequest("the content is no YAML: \(error)")
    }
    do throws(ScenarioProblems) {
      self = try ScenarioReader.read(Self.json(root), problemsMax: 1, Self.form.read)
    } catch {
      let problem = error.problems[0]
      let place = JSONPointer(problem.pointer)?.tokens.joined(separator: ".") ?? ""
      throw .badRequest(place.isEmpty ? problem.message : "\(place): \(problem.message)")
    }
  }

  /// A scalar that would be written otherwise than it stands there (`007`, `True`) is a text; only
  /// an input stays a boolean.
  private static func json(_ node: YAMLNode, under key: String = "", isInput: Bool = false) -> JSON
  {
    switch node.content {
    case .scalar(let scalar):
      let value = node.json
      if case .bool = value, isInput { return value }
      return value.isNull || value.text == scalar.text ? value : .string(scalar.text)
    case .sequence(let nodes): return .array(nodes.map { json($0) })
    case .mapping(let pairs):
      return .object(
        JSONObject(
          pairs.map { pair in
            let name = pair.key.keyText
            return (name, json(pair.value, under: name, isInput: key == "inputs"))
          }))
    }
  }
}

extension ShipyardState {
  /// Which fleet a document is for. An `_id` that is not known makes a fleet of that id.
  /// Fidelity: assumed; the documentation's pages disagree about unknown ids.
  func target(
    of document: FleetDocument, _ pathID: ResourceID?, in project: Project, _ ids: inout IDSource
  ) throws(ShipyardError) -> ResourceID {
    if let pathID, let id = document.id, id != pathID {
      throw .badRequest("the _id differs from the id in the path")
    }
    if let id = pathID ?? document.id {
      guard fleets[id].map({ $0.projectID == project.id }) ?? true else {
        throw .badRequest("the _id belongs to a fleet of another project")
      }
      return id
    }
    return ResourceID(&ids, "shipyard.fleet")
  }

  /// The stored fleet in the members and the order that the editor shows.
  func asCode(
    _ id: ResourceID, _ definition: FleetDefinition, in organization: Organization
  ) -> JSON {
    var fleet: JSONObject = ["name": .string(definition.name), "_id": .string(id.text)]
    let vessels = definition.vessels.map { vessel in
      let passwords = passwordInputs(ofBlueprint: vessel.source.blueprint, in: organization)
      return (key: vessel.name, value: vessel.asCode(hiding: passwords))
    }
    fleet["vessels"] = .object(JSONObject(vessels))
    if !definition.connections.isEmpty { fleet["connections"] = definition.connectionsAsCode }
    if !definition.schedules.isEmpty {
      fleet["triggers"] = ["schedules": .array(definition.schedules.map(\.asCode))]
    }
    fleet["notifications"] = definition.notifications.asCode
    return .object(fleet)
  }
}
