import PayloadCodecs
import EmulatorKernel

/// The variables that a vessel would see. Made when somebody looks, from what the run keeps.
/// Source: Shipyard documentation, "Environment Variables".
struct VoyageEnvironment {
  let run: FleetRun
  let version: FleetVersion
  let organization: Organization
  let project: Project
  let overrides: VesselOverrides
  /// Ids of the organization's blueprints, by name.
  let blueprintIDs: TextMap<ResourceID>
  private let siblings: [[Int]: [Int]]

  init(
    run: FleetRun, version: FleetVersion, organization: Organization, project: Project,
    overrides: VesselOverrides, blueprintIDs: TextMap<ResourceID>
  ) {
    self.run = run
    self.version = version
    self.organization = organization
    self.project = project
    self.overrides = overrides
    self.blueprintIDs = blueprintIDs
    siblings = Dictionary(grouping: version.graph.incoming.indices) { vessel in
      Self.predecessors(of: vessel, version.graph)
    }
  }

  private static func predecessors(of vessel: Int, _ graph: VesselGraph) -> [Int] {
    graph.incoming[vessel].map(\.vessel).sorted()
  }

  /// Names and values: the vessel's own in their order, what overrides add by name, then the
  /// platform's, which nothing replaces.
  func variables(of vessel: Int) -> [(name: String, value: String)] {
    let platform = platformVariables(of: vessel)
    let reserved = TextSet(platform.map(\.name))
    return configuredVariables(of: vessel).filter { !reserved.contains($0.name) } + platform
  }

  private func configuredVariables(of vessel: Int) -> [(name: String, value: String)] {
    let definition = version.definition.vessels[vessel]
    var variables: [(name: String, value: String)] = []
    var positions: TextMap<Int> = [:]
    func put(_ name: String, _ value: String) {
      if let position = positions[name] {
        variables[position].value = value
      } else {
        positions[name] = variables.count
        variables.append((name, value))
      }
    }
    for input in definition.source.inputs { if let value = input.text { put(input.name, value) } }
    for variable in definition.source.environment { put(variable.name, variable.value) }
    let changes = overrides.byVessel[definition.name] ?? [:]
    for name in changes.keys.sorted() { put(name, changes[name] ?? "") }
    return variables
  }

  private func platformVariables(of vessel: Int) -> [(name: String, value: String)] {
    let definition = version.definition.vessels[vessel]
    let voyage = run.voyages[vessel]
    var variables: [(name: String, value: String)] = [
      ("HOME", "/home/shipyard"), ("USER", "shipyard"),
      ("SHIPYARD_ARTIFACTS_DIRECTORY", "/home/shipyard/shipyard-artifacts"),
      ("SHIPYARD_ORG_ID", organization.id.text), ("SHIPYARD_ORG_NAME", organization.name),
      ("SHIPYARD_PROJECT_ID", project.id.text), ("SHIPYARD_PROJECT_NAME", project.name),
      ("SHIPYARD_VESSEL_ID", definition.id.text), ("SHIPYARD_VESSEL_NAME", definition.name),
    ]
    variables += blueprintVariables(definition)
    variables += [
      ("SHIPYARD_LOG_ID", voyage.id.text), ("SHIPYARD_LOG_WORKDIR", "/home/shipyard"),
    ]
    variables += gitVariables(definition)
    variables += timeVariables("SHIPYARD_VESSEL", started: voyage.startedAt)
    variables += [
      ("SHIPYARD_FLEET_ID", run.fleetID.text), ("SHIPYARD_FLEET_NAME", version.definition.name),
      ("SHIPYARD_FLEET_LOG_ID", run.id.text),
    ]
    variables += timeVariables("SHIPYARD_FLEET", started: run.startedAt)
    variables += streamVariables(of: vessel)
    if run.input?.webhook != nil {
      let file = "/home/shipyard/\(voyage.id.text)"
      variables.append(("SHIPYARD_WEBHOOK_HEADERS_FILE", "\(file).webhook_headers"))
      if run.input?.webhook?.content != nil {
        variables.append(("SHIPYARD_WEBHOOK_BODY_FILE", "\(file).webhook_body"))
      }
    }
    return variables
  }

  /// For code the id is no UUID (documented); which word it is then is assumed, as it is for a
  /// blueprint that there is not.
  private func blueprintVariables(_ vessel: Vessel) -> [(name: String, value: String)] {
    let word = vessel.source.language?.rawValue.asciiLowercased ?? "blueprint"
    let name = vessel.source.blueprint ?? "\(word.prefix(1).asciiUppercased)\(word.dropFirst())"
    let id = vessel.source.blueprint.flatMap { blueprintIDs[$0] }
    return [("SHIPYARD_BLUEPRINT_ID", id?.text ?? word), ("SHIPYARD_BLUEPRINT_NAME", name)]
  }

  private func gitVariables(_ vessel: Vessel) -> [(name: String, value: String)] {
    guard let git = vessel.source.git else { return [] }
    var name = git.repository.split(separator: "/").last.map(String.init) ?? git.repository
    if name.hasSuffix(".git") { name.removeLast(4) }
    let isWorkingDirectory = git.cloneLocation == .workingDirectory
    return [
      ("SHIPYARD_REPO_NAME", name),
      ("SHIPYARD_CLONE_LOCATION", isWorkingDirectory ? "/home/shipyard" : "/home/shipyard/\(name)"),
    ]
  }

  private func timeVariables(
    _ prefix: String, started: VirtualInstant?
  ) -> [(name: String, value: String)] {
    var variables: [(name: String, value: String)] = [
      ("\(prefix)_SCHEDULED_TIME", run.scheduledFor.iso8601())
    ]
    guard let started else { return variables }
    let time = CalendarTime(started)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let parts: [(String, String)] = [
      ("", started.iso8601()), ("_YEAR", "\(time.year)"), ("_MONTH", two(time.month)),
      ("_DAY", two(time.day)), ("_HOUR", two(time.hour)), ("_MINUTE", two(time.minute)),
      ("_SECOND", two(time.second)), ("_MILLISECOND", "\(time.nanosecond / 1_000_000)"),
      ("_EPOCH", "\(started.epochSeconds)"),
    ]
    variables += parts.map { ("\(prefix)_START_TIME\($0.0)", $0.1) }
    return variables
  }

  /// Upstream: directly before; downstream: directly after; currentstream: branched off the same
  /// predecessors. Ids and logs stand in the same order.
  private func streamVariables(of vessel: Int) -> [(name: String, value: String)] {
    let upstream = Self.predecessors(of: vessel, version.graph)
    let current = siblings[upstream] ?? [vessel]
    let downstream = version.graph.outgoing[vessel].map(\.vessel).sorted()
    var variables: [(name: String, value: String)] = []
    for (word, vessels) in [
      ("UPSTREAM", upstream), ("CURRENTSTREAM", current), ("DOWNSTREAM", downstream),
    ] {
      let prefix = "SHIPYARD_FLEET_\(word)"
      let logs = vessels.map { run.voyages[$0].id.text }.joined(separator: ",")
      let ids = vessels.map { version.definition.vessels[$0].id.text }.joined(separator: ",")
      variables.append(("\(prefix)_COUNT", "\(vessels.count)"))
      variables.append(("\(prefix)_LOG_IDS", logs))
      variables.append(("\(prefix)_VESSEL_IDS", ids))
    }
    variables.append(
      ("SHIPYARD_FLEET_CURRENTSTREAM_INDEX", "\(current.firstIndex(of: vessel) ?? 0)"))
    return variables
  }
}
