package import EmulatorKernel
import PayloadCodecs

/// What `ShipyardSeed`, `VesselBehavior` and `FleetDocument` read, as JSON Schema: a test holds them
/// together.
extension ShipyardService {
  package var sections: ScenarioCatalog.Service.Schema? {
    .init(
      given: ShipyardSections.given, behaviors: ShipyardSections.behaviors,
      definitions: ["fleet": FleetSchema.fleet])
  }
}

private enum ShipyardSections {
  typealias Schema = ScenarioSchema

  static var given: JSON {
    .object(
      Schema.object(
        "What users of Shipyard find.",
        [
          ("settings", settings), ("keys", Schema.list(key)), ("orgs", Schema.list(organization)),
        ]))
  }

  private static var settings: JSON {
    .object(
      Schema.object(
        "How the platform works.",
        [
          ("startDelay", Schema.ref("duration")), ("vesselDuration", Schema.ref("duration")),
          ("retryDelay", Schema.ref("duration")),
          ("retentionDays", ["type": "integer", "minimum": 1, "maximum": 36_500]),
          ("runsKept", ["type": "integer", "minimum": 1, "maximum": 10_000_000]),
          ("exportRunsAsJSON", Schema.flag("Exports as JSON where nothing is asked for.")),
          ("acceptFormOverrides", Schema.flag("Takes overrides of a run as a form too.")),
        ]))
  }

  private static var key: JSON {
    let names = Schema.list(Schema.nonEmpty("A name or an id."))
    return .object(
      Schema.object(
        "A key that exists. Without keys every one does.",
        [
          ("key", Schema.nonEmpty("As the client sends it.")), ("orgs", names),
          ("projects", names),
          (
            "rights", Schema.list(Schema.choice(of: AccessKey.Right.self, "A right."))
          ),
        ], required: ["key"]))
  }

  static let id: (String, JSON) = ("id", Schema.text("A UUID; absent: made."))

  private static var organization: JSON {
    let name = ("name", Schema.nonEmpty("The name."))
    let project = Schema.object(
      "A project.",
      [
        id, name, ("timezone", Schema.text("Such as Europe/Berlin.")),
        ("fleets", Schema.list(Schema.ref("fleet"))),
      ], required: ["name"])
    let input = Schema.object(
      "An input.",
      [name, ("type", Schema.choice(of: ShipyardSeed.BlueprintInputWord.self, "Its type."))],
      required: ["name"])
    let blueprint = Schema.object(
      "A blueprint.",
      [
        id, name,
        ("language", Schema.choice(of: ShipyardSeed.BlueprintLanguage.self, "Its language.")),
        ("inputs", Schema.list(.object(input))),
      ], required: ["name"])
    return .object(
      Schema.object(
        "An organization.",
        [
          id, name, ("createdAt", Schema.ref("instant")),
          ("runnable", Schema.flag("Whether runs may start.")),
          ("api", Schema.flag("Whether its plan has the API.")),
          ("billing", Schema.flag("Whether it pays.")),
          ("developerPlan", Schema.flag("Whether it is in the developer plan.")),
          ("overDeveloperPlanLimit", Schema.flag("Whether that plan is used up.")),
          ("blueprints", Schema.list(.object(blueprint))),
          ("projects", Schema.list(.object(project))),
        ], required: ["name"]))
  }

  static var behaviors: JSON {
    let glob = Schema.text("A name, in which * stands for any characters.")
    let when = Schema.object(
      "Which vessels.",
      [
        ("fleet", glob), ("vessel", glob),
        ("trigger", Schema.choice(of: VesselBehavior.TriggerWord.self, "What started the run.")),
      ])
    let attempt = Schema.object(
      "One attempt.",
      [
        ("exit", ["type": "integer", "minimum": 0, "maximum": 255]),
        ("for", Schema.ref("duration")), ("output", Schema.text("What the vessel prints.")),
      ])
    let behavior = Schema.object(
      "How the attempts of certain vessels go; further ones go like the last.",
      [
        ("when", .object(when)),
        ("attempts", ["type": "array", "items": .object(attempt), "minItems": 1]),
      ], required: ["attempts"])
    return Schema.list(.object(behavior), "The first that matches decides.")
  }
}

/// A fleet in the form of "Fleets as Code", with `webhook` beside.
private enum FleetSchema {
  typealias Schema = ScenarioSchema

  private static let scalar: JSON = ["type": ["string", "number", "boolean"]]
  private static let optional: JSON = ["type": ["string", "number", "boolean", "null"]]

  static var fleet: JSON {
    let webhook = Schema.object(
      "A webhook of that address.",
      [("id", Schema.nonEmpty("A UUID.")), ("token", Schema.nonEmpty("The token."))],
      required: ["id", "token"])
    let connection = Schema.dictionary(
      Schema.choice(of: Connection.Condition.self, "When the way is open."), "By vessel.")
    return .object(
      Schema.object(
        "A fleet, as Fleets as Code writes it.",
        [
          ("name", scalar), ("_id", Schema.text("A UUID; absent: made.")),
          ("vessels", Schema.dictionary(vessel, "By name.")),
          ("connections", Schema.dictionary(connection, "From vessel to vessel.")),
          (
            "triggers",
            .object(Schema.object("When it runs.", [("schedules", Schema.list(schedule))]))
          ),
          ("notifications", notifications),
          (
            "webhook",
            ["anyOf": [Schema.flag("Whether it has one."), .object(webhook)]]
          ),
        ], required: ["name", "vessels"]))
  }

  private static var schedule: JSON {
    .object(
      Schema.object(
        "A schedule.",
        [
          ("how_often", ["enum": ["HOURLY", "DAILY", "WEEKLY", "MONTHLY"]]), ("at", scalar),
          ("when", scalar),
        ], required: ["how_often", "at"]))
  }

  private static var notifications: JSON {
    .object(
      Schema.object(
        "Who is told.",
        [("emails", Schema.list(scalar)), ("after_error", scalar), ("after_on_demand", scalar)]))
  }

  private static var vessel: JSON {
    .object(
      Schema.object(
        "A vessel.",
        [
          ("_id", Schema.text("A UUID; absent: made.")), ("source", source),
          (
            "guardrails",
            .object(
              Schema.object(
                "What it does about its failures.",
                [
                  ("retry_count", scalar), ("retry_wait", scalar), ("runtime_cutoff", scalar),
                  ("exclude_exit_code_ranges", Schema.list(scalar)),
                ]))
          ),
          ("notifications", notifications),
        ], required: ["source"]))
  }

  private static var source: JSON {
    func named(_ description: String, _ members: [(String, JSON)]) -> JSON {
      .object(Schema.object(description, [("name", scalar)] + members, required: ["name"]))
    }
    let git = Schema.object(
      "Where the code is.",
      [
        ("repository", scalar), ("checkout_point", scalar),
        ("clone_location", Schema.choice(of: VesselSource.Git.CloneLocation.self, "Where to.")),
      ], required: ["repository"])
    return .object(
      Schema.object(
        "What it executes.",
        [
          ("type", Schema.choice(of: VesselSource.Kind.self, "Code or a blueprint.")),
          ("language", Schema.choice(of: VesselSource.Language.self, "Of code.")),
          ("version", scalar), ("file", named("A file.", [("content", optional)])),
          ("file_to_run", scalar), ("git", .object(git)), ("blueprint", scalar),
          (
            "inputs",
            Schema.dictionary(
              ["anyOf": [optional, ["type": "object", "maxProperties": 0]]], "Of a blueprint.")
          ),
          (
            "arguments",
            Schema.list(
              Schema.dictionary(optional, "{key, value}, {name, value} or {flag: value}."))
          ),
          ("environment", Schema.list(named("A variable.", [("value", optional)]))),
          ("packages", Schema.list(named("A package.", [("version", scalar)]))),
          ("system_packages", Schema.list(named("A package of the system.", []))),
        ], required: ["type"]))
  }
}
