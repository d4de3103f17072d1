import EmulatorKernel
import PayloadCodecs
package import Scenarios

/// What a scenario can say of this service.
extension ShipyardService {
  package var sections: ScenarioCatalog.Service.Sections? {
    .init(
      given: ShipyardSeed.form.map { _ in },
      behaviors: VesselBehavior.list(ShipyardSettings()).map { _ in })
  }
}

extension ShipyardSeed {
  static let form = Form<ShipyardSeed>.object(
    "What users of Shipyard find.", ShipyardSeed(),
    [
      .optional("settings", \.settings, settings, "How the platform works."),
      .optional(
        "keys", \.keys, .list(of: key), "The keys that exist; absent: every one does."),
      .optional(
        "orgs", \.organizations, .list(of: organization),
        "The organizations; absent: those of the built-in world."),
    ])

  private static let defaults = ShipyardSettings()
  private static let settings = Form.object(
    "How the platform works.", ShipyardSettings(),
    [
      .standard(
        "startDelay", \.startDelay, .duration, .duration(defaults.startDelay),
        "From a run's request to its start."),
      .standard(
        "vesselDuration", \.vesselDuration, .duration, .duration(defaults.vesselDuration),
        "How long a vessel runs."),
      .standard(
        "retryDelay", \.retryDelay, .duration, .duration(defaults.retryDelay),
        "Before a vessel is tried again."),
      .standard(
        "retentionDays", \.retentionDays, .int(in: 1...ShipyardSettings.retentionDaysMax),
        .integer(defaults.retentionDays), "Days after which a run's record goes."),
      .standard(
        "runsKept", \.runsKept, .int(in: 1...ShipyardSettings.runsKeptMax),
        .integer(defaults.runsKept), "Runs whose records are kept at most."),
      .standard(
        "exportRunsAsJSON", \.exportsRunsAsJSON, .flag, false,
        "Exports as JSON where nothing is asked for."),
      .standard(
        "acceptFormOverrides", \.acceptsFormOverrides, .flag, false,
        "Takes overrides of a run as a form too."),
    ])

  private static let names = Form<[String]>.list(of: .nonEmptyText, "Names or ids.")

  private static let key = Form.object(
    "A key that exists.", Key(key: "", rights: Set(AccessKey.Right.allCases)),
    [
      .required("key", \.key, .nonEmptyText, "As the client sends it.", example: "key-1"),
      .optional(
        "orgs", \.organizations, names, "The organizations that it opens; absent: all.",
        example: ["Harbor Labs"]),
      .optional(
        "projects", \.projects, names, "The projects that it opens; absent: all.", example: ["ETL"]
      ),
      .optional(
        "rights", .list(of: Form<AccessKey.Right>.choice), "What it may; absent: everything."
      ) { $0.rights = Set($1) },
    ])

  private static let organization = Form.object(
    "An organization.", Organization(),
    [
      .optional("id", \.id, .id, "Its id; absent: made."),
      .required("name", \.name, .nonEmptyText, "Its name.", example: "Harbor Labs"),
      .optional("createdAt", \.createdAt, .instant, "Since when it is there."),
      .standard("runnable", \.isRunnable, .flag, true, "Whether runs may start."),
      .standard("api", \.hasAPIAccess, .flag, true, "Whether its plan has the API."),
      .standard("billing", \.hasBilling, .flag, false, "Whether it pays."),
      .standard(
        "developerPlan", \.isInDeveloperPlan, .flag, false, "Whether it is in the developer plan."),
      .standard(
        "overDeveloperPlanLimit", \.isOverDeveloperPlanLimit, .flag, false,
        "Whether that plan is used up."),
      .optional("blueprints", \.blueprints, .list(of: blueprint), "Its blueprints."),
      .optional("projects", \.projects, .list(of: project), "Its projects."),
    ])

  private static let blueprint = Form.object(
    "A blueprint.", BlueprintSeed(),
    [
      .optional("id", \.id, .id, "Its id; absent: made."),
      .required("name", \.name, .nonEmptyText, "Its name.", example: "Load a table"),
      .optional("language", \.palletType, language, "Its language; absent: python."),
      .optional("inputs", \.inputs, .list(of: input), "What its vessels are given."),
    ])

  private static let input = Form<(name: String, type: Blueprint.Input.InputType)>.object(
    "An input.", ("", .string),
    [
      .required("name", \.name, .nonEmptyText, "Its name.", example: "PASSWORD"),
      .optional("type", \.type, inputType, "Its type; absent: string."),
    ])

  private static let language = Form<Blueprint.PalletType>.word([
    "python": .python, "bash": .bash, "node": .node,
  ])

  private static let inputType = Form<Blueprint.Input.InputType>.word([
    "string": .string, "integer": .integer, "float": .float, "boolean": .boolean, "date": .date,
    "select": .select, "password": .password, "externalFile": .externalFile,
  ])

  private static let project = Form.object(
    "A project.", Project(),
    [
      .optional("id", \.id, .id, "Its id; absent: made."),
      .required("name", \.name, .nonEmptyText, "Its name.", example: "ETL"),
      .standard(
        "timezone", \.timeZone, timeZone, "UTC", "That of its schedules.", example: "UTC"),
      .optional("fleets", \.fleets, .list(of: fleet), "Its fleets."),
    ])

  /// The fleet's own members and `webhook` stand side by side.
  private static let fleet = Form.named("fleet") {
    Form.object(
      "A fleet, as Fleets as Code writes it.", Fleet(),
      FleetDocument.fields.map { $0.at(\.document) } + [
        .optional(
          "webhook", \.webhook,
          Form<WebhookSeed?>.short(
            Form<Bool>.flag.map { $0 ? .made : nil }, orObject: webhook.map { .given($0) }),
          "Whether it has a webhook, or which.")
      ]
    ) { fleet, object in FleetDocument.finish(&fleet.document, object) }
  }

  private static let webhook = Form.object(
    "A webhook of that address.", Webhook(id: ResourceID(high: 0, low: 0), token: ""),
    [
      .required("id", \.id, .id, "A UUID."),
      .required("token", \.token, token, "The token.", example: "demo-webhook-token"),
    ])

  private static let token = Form<String>.nonEmptyText.checked { text, reader in
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }
      ? text : reader.mismatch("letters, digits, - and _")
  }

  private static let timeZone = Form<String>.text.checked { name, reader -> TimeZoneRules? in
    do throws(TimeZoneRules.Failure) {
      return try TimeZoneRules.named(name)
    } catch {
      switch error {
      case .unknown:
        reader.problem("unknown time zone '\(name)'; write one such as Europe/Berlin or UTC")
      case .noDatabase:
        reader.problem("this machine has no time zone database (tzdata): only UTC is known")
      case .malformed: reader.problem("the system's description of '\(name)' cannot be read")
      }
      return nil
    }
  }
}

extension VesselBehavior {
  /// The scenario's `behaviors.shipyard`.
  static func list(_ settings: ShipyardSettings) -> Form<[VesselBehavior]> {
    .list(of: behavior(settings), "The first that matches decides.")
  }

  private static func behavior(_ settings: ShipyardSettings) -> Form<VesselBehavior> {
    .object(
      "How the attempts of certain vessels go; further ones go like the last.",
      VesselBehavior(fleet: "*", vessel: "*", trigger: nil, attempts: []),
      [
        .optional("when", when, "Which vessels; absent: all.", example: ["fleet": "Night*"]) {
          ($0.fleet, $0.vessel, $0.trigger) = ($1.fleet, $1.vessel, $1.trigger)
        },
        .required(
          "attempts", \.attempts,
          .list(
            of: attempt(settings), atLeast: 1, message: "\"attempts\" needs at least one entry"),
          "One attempt after the other.", example: [["exit": 1, "for": "3s"], ["exit": 0]]),
        .optional(
          "per", \.per, .choice,
          "What attempts are counted in: each run (run, the standard), or all runs of a fleet (fleet)."
        ),
      ])
  }

  private static let when = Form.object(
    "Which vessels.", VesselBehavior(fleet: "*", vessel: "*", trigger: nil, attempts: []),
    [
      .optional(
        "fleet", \.fleet, .glob, "The fleet's name; * stands for any characters.", example: "Night*"
      ),
      .optional(
        "vessel", \.vessel, .glob, "The vessel's name; * stands for any characters.",
        example: "Load"),
      .optional("trigger", \.trigger, trigger, "What started the run."),
    ])

  private static let trigger = Form<RunTrigger>.word([
    "api": .api, "webhook": .webhook, "schedule": .schedule, "onDemand": .onDemand,
  ])

  private static func attempt(_ settings: ShipyardSettings) -> Form<Attempt> {
    .object(
      "One attempt.", Attempt(exitCode: 0, duration: settings.vesselDuration),
      [
        .standard(
          "exit", \.exitCode, .int(in: 0...255), 0, "With what it ends; 0: it succeeded.",
          example: 1),
        .optional(
          "for", \.duration, .duration, "How long it runs; absent: the settings' vesselDuration.",
          example: "3s"),
        .optional("output", \.output, .text, "What the vessel prints.", example: "connected"),
      ])
  }
}
