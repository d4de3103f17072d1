import EmulatorKernel
import PayloadCodecs
import Scenarios

/// A fleet in the form of "Fleets as Code", with `webhook` beside.
enum FleetSchema {
  typealias Schema = ScenarioSchema

  static let form = Form<ShipyardSeed.Fleet>.foreign(
    "fleet", { fleet },
    example: [
      "name": "Nightly", "vessels": ["Load": ["source": ["type": "CODE", "language": "BASH"]]],
    ], read: { ShipyardSeed.fleet($0) })

  private static func scalar(_ sentence: String) -> JSON {
    ["type": ["string", "number", "boolean"], "description": .string(sentence)]
  }
  private static func optional(_ sentence: String) -> JSON {
    ["type": ["string", "number", "boolean", "null"], "description": .string(sentence)]
  }

  private static var fleet: JSON {
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
          ("name", scalar("Its name.")),
          ("_id", ["type": ["string", "null"], "description": "A UUID; absent: made."]),
          ("vessels", Schema.dictionary(vessel, "Its vessels, by name.")),
          ("connections", Schema.dictionary(connection, "From vessel to vessel.")),
          (
            "triggers",
            .object(
              Schema.object(
                "When it runs.", [("schedules", Schema.list(schedule, "At which times."))]))
          ),
          ("notifications", notifications),
          (
            "webhook",
            [
              "anyOf": [Schema.flag("Whether it has one."), .object(webhook)],
              "description": "Whether it has a webhook, or which.",
            ]
          ),
        ], required: ["name", "vessels"]))
  }

  private static var schedule: JSON {
    .object(
      Schema.object(
        "A schedule.",
        [
          (
            "how_often",
            [
              "enum": ["HOURLY", "DAILY", "WEEKLY", "MONTHLY"], "description": "In which rhythm.",
            ]
          ), ("at", scalar("At which minute, or time of day.")),
          ("when", scalar("On which day, of the week or of the month.")),
        ], required: ["how_often", "at"]))
  }

  private static var notifications: JSON {
    .object(
      Schema.object(
        "Who is told.",
        [
          ("emails", Schema.list(scalar("An address."), "To these addresses.")),
          ("after_error", scalar("Whether a failure is told.")),
          ("after_on_demand", scalar("Whether the end of a run on demand is told.")),
        ]))
  }

  private static var vessel: JSON {
    .object(
      Schema.object(
        "A vessel.",
        [
          ("_id", ["type": ["string", "null"], "description": "A UUID; absent: made."]),
          ("source", source),
          (
            "guardrails",
            .object(
              Schema.object(
                "What it does about its failures.",
                [
                  ("retry_count", scalar("How often it is tried again.")),
                  ("retry_wait", scalar("How long before that, such as 30s.")),
                  ("runtime_cutoff", scalar("How long it may run, such as 1h.")),
                  (
                    "exclude_exit_code_ranges",
                    Schema.list(scalar("Such as 3-5."), "Exit codes that are no failures.")
                  ),
                ]))
          ),
          ("notifications", notifications),
        ], required: ["source"]))
  }

  private static var source: JSON {
    func named(_ description: String, _ members: [(String, JSON)]) -> JSON {
      .object(
        Schema.object(
          description, [("name", scalar("The name."))] + members, required: ["name"]))
    }
    let git = Schema.object(
      "Where the code is.",
      [
        ("repository", scalar("Its address.")), ("checkout_point", scalar("A branch or commit.")),
        ("clone_location", Schema.choice(of: VesselSource.Git.CloneLocation.self, "Where to.")),
      ], required: ["repository"])
    return .object(
      Schema.object(
        "What it executes.",
        [
          ("type", Schema.choice(of: VesselSource.Kind.self, "Code or a blueprint.")),
          ("language", Schema.choice(of: VesselSource.Language.self, "Of code.")),
          ("version", scalar("Of the language.")),
          ("file", named("A file.", [("content", optional("What stands in it."))])),
          ("file_to_run", scalar("The file that is started.")), ("git", .object(git)),
          ("blueprint", scalar("The blueprint's name.")),
          (
            "inputs",
            Schema.dictionary(
              [
                "anyOf": [optional("A value."), ["type": "object", "maxProperties": 0]]
              ], "Inputs of a blueprint.")
          ),
          (
            "arguments",
            Schema.list(
              Schema.dictionary(
                optional("A value."), "{key, value}, {name, value} or {flag: value}."),
              "What it is called with.")
          ),
          (
            "environment",
            Schema.list(
              named("A variable.", [("value", optional("Its value."))]), "Its environment.")
          ),
          (
            "packages",
            Schema.list(
              named("A package.", [("version", scalar("Its version."))]),
              "Packages of the language.")
          ),
          (
            "system_packages",
            Schema.list(named("A package of the system.", []), "Packages of the system.")
          ),
        ], required: ["type"]))
  }
}
