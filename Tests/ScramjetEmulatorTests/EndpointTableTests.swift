import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("The table of endpoints")
struct EndpointTableTests {
  /// Source: transform-hub, `packages/symbols` (`OpRecordCode`).
  private static let parts = [
    "stdout", "stderr", "stdin", "log", "monitoring", "output", "input", "health", "events",
    "event", "once", "_monitoring_rate", "_event", "_stop", "_kill", "instances", "start",
  ]

  /// The number that a method and a path below a hub have; nil: they are not audited.
  private static func code(_ route: Operation.Route) -> Int? {
    let segments = route.template.text.split(separator: "/").dropFirst(2).map { String($0) }
    let kinds: [(Int, [String])] = [
      (10_000, ["sequence", "sequences"]), (11_000, ["instance", "instances"]),
      (12_000, ["topic", "topics"]),
    ]
    let verbs: [(Int, HTTPModel.Method)] = [(100, .post), (200, .get), (300, .put), (400, .delete)]
    guard let kind = kinds.first(where: { $0.1.contains(segments.first ?? "") })?.0,
      let verb = verbs.first(where: { $0.1 == route.method })?.0
    else { return nil }
    let part = segments.count > 2 ? parts.firstIndex(of: segments[2]) : nil
    return kind + verb + (part.map { $0 + 1 } ?? 0)
  }

  private static let ofHubs = Row.all.filter { $0.handler.level.isOfHub }

  @Test("An endpoint's audit code is made of its kind, method and part (contract §3.11)")
  func auditCodes() throws {
    for row in Self.ofHubs {
      let route = try #require(row.operation.routes.first)
      #expect(row.handler.auditCode == Self.code(route), "\(row.operation.name)")
    }
    #expect(Self.ofHubs.filter { $0.handler.auditCode != nil }.count > 30)
  }

  @Test("Only what happens on a hub is audited there")
  func elsewhere() {
    for row in Row.all where !row.handler.level.isOfHub {
      #expect(row.handler.auditCode == nil, "\(row.operation.name)")
    }
  }

  @Test("Every endpoint has a name of its own and its routes below each base of its level")
  func names() {
    #expect(TextSet(Row.all.map(\.operation.name)).count == Row.all.count)
    for row in Row.all {
      let bases = row.handler.level.bases
      #expect(row.operation.routes.count % bases.count == 0, "\(row.operation.name)")
      for route in row.operation.routes {
        #expect(bases.contains { route.template.text.hasPrefix($0 + "/") }, "\(row.operation.name)")
      }
    }
  }
}
