import EmulatorKernel
import HTTPModel

/// `GET /_wavetank/metrics`.
enum MetricsRoutes {
  private static let durationBounds = MetricFamily.Bounds(Metrics.durationBounds)

  static func metrics(_ call: AdminCall) -> Answer {
    var text: [UInt8] = []
    let families = families(call.pipeline) + call.options.moreMetrics()
    text.reserveCapacity(families.reduce(0) { $0 + 256 * ($1.samples.count + 1) })
    for family in families { family.write(into: &text) }
    var response = Response(.ok, body: .bytes(text))
    response.fields.append("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    return .now(response)
  }

  private static func families(_ pipeline: Pipeline) -> [MetricFamily] {
    requests(pipeline) + tenants(pipeline) + [
      MetricFamily(
        "wavetank_requests_in_flight", .gauge, "Requests that have begun and not ended.",
        value: Double(pipeline.metrics.requestsInFlight)),
      MetricFamily(
        "wavetank_faults_total", .counter, "Deliberate failures performed, by kind.",
        pipeline.metrics.faultCounts.map { .init(Double($0.count), [("kind", $0.kind)]) }),
      MetricFamily(
        "wavetank_lock_waits_total", .counter, "Times that a lock was held by somebody else.",
        LockWaits.all.map { .init(Double($0.count), [("lock", $0.name)]) }),
      MetricFamily(
        "wavetank_lock_wait_seconds_total", .counter, "How long that was waited for.",
        LockWaits.all.map { .init($0.duration.inSeconds, [("lock", $0.name)]) }),
      MetricFamily(
        "wavetank_stored_bytes", .gauge,
        "Memory for what clients have stored, made and are sending, all tenants.",
        value: Double(pipeline.tenants.budget.bytesUsed)),
      MetricFamily(
        "wavetank_stored_bytes_max", .gauge, "The limit of that memory.",
        value: Double(pipeline.tenants.budget.limit)),
    ]
  }

  private static func requests(_ pipeline: Pipeline) -> [MetricFamily] {
    var total: [MetricFamily.Sample] = []
    var durations: [MetricFamily.Sample] = []
    var received: [MetricFamily.Sample] = []
    var sent: [MetricFamily.Sample] = []
    let entries = pipeline.operations.entries
    for index in Array(entries.indices).map(Optional.some) + [nil] {
      let counts = pipeline.metrics.counts(operation: index)
      guard !counts.statuses.isEmpty else { continue }
      let operation = index.map { entries[$0].operation.name } ?? "none"
      let label = [(name: "operation", value: operation)]
      for (code, count) in counts.statuses.sorted(by: { $0.code < $1.code }) {
        total.append(.init(Double(count), label + [("status", "\(code)")]))
      }
      guard !counts.durations.isEmpty else { continue }
      durations += MetricFamily.histogram(
        counts.durations, durationBounds, sum: counts.durationSum.inSeconds, label)
      received.append(.init(Double(counts.requestBytes), label))
      sent.append(.init(Double(counts.responseBytes), label))
    }
    return [
      MetricFamily(
        "wavetank_requests_total", .counter, "Requests by operation and status.", total),
      MetricFamily(
        "wavetank_request_duration_seconds", .histogram,
        "From the head of a request to the end of its exchange.", durations),
      MetricFamily(
        "wavetank_request_content_bytes_total", .counter, "Content received.", received),
      MetricFamily(
        "wavetank_response_content_bytes_total", .counter, "Content sent.", sent),
    ]
  }

  private static func tenants(_ pipeline: Pipeline) -> [MetricFamily] {
    let (liveTenants, sleeping) = pipeline.tenants.overview
    let statuses = liveTenants.map(\.journal.status)
    return [
      MetricFamily(
        "wavetank_tenants", .gauge, "Tenants in memory.", value: Double(statuses.count)),
      MetricFamily(
        "wavetank_tenants_sleeping", .gauge, "Tenants that wait in their files (--data).",
        value: Double(sleeping.count)),
      MetricFamily(
        "wavetank_tenants_evicted_total", .counter, "Tenants dropped because there were too many.",
        value: Double(pipeline.tenants.evictedCount)),
      MetricFamily(
        "wavetank_journal_entries", .gauge, "Exchanges kept, all tenants.",
        value: Double(statuses.reduce(0) { $0 + $1.count })),
      MetricFamily(
        "wavetank_journal_bytes", .gauge, "Memory of the journals, all tenants.",
        value: Double(statuses.reduce(0) { $0 + $1.bytes })),
      MetricFamily(
        "wavetank_journal_dropped", .gauge, "Exchanges lost to the journals' bounds.",
        value: Double(statuses.reduce(0) { $0 + $1.dropped })),
    ]
  }
}
