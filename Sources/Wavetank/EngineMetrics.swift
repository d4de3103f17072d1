import ControlPlane
import HTTPTransport
import Synchronization

/// What the engine counts, as metrics: the control plane is made before the server.
final class EngineMetrics: Sendable {
  private let server = Mutex<HTTPServer?>(nil)

  func observe(_ server: HTTPServer) { self.server.withLock { $0 = server } }

  var families: [MetricFamily] {
    let server = server.withLock { $0 }
    return [
      MetricFamily(
        "wavetank_connections", .gauge, "Connections open now.",
        value: Double(server?.connectionCount ?? 0)),
      .histogram(
        "wavetank_loop_lag_seconds",
        "How long each turn of an event loop held it: so late is served what became ready meanwhile.",
        server?.loopLag ?? LoopLag.Counts()),
    ]
  }
}

extension MetricFamily {
  fileprivate static func histogram(
    _ name: String, _ help: String, _ counts: LoopLag.Counts
  ) -> MetricFamily {
    var samples: [Sample] = []
    var sum: UInt64 = 0
    for (bound, count) in zip(LoopLag.bounds + [.infinity], counts.buckets) {
      sum &+= count
      samples.append(Sample(Double(sum), [("le", MetricFamily.number(bound))], suffix: "_bucket"))
    }
    samples.append(Sample(counts.seconds, suffix: "_sum"))
    samples.append(Sample(Double(sum), suffix: "_count"))
    return MetricFamily(name, .histogram, help, samples)
  }
}
