import PayloadCodecs

/// Finds the operations that a rule may be about, without asking each of them for most rules. Made once
/// for a catalog.
final class OperationNames: Sendable {
  /// In the catalog's order.
  let all: [String]
  private let positions: TextMap<[Int]>
  private let methods: [[String]]
  /// Each service and where its operations stand.
  private let services: [(name: String, operations: Range<Int>)]

  init(_ operations: [(service: String, operation: ScenarioCatalog.Operation)]) {
    all = operations.map(\.operation.name)
    methods = operations.map(\.operation.methods)
    var positions: TextMap<[Int]> = [:]
    var services: [(name: String, operations: Range<Int>)] = []
    for (index, entry) in operations.enumerated() {
      positions[entry.operation.name, default: []].append(index)
      if let last = services.last, last.name.isExactly(entry.service) {
        services[services.count - 1].operations = last.operations.lowerBound..<index + 1
      } else {
        services.append((entry.service, index..<index + 1))
      }
    }
    self.positions = positions
    self.services = services
  }

  func contains(_ name: String) -> Bool { positions[name] != nil }

  /// Positions in the catalog, in order.
  func mayBeMeant(by match: RequestMatch) -> [Int] {
    var meant = Array(all.indices)
    for criterion in match.criteria {
      switch criterion {
      case .service(let globs):
        for service in services where !globs.contains(where: { $0.matches(service.name) }) {
          meant.removeAll(where: service.operations.contains)
        }
      case .operation(let globs):
        let literals = globs.compactMap(\.literal)
        if literals.count == globs.count {
          let named = literals.flatMap { positions[$0] ?? [] }
          meant.removeAll { !named.contains($0) }
        } else {
          meant.removeAll { operation in !globs.contains { $0.matches(all[operation]) } }
        }
      case .method(let wanted):
        meant.removeAll { !Self.isAnswered(one: wanted, by: methods[$0]) }
      default: break
      }
    }
    return meant
  }

  /// Whether an operation of some methods gets requests with one of those that are wanted.
  static func isAnswered(one wanted: [String], by methods: [String]) -> Bool {
    methods.contains { method in
      wanted.contains(method) || method == "GET" && wanted.contains("HEAD")
    }
  }
}
