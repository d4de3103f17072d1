import HTTPModel
import PayloadCodecs
import Synchronization

/// The rules in force, indexed so that a rule costs only the requests it may concern: see `RuleIndex`.
///
/// A value that never changes, so that a request and the journal keep the rules as they were: adding or
/// removing one makes a new one, which shares nearly all with the one before it.
package final class RuleSet: Sendable {
  /// What the rules about the requests of an operation are like.
  package struct Concern: Sendable {
    /// Some look at the content.
    package let needsContent: Bool
    /// Some may refuse them: without reading their content.
    package let mayRefuse: Bool
    /// They are many, or make something happen in the world.
    package let mayTakeLong: Bool
    /// There are many of which a request is to meet few.
    package let mayBeMany: Bool
  }

  /// More rules than this are gone through off the loop: each may search a few kilobytes.
  static let rulesOnLoopMax = 64

  let index: RuleIndex
  /// The scenario whose rules these are as text, once somebody has asked: all tenants that begin with them
  /// have the same. What is long is not kept.
  let scenarioText = Mutex<[UInt8]?>(nil)
  static let scenarioTextBytesMax = 1 << 14

  package init(_ scenario: Scenario, catalog: ScenarioCatalog) {
    index = RuleIndex(
      scenario.rules, catalog: catalog, isSound: scenario.ruleProblems.isEmpty)
  }

  init(_ index: RuleIndex) { self.index = index }

  package var count: Int { index.list.count }
  /// In their order.
  package var rules: [ScenarioRule] { index.list.all.map(\.rule) }
  /// Their sources as text.
  package var sourceTexts: [[UInt8]] { index.list.all.map(\.sourceText) }
  package var names: [String] { index.list.all.map(\.rule.name) }
  package subscript(name: String) -> PlacedRule? { index[name] }

  /// Nil when no rule may concern requests of that operation.
  package func concern(operation: Int?) -> Concern? { index.concern(operation) }

  /// Whether no rule can strike a request, as far as its head says.
  func pass(_ request: Request, operation: Int?) -> Bool { index.pass(request, of: operation) }

  /// The rules that a request may meet, in their order.
  func candidates(operation: Int?, for subject: RuleSubject) -> [PlacedRule] {
    index.candidates(operation, for: subject)
  }

  /// Whether it may meet so many that they are gone through off the loop.
  func meetsMany(operation: Int?, _ subject: RuleSubject) -> Bool {
    candidates(operation: operation, for: subject).count > Self.rulesOnLoopMax
  }
}
