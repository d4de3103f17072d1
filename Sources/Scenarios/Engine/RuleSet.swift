import PayloadCodecs
import HTTPModel

/// The rules in force, indexed so that a rule costs only the requests it may concern: by operation,
/// those that want one value (of the path, a field, a query item, the credential, a place in the
/// content) by that value, and those with expressions by bytes that must stand in what they match.
///
/// A value that never changes: adding or removing a rule makes a new one.
package final class RuleSet: Sendable {
  /// What the rules about the requests of an operation are like.
  package struct Concern: Sendable {
    /// Some look at the content.
    package fileprivate(set) var needsContent = false
    /// Some may refuse them: without reading their content.
    package fileprivate(set) var mayRefuse = false
    /// They are many, or make something happen in the world.
    package fileprivate(set) var mayTakeLong = false
    /// There are many of which a request is to meet few.
    package fileprivate(set) var mayBeMany = false
  }

  private struct Candidates: Sendable {
    /// Rules that no single value decides about.
    var rules: [Int] = []
    /// Where values decide about further rules that may concern it.
    var places: [RulePlace] = []
    /// Where texts do.
    var searches: [RulePlace] = []
    private var searchedCount = 0
    var concern = Concern()

    /// - Parameters:
    ///   - place: where a value decides about it.
    ///   - search: else where a text does.
    mutating func add(
      _ index: Int, at place: RulePlace?, search: RulePlace?, _ rule: ScenarioRule
    ) {
      if let place {
        if !places.contains(place) { places.append(place) }
      } else if let search {
        if !searches.contains(search) { searches.append(search) }
        searchedCount += 1
        concern.mayBeMany = searchedCount > RuleSet.rulesOnLoopMax
      } else {
        rules.append(index)
      }
      if rule.needsContent { concern.needsContent = true }
      if !concern.mayRefuse { concern.mayRefuse = rule.action.mayRefuse }
      if !rule.events.isEmpty || rules.count > RuleSet.rulesOnLoopMax { concern.mayTakeLong = true }
    }
  }

  /// More rules than this are gone through off the loop: each may search a few kilobytes.
  private static let rulesOnLoopMax = 64

  package let rules: [ScenarioRule]
  /// By the operation's position in the catalog (which is that of the operation table).
  private let byOperation: [Candidates]
  /// For requests that belong to no operation.
  private let elsewhere: Candidates
  /// Rules that want a certain value at a certain place.
  private let byValue: [RulePlace: TextMap<[Int]>]
  /// Rules with expressions, to be looked for in the texts of a place.
  private let byText: [RulePlace: TextSearch]
  private let positions: TextMap<Int>
  /// Rules about connections: none of them concerns a request.
  let connectionRules: [Int]
  /// Rules about requests while their content comes in.
  let uploadRules: [Int]

  package init(_ rules: [ScenarioRule], catalog: ScenarioCatalog) {
    self.rules = rules
    var byOperation = Array(repeating: Candidates(), count: catalog.operations.count)
    var elsewhere = Candidates()
    var byValue: [RulePlace: TextMap<[Int]>] = [:]
    let operations = OperationNames(catalog)
    connectionRules = rules.indices.filter { rules[$0].isAboutConnections }
    uploadRules = rules.indices.filter { rules[$0].isAboutUploads }
    let (byText, searched) = Self.searches(rules)
    for (index, rule) in rules.enumerated()
    where !rule.isAboutConnections && !rule.isAboutUploads {
      let wanted = rule.match.wantedValues
      if let wanted {
        for text in TextSet(wanted.texts) {
          byValue[wanted.place, default: [:]][text, default: []].append(index)
        }
      }
      for operation in operations.mayBeMeant(by: rule.match) {
        byOperation[operation].add(index, at: wanted?.place, search: searched[index], rule)
      }
      if rule.match.mayConcernUnknownPath {
        elsewhere.add(index, at: wanted?.place, search: searched[index], rule)
      }
    }
    self.byOperation = byOperation
    self.elsewhere = elsewhere
    self.byValue = byValue
    self.byText = byText
    positions = TextMap(
      rules.enumerated().lazy.map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Where each of the rules is looked for whose match asks for no certain value but for a text.
  private static func searches(
    _ rules: [ScenarioRule]
  ) -> (byText: [RulePlace: TextSearch], places: [Int: RulePlace]) {
    var choices: [(rule: Int, ways: [TextSearch.Choice])] = []
    for (index, rule) in rules.enumerated() where rule.match.wantedValues == nil {
      let ways = rule.match.searchChoices
      if !ways.isEmpty { choices.append((index, ways)) }
    }
    var byText: [RulePlace: TextSearch] = [:]
    var places: [Int: RulePlace] = [:]
    for (rule, way) in TextSearch.chosen(choices) {
      byText[way.place, default: TextSearch()].add(rule, way.windows)
      places[rule] = way.place
    }
    return (byText, places)
  }

  private func candidates(_ operation: Int?) -> Candidates {
    guard let operation, byOperation.indices.contains(operation) else { return elsewhere }
    return byOperation[operation]
  }

  /// Nil when no rule may concern requests of that operation.
  package func concern(operation: Int?) -> Concern? {
    let candidates = candidates(operation)
    let isEmpty =
      candidates.places.isEmpty && candidates.searches.isEmpty && candidates.rules.isEmpty
    return isEmpty ? nil : candidates.concern
  }

  /// The rules that a request may meet, in their order.
  func candidates(operation: Int?, for subject: RuleSubject) -> [Int] {
    let candidates = candidates(operation)
    var found: [Int] = []
    for place in candidates.places {
      guard let table = byValue[place] else { continue }
      for text in place.texts(in: subject) {
        if let rules = table[text] { found += rules }
      }
    }
    for place in candidates.searches {
      guard let search = byText[place] else { continue }
      for text in place.texts(in: subject) { search.find(in: text, &found) }
    }
    guard !found.isEmpty else { return candidates.rules }
    return Set(candidates.rules + found).sorted()
  }

  /// Whether it may meet so many that they are gone through off the loop.
  func meetsMany(operation: Int?, _ subject: RuleSubject) -> Bool {
    candidates(operation: operation, for: subject).count > Self.rulesOnLoopMax
  }

  package func position(of name: String) -> Int? { positions[name] }
}

/// Finds the operations that a rule may be about, without asking each of them for most rules.
private struct OperationNames {
  private let catalog: ScenarioCatalog
  private let positions: TextMap<[Int]>

  init(_ catalog: ScenarioCatalog) {
    self.catalog = catalog
    var positions: TextMap<[Int]> = [:]
    for (index, entry) in catalog.operations.enumerated() {
      positions[entry.operation.name, default: []].append(index)
    }
    self.positions = positions
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

extension RuleAction {
  fileprivate var mayRefuse: Bool {
    switch self {
    case .fault(.refuse): true
    case .sequence(let sequence): sequence.steps.contains { $0.action.mayRefuse }
    default: false
    }
  }
}
