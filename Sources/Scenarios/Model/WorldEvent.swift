package import Determinism
import PayloadCodecs

/// Something that a rule's `emit` or the control API makes happen: `{"advance": "5s"}`. Events
/// that are none of the kernel's go to the services.
package enum WorldEvent {
  /// The events of the kernel; every service has its own besides.
  package enum Kind: String, CaseIterable, Sendable {
    /// `"5s"`, or `{"by"}`, `{"to"}`, `{"toNext": true}`.
    case advance
    /// `"key"`, or `{"key", "status"}`.
    case expireKey
    /// `{"phase": "warm"}`.
    case setVariables
    case enableRule
    case disableRule
    /// A rule's name: its variables are set and its events happen as if it had struck.
    case trigger
  }

  package enum ClockMove: Sendable, Equatable {
    case by(Duration)
    case to(VirtualInstant)
    case toNext
  }

  /// Names must be known, and the kernel's own values well-formed unless they are templates.
  static func check(_ event: JSONObject, at reader: ScenarioReader, _ catalog: ScenarioCatalog?) {
    let first = event.members.first?.key ?? ""
    if let kind = Kind(rawValue: first) {
      if event.count > 1 {
        reader.problem("an event of the kernel has one key; put the others into an array of events")
      }
      if let value = reader.member(first) { check(kind, value) }
      return
    }
    guard let catalog, let known = catalog.eventNames else { return }
    guard let own = catalog.event(among: event.keys) else {
      let _: Never? = reader.member(first)?.unknown("event", first, of: known)
      return
    }
    // What a template will fill in is seen when it happens.
    if !reader.value.holdsTemplate { own.check(reader) }
  }

  private static func check(_ kind: Kind, _ reader: ScenarioReader) {
    if reader.value.holdsTemplate { return }
    switch kind {
    case .advance: _ = clockMove(reader)
    case .expireKey: _ = expiry(reader)
    case .setVariables: _ = reader.dictionary { $1.json() }
    case .enableRule, .disableRule, .trigger: _ = reader.nonEmptyString()
    }
  }

  package static func clockMove(_ reader: ScenarioReader) -> ClockMove? {
    guard case .object = reader.value else { return reader.duration().map { .by($0) } }
    return reader.object { object -> ClockMove? in
      switch object.atMostOne(of: ["by", "to", "toNext"]) {
      case "by": return object.duration("by").map { .by($0) }
      case "to": return object.instant("to").map { .to($0) }
      case "toNext":
        if object.bool("toNext") == false { object.problem("\"toNext\" can only be true") }
        return .toNext
      default:
        object.problem("one of \"by\", \"to\" and \"toNext\" is needed")
        return nil
      }
    }
  }

  package static func expiry(_ reader: ScenarioReader) -> (key: String, status: Int)? {
    guard case .object = reader.value else { return reader.nonEmptyString().map { ($0, 401) } }
    return reader.object { object in
      (object.requiredString("key"), object.int("status", in: 400...599) ?? 401)
    }
  }

  /// The rule that an event triggers.
  static func triggered(by event: JSON) -> String? { event[Kind.trigger.rawValue]?.stringValue }
}

extension JSON {
  /// Whether some text in it has `{{`.
  var holdsTemplate: Bool {
    switch self {
    case .string(let text): text.firstRange(of: "{{") != nil
    case .array(let elements): elements.contains(where: \.holdsTemplate)
    case .object(let object): object.members.contains(where: \.value.holdsTemplate)
    case .null, .bool, .integer, .decimal: false
    }
  }
}
