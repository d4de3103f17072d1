import Determinism
import HTTPModel
import PayloadCodecs

/// Events that happen at a time, without a request: `{"after": "10s", "emit": …, "until": "15s"}`.
package struct TimedEvents: Sendable {
  package var after: ScenarioRule.Period.Edge
  package var until: ScenarioRule.Period.Edge?
  package var events: [JSONTemplate]
  /// What happens at `until`.
  package var endEvents: [JSONTemplate] = []
  var source: JSON = [:]

  /// One instant of them.
  struct Entry: Sendable {
    var due: VirtualInstant
    /// Which of the scenario's.
    var index: Int
    var isEnd: Bool
  }
}

extension Scenario {
  /// All instants at which something happens by itself, in order.
  func timetable(start: VirtualInstant) -> [TimedEvents.Entry] {
    let entries = timed.enumerated().flatMap { index, timed -> [TimedEvents.Entry] in
      let begin = TimedEvents.Entry(
        due: timed.after.instant(start: start), index: index, isEnd: false)
      guard let until = timed.until else { return [begin] }
      return [
        begin,
        TimedEvents.Entry(
          due: max(begin.due, until.instant(start: start)), index: index, isEnd: true),
      ]
    }
    return entries.enumerated().sorted {
      ($0.element.due, $0.offset) < ($1.element.due, $1.offset)
    }.map(\.element)
  }
}

extension TimedEvents {
  private struct Draft: Sendable {
    var after: ScenarioRule.Period.Edge?
    var until: ScenarioRule.Period.Edge?
    var events: [JSONTemplate] = []
    var endEvents: [JSONTemplate]?
  }

  static let form = Form.object(
    "Events at a time, without a request.", Draft(),
    [
      .required(
        "after", .edge, "When: so long after the tenant's start, or at an instant.", example: "10s"
      ) { $0.after = $1 },
      .required("emit", \.events, .oneOrMore(of: .timed), "What happens then."),
      .optional(
        "until", .edge,
        "When it ends: the opposite of \"emit\" happens (a hub recovers), or \"then\".",
        example: "15s", beside: ["then": ["expireKey": "my-key"]]
      ) { $0.until = $1 },
      .optional(
        "then", .oneOrMore(of: .timed), "What happens at \"until\", in place of the opposite.",
        beside: ["until": "15s"], needs: ["until"]
      ) { $0.endEvents = $1 },
    ]
  ).checked { draft, reader -> TimedEvents? in
    guard let after = draft.after else { return nil }
    var timed = TimedEvents(after: after, until: draft.until, events: draft.events)
    timed.source = reader.value
    guard let until = draft.until else { return timed }
    if !ScenarioRule.Period(from: after, to: until).isPossible {
      reader.problem("\"after\" must come before \"until\"")
    }
    timed.endEvents = draft.endEvents ?? opposites(reader)
    return timed
  }

  /// What takes the events back, in the opposite order.
  private static func opposites(_ reader: ScenarioReader) -> [JSONTemplate] {
    let emitted = reader.value["emit"].map { $0.arrayValue ?? [$0] } ?? []
    return emitted.reversed().compactMap { event in
      guard case .object(let event) = event else { return nil }
      if let opposite = WorldEvent.opposite(of: event, reader.catalog) {
        return JSONTemplate(.object(opposite)) { reader.problem($0) }
      }
      if reader.catalog != nil {
        reader.problem(
          "there is no opposite of \"\(event.keys.first ?? "")\" that could happen at \"until\": say "
            + "with \"then\" what does")
      }
      return nil
    }
  }
}

extension WorldEvent {
  /// The event that takes another one back; nil: there is none.
  static func opposite(of event: JSONObject, _ catalog: ScenarioCatalog?) -> JSONObject? {
    for (kind, other) in [(Kind.enableRule, Kind.disableRule), (.disableRule, .enableRule)] {
      if let name = event[kind.rawValue] { return [other.rawValue: name] }
    }
    if let listener = event[Kind.listener.rawValue]?.objectValue {
      guard let state = listener["state"]?.stringValue, state != ListenerState.open.rawValue
      else { return nil }
      var open = listener
      open["state"] = .string(ListenerState.open.rawValue)
      return [Kind.listener.rawValue: .object(open)]
    }
    return catalog?.event(among: event.keys)?.opposite?(event)
  }
}

extension Form where Value == JSONTemplate {
  /// An event at a time. Time moves while it happens, so it cannot move time.
  fileprivate static let timed = Form(
    describe: event.describe, example: { ["expireKey": "my-key"] },
    samples: { walk in event.samples(walk).filter { $0[advance] == nil } },
    read: { reader in
      if reader.value[advance] != nil {
        reader.problem("there is no \"advance\" at a time: the clock moves already")
      }
      return event.read(reader)
    })

  private static var advance: String { WorldEvent.Kind.advance.rawValue }
}

extension Form where Value == ScenarioRule.Period.Edge {
  /// An instant, or a duration after the tenant's start.
  static let edge = Form(
    describe: { writer in
      writer.reference("moment") {
        [
          "description": "An instant, or a duration after the tenant's start.",
          "anyOf": [
            .object(Form<VirtualInstant>.instant.describe(writer)),
            .object(Form<Duration>.durationText),
          ],
        ]
      }
    }, example: { "10s" },
    read: { reader in
      guard let text = reader.value.stringValue else {
        return reader.mismatch(ScenarioRule.Period.Edge.expected)
      }
      return ScenarioRule.Period.Edge(text)
        ?? reader.mismatch(ScenarioRule.Period.Edge.expected)
    })
}

extension ScenarioRule.Period.Edge {
  static let expected =
    "an instant such as \"2026-01-01T00:00:00Z\" or a duration after the start such as \"10s\""

  init?(_ text: String) {
    if let instant = VirtualInstant(iso8601: text) {
      self = .instant(instant)
    } else if let offset = DurationText.parse(text) {
      self = .offset(offset)
    } else {
      return nil
    }
  }
}
