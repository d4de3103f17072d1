import HTTPModel

/// The rules in force, indexed so that a rule costs only the requests it may concern: those about
/// certain paths by path, the others by operation.
///
/// A value that never changes: adding or removing a rule makes a new one.
package final class RuleSet: Sendable {
  private struct Candidates: Sendable {
    /// Rules that any path may meet.
    var rules: [Int] = []
    /// Some rule about a certain path may concern it too.
    var hasPaths = false
    /// Some rule looks at the content.
    var needsContent = false

    mutating func add(_ index: Int, isByPath: Bool, _ rule: ScenarioRule) {
      if isByPath { hasPaths = true } else { rules.append(index) }
      if !needsContent { needsContent = rule.needsContent }
    }
  }

  package let rules: [ScenarioRule]
  /// By the operation's position in the catalog (which is that of the operation table).
  private let byOperation: [Candidates]
  /// For requests that belong to no operation.
  private let elsewhere: Candidates
  /// Rules that name whole paths, without a wildcard.
  private let byPath: [String: [Int]]
  private let positions: [String: Int]

  package init(_ rules: [ScenarioRule], catalog: ScenarioCatalog) {
    self.rules = rules
    var byOperation = Array(repeating: Candidates(), count: catalog.operations.count)
    var elsewhere = Candidates()
    var byPath: [String: [Int]] = [:]
    let operations = OperationNames(catalog)
    for (index, rule) in rules.enumerated() {
      let paths = rule.match.wholePaths
      for path in Set(paths ?? []) { byPath[path, default: []].append(index) }
      for operation in operations.mayBeMeant(by: rule.match) {
        byOperation[operation].add(index, isByPath: paths != nil, rule)
      }
      if rule.match.mayConcernUnknownPath { elsewhere.add(index, isByPath: paths != nil, rule) }
    }
    self.byOperation = byOperation
    self.elsewhere = elsewhere
    self.byPath = byPath
    positions = Dictionary(
      rules.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func candidates(_ operation: Int?) -> Candidates {
    guard let operation, byOperation.indices.contains(operation) else { return elsewhere }
    return byOperation[operation]
  }

  func concerns(operation: Int?) -> Bool {
    let candidates = candidates(operation)
    return candidates.hasPaths || !candidates.rules.isEmpty
  }

  func needsContent(operation: Int?) -> Bool { candidates(operation).needsContent }

  /// The rules that a request may meet, in their order.
  func candidates(operation: Int?, path: String) -> [Int] {
    let candidates = candidates(operation)
    guard candidates.hasPaths else { return candidates.rules }
    var named = byPath[path] ?? []
    if path.utf8.contains(UInt8(ascii: "%")) {
      let decoded = PercentCoding.decode(path)
      if decoded != path { named = Set(named + (byPath[decoded] ?? [])).sorted() }
    }
    guard !named.isEmpty else { return candidates.rules }
    guard !candidates.rules.isEmpty else { return named }
    return (candidates.rules + named).sorted()
  }

  package func position(of name: String) -> Int? { positions[name] }
}

/// Finds the operations that a rule may be about, without asking each of them for most rules.
private struct OperationNames {
  private let catalog: ScenarioCatalog
  private let positions: [String: [Int]]

  init(_ catalog: ScenarioCatalog) {
    self.catalog = catalog
    positions = Dictionary(grouping: catalog.operations.indices) {
      catalog.operations[$0].operation.name
    }
  }

  func mayBeMeant(by match: RequestMatch) -> [Int] {
    var possible: [Int]?
    for case .operation(let globs) in match.criteria {
      let names = globs.compactMap(\.literal)
      if names.count == globs.count {
        possible = Set(names.flatMap { positions[$0] ?? [] }).sorted()
      }
    }
    return (possible ?? Array(catalog.operations.indices)).filter { index in
      let entry = catalog.operations[index]
      return match.mayConcern(entry.operation, service: entry.service)
    }
  }
}

extension RequestMatch {
  /// The paths that it names whole; nil when others may meet it too.
  fileprivate var wholePaths: [String]? {
    for case .path(let patterns) in criteria {
      let paths = patterns.compactMap(\.whole)
      if paths.count == patterns.count { return paths }
    }
    return nil
  }
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
