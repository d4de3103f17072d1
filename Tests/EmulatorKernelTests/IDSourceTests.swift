import EmulatorKernel
import Foundation
import PayloadCodecs
import Testing

@Suite("Where ids come from")
struct IDSourceTests {
  @Test("Each kind is counted by itself, however many there are, and goes on behind a snapshot")
  func kinds() throws {
    var ids = IDSource(seed: 3, tenant: "t")
    let kinds = (0..<100).map { "a kind with a long name \($0)" }
    for round in 1...3 {
      let counts = Set(kinds.map { ids.next($0) })
      #expect(counts == [UInt64(round)])
    }
    let written = try JSONEncoder().encode(ids)
    let counters = try JSON(parsing: Array(written))["counters"]?.objectValue
    #expect(counters?.count == 100 && counters?[kinds[40]] == 3)
    var restored = try JSONDecoder().decode(IDSource.self, from: written)
    for kind in kinds.reversed() {
      let (id, other) = (ids.uuid(kind), restored.uuid(kind))
      #expect(id == other)
    }
    #expect(restored.next(kinds[7]) == 5)
  }
}
