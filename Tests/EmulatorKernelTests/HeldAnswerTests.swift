import EmulatorKernel
import HTTPModel
import Testing

@Suite("Counters of answers that are held back (--durable)")
struct HeldAnswerTests {
  private func statuses(_ metrics: Metrics) -> [String] {
    metrics.counts(operation: 0).statuses.map { "\($0.code) × \($0.count)" }
  }

  private func exchange(_ number: UInt64) -> Exchange {
    Exchange(connectionID: 1, sequenceNumber: number, peer: .none)
  }

  @Test("One is counted when it goes out, as what goes out; none is ever taken back")
  func held() {
    let metrics = Metrics(operationCount: 1)
    metrics.answered(exchange(1), operation: 0, status: 200)
    #expect(statuses(metrics) == ["200 × 1"])
    for (number, status) in [(2, nil), (3, 500)] as [(UInt64, Int?)] {
      metrics.hold(exchange(number))
      metrics.answered(exchange(number), operation: 0, status: 200)
      #expect(statuses(metrics).first == "200 × \(number - 1)")
      metrics.released(exchange(number), status: status)
      // And the end of the exchange.
      metrics.released(exchange(number))
    }
    #expect(statuses(metrics) == ["200 × 2", "500 × 1"])
  }

  @Test("Nor is one forgotten whose client goes away meanwhile")
  func leaving() {
    let metrics = Metrics(operationCount: 1)
    metrics.hold(exchange(1))
    metrics.answered(exchange(1), operation: 0, status: 200)
    metrics.released(exchange(1))
    metrics.hold(exchange(2))
    metrics.released(exchange(2))
    metrics.answered(exchange(2), operation: 0, status: 200)
    #expect(statuses(metrics) == ["200 × 2"])
  }
}
