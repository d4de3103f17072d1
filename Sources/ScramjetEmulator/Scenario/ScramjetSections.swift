package import EmulatorKernel
import PayloadCodecs

/// What `Plan` and `ProgramCompiler` read, as JSON Schema: a test holds them together.
extension ScramjetService {
  package var sections: ScenarioCatalog.Service.Schema? {
    .init(
      given: ScramjetSections.given, behaviors: ProgramSchema.behaviors,
      definitions: ProgramSchema.definitions)
  }

  package var events: [ServiceEvent]? { ScramjetEvents.all }
}

private enum ScramjetSections {
  typealias Schema = ScenarioSchema

  static var given: JSON {
    .object(
      Schema.object(
        "What users of the Scramjet platform find.",
        [
          ("spaces", Schema.list(nameOr("A space.", [], id: "id"))),
          ("hubs", Schema.list(hub)), ("store", Schema.list(storeItem)),
          ("sequences", Schema.list(sequence)), ("topics", Schema.list(topic)),
          ("instances", Schema.list(instance)), ("settings", settings),
        ]))
  }

  /// An id alone, or an object that holds it.
  private static func nameOr(
    _ description: String, _ members: [(String, JSON)], id: String
  ) -> JSON {
    let name = Schema.nonEmpty("The \(id).")
    let object = Schema.object(description, [(id, name)] + members, required: [id])
    return ["anyOf": [name, .object(object)]]
  }

  private static let space = ("space", Schema.text("The space's id; absent: the first."))
  private static let hubName = ("hub", Schema.text("The hub's id; absent: the default one."))

  private static var hub: JSON {
    nameOr(
      "A hub.",
      [
        space, ("accessKey", Schema.text("The key of a self-hosted one.")),
        ("selfHosted", Schema.flag("Whether users host it.")),
        ("description", Schema.text("A sentence.")), ("tags", Schema.list(Schema.text("A tag."))),
        ("healthy", Schema.flag("Absent: true.")), ("connected", Schema.flag("Absent: true.")),
        ("overloaded", Schema.flag("Whether it refuses to start anything.")),
        ("load", ["description": "What it tells of its load."]),
        ("config", ["description": "What it tells of its configuration."]),
      ], id: "id")
  }

  private static let package: (String, JSON) = (
    "package", ["type": "object", "description": "The content of its package.json."]
  )

  private static var storeItem: JSON {
    .object(
      Schema.object(
        "A stored package.", [("file", Schema.text("Its name.")), space, package],
        required: ["package"]))
  }

  private static var sequence: JSON {
    .object(
      Schema.object(
        "A sequence on a hub.",
        [
          ("id", Schema.text("Absent: made.")), ("name", Schema.text("Another name for it.")),
          hubName, package,
        ], required: ["package"]))
  }

  private static var topic: JSON {
    let types = Topic.contentTypes.map { JSON.string($0) }
    return nameOr("A topic.", [("contentType", ["enum": .array(types)]), space], id: "name")
  }

  private static var instance: JSON {
    .object(
      Schema.object(
        "A running instance.",
        [
          ("sequence", Schema.nonEmpty("Id or name.")), hubName,
          ("id", Schema.text("Absent: made.")), ("appConfig", ["description": "Its settings."]),
          ("args", ["type": "array"]), ("outputTopic", Schema.text("Where its output goes.")),
          ("inputTopic", Schema.text("Where its input comes from.")),
        ], required: ["sequence"]))
  }

  private static var settings: JSON {
    .object(
      Schema.object(
        "How the platform works.",
        [
          ("retention", Schema.ref("duration")), ("lifetimeExtension", Schema.ref("duration")),
          ("exitTimeout", Schema.ref("duration")), ("version", Schema.text("What it says.")),
          ("storeLimit", Schema.ref("size")), ("packageLimit", Schema.ref("size")),
          ("runtime", Schema.choice(of: Plan.Runtime.self, "What it says that it runs on.")),
        ]))
  }
}
