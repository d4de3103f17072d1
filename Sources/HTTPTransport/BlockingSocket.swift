import CLinux
import Glibc
package import TLSLayer

/// A plain blocking TCP socket with a timeout on every wait: for tests that look at bytes, for names
/// and for the simplest of health checks. Never used on a loop.
///
/// **Isolation**: one user at a time.
package final class BlockingSocket {
  private let system = SystemCalls()
  private var fd: Int32
  /// How long a wait may take before it counts as failed.
  package var timeout: Duration
  private var secure: SecureStream?
  /// Was received to see whether there is something.
  private var seen: [UInt8] = []

  /// Connects. `receiveBuffer`: SO_RCVBUF, set before the window is announced.
  package init(
    host: String, port: UInt16, timeout: Duration = .seconds(10), receiveBuffer: Int32? = nil
  ) throws(SystemError) {
    guard let address = SocketAddress(host: host, port: port) else {
      throw SystemError.invalidAddress
    }
    self.timeout = timeout
    fd = try system.makeSocket(address)
    if let receiveBuffer { system.setReceiveBuffer(fd, receiveBuffer) }
    system.setNoDelay(fd)
    do throws(SystemError) {
      if try system.connect(fd, address) { return }
      guard wait(Int16(POLLOUT)) else { throw SystemError.timedOut(.connect) }
      let error = system.pendingError(fd)
      if error != 0 { throw SystemError(.connect, error) }
    } catch {
      system.close(fd)
      fd = -1
      throw error
    }
  }

  /// A connection that a listener has accepted.
  init(adopting fd: Int32, timeout: Duration) {
    self.fd = fd
    self.timeout = timeout
  }

  deinit { close() }

  private var stream: ByteStream { ByteStream(fd, system, secure) }

  /// Speaks TLS from now on, as a client: returns when both sides have shown that they can.
  /// `limit` of a later `receive` must be at least 64 KiB.
  package func becomeSecure(
    _ context: TLSClientContext, host: String, resuming ticket: TLSTicket? = nil
  ) throws {
    let session = try TLSSession(context, host: host)
    if let ticket { session.resume(ticket) }
    let stream = SecureStream(session, SecureScratch())
    secure = stream
    stream.begin(fd, system)
    var room = [UInt8](repeating: 0, count: 65_536)
    while !session.isOpen {
      guard wait(Int16(POLLIN)) else { throw SystemError.timedOut(.receive) }
      // SAFETY: the buffer is valid for the call.
      let result = unsafe room.withUnsafeMutableBytes {
        unsafe stream.receive(from: fd, system, into: $0)
      }
      switch result {
      case .wouldBlock: continue
      case .failed(let error): throw session.failure ?? error
      case .bytes: throw SystemError.brokenSession
      }
    }
  }

  package var session: TLSSession? { secure?.session }

  /// Says that no more content comes, and leaves the socket open.
  package func endContent() { secure?.end(fd, system, readsOn: true) }

  /// Past the session, for tests of what is no TLS.
  package func sendRaw(_ bytes: [UInt8]) throws(SystemError) {
    let kept = secure
    secure = nil
    defer { secure = kept }
    try send(bytes)
  }

  private func wait(_ events: Int16) -> Bool { Self.wait(fd, events, timeout) }

  static func waitForInput(_ fd: Int32, _ timeout: Duration) -> Bool {
    wait(fd, Int16(POLLIN), timeout)
  }

  private static func wait(_ fd: Int32, _ events: Int16, _ timeout: Duration) -> Bool {
    var poll = pollfd(fd: fd, events: events, revents: 0)
    // SAFETY: one entry, a local.
    return unsafe Glibc.poll(&poll, 1, Int32(clamping: timeout.nanoseconds / 1_000_000)) > 0
  }

  /// Sends everything, or fails.
  package func send(_ bytes: [UInt8]) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      // SAFETY: the bytes are valid for the call.
      let result = unsafe bytes[sent...].withUnsafeBytes { unsafe stream.send($0) }
      switch result {
      case .bytes(let count): sent += count
      case .wouldBlock:
        guard wait(Int16(POLLOUT)) else { throw SystemError.timedOut(.send) }
      case .failed(let error): throw error
      }
    }
  }

  /// Sends what the kernel takes without waiting; how much.
  package func sendSome(_ bytes: [UInt8]) throws(SystemError) -> Int {
    // SAFETY: the bytes are valid for the call.
    switch unsafe bytes.withUnsafeBytes({ unsafe stream.send($0) }) {
    case .bytes(let count): return count
    case .wouldBlock: return 0
    case .failed(let error): throw error
    }
  }

  /// At least one byte, at most `limit`; empty at the end of the input.
  package func receive(limit: Int = 65_536) throws(SystemError) -> [UInt8] {
    if !seen.isEmpty {
      defer { seen = [] }
      return seen
    }
    var buffer = [UInt8](repeating: 0, count: limit)
    while true {
      // SAFETY: the buffer is valid for the call.
      let result = unsafe buffer.withUnsafeMutableBytes { unsafe stream.receive(into: $0) }
      switch result {
      case .bytes(let count): return Array(buffer[..<count])
      case .wouldBlock:
        guard wait(Int16(POLLIN)) else { throw SystemError.timedOut(.receive) }
      case .failed(let error): throw error
      }
    }
  }

  /// Whether something can be read (or the peer has closed) within `duration`.
  package func isReadable(within duration: Duration) -> Bool {
    let kept = timeout
    timeout = duration
    defer { timeout = kept }
    guard secure != nil, seen.isEmpty else { return !seen.isEmpty || wait(Int16(POLLIN)) }
    // What has come may be none of the content.
    do {
      seen = try receive()
      return true
    } catch {
      return !error.isTimeout
    }
  }

  /// Sends FIN; reading goes on.
  package func shutdownWrite() {
    secure?.end(fd, system, readsOn: true)
    system.shutdownWrite(fd)
  }

  package func close() {
    guard fd >= 0 else { return }
    system.close(fd)
    fd = -1
  }

  /// Closes with RST.
  package func reset() {
    guard fd >= 0 else { return }
    system.setAbortive(fd)
    close()
  }
}

extension SystemError {
  static func timedOut(_ call: SystemCall) -> SystemError { SystemError(call, ETIMEDOUT) }
  /// ETIMEDOUT.
  package var isTimeout: Bool { code == ETIMEDOUT }
  /// ECONNREFUSED.
  package var isRefused: Bool { code == ECONNREFUSED }
}
