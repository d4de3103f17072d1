import EmulatorKernel
import PayloadCodecs
import Scenarios

/// A fleet as somebody wrote it, in YAML or in a scenario: the definition, still without ids where
/// none were given.
/// Source: Shipyard documentation, "Fleets as Code".
struct FleetDocument: Sendable {
  struct VesselDocument: Sendable {
    var id: ResourceID?
    var name = ""
    var source = VesselSource(kind: .code)
    var guardrails = WrittenGuardrails()
    var notifications = Notifications()
  }

  var id: ResourceID?
  var name = ""
  /// In the order of `KeyOrder`.
  var vessels: [VesselDocument] = []
  /// By name, as they stand there.
  private var links: [(key: String, value: [(key: String, value: Connection.Condition)])] = []
  var connections: [Connection] = []
  var schedules: [Schedule] = []
  var notifications = Notifications()

  /// Ours, so that one request cannot make every later trigger expensive. The documentation has
  /// none.
  static let vesselCountMax = 1_000
  /// Likewise: each may make 24 runs a day.
  static let scheduleCountMax = 100

  static let form = Form.object(
    "A fleet, as Fleets as Code writes it.", FleetDocument(), fields, finish: finish)

  static let fields: [Field<FleetDocument>] = [
    .required("name", \.name, .nonEmptyScalar, "Its name.", example: "Nightly"),
    .orNull("_id", .id, "A UUID; absent: made.") { $0.id = $1 },
    .required("vessels", \.vessels, vessels, "Its vessels, by name."),
    .orNull("connections", connections, "From vessel to vessel.", example: [:]) { $0.links = $1 },
    .orNull("triggers", triggers, "When it runs.") { $0.schedules = $1 },
    .orNull("notifications", Notifications.form, "Who is told.") { $0.notifications = $1 },
  ]

  /// What only the whole fleet tells.
  @Sendable static func finish(_ fleet: inout FleetDocument, _ object: ScenarioObject) {
    let reader = object.reader
    let positions = TextMap(
      fleet.vessels.enumerated().lazy.map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first }
    )
    for (from, targets) in fleet.links {
      guard let source = positions[from] else {
        reader.place("connections", from)?.problem("no vessel of that name")
        continue
      }
      for (to, condition) in targets {
        guard let target = positions[to] else {
          reader.place("connections", from, to)?.problem("no vessel of that name")
          continue
        }
        fleet.connections.append(Connection(from: source, to: target, condition: condition))
      }
    }
    fleet.connections.sort { ($0.from, $0.to) < ($1.from, $1.to) }
    let graph = VesselGraph(vesselCount: fleet.vessels.count, connections: fleet.connections)
    if let vessel = graph.vesselInLoop {
      reader.place("connections", fleet.vessels[vessel].name)?.problem(
        "the vessel is part of a loop")
    }
  }

  private static let vessels = Form.dictionary(
    of: vessel, "Its vessels, by name.", exampleKey: "Load"
  ) { name, reader in
    if name.isEmpty { reader.problem("a vessel needs a name") }
    return name
  }.checked { members, reader -> [VesselDocument]? in
    if members.isEmpty { reader.problem("a fleet needs at least one vessel") }
    guard members.count <= vesselCountMax else {
      reader.problem("more than \(vesselCountMax) vessels")
      return nil
    }
    var ids: Set<ResourceID> = []
    return members.sorted { KeyOrder.precedes($0.key, $1.key) }.map { name, written in
      var vessel = written
      vessel.name = name
      if let id = vessel.id, !ids.insert(id).inserted {
        reader.place(name)?.problem("the _id belongs to another vessel of the fleet")
      }
      return vessel
    }
  }

  private static let vessel = Form.object(
    "A vessel.", VesselDocument(),
    [
      .orNull("_id", .id, "A UUID; absent: made.") { $0.id = $1 },
      .required("source", \.source, VesselSource.form, "What it executes."),
      .orNull("guardrails", WrittenGuardrails.form, "What it does about its failures.") {
        $0.guardrails = $1
      },
      .orNull("notifications", Notifications.form, "Who is told.") { $0.notifications = $1 },
    ])

  private static let connections = Form.dictionary(
    of: Form.dictionary(
      of: Form<Connection.Condition>.choice, "When the way to each is open.", exampleKey: "Load"
    ).orNull.map { $0 ?? [] }, "By vessel.", exampleKey: "Extract")

  private static let triggers = Form<[Schedule]>.object(
    "When it runs.", [],
    [
      .orNull("schedules", .list(of: Schedule.form), "At which times.") { $0 = $1 }
    ]
  ) { schedules, object in
    if schedules.count > scheduleCountMax {
      object.reader.member("schedules")?.problem("more than \(scheduleCountMax) schedules")
    }
  }

  /// What the vendor's own samples hold too, and what means nothing or cannot be meant: accepted,
  /// told, and refused in strict mode. One for each of thousands of vessels would tell no more than
  /// the first few.
  var remarks: [String] {
    var remarks: [String] = []
    for vessel in vessels where remarks.count < 8 {
      let place = "vessels.\(vessel.name)"
      for input in vessel.source.inputs where input.value == [:] {
        remarks.append(
          "\(place).source.inputs.\(input.name): an input is a text: {} is passed on as it stands")
      }
      for (index, codes) in (vessel.guardrails.excludedExitCodes ?? []).enumerated()
      where codes.lowerBound < 1 || codes.upperBound > 255 {
        remarks.append(
          "\(place).guardrails.exclude_exit_code_ranges.\(index): exit codes of a failure are "
            + "1-255: what lies outside has no effect")
      }
    }
    return Array(remarks.prefix(8))
  }
}

extension Notifications {
  fileprivate static let form = Form.object(
    "Who is told.", Notifications(),
    [
      .orNull(
        "emails", .list(of: .nonEmptyScalar), "To these addresses.", example: ["ops@example.com"]
      ) { $0.emails = $1 },
      .orNull("after_error", .scalarFlag, "Whether a failure is told.") { $0.afterError = $1 },
      .orNull("after_on_demand", .scalarFlag, "Whether the end of a run on demand is told.") {
        $0.afterOnDemand = $1
      },
    ])
}

// MARK: Plain values

extension Form where Value == String {
  static var nonEmptyScalar: Form {
    .scalar.checked { text, reader in
      text.isEmpty ? reader.mismatch("a text that is not empty") : text
    }
  }
}

extension Form where Value == Bool {
  /// Also YAML 1.1's words, which hand-written files hold.
  fileprivate static var scalarFlag: Form {
    Form<String>.scalar.checked { text, reader in
      switch text.asciiLowercased {
      case "true", "yes", "on": true
      case "false", "no", "off": false
      default: reader.mismatch("true or false")
      }
    }.described(example: true)
  }
}

extension Form where Value == Int {
  static func scalar(in range: ClosedRange<Int>) -> Form {
    Form<String>.scalar.checked { text, reader in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
        ?? reader.mismatch("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }.described(example: .integer(range.lowerBound))
  }
}

extension Form where Value == ResourceID {
  static var id: Form {
    let digits = [8, 4, 4, 4, 12].map { "[0-9A-Fa-f]{\($0)}" }
    return .plain(
      ["type": "string", "pattern": .string("^\(digits.joined(separator: "-"))$")],
      example: "8d2f4b1e-7a3c-4c0b-9f5e-2d6a1b3c4d5e"
    ) { reader in
      guard let text = reader.string() else { return nil }
      return ResourceID(text) ?? reader.mismatch("a UUID")
    }
  }
}

extension Form where Value: Sendable {
  /// Also null: a key without a value in YAML.
  var orNull: Form<Value?> {
    .either(
      map { $0 }, when: { !$0.isNull },
      else: .plain(["type": "null"], example: .null) { _ in .some(nil) })
  }
}

extension Field {
  /// A key that may be absent or have no value.
  static func orNull<Value: Sendable>(
    _ key: String, _ form: Form<Value>, _ sentence: String, example: JSON? = nil,
    beside: JSONObject = [:], _ set: @escaping @Sendable (inout Root, Value) -> Void
  ) -> Field {
    .optional(key, form.orNull, sentence, example: example, beside: beside) { root, value in
      if let value { set(&root, value) }
    }
  }
}
