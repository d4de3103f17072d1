import Determinism
import HTTPModel
import PayloadCodecs

/// What a rule remembers: how often it was reached and struck, for each thing it counts by.
struct RuleState: Sendable, Codable {
  struct Counter: Sendable, Codable, Equatable {
    /// Requests that met all conditions.
    var reached = 0
    var struck = 0
  }

  /// Requests within a limit's window.
  struct Window: Sendable, Codable, Equatable {
    var start: VirtualInstant?
    var used = 0
    var stamps: [VirtualInstant] = []
  }

  /// Things counted at once for one rule; beyond it the oldest is forgotten.
  static let keyLimit = 10_000

  private(set) var counters: TextMap<Counter> = [:]
  private(set) var windows: TextMap<Window> = [:]
  private var counterOrder: [String] = []
  private var windowOrder: [String] = []
  /// Connections in the order in which this rule first saw them: their own numbers belong to the
  /// whole server, and other traffic must not shift what happens here.
  private var ordinals: [UInt64: Int] = [:]
  private var ordinalOrder: [UInt64] = []
  private var lastOrdinal = 0
  private(set) var struckInAll = 0
  private(set) var reachedInAll = 0
  /// How often it was triggered, which counts as no strike; nil: never.
  private var triggered: Int?
  /// Set at run time; nil: as the scenario says.
  var isEnabled: Bool?
  /// Until then, on the wall's time, every request that the rule matches is refused. No part of a
  /// snapshot: it is over before anybody restores one.
  private var refusedUntil: VirtualInstant?

  private enum CodingKeys: CodingKey {
    case counters, windows, counterOrder, windowOrder, lastOrdinal, struckInAll, reachedInAll
    case isEnabled, triggered
  }

  var isUntouched: Bool {
    counters.isEmpty && windows.isEmpty && lastOrdinal == 0 && isEnabled == nil && triggered == nil
  }

  /// What a count is kept under.
  mutating func key(_ scope: CountScope, _ subject: RuleSubject) -> String {
    switch scope {
    case .all: return ""
    case .resource: return "r:" + subject.resource
    case .credential: return "c:" + (subject.credential ?? "")
    case .connection:
      if let known = ordinals[subject.connectionID] { return "n:\(known)" }
      lastOrdinal += 1
      ordinals[subject.connectionID] = lastOrdinal
      ordinalOrder.append(subject.connectionID)
      if ordinalOrder.count > Self.keyLimit { ordinals[ordinalOrder.removeFirst()] = nil }
      return "n:\(lastOrdinal)"
    }
  }

  mutating func refuse(for duration: Duration, from wall: VirtualInstant) {
    refusedUntil = wall + min(duration, TransportFault.refusalMax)
  }

  /// A wall clock that is set back does not prolong it.
  func isRefusing(at wall: VirtualInstant) -> Bool {
    guard let refusedUntil, wall < refusedUntil else { return false }
    return refusedUntil - wall <= TransportFault.refusalMax
  }

  /// Counts a request that met all conditions; gives its number, from 1.
  mutating func reach(_ key: String) -> Int {
    reachedInAll += 1
    let before = counters.count
    let reached = Self.increment(&counters[key, default: Counter()].reached)
    if counters.count > before {
      counterOrder.append(key)
      if counterOrder.count > Self.keyLimit { counters[counterOrder.removeFirst()] = nil }
    }
    return reached
  }

  private static func increment(_ count: inout Int) -> Int {
    count += 1
    return count
  }

  /// Counts a trigger; gives how many there were before.
  mutating func trigger() -> Int {
    let before = triggered ?? 0
    triggered = before + 1
    return before
  }

  func struck(_ key: String) -> Int { counters[key]?.struck ?? 0 }

  /// Counts a strike; gives its number, from 1.
  mutating func strike(_ key: String) -> Int {
    struckInAll += 1
    return Self.increment(&counters[key, default: Counter()].struck)
  }

  /// Takes a place in the window; nil when there was one, else how long until there is.
  mutating func exceeds(_ limit: LimitEffect, _ key: String, at now: VirtualInstant) -> Duration? {
    if windows[key] == nil {
      windowOrder.append(key)
      if windowOrder.count > Self.keyLimit { windows[windowOrder.removeFirst()] = nil }
    }
    return windows[key, default: Window()].exceeds(limit, at: now)
  }
}

extension RuleState.Window {
  fileprivate mutating func exceeds(_ limit: LimitEffect, at now: VirtualInstant) -> Duration? {
    guard limit.requests > 0 else { return limit.window }
    // Time was set back: what is yet to come has not happened.
    if let last = stamps.last, last > now { stamps.removeAll { $0 > now } }
    if let start, start > now { self.start = nil }
    switch limit.kind {
    case .sliding:
      let oldest = now + (.zero - limit.window)
      let gone = stamps.firstIndex { $0 > oldest } ?? stamps.count
      stamps.removeFirst(gone)
      if stamps.count < limit.requests {
        stamps.append(now)
        return nil
      }
      return stamps[0] + limit.window - now
    case .fixed:
      if let start, now < start + limit.window {
        if used < limit.requests {
          used += 1
          return nil
        }
        return start + limit.window - now
      }
      start = start.map { Self.windowStart(from: $0, limit.window, at: now) } ?? now
      used = 1
      return nil
    }
  }

  /// The start of the window that holds `now`, windows following each other from `start`.
  private static func windowStart(
    from start: VirtualInstant, _ window: Duration, at now: VirtualInstant
  ) -> VirtualInstant {
    let length = max(1, window.clampedNanoseconds)
    let past = (now - start).clampedNanoseconds
    return start + .nanoseconds(past - past % length)
  }
}

/// The states of a set of rules, by their ids: a rule that was never reached has none, so that a
/// tenant does not pay for the thousands that all begin with.
struct RuleStates: Sendable {
  private(set) var touched: [Int: RuleState] = [:]

  subscript(rule: Int) -> RuleState {
    get { touched[rule] ?? RuleState() }
    _modify { yield &touched[rule, default: RuleState()] }
  }

  mutating func forget(_ rule: Int) { touched[rule] = nil }
}

/// Everything about a scenario that changes while it runs: what a snapshot must hold besides the
/// scenario itself.
package struct ScenarioState: Sendable {
  var variables: JSONObject
  /// By the rule's name.
  var rules: TextMap<RuleState>
  /// How many instants of the timetable are over.
  var timedDone = 0

  init(_ scenario: Scenario) {
    variables = scenario.variables
    rules = [:]
  }
}

extension ScenarioState: Codable {
  private enum CodingKeys: CodingKey { case variables, rules, timedDone }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let text = try container.decode(String.self, forKey: .variables)
    guard let json = try? JSON(parsing: text), case .object(let variables) = json else {
      throw DecodingError.dataCorruptedError(
        forKey: .variables, in: container, debugDescription: "the variables are no JSON object")
    }
    self.variables = variables
    rules = try container.decode(TextMap<RuleState>.self, forKey: .rules)
    timedDone = try container.decodeIfPresent(Int.self, forKey: .timedDone) ?? 0
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(JSON.object(variables).text, forKey: .variables)
    try container.encode(rules, forKey: .rules)
    if timedDone > 0 { try container.encode(timedDone, forKey: .timedDone) }
  }
}

extension ScenarioState {
  /// Whether every count of a snapshot is one that can be counted on from.
  package var isPlausible: Bool { timedDone >= 0 && rules.values.allSatisfy(\.isPlausible) }
}

extension RuleState {
  fileprivate var isPlausible: Bool {
    let counts =
      [lastOrdinal, struckInAll, reachedInAll, triggered ?? 0] + windows.values.map(\.used)
      + counters.values.flatMap { [$0.reached, $0.struck] }
    return counts.allSatisfy { (0..<1 << 50).contains($0) }
  }
}
