package import Determinism
package import HTTPModel
package import PayloadCodecs

/// Something that a rule's `emit` or the control API makes happen: `{"advance": "5s"}`. Events
/// that are none of the kernel's go to the services.
package enum WorldEvent: Sendable {
  case advance(ClockMove)
  case expireKey(String, status: Int)
  case setVariables([(key: String, value: JSON)])
  case enableRule(String)
  case disableRule(String)
  /// A rule's variables are set and its events happen as if it had struck.
  case trigger(String)
  /// The listener of a service with a port of its own, for all tenants.
  case listener(service: String, ListenerState)

  package enum ClockMove: Sendable, Equatable {
    case by(Duration)
    case to(VirtualInstant)
    case toNext
  }

  /// These events; every service has its own besides.
  package enum Kind: String, CaseIterable, Sendable {
    case advance, expireKey, setVariables, enableRule, disableRule, trigger, listener

    /// What stands under its name.
    package var form: Form<WorldEvent> { row.form }

    private var row: (sentence: String, form: Form<WorldEvent>) {
      switch self {
      case .advance: ("The tenant's clock goes forward, and what falls due happens.", clockMove)
      case .expireKey: ("A key is refused from now on.", expiry)
      case .setVariables: ("Variables and their new values.", variables)
      case .enableRule: ("A rule that is switched on.", rule.map { .enableRule($0) })
      case .disableRule: ("A rule that is switched off.", rule.map { .disableRule($0) })
      case .trigger:
        (
          "A rule whose variables are set and whose events happen as if it had struck.",
          rule.map { .trigger($0) }
        )
      case .listener:
        (
          "A service's own port (--port SERVICE=N) refuses connections, never accepts them, or has a "
            + "backlog that is full; for all tenants, until it is \"open\" again, the tenant is reset "
            + "or gone, or another scenario is in force.",
          WorldEvent.listening
        )
      }
    }

    /// The whole event.
    var object: Form<WorldEvent?> {
      .object("An event.", nil, [.required(rawValue, row.form, row.sentence) { $0 = $1 }])
    }
  }

  private static let variables = Form<[(key: String, value: JSON)]>
    .dictionary(of: .json, "By name.", exampleKey: "phase")
    .described(example: ["phase": "warm"]).map { WorldEvent.setVariables($0) }

  private static let rule = Form<String>.nonEmptyText.described(example: "a rule's name")

  private static let clockMove = Form<ClockMove>.short(
    Form<Duration>.duration.map { .by($0) },
    orObject: .object(
      "How far.", .toNext,
      [
        .oneOf(
          \.self, missing: "one of \"by\", \"to\" and \"toNext\" is needed",
          [
            .choice("by", .duration, "So much.") { .by($0) },
            .choice("to", .instant, "To that instant.") { .to($0) },
            .choice(
              "toNext", .onlyTrue("\"toNext\" can only be true"),
              "To the next instant at which something is due."
            ) { _ in .toNext },
          ])
      ])
  ).map { WorldEvent.advance($0) }

  private struct Listening: Sendable { var service = "", state = ListenerState.open }
  private static let listening = Form<Listening>.object(
    "Whose, and how.", Listening(),
    [
      .required(
        "service", \.service, .serviceName, "The service; *: each that has a port.", example: "*"),
      .required(
        "state", \.state, .choice,
        "refuse: nobody listens; neverAccept: connections come into being and nobody takes them; "
          + "fullBacklog: who connects hears nothing; open: as it was.", example: "refuse"),
    ]
  ).map { WorldEvent.listener(service: $0.service, $0.state) }

  private struct Expiry: Sendable { var key = "", status = 401 }
  private static let expiry = Form<Expiry>.short(
    Form<String>.nonEmptyText.map { Expiry(key: $0) }.described(example: "my-key"),
    orObject: .object(
      "With another status than 401.", Expiry(),
      [
        .required("key", \.key, .nonEmptyText, "The key.", example: "my-key"),
        .standard("status", \.status, .status(from: 400), 401, "What it is answered with."),
      ])
  ).map { WorldEvent.expireKey($0.key, status: $0.status) }
}

extension Form where Value == String {
  /// Of one service, or `*`.
  fileprivate static let serviceName = Form(
    describe: { writer in
      let names = writer.catalog.services.map { JSON.string($0.name) } + ["*"]
      return writer.plain(["enum": .array(names)], name: nil)
    }, example: { "*" },
    read: { reader in
      if reader.isInEvent, reader.value.holdsTemplate { return nil }
      guard let name = reader.nonEmptyString() else { return nil }
      guard name != "*", let names = reader.catalog?.services.map(\.name), !names.contains(name)
      else { return name }
      return reader.unknown("service", name, of: names)
    })
}

extension Form where Value == JSONTemplate {
  /// An event as a rule's `emit` has it: an object whose key names what happens.
  static let event = Form(
    describe: { writer in
      writer.reference("event") {
        [
          "description": "Something that happens; its first key says what.",
          "anyOf": .array(writer.inEvent { schemas(writer) }),
        ]
      }
    }, example: { ["advance": "5s"] },
    samples: { walk in
      WorldEvent.Kind.allCases.flatMap { $0.object.samples(walk) }
        + walk.catalog.events.flatMap { $0.form.samples(walk) }
    },
    read: { reader in
      guard case .object(let event) = reader.value, let first = event.members.first?.key else {
        return reader.mismatch("an event such as {\"advance\": \"5s\"}")
      }
      reader.inEvent { check(event, first, $0) }
      return JSONTemplate(reader.value) { reader.problem($0) }
    })

  private static func schemas(_ writer: SchemaWriter) -> [JSON] {
    let own = WorldEvent.Kind.allCases.map { JSON.object($0.object.describe(writer)) }
    let names = WorldEvent.Kind.allCases.map { kind -> JSON in
      ["required": [.string(kind.rawValue)]]
    }
    let anything: [JSON] =
      writer.catalog.eventNames == nil
      ? [["type": "object", "minProperties": 1, "not": ["anyOf": .array(names)]]] : []
    return own + writer.catalog.events.map { .object($0.form.describe(writer)) } + anything
  }

  /// Names must be known, and values well-formed unless they are templates.
  private static func check(_ event: JSONObject, _ first: String, _ reader: ScenarioReader) {
    if let kind = WorldEvent.Kind(rawValue: first) {
      if event.count > 1 {
        reader.problem("an event of the kernel has one key; put the others into a list of events")
      }
      _ = reader.member(first).flatMap(kind.form.read)
      return
    }
    guard let catalog = reader.catalog, let known = catalog.eventNames else { return }
    guard let own = catalog.event(among: event.keys) else {
      let _: Never? = reader.member(first)?.unknown("event", first, of: known)
      return
    }
    _ = own.form.read(reader)
  }
}

extension JSON {
  /// Whether some text in it has `{{`.
  package var holdsTemplate: Bool {
    switch self {
    case .string(let text): text.firstRange(of: "{{") != nil
    case .array(let elements): elements.contains(where: \.holdsTemplate)
    case .object(let object): object.members.contains(where: \.value.holdsTemplate)
    case .null, .bool, .integer, .decimal: false
    }
  }
}
