package import HTTPModel
import PayloadCodecs
import Synchronization

/// What the pipeline counts for `GET /_wavetank/metrics`: over all tenants, since the start.
///
/// **Isolation**: one mutex for each operation, held for some nanoseconds.
package final class Metrics: Sendable {
  /// Upper bounds of the duration histogram, in seconds.
  package static let durationBounds: [Double] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    5, 10, 60,
  ]
  private static let durationBoundsNanoseconds = durationBounds.map { Int64($0 * 1e9) }

  package struct OperationCounts: Sendable {
    /// By status code, in order of first appearance.
    package internal(set) var statuses: [(code: Int, count: UInt64)] = []
    /// Exchanges by the bucket of their duration; the last bucket has no upper bound.
    package internal(set) var durations = [UInt64]()
    fileprivate var durationNanoseconds: Int64 = 0
    package var durationSum: Duration { .nanoseconds(durationNanoseconds) }
    package internal(set) var requestBytes: UInt64 = 0
    package internal(set) var responseBytes: UInt64 = 0

    /// The first behind that code, in the order of codes: there are few, and sorted they would be copied.
    package func status(above code: Int) -> (code: Int, count: UInt64)? {
      var next: (code: Int, count: UInt64)?
      for status in statuses where status.code > code && status.code < next?.code ?? .max {
        next = status
      }
      return next
    }
  }

  private final class Counter: Sendable {
    let counts = Mutex(OperationCounts())
  }

  /// The last one counts requests of no operation.
  private let counters: [Counter]
  private let faults = Mutex<TextMap<UInt64>>([:])
  private let inFlight = Atomic<Int>(0)
  private let held = HeldAnswers()

  package init(operationCount: Int) {
    counters = (0...operationCount).map { _ in Counter() }
  }

  private func counter(_ operation: Int?) -> Counter {
    counters[operation.map { min($0, counters.count - 1) } ?? counters.count - 1]
  }

  /// See `Lasting`.
  func keep() {
    Lasting.keep(self)
    Lasting.keep(counters)
    for counter in counters { Lasting.keep(counter) }
  }

  func began() { inFlight.add(1, ordering: .relaxed) }
  func ended() { inFlight.subtract(1, ordering: .relaxed) }

  func answered(operation: Int?, status: Int) {
    counter(operation).counts.withLock(countingWaitsIn: .counters) { counts in
      for index in counts.statuses.indices where counts.statuses[index].code == status {
        counts.statuses[index].count += 1
        return
      }
      counts.statuses.append((status, 1))
    }
  }

  package func answered(_ exchange: Exchange, operation: Int?, status: Int) {
    if held.take(exchange, (operation, status)) { return }
    answered(operation: operation, status: status)
  }

  /// An exchange's answer is not counted until `released`.
  package func hold(_ exchange: Exchange) { held.hold(exchange) }

  /// An exchange's answer goes out, or the exchange is over. Does nothing the second time.
  /// - Parameter status: what it has become; nil: what it was.
  package func released(_ exchange: Exchange, status: Int? = nil) {
    guard let known = held.release(exchange) else { return }
    answered(operation: known.operation, status: status ?? known.status)
  }

  func finished(operation: Int?, nanoseconds: Int64, outcome: ExchangeOutcome) {
    let bounds = Self.durationBoundsNanoseconds
    var bucket = 0
    while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
    counter(operation).counts.withLock(countingWaitsIn: .counters) { counts in
      if counts.durations.isEmpty {
        counts.durations = [UInt64](repeating: 0, count: bounds.count + 1)
      }
      counts.durations[bucket] += 1
      // 292 years of requests.
      counts.durationNanoseconds &+= nanoseconds
      counts.requestBytes += outcome.requestContentBytes
      counts.responseBytes += outcome.responseContentBytes
    }
  }

  func struck(_ fault: TransportFault) {
    faults.withLock { $0[fault.name, default: 0] += 1 }
  }

  // MARK: Reading

  package var requestsInFlight: Int { inFlight.load(ordering: .relaxed) }

  /// - Parameter operation: in `OperationTable`; nil: requests of no operation.
  package func counts(operation: Int?) -> OperationCounts {
    counter(operation).counts.withLock { $0 }
  }

  package var faultCounts: [(kind: String, count: UInt64)] {
    faults.withLock { faults in faults.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
  }
}
