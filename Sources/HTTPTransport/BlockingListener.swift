/// A plain listening socket whose connections are `BlockingSocket`s: for what is asked seldom, and for
/// tests that play a server which is slow, silent or speaks nonsense.
///
/// **Isolation**: one user at a time; `accept` may wait on a thread of its own.
package final class BlockingListener: Sendable {
  package let port: UInt16
  private let fd: Int32
  private let system = SystemCalls()

  /// Listens on a free port of 127.0.0.1.
  package init() throws(SystemError) {
    guard let address = SocketAddress(host: "127.0.0.1", port: 0) else {
      throw SystemError.invalidAddress
    }
    fd = try system.makeSocket(address)
    do throws(SystemError) {
      try system.bind(fd, address)
      try system.listen(fd, backlog: 16)
      port = try system.localAddress(fd).port
    } catch {
      system.close(fd)
      throw error
    }
  }

  /// Takes over what listens already.
  package init(adopting fd: Int32) {
    self.fd = fd
    port = (try? system.localAddress(fd).port) ?? 0
  }

  deinit { system.close(fd) }

  /// The next connection; fails with ETIMEDOUT when nobody comes.
  package func accept(timeout: Duration = .seconds(10)) throws(SystemError) -> BlockingSocket {
    while true {
      if let (connection, _) = try system.accept(fd) {
        system.setNoDelay(connection)
        return BlockingSocket(adopting: connection, timeout: timeout)
      }
      guard BlockingSocket.waitForInput(fd, timeout) else { throw SystemError.timedOut(.accept) }
    }
  }
}
