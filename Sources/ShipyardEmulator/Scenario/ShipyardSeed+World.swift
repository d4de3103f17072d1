package import EmulatorKernel
import PayloadCodecs

extension ShipyardService {
  /// The built-in world is a scenario like any other.
  /// Source: DESIGN, "The built-in world".
  static let builtInWorld: JSON = [
    "orgs": [
      [
        "id": "11111111-1111-4111-8111-111111111111", "name": "Harbor Labs",
        "createdAt": "2024-02-01T09:00:00Z",
        "blueprints": [
          [
            "name": "Warehouse - Upload File",
            "inputs": [
              ["name": "FILE_NAME"], ["name": "WAREHOUSE_PASSWORD", "type": "password"],
            ],
          ]
        ],
        "projects": [
          [
            "id": "22222222-2222-4222-8222-222222222222", "name": "Harbor",
            "fleets": [
              [
                "_id": "33333333-3333-4333-8333-333333333333", "name": "Nightly",
                "vessels": [
                  "Extract": [
                    "source": [
                      "type": "CODE", "language": "PYTHON",
                      "file": [
                        "name": "extract.py",
                        "content": "import os\n\nprint(os.environ[\"REGION\"])\n",
                      ],
                      "file_to_run": "extract.py",
                      "environment": [
                        ["name": "REGION", "value": "us"], ["name": "LIMIT", "value": "100"],
                      ],
                    ]
                  ],
                  "Load": [
                    "source": [
                      "type": "CODE", "language": "BASH",
                      "file": ["name": "load.sh", "content": "echo \"loaded into $TARGET\"\n"],
                      "file_to_run": "load.sh",
                      "environment": [["name": "TARGET", "value": "warehouse"]],
                    ]
                  ],
                ],
                "connections": ["Extract": ["Load": "SUCCESS"]],
                "webhook": [
                  "id": "44444444-4444-4444-8444-444444444444", "token": "demo-webhook-token",
                ],
              ]
            ],
          ]
        ],
      ]
    ]
  ]

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<Never>
  ) throws(ScenarioProblems) -> ShipyardState {
    var given = try ScenarioReader.read(
      seed.given ?? Self.builtInWorld, ShipyardSeed.form.read)
    // Who only says how the platform works, or which keys there are, leaves the world as it is.
    if seed.given?["orgs"] == nil {
      given.organizations = try ScenarioReader.read(
        Self.builtInWorld, ShipyardSeed.form.read
      ).organizations
    }
    var state = ShipyardState(settings: given.settings, isStrict: seed.isStrict)
    if let behaviors = seed.behaviors {
      state.behaviors = try ScenarioReader.read(
        behaviors, VesselBehavior.list(given.settings).read)
    }
    var builder = WorldBuilder(state: state)
    builder.build(given, &step)
    guard builder.problems.isEmpty else { throw ScenarioProblems(builder.problems) }
    return builder.state
  }
}

/// Turns a decoded seed into a state, and collects what does not fit together.
private struct WorldBuilder {
  var state: ShipyardState
  var problems: [ScenarioProblem] = []
  private var takenIDs: Set<ResourceID> = []

  init(state: ShipyardState) { self.state = state }

  mutating func build(_ seed: ShipyardSeed, _ step: inout ShipyardState.Step) {
    for (index, organization) in seed.organizations.enumerated() {
      add(organization, at: "/orgs/\(index)", &step)
    }
    guard let keys = seed.keys else { return }
    var byKey: TextMap<AccessKey> = [:]
    for (index, key) in keys.enumerated() { byKey[key.key] = accessKey(key, at: "/keys/\(index)") }
    state.keys = byKey
  }

  /// The given id, or a fresh one.
  private mutating func id(
    _ given: ResourceID?, _ kind: String, at pointer: String, _ ids: inout IDSource
  ) -> ResourceID {
    let id = given ?? ResourceID(&ids, "shipyard.\(kind)")
    if !takenIDs.insert(id).inserted {
      problems.append(ScenarioProblem(pointer, "the id \(id) is used twice"))
    }
    return id
  }

  private mutating func add(
    _ seed: ShipyardSeed.Organization, at pointer: String, _ step: inout ShipyardState.Step
  ) {
    let id = id(seed.id, "organization", at: "\(pointer)/id", &step.ids)
    var organization = Organization(
      id: id, name: seed.name, createdAt: seed.createdAt ?? step.now,
      updatedAt: seed.createdAt ?? step.now)
    organization.isRunnable = seed.isRunnable
    organization.hasAPIAccess = seed.hasAPIAccess
    organization.hasBilling = seed.hasBilling
    organization.isInDeveloperPlan = seed.isInDeveloperPlan
    organization.isOverDeveloperPlanLimit = seed.isOverDeveloperPlanLimit
    if seed.isInDeveloperPlan {
      organization.developerPlanPeriodStart = organization.createdAt
      organization.developerPlanPeriodEnd = organization.createdAt + .seconds(30 * 86_400)
    }
    for (index, blueprint) in seed.blueprints.enumerated() {
      let made = self.blueprint(blueprint, id, at: "\(pointer)/blueprints/\(index)", &step)
      state.blueprints[made.id] = made
      organization.blueprintIDs.append(made.id)
    }
    state.organizations[id] = organization
    state.organizationIDs.append(id)
    for (index, project) in seed.projects.enumerated() {
      if seed.projects[..<index].contains(where: { $0.name == project.name }) {
        problems.append(
          ScenarioProblem(
            "\(pointer)/projects/\(index)/name", "the organization has such a project already"))
      }
      add(project, to: id, at: "\(pointer)/projects/\(index)", &step)
    }
  }

  private mutating func blueprint(
    _ seed: ShipyardSeed.BlueprintSeed, _ organizationID: ResourceID, at pointer: String,
    _ step: inout ShipyardState.Step
  ) -> Blueprint {
    var blueprint = Blueprint(
      id: id(seed.id, "blueprint", at: "\(pointer)/id", &step.ids),
      organizationID: organizationID, createdAt: step.now, updatedAt: step.now, name: seed.name,
      palletType: seed.palletType)
    for (name, type) in seed.inputs {
      let inputID = id(nil, "blueprintInput", at: "\(pointer)/inputs", &step.ids)
      blueprint.inputs.append(
        Blueprint.Input(
          id: inputID, name: name, type: type,
          members: ["name": .string(name), "type": .integer(type.rawValue)]))
    }
    return blueprint
  }

  private mutating func add(
    _ seed: ShipyardSeed.Project, to organizationID: ResourceID, at pointer: String,
    _ step: inout ShipyardState.Step
  ) {
    let id = id(seed.id, "project", at: "\(pointer)/id", &step.ids)
    let project = Project(
      id: id, organizationID: organizationID, name: seed.name, timeZone: seed.timeZone)
    state.projects[id] = project
    state.organizations[organizationID]?.projectIDs.append(id)
    for (index, fleet) in seed.fleets.enumerated() {
      add(fleet, to: project, at: "\(pointer)/fleets/\(index)", &step)
    }
  }

  private mutating func add(
    _ seed: ShipyardSeed.Fleet, to project: Project, at pointer: String,
    _ step: inout ShipyardState.Step
  ) {
    let id = id(seed.document.id, "fleet", at: "\(pointer)/_id", &step.ids)
    guard let organization = state.organizations[project.organizationID] else { return }
    let definition = state.definition(
      seed.document, replacing: nil, in: organization, &step.ids)
    state.saveFleet(id, definition, in: project, &step)
    let webhook: Webhook? =
      switch seed.webhook {
      case .given(let webhook): webhook
      case .made: state.makeWebhook(&step)
      case nil: nil
      }
    if let webhook, state.webhooks[webhook.id] != nil {
      problems.append(ScenarioProblem("\(pointer)/webhook/id", "another fleet has this webhook"))
    }
    state.setWebhook(webhook, of: id)
  }

  /// Organizations and projects may be named by id or by name.
  private mutating func accessKey(_ seed: ShipyardSeed.Key, at pointer: String) -> AccessKey {
    var key = AccessKey(
      key: seed.key, organizations: nil, projects: nil, rights: seed.rights)
    if let names = seed.organizations {
      let known = state.organizationIDs.compactMap { id in
        state.organizations[id].map { (id, $0.name) }
      }
      key.organizations = resolve(names, among: known, at: "\(pointer)/orgs")
    }
    if let names = seed.projects {
      let known = state.projects.values.map { ($0.id, $0.name) }
      key.projects = resolve(names, among: known, at: "\(pointer)/projects")
    }
    return key
  }

  private mutating func resolve(
    _ names: [String], among known: [(ResourceID, String)], at pointer: String
  ) -> Set<ResourceID> {
    var found: Set<ResourceID> = []
    for (index, name) in names.enumerated() {
      let matches = known.filter { $0.1 == name || $0.0 == ResourceID(name) }
      if matches.isEmpty {
        let hint = Nearest.hint(for: name, among: known.map(\.1).sorted())
        problems.append(ScenarioProblem("\(pointer)/\(index)", "unknown name '\(name)'\(hint)"))
      }
      found.formUnion(matches.map(\.0))
    }
    return found
  }
}
