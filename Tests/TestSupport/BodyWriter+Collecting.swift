package import HTTPModel
import Synchronization

extension BodyWriter {
  /// Runs a producer against memory, without a connection.
  package static func collect(_ producer: BodyProducer) async throws -> [UInt8] {
    let collector = Collector()
    let writer = BodyWriter(onReady: { collector.drain() })
    collector.state.withLock { $0.writer = writer }
    defer { collector.state.withLock { $0.writer = nil } }
    try await producer(writer)
    return collector.state.withLock { $0.bytes }
  }

  /// Takes from a writer as a connection does: one at a time, whoever says that there is something.
  private final class Collector: Sendable {
    struct State {
      var writer: BodyWriter?
      var bytes: [UInt8] = []
      var isDraining = false
      var mustDrainAgain = false
    }
    let state = Mutex(State())

    func drain() {
      let writer = state.withLock { state -> BodyWriter? in
        state.mustDrainAgain = state.isDraining
        if state.isDraining { return nil }
        state.isDraining = true
        return state.writer
      }
      guard let writer else { return }
      var goesOn = true
      while goesOn {
        let taken = writer.take(byteLimit: .max)
        goesOn = state.withLock { state in
          for piece in taken.pieces { state.bytes += piece }
          defer { state.mustDrainAgain = false }
          state.isDraining = taken.hasMore || state.mustDrainAgain
          return state.isDraining
        }
      }
    }
  }
}
