import EmulatorKernel
import HTTPModel

/// `GET /_wavetank/metrics`.
enum MetricsRoutes {
  private static let durationBounds = MetricFamily.Bounds(Metrics.durationBounds)

  static func metrics(_ call: AdminCall) -> Answer {
    let families = families(call.pipeline) + call.options.moreMetrics()
    var text: [UInt8] = []
    text.reserveCapacity(families.reduce(0) { $0 + $1.text.count })
    for family in families { text += family.text }
    var response = Response(.ok, body: .bytes(text))
    response.fields.append("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    return .now(response)
  }

  private static func families(_ pipeline: Pipeline) -> [MetricFamily] {
    requests(pipeline) + tenants(pipeline) + [
      MetricFamily(
        "wavetank_requests_in_flight", .gauge, "Requests that have begun and not ended.",
        value: Double(pipeline.metrics.requestsInFlight)),
      family(
        "wavetank_faults_total", "Deliberate failures performed, by kind.", by: "kind",
        pipeline.metrics.faultCounts.map { ($0.kind, Double($0.count)) }),
      family(
        "wavetank_lock_waits_total", "Times that a lock was held by somebody else.", by: "lock",
        LockWaits.all.map { ($0.name, Double($0.count)) }),
      family(
        "wavetank_lock_wait_seconds_total", "How long that was waited for.", by: "lock",
        LockWaits.all.map { ($0.name, $0.duration.inSeconds) }),
      MetricFamily(
        "wavetank_stored_bytes", .gauge,
        "Memory for what clients have stored, made and are sending, all tenants.",
        value: Double(pipeline.tenants.budget.bytesUsed)),
      MetricFamily(
        "wavetank_stored_bytes_max", .gauge, "The limit of that memory.",
        value: Double(pipeline.tenants.budget.limit)),
    ]
  }

  /// A counter with one label.
  private static func family(
    _ name: String, _ help: String, by label: String, _ samples: [(name: String, value: Double)]
  ) -> MetricFamily {
    var family = MetricFamily(name, .counter, help, reserving: 512)
    var labels = MetricFamily.Labels()
    for sample in samples {
      labels.replace(label, sample.name)
      family.add(sample.value, labels)
    }
    return family
  }

  private static func requests(_ pipeline: Pipeline) -> [MetricFamily] {
    var total = MetricFamily(
      "wavetank_requests_total", .counter, "Requests by operation and status.",
      reserving: 16 << 10)
    var durations = MetricFamily(
      "wavetank_request_duration_seconds", .histogram,
      "From the head of a request to the end of its exchange.", reserving: 64 << 10)
    var received = MetricFamily(
      "wavetank_request_content_bytes_total", .counter, "Content received.", reserving: 16 << 10)
    var sent = MetricFamily(
      "wavetank_response_content_bytes_total", .counter, "Content sent.", reserving: 16 << 10)
    let entries = pipeline.operations.entries
    var label = MetricFamily.Labels()
    var labels = MetricFamily.Labels()
    for index in 0...entries.count {
      let isOperation = index < entries.count
      var counts = pipeline.metrics.counts(operation: isOperation ? index : nil)
      guard !counts.statuses.isEmpty else { continue }
      let operation = isOperation ? entries[index].operation.name : "none"
      label.replace("operation", operation)
      if counts.statuses.count > 1 { counts.sortStatuses() }
      for (code, count) in counts.statuses {
        labels.replace("operation", operation)
        labels.add("status", String(code))
        total.add(Double(count), labels)
      }
      guard !counts.durations.isEmpty else { continue }
      durations.add(counts.durations, durationBounds, sum: counts.durationSum.inSeconds, label)
      received.add(Double(counts.requestBytes), label)
      sent.add(Double(counts.responseBytes), label)
    }
    return [total, durations, received, sent]
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
