import ControlPlane
import HTTPTransport
import Synchronization

/// What the engine counts, as metrics: the control plane is made before the server.
final class EngineMetrics: Sendable {
  private static let lagBounds = MetricText.Bounds(LoopLag.bounds)
  private let server = Mutex<HTTPServer?>(nil)

  func observe(_ server: HTTPServer) { self.server.withLock { $0 = server } }

  func write(into text: inout MetricText) {
    let server = server.withLock { $0 }
    text.family(
      "wavetank_connections", .gauge, "Connections open now.",
      value: Double(server?.connectionCount ?? 0))
    let lag = server?.loopLag ?? LoopLag.Counts()
    text.begin(
      "wavetank_loop_lag_seconds", .histogram,
      "How long each turn of an event loop held it: so late is served what became ready meanwhile.")
    text.add(lag.buckets, Self.lagBounds, sum: lag.seconds)
  }
}
