import Determinism
import Synchronization

/// The scenarios that the control API was given last: one that comes again to the byte, as the same test
/// gives it in each of its runs, is not read again, and its worlds are those of the tenants that have it.
package final class KnownScenarios: Sendable {
  /// All that a blueprint is made of.
  package struct Question: Sendable, Equatable {
    /// As bytes, which are compared as they are.
    package let name: [UInt8]
    package let isShipped: Bool
    package let content: [UInt8]
    package let isStrict: Bool
    let seed: UInt64
    let clockMode: ClockMode

    /// - Parameters:
    ///   - name: of a shipped scenario, or as which the content is read.
    ///   - present: what the tenant has, whose seed and clock stay where the scenario names none.
    package init(
      _ name: String, isShipped: Bool, _ content: [UInt8], beside present: TenantBlueprint
    ) {
      self.name = Array(name.utf8)
      self.isShipped = isShipped
      self.content = content
      isStrict = present.isStrict
      seed = present.seed
      clockMode = present.clock.mode
    }
  }

  /// So many, of at most so many bytes: nobody accounts for them.
  private static let countMax = 8
  private static let contentBytesMax = 16 << 10

  /// The last one at the end.
  private let known = Mutex<[(question: Question, blueprint: TenantBlueprint)]>([])

  package func blueprint(_ question: Question) -> TenantBlueprint? {
    known.withLock { known in known.first { $0.question == question }?.blueprint }
  }

  package func keep(_ blueprint: TenantBlueprint, of question: Question) {
    guard question.content.count <= Self.contentBytesMax else { return }
    known.withLock { known in
      if known.count >= Self.countMax { known.removeFirst() }
      known.append((question, blueprint))
    }
  }
}
