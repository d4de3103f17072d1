import CProcess
import Dispatch
import Glibc
import HTTPTransport

/// Signals as something that happens on a queue, none of them lost.
///
/// Not by Dispatch's own sources: a signal that comes in the moment in which such a source is being set
/// up is dropped, on a busy machine two of a hundred that follow at once upon "ready".
final class CaughtSignals {
  private let source: any DispatchSourceRead

  init(_ numbers: [Int32], _ handle: @escaping @Sendable (Int32) -> Void) {
    let pipe = wavetank_signals_open()
    precondition(pipe >= 0, "A process that begins has room for a pipe.")
    source = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: .global())
    source.setEventHandler { @Sendable in
      var number: UInt8 = 0
      // SAFETY: one byte into a local.
      while unsafe read(pipe, &number, 1) == 1 { handle(Int32(number)) }
    }
    source.resume()
    // Until the process's end or `end`, also when whoever made this has let go of it.
    // SAFETY: it is retained once and never released.
    _ = unsafe Unmanaged.passRetained(self)
    for number in numbers { _ = wavetank_signals_catch(number) }
  }

  /// The terminal's end, unless who started us wants us to stay (`nohup`).
  static var hangUp: [Int32] { SystemCalls.ignores(signal: SIGHUP) ? [] : [SIGHUP] }

  /// From now on they do nothing.
  func end() { source.cancel() }
}
