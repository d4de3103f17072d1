/// The rules in force, indexed by operation, so that a rule costs only the requests it may concern.
///
/// A value that never changes: adding or removing a rule makes a new one.
package final class RuleSet: Sendable {
  struct Candidates: Sendable {
    var rules: [Int]
    /// Some rule looks at the content.
    var needsContent: Bool
  }

  package let rules: [ScenarioRule]
  /// By the operation's position in the catalog (which is that of the operation table).
  private let byOperation: [Candidates]
  /// For requests that belong to no operation.
  private let elsewhere: Candidates
  private let positions: [String: Int]

  package init(_ rules: [ScenarioRule], catalog: ScenarioCatalog) {
    self.rules = rules
    byOperation = catalog.operations.map { entry in
      Self.candidates(rules) { $0.match.mayConcern(entry.operation, service: entry.service) }
    }
    elsewhere = Self.candidates(rules) { $0.match.mayConcernUnknownPath }
    positions = Dictionary(
      rules.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func candidates(
    _ rules: [ScenarioRule], _ mayConcern: (ScenarioRule) -> Bool
  ) -> Candidates {
    let concerned = rules.indices.filter { mayConcern(rules[$0]) }
    return Candidates(
      rules: concerned, needsContent: concerned.contains { rules[$0].needsContent })
  }

  func candidates(operation: Int?) -> Candidates {
    guard let operation, byOperation.indices.contains(operation) else { return elsewhere }
    return byOperation[operation]
  }

  package func position(of name: String) -> Int? { positions[name] }
}

extension ScenarioRule {
  /// Whether it looks at the content, in a condition or in a template.
  package var needsContent: Bool {
    match.needsContent || action.needsContent
      || assignments.contains { assignment in
        if case .set(let value) = assignment.value { value.needsContent } else { false }
      } || events.contains(where: \.needsContent)
  }
}

extension RuleAction {
  fileprivate var needsContent: Bool {
    switch self {
    case .pass, .fault, .limit: false
    case .error(let effect):
      effect.message?.needsContent ?? false || effect.header.contains(where: \.needsContent)
    case .respond(let effect):
      effect.content.needsContent || effect.header.contains(where: \.needsContent)
    case .patch(let effect):
      effect.json?.needsContent ?? false || effect.header.contains(where: \.needsContent)
    case .sequence(let sequence): sequence.steps.contains { $0.action.needsContent }
    }
  }
}

extension HeaderTemplate {
  fileprivate var needsContent: Bool { value?.needsContent ?? false }
}

extension RespondEffect.Content {
  fileprivate var needsContent: Bool {
    switch self {
    case .none, .bytes: false
    case .json(let template): template.needsContent
    case .text(let template): template.needsContent
    }
  }
}
