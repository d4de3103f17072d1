import EmulatorKernel
import HTTPModel
import Synchronization

/// `GET /_wavetank/metrics`.
enum MetricsRoutes {
  private static let durationBounds = MetricText.Bounds(Metrics.durationBounds)
  /// How long the last answer was, and its distributions: the next one is about as long.
  private static let lastBytes = Atomic<Int>(0)
  private static let lastDurationBytes = Atomic<Int>(0)

  static func metrics(_ call: AdminCall) -> Answer {
    var text = MetricText(reserving: lastBytes.load(ordering: .relaxed) + 4096)
    requests(call.pipeline, into: &text)
    tenants(call.pipeline, into: &text)
    kernel(call.pipeline, into: &text)
    call.options.moreMetrics(&text)
    lastBytes.store(text.bytes.count, ordering: .relaxed)
    var response = Response(.ok, body: .bytes(text.bytes))
    response.fields.append("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    return .now(response)
  }

  private static func kernel(_ pipeline: Pipeline, into text: inout MetricText) {
    text.family(
      "wavetank_requests_in_flight", .gauge, "Requests that have begun and not ended.",
      value: Double(pipeline.metrics.requestsInFlight))
    family(
      "wavetank_faults_total", "Deliberate failures performed, by kind.", by: "kind",
      pipeline.metrics.faultCounts.map { ($0.kind, Double($0.count)) }, into: &text)
    family(
      "wavetank_lock_waits_total", "Times that a lock was held by somebody else.", by: "lock",
      LockWaits.all.map { ($0.name, Double($0.count)) }, into: &text)
    family(
      "wavetank_lock_wait_seconds_total", "How long that was waited for.", by: "lock",
      LockWaits.all.map { ($0.name, $0.duration.inSeconds) }, into: &text)
    text.family(
      "wavetank_stored_bytes", .gauge,
      "Memory for what clients have stored, made and are sending, all tenants.",
      value: Double(pipeline.tenants.budget.bytesUsed))
    text.family(
      "wavetank_stored_bytes_max", .gauge, "The limit of that memory.",
      value: Double(pipeline.tenants.budget.limit))
  }

  /// A counter with one label.
  private static func family(
    _ name: String, _ help: String, by label: String, _ samples: [(name: String, value: Double)],
    into text: inout MetricText
  ) {
    text.begin(name, .counter, help)
    var labels = MetricText.Labels()
    for sample in samples {
      labels.replace(label, sample.name)
      text.add(sample.value, labels)
    }
  }

  /// Four families at once: what is counted of an operation is looked at behind its lock.
  private static func requests(_ pipeline: Pipeline, into text: inout MetricText) {
    text.begin("wavetank_requests_total", .counter, "Requests by operation and status.")
    var durations = MetricText(reserving: lastDurationBytes.load(ordering: .relaxed) + 4096)
    durations.begin(
      "wavetank_request_duration_seconds", .histogram,
      "From the head of a request to the end of its exchange.")
    var received = MetricText(reserving: 16 << 10)
    received.begin("wavetank_request_content_bytes_total", .counter, "Content received.")
    var sent = MetricText(reserving: 16 << 10)
    sent.begin("wavetank_response_content_bytes_total", .counter, "Content sent.")
    let entries = pipeline.operations.entries
    var label = MetricText.Labels()
    var labels = MetricText.Labels()
    for index in 0...entries.count {
      let isOperation = index < entries.count
      let counts = pipeline.metrics.counts(operation: isOperation ? index : nil)
      guard !counts.statuses.isEmpty else { continue }
      let operation = isOperation ? entries[index].operation.name : "none"
      label.replace("operation", operation)
      var last = -1
      while let status = counts.status(above: last) {
        labels.replace("operation", operation)
        labels.add("status", String(status.code))
        text.add(Double(status.count), labels)
        last = status.code
      }
      guard !counts.durations.isEmpty else { continue }
      durations.add(counts.durations, durationBounds, sum: counts.durationSum.inSeconds, label)
      received.add(Double(counts.requestBytes), label)
      sent.add(Double(counts.responseBytes), label)
    }
    lastDurationBytes.store(durations.bytes.count, ordering: .relaxed)
    text.append(durations)
    text.append(received)
    text.append(sent)
  }

  private static func tenants(_ pipeline: Pipeline, into text: inout MetricText) {
    let (liveTenants, sleeping) = pipeline.tenants.overview
    let statuses = liveTenants.map(\.journal.status)
    text.family("wavetank_tenants", .gauge, "Tenants in memory.", value: Double(statuses.count))
    text.family(
      "wavetank_tenants_sleeping", .gauge, "Tenants that wait in their files (--data).",
      value: Double(sleeping.count))
    text.family(
      "wavetank_tenants_evicted_total", .counter, "Tenants dropped because there were too many.",
      value: Double(pipeline.tenants.evictedCount))
    text.family(
      "wavetank_journal_entries", .gauge, "Exchanges kept, all tenants.",
      value: Double(statuses.reduce(0) { $0 + $1.count }))
    text.family(
      "wavetank_journal_bytes", .gauge, "Memory of the journals, all tenants.",
      value: Double(statuses.reduce(0) { $0 + $1.bytes }))
    text.family(
      "wavetank_journal_dropped", .gauge, "Exchanges lost to the journals' bounds.",
      value: Double(statuses.reduce(0) { $0 + $1.dropped }))
  }
}
