/// A socket for datagrams that somebody else has bound.
package final class DatagramSocket: Sendable {
  private let fd: Int32
  private let system = SystemCalls()

  /// Fair shares: so many in one go.
  private static let batchSize = 64

  /// Takes it over.
  package init(adopting fd: Int32) { self.fd = fd }

  deinit { system.close(fd) }

  /// Answers what waits; nothing where there is no answer.
  package func answerWaiting(_ answer: ([UInt8]) -> [UInt8]?) {
    for _ in 0..<Self.batchSize {
      guard let (bytes, peer) = system.receiveDatagram(fd) else { return }
      if let answer = answer(bytes) { system.sendDatagram(answer, to: peer, through: fd) }
    }
  }
}
