import PayloadCodecs
import Synchronization

/// Texts that are the same as long as a server runs and take milliseconds to make: each is made when it
/// is first asked for, and kept.
package final class RenderedTexts: Sendable {
  private let texts = Mutex<TextMap<[UInt8]>>([:])

  /// Whether a text has been made.
  package func has(_ name: String) -> Bool { texts.withLock { $0[name] != nil } }

  /// - Parameter make: called without the lock; whoever comes meanwhile makes the same text.
  package func text<Failure: Error>(
    _ name: String, orMake make: () throws(Failure) -> [UInt8]
  ) throws(Failure) -> [UInt8] {
    if let text = texts.withLock({ $0[name] }) { return text }
    let made = try make()
    texts.withLock { $0[name] = made }
    return made
  }
}
