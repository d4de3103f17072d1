import EmulatorKernel
import PayloadCodecs

/// The scenario's `given.shipyard`, decoded. Everything wrong is reported in one go.
///
/// **Shape**:
/// ```json5
/// {
///   "settings": {"startDelay": "500ms", "vesselDuration": "1s", "retryDelay": "30s",
///                "retentionDays": 90, "runsKept": 200000,
///                "exportRunsAsJSON": false, "acceptFormOverrides": false},
///   "keys": [{"key": "…", "orgs": ["Harbor Labs"], "projects": ["ETL"], "rights": ["read", "run"]}],
///   "orgs": [{
///     "id": "…", "name": "Harbor Labs", "createdAt": "…", "runnable": true, "api": true,
///     "billing": false, "developerPlan": false, "overDeveloperPlanLimit": false,
///     "blueprints": [{"id": "…", "name": "…", "inputs": [{"name": "PASSWORD", "type": "password"}]}],
///     "projects": [{
///       "id": "…", "name": "ETL", "timezone": "Europe/Berlin",
///       "fleets": [{"_id": "…", "name": "Nightly", "vessels": {…}, "connections": {…}, …,
///                   "webhook": true /* or {"id": "…", "token": "…"} */}]
///     }]
///   }]
/// }
/// ```
/// A fleet has the members of "Fleets as Code". Ids that are left out are made.
struct ShipyardSeed {
  struct Key {
    var key: String
    var organizations: [String]?
    var projects: [String]?
    var rights: Set<AccessKey.Right>
  }
  struct Fleet {
    var document: FleetDocument
    var webhook: WebhookSeed?
  }
  enum WebhookSeed {
    case made
    case given(Webhook)
  }
  struct Project {
    var id: ResourceID?
    var name: String
    var timeZone: TimeZoneRules
    var fleets: [Fleet]
  }
  struct BlueprintSeed {
    var id: ResourceID?
    var name: String
    var palletType: Blueprint.PalletType
    var inputs: [(name: String, type: Blueprint.Input.InputType)]
  }
  struct Organization {
    var id: ResourceID?
    var name: String
    var createdAt: VirtualInstant?
    var isRunnable: Bool
    var hasAPIAccess: Bool
    var hasBilling: Bool
    var isInDeveloperPlan: Bool
    var isOverDeveloperPlanLimit: Bool
    var blueprints: [BlueprintSeed]
    var projects: [Project]
  }

  var settings = ShipyardSettings()
  var keys: [Key]?
  var organizations: [Organization]

  init(_ json: JSON) throws(ScenarioProblems) {
    let (settings, keys, organizations) = try ScenarioReader.read(json) { root in
      root.object { given in
        (
          given.object("settings", Self.settings) ?? ShipyardSettings(),
          given.array("keys") { $0.object(Self.key) },
          given.array("orgs") { $0.object(Self.organization) } ?? []
        )
      }
    }
    self.settings = settings
    self.keys = keys
    self.organizations = organizations
  }

  private static func settings(_ object: ScenarioObject) -> ShipyardSettings? {
    var settings = ShipyardSettings()
    settings.startDelay = object.duration("startDelay") ?? settings.startDelay
    settings.vesselDuration = object.duration("vesselDuration") ?? settings.vesselDuration
    settings.retryDelay = object.duration("retryDelay") ?? settings.retryDelay
    settings.retentionDays =
      object.int("retentionDays", in: 1...ShipyardSettings.retentionDaysMax)
      ?? settings.retentionDays
    settings.runsKept =
      object.int("runsKept", in: 1...ShipyardSettings.runsKeptMax) ?? settings.runsKept
    settings.exportsRunsAsJSON = object.bool("exportRunsAsJSON") ?? false
    settings.acceptsFormOverrides = object.bool("acceptFormOverrides") ?? false
    return settings
  }

  private static func key(_ object: ScenarioObject) -> Key? {
    Key(
      key: object.requiredString("key"),
      organizations: object.array("orgs") { $0.nonEmptyString() },
      projects: object.array("projects") { $0.nonEmptyString() },
      rights: Set(
        object.array("rights") { $0.choice(of: AccessKey.Right.self) }
          ?? AccessKey.Right.allCases))
  }

  private static func organization(_ object: ScenarioObject) -> Organization? {
    Organization(
      id: id(object.optional("id")), name: object.requiredString("name"),
      createdAt: object.instant("createdAt"), isRunnable: object.bool("runnable") ?? true,
      hasAPIAccess: object.bool("api") ?? true, hasBilling: object.bool("billing") ?? false,
      isInDeveloperPlan: object.bool("developerPlan") ?? false,
      isOverDeveloperPlanLimit: object.bool("overDeveloperPlanLimit") ?? false,
      blueprints: object.array("blueprints") { $0.object(blueprint) } ?? [],
      projects: object.array("projects") { $0.object(project) } ?? [])
  }

  private static func id(_ reader: ScenarioReader?) -> ResourceID? {
    guard let reader, let text = reader.string() else { return nil }
    return ResourceID(text) ?? reader.mismatch("a UUID")
  }

  private static func project(_ object: ScenarioObject) -> Project? {
    Project(
      id: id(object.optional("id")), name: object.requiredString("name"),
      timeZone: timeZone(object.optional("timezone")),
      fleets: object.array("fleets", fleet) ?? [])
  }

  private static func timeZone(_ reader: ScenarioReader?) -> TimeZoneRules {
    guard let reader, let name = reader.string() else { return .utc }
    do {
      return try TimeZoneRules.named(name)
    } catch {
      switch error {
      case .unknown:
        reader.problem("unknown time zone '\(name)'; write one such as Europe/Berlin or UTC")
      case .noDatabase:
        reader.problem("this machine has no time zone database (tzdata): only UTC is known")
      case .malformed: reader.problem("the system's description of '\(name)' cannot be read")
      }
      return .utc
    }
  }

  /// The fleet's own members and `webhook` stand side by side.
  private static func fleet(_ reader: ScenarioReader) -> Fleet? {
    guard case .object(var members) = reader.value else { return reader.mismatch("a fleet") }
    let webhook = members["webhook"]
    members["webhook"] = nil
    var rest = JSON.object(members)
    // The reader of fleets stops at the first mistake; without that key it goes on to the next.
    for _ in 0..<Self.mistakesToldMax {
      do throws(FleetDocumentError) {
        let document = try FleetDocument(FleetNode(rest))
        return Fleet(document: document, webhook: try webhook.flatMap(Self.webhook))
      } catch {
        var message = error.message
        if let known = error.known, let key = error.path.last {
          message = "unknown key \"\(key)\"\(Nearest.hint(for: key, among: known))"
        }
        reader.adopt(ScenarioProblems([ScenarioProblem(error.pointer, message)]))
        guard error.known != nil, let cut = rest.removing(error.path[...]) else { return nil }
        rest = cut
      }
    }
    return nil
  }

  private static let mistakesToldMax = 20

  private static func webhook(_ json: JSON) throws(FleetDocumentError) -> WebhookSeed? {
    if case .bool(let isWanted) = json { return isWanted ? .made : nil }
    let reader = FleetNodeReader(node: FleetNode(json), path: ["webhook"])
    let object = try reader.object(["id", "token"])
    let token = try object.required("token")
    guard try token.nonEmptyText().utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
      throw token.failure("expected letters, digits, - and _")
    }
    return .given(Webhook(id: try object.required("id").id(), token: try token.text()))
  }

  private static func blueprint(_ object: ScenarioObject) -> BlueprintSeed? {
    BlueprintSeed(
      id: id(object.optional("id")), name: object.requiredString("name"),
      palletType: object.choice("language", of: BlueprintLanguage.self)?.palletType ?? .python,
      inputs: object.array("inputs") { reader in
        reader.object { input in
          (
            input.requiredString("name"),
            input.choice("type", of: BlueprintInputWord.self)?.inputType ?? .string
          )
        }
      } ?? [])
  }

  enum BlueprintLanguage: String, CaseIterable {
    case python, bash, node
    var palletType: Blueprint.PalletType {
      switch self {
      case .python: .python
      case .bash: .bash
      case .node: .node
      }
    }
  }

  enum BlueprintInputWord: String, CaseIterable {
    case string, integer, float, boolean, date, select, password, externalFile
    var inputType: Blueprint.Input.InputType {
      switch self {
      case .string: .string
      case .integer: .integer
      case .float: .float
      case .boolean: .boolean
      case .date: .date
      case .select: .select
      case .password: .password
      case .externalFile: .externalFile
      }
    }
  }
}

extension JSON {
  /// Without the member at a place; nil when there is none.
  fileprivate func removing(_ path: ArraySlice<String>) -> JSON? {
    guard let key = path.first else { return nil }
    switch self {
    case .object(var object):
      guard let value = object[key] else { return nil }
      if path.count == 1 {
        object[key] = nil
      } else {
        guard let inner = value.removing(path.dropFirst()) else { return nil }
        object[key] = inner
      }
      return .object(object)
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index),
        let inner = elements[index].removing(path.dropFirst())
      else { return nil }
      elements[index] = inner
      return .array(elements)
    default: return nil
    }
  }
}
