package import Determinism
package import PayloadCodecs

/// A scenario, read and checked: one file, or several merged.
package struct Scenario: Sendable {
  /// How time runs at the start.
  package struct Clock: Sendable, Equatable {
    package var mode: ClockMode
    /// Absent: the wall's present.
    package var start: VirtualInstant?

    package init(_ mode: ClockMode = .real, start: VirtualInstant? = nil) {
      self.mode = mode
      self.start = start
    }
  }

  package var name: String?
  package var summary: String?
  package var seed: UInt64?
  package var clock: Clock?
  /// Nil: every credential that is not empty is good.
  package var keys: [CredentialKey]?
  /// For whom places outside are called that clients name.
  package var outbound: OutboundAllowance?
  /// By the service's name.
  package var given: TextMap<JSON>
  package var behaviors: TextMap<JSON>
  package var variables: JSONObject
  package var rules: [ScenarioRule]
  /// What happens at a time, without a request.
  package var timed: [TimedEvents] = []
  package var expectation: Expectation?
  /// The document it was read from (or the merged one): what `GET /scenario` shows and a snapshot
  /// holds.
  package var source: JSON

  /// A scenario in which nothing is scripted.
  package static let empty = Scenario(
    given: [:], behaviors: [:], variables: JSONObject(), rules: [],
    source: ["wavetank": .integer(Scenario.formatVersion)])

  package static let formatVersion = 1
}

/// One rule: which requests, how often, and what then happens.
package struct ScenarioRule: Sendable {
  package var name = ""
  package var summary: String?
  package var isEnabled = true
  package var match = RequestMatch()
  /// Conditions on the scenario's variables.
  package var conditions: [VariableCondition] = []
  package var between: Period?
  package var skip = 0
  package var times: Int?
  package var every = 1
  /// Nil: always, without a draw.
  package var probability: Double?
  package var per = CountScope.all
  package var delay: DelayEffect?
  package var action = RuleAction.pass
  /// The service does its work first, then the answer is spoilt.
  package var isAfter = false
  /// The request comes twice: the service does its work for both, the second answer goes out.
  package var isTwice = false
  /// The connection ends behind the answer.
  package var closing: ClosingEffect?
  package var assignments: [Assignment] = []
  package var events: [JSONTemplate] = []
  package var continues = false
  package var source: JSON = [:]
  /// It looks at the content, in a condition or in a template.
  package var needsContent = false
  /// The document and the place in it that the rule comes from.
  var origin: Origin?

  struct Origin: Sendable, Equatable {
    var document: Int
    var position: Int
  }

  package struct VariableCondition: Sendable, Equatable {
    package var name: String
    package var matcher: ValueMatcher
  }

  package struct Assignment: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
      case set(JSONTemplate)
      case add(Double)
    }
    package var name: String
    package var value: Value
  }

  /// Instants of the tenant's clock, from the first on, up to and without the second.
  package struct Period: Sendable, Equatable {
    package enum Edge: Sendable, Equatable {
      case instant(VirtualInstant)
      /// After the tenant's start.
      case offset(Duration)

      package func instant(start: VirtualInstant) -> VirtualInstant {
        switch self {
        case .instant(let instant): instant
        case .offset(let offset): start + offset
        }
      }
    }
    package var from: Edge?
    package var to: Edge?

    package func contains(_ now: VirtualInstant, start: VirtualInstant) -> Bool {
      if let from, now < from.instant(start: start) { return false }
      if let to, now >= to.instant(start: start) { return false }
      return true
    }
  }
}

/// How often something must have happened.
package struct CountExpectation: Sendable, Equatable {
  package var atLeast: Int?
  package var atMost: Int?

  package init(atLeast: Int? = nil, atMost: Int? = nil) {
    self.atLeast = atLeast
    self.atMost = atMost
  }
  package init(exactly count: Int) { self.init(atLeast: count, atMost: count) }

  package func holds(for count: Int) -> Bool {
    count >= atLeast ?? 0 && count <= atMost ?? .max
  }

  package var words: String {
    switch (atLeast, atMost) {
    case (let least?, let most?) where least == most: "exactly \(least)"
    case (let least?, let most?): "from \(least) to \(most)"
    case (let least?, nil): "at least \(least)"
    case (nil, let most?): "at most \(most)"
    case (nil, nil): "any number"
    }
  }
}

/// What must have happened: the scenario's own `expect`, or a question to verify.
package struct Expectation: Sendable, Equatable {
  package struct Requests: Sendable, Equatable {
    package var name: String?
    package var match: RequestMatch
    package var count: CountExpectation
  }
  /// How often each rule struck.
  package var rules: [(name: String, count: CountExpectation)] = []
  /// Requests whose path belongs to no operation.
  package var unmatched: CountExpectation?
  package var requests: [Requests] = []
  /// Requests that must have come one after the other, others in between allowed.
  package var order: [RequestMatch] = []

  package init() {}

  package static func == (left: Self, right: Self) -> Bool {
    left.unmatched == right.unmatched && left.requests == right.requests
      && left.order == right.order
      && left.rules.elementsEqual(right.rules) { $0.name == $1.name && $0.count == $1.count }
  }
}
