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
    let (code, remarks) = try world.mutate {
      state, step throws(ShipyardError) -> (FleetCode, [String]) in
      let (code, project, remarks) = try nextVersion(by: reading, state, &step.ids)
      state.saveFleet(code.id, code.definition, in: project, &step)
      return (code, remarks)
    }
    return answer(code, remarks)
  }

  /// What a document makes of the fleet that it is for. Apart from saving it, so that nobody holds a copy of the
  /// organization's lists while they grow.
  private func nextVersion(
    by reading: Result<FleetDocument, ShipyardError>, _ state: borrowing ShipyardState,
    _ ids: inout IDSource
  ) throws(ShipyardError) -> (FleetCode, Project, remarks: [String]) {
    let (organization, project) = try project(in: state)
    let document = try reading.get()
    let remarks = document.remarks
    if state.isStrict, let remark = remarks.first { throw .badRequest(remark) }
    let fleetID = try state.target(of: document, pathID(), in: project, &ids)
    let previous = state.fleets[fleetID].flatMap { state.versions[$0.versionKey] }
    let definition = state.definition(document, replacing: previous, in: organization, &ids)
    return (state.code(of: fleetID, definition, in: organization), project, remarks)
  }

  /// A long one is written off the loop.
  private func answer(_ code: FleetCode, _ remarks: [String] = []) -> ServiceAnswer {
    if Offload.isHere || code.isShort { return .now(.yaml(code, remarks)) }
    return .later { _ in await Offload.run { .yaml(code, remarks) } }
  }

  /// The fleet's id in the path; nil when the path has none.
  private func pathID() throws(ShipyardError) -> ResourceID? {
    guard parameters["fleet"] != nil else { return nil }
    guard let id = id("fleet") else { throw .badRequest("the path's fleet is no UUID") }
    return id
  }

  /// `GET …/fleets/{f}`.
  func fleetAsCode() throws(ShipyardError) -> ServiceAnswer {
    let code = try world.read { state throws(ShipyardError) -> FleetCode in
      let (organization, _, fleetID) = try fleet(in: state)
      guard let key = state.fleets[fleetID]?.versionKey, let version = state.versions[key] else {
        throw .badRequest("the path names no fleet of this project")
      }
      return state.code(of: fleetID, version.definition, in: organization)
    }
    return answer(code)
  }
}

extension Response {
  /// Laid out once.
  private static let yamlFields = Fields(["Content-Type": "application/yaml; charset=utf-8"])

  fileprivate static func yaml(_ code: FleetCode, _ remarks: [String]) -> Response {
    var yaml = YAMLWriter()
    code.write(into: &yaml)
    var response = Response(.ok, fields: yamlFields, body: .bytes(yaml.bytes))
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

  func code(
    of id: ResourceID, _ definition: FleetDefinition, in organization: Organization
  ) -> FleetCode {
    var passwords: [Int: TextSet] = [:]
    for (place, vessel) in definition.vessels.enumerated() where vessel.source.blueprint != nil {
      passwords[place] = passwordInputs(ofBlueprint: vessel.source.blueprint, in: organization)
    }
    return FleetCode(id: id, definition: definition, passwords: passwords)
  }
}
