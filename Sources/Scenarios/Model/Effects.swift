package import Determinism
package import HTTPModel
import PayloadCodecs

/// How long an answer is held back, on wall time.
package struct DelayEffect: Sendable, Equatable {
  package enum Distribution: Sendable, Equatable {
    case fixed(Duration)
    case uniform(ClosedRange<Duration>)
    case normal(mean: Duration, sigma: Duration)
    /// `sigma` is that of the logarithm: 0.5 puts 95 % between 0.37 and 2.7 medians.
    case lognormal(median: Duration, sigma: Double)
  }
  package enum Place: String, Sendable, CaseIterable {
    /// Before the first byte.
    case head
    /// Before each piece of the content.
    case each
  }
  package var distribution: Distribution
  package var max: Duration?
  package var place: Place

  /// Never negative, never above `max` (or one hour, where a distribution has no end).
  package func draw(_ random: inout SeededRandom) -> Duration {
    let drawn: Duration
    switch distribution {
    case .fixed(let duration): drawn = duration
    case .uniform(let range):
      let span = range.upperBound - range.lowerBound
      drawn = range.lowerBound + Duration(inSeconds: span.inSeconds * random.unit())
    case .normal(let mean, let sigma):
      drawn = Duration(inSeconds: mean.inSeconds + sigma.inSeconds * random.gaussian())
    case .lognormal(let median, let sigma):
      drawn = Duration(inSeconds: median.inSeconds * Exponential.of(sigma * random.gaussian()))
    }
    return bounded(drawn)
  }

  /// What becomes of what was drawn.
  package func bounded(_ drawn: Duration) -> Duration {
    let limit = max ?? (isBounded ? drawn : .seconds(3600))
    return Swift.min(Swift.max(.zero, drawn), limit)
  }

  private var isBounded: Bool {
    switch distribution {
    case .fixed, .uniform: true
    case .normal, .lognormal: false
    }
  }
}

/// A status in the operation's own error form.
package struct ErrorEffect: Sendable, Equatable {
  package var status: Int
  /// Behind the status, in place of its own.
  package var reason: Template?
  package var message: Template?
  package var header: [HeaderTemplate]
}

package struct HeaderTemplate: Sendable, Equatable {
  package var name: String
  /// Nil: there shall be no such field.
  package var value: Template?
}

/// An answer in place of the service's.
package struct RespondEffect: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    case none
    case json(JSONTemplate)
    case text(Template)
    case bytes([UInt8])
  }
  package var status: Int
  /// Behind the status, in place of its own.
  package var reason: Template?
  package var header: [HeaderTemplate]
  package var content: Content

  /// The same for every request.
  var isConstant: Bool {
    content.isConstant && reason?.isConstant != false
      && header.allSatisfy { $0.value?.isConstant != false }
  }
}

extension RespondEffect.Content {
  fileprivate var isConstant: Bool {
    switch self {
    case .none, .bytes: true
    case .json(let template): template.isConstant
    case .text(let template): template.isConstant
    }
  }
}

/// A change of the service's answer.
package struct PatchEffect: Sendable, Equatable {
  package var status: Int?
  package var header: [HeaderTemplate]
  /// An RFC 7396 merge patch.
  package var json: JSONTemplate?
  /// The cells of each row of a table, by their headings.
  package var csv: [CSVCell]?

  package struct CSVCell: Sendable, Equatable {
    package var heading: String
    package var value: Template
  }
}

/// So many requests in a window of the tenant's time; beyond it 429 with Retry-After.
package struct LimitEffect: Sendable, Equatable {
  package enum Window: String, Sendable, CaseIterable {
    /// The last `window` before each request.
    case sliding
    /// Windows that follow each other from the first request on.
    case fixed
  }
  package var requests: Int
  package var window: Duration
  package var kind: Window
  package var per: CountScope?
}

/// What a strike of a rule does besides delay, variables and events.
package enum RuleAction: Sendable, Equatable {
  /// The service answers as usual.
  case pass
  case error(ErrorEffect)
  case respond(RespondEffect)
  case patch(PatchEffect)
  case fault(TransportFault)
  case limit(LimitEffect)
  case sequence(SequenceEffect)

  package var name: String {
    switch self {
    case .pass: "pass"
    case .error: "error"
    case .respond: "respond"
    case .patch: "patch"
    case .fault(let fault): "fault \(fault.name)"
    case .limit: "limit"
    case .sequence: "sequence"
    }
  }
}

/// One action after the other, a strike each.
package struct SequenceEffect: Sendable, Equatable {
  package enum End: String, Sendable, CaseIterable {
    /// The rule does not strike any more.
    case pass
    /// The last step goes on.
    case stay
    /// From the beginning.
    case loop
  }
  package struct Step: Sendable, Equatable {
    package var action: RuleAction
    package var delay: DelayEffect?
    package var isAfter: Bool
    package var closing: ClosingEffect?
    package var times: Int
  }
  package var steps: [Step]
  package var end: End

  /// The step of the n-th strike, counted from 0; nil when the sequence is over.
  package func step(at position: Int) -> Int? {
    let whole = steps.reduce(0) { $0 + $1.times }
    var rest = position
    if position >= whole {
      switch end {
      case .pass: return nil
      case .stay: return steps.count - 1
      case .loop: rest = position % whole
      }
    }
    for (index, step) in steps.enumerated() {
      if rest < step.times { return index }
      rest -= step.times
    }
    return nil
  }
}

/// How a connection ends behind an answer.
package enum ClosingEffect: String, Sendable, CaseIterable {
  /// The answer says so: `Connection: close`.
  case announced
  /// The answer says that it stays.
  case silent
}

/// What a count is kept for.
package enum CountScope: String, Sendable, CaseIterable {
  case all, resource, credential, connection
}
