import ControlPlane
import HTTPTransport
import Synchronization

/// What the engine counts, as metrics: the control plane is made before the server.
final class EngineMetrics: Sendable {
  private static let lagBounds = MetricFamily.Bounds(LoopLag.bounds)
  private let server = Mutex<HTTPServer?>(nil)

  func observe(_ server: HTTPServer) { self.server.withLock { $0 = server } }

  var families: [MetricFamily] {
    let server = server.withLock { $0 }
    let lag = server?.loopLag ?? LoopLag.Counts()
    var lags = MetricFamily(
      "wavetank_loop_lag_seconds", .histogram,
      "How long each turn of an event loop held it: so late is served what became ready meanwhile.")
    lags.add(lag.buckets, Self.lagBounds, sum: lag.seconds)
    return [
      MetricFamily(
        "wavetank_connections", .gauge, "Connections open now.",
        value: Double(server?.connectionCount ?? 0)),
      lags,
    ]
  }
}
