import CLinux
import Glibc
import HTTPModel
import TLSLayer

/// TLS between a socket and what is read and sent on it.
///
/// **Shape**: deciphered content goes to its reader at once and whole, so nothing of it waits here, and a
/// reader that pauses leaves the socket alone. Enciphered output that the kernel does not take waits
/// here; the content in it counts as unsent until its whole record has left.
/// **Isolation**: its connection's loop.
final class SecureStream {
  let session: TLSSession
  private let scratch: SecureScratch
  /// What the kernel did not take; up to `heldStart` it has left meanwhile.
  private var held: [UInt8] = []
  private var heldStart = 0
  /// Where in `held` each record ends, and how much content it holds.
  private var heldRecords: [(end: Int, content: Int)] = []
  /// Content whose record has left, and of which the sender does not know yet.
  private var sentContent = 0

  private enum Ending {
    case none
    /// The peer's end, or the session's failure, is told by the next read.
    case ended
    case failed
    /// Ours is said: what comes is not deciphered any more.
    case finished
  }
  private var ending = Ending.none
  /// What is done to the peer on purpose; nil once it is done to a record.
  var fault: TLSFault?
  /// A record was cut on purpose, and nothing follows it but FIN.
  private(set) var isCut = false
  /// What comes in place of a handshake.
  private(set) var faultInstead: TLSFault?
  /// The last read took all that there was room for.
  private var wasFull = false
  /// Somebody was told why the session cannot be.
  var isFailureTold = false
  /// Something has been said to the peer.
  private var hasSpoken = false

  /// The content of so many records at most is offered to the kernel in one call, and so waits here.
  static let offerMax = 4 * TLSSession.recordBytes
  /// Beyond it a peer makes us answer without ever taking the answers.
  private static let heldBytesMax = 512 * 1024

  init(_ session: TLSSession, _ scratch: SecureScratch) {
    (self.session, self.scratch) = (session, scratch)
  }

  var endsNext: Bool { ending == .ended || ending == .failed }
  var mayHaveMore: Bool { wasFull || endsNext }
  var holdsOutput: Bool { heldStart < held.count }

  /// A fatal one, in the clear (RFC 8446 §6).
  static func alert(_ number: UInt8) -> [UInt8] { [0x15, 3, 3, 0, 2, 2, number] }
  private static let protocolVersion: UInt8 = 70

  // MARK: In

  func receive(
    from fd: Int32, _ system: SystemCalls, into room: UnsafeMutableRawBufferPointer
  ) -> SystemCalls.IOResult {
    switch ending {
    case .ended: return .bytes(0)
    case .failed: return .failed(SystemError.brokenSession)
    case .finished: return unsafe system.receive(fd, into: room)
    case .none: break
    }
    // SAFETY: the loop's buffers, nobody else's meanwhile. The first has less room than the second, by
    // what may wait of a record.
    let result = unsafe system.receive(fd, into: scratch.incoming)
    guard case .bytes(let count) = result, count > 0 else { return result }
    wasFull = unsafe count == scratch.incoming.count
    return unsafe take(
      UnsafeRawBufferPointer(rebasing: scratch.incoming[..<count]), from: fd, system, into: room)
  }

  /// Takes bytes of the network that were read already.
  func take(
    _ bytes: UnsafeRawBufferPointer, from fd: Int32, _ system: SystemCalls,
    into room: UnsafeMutableRawBufferPointer
  ) -> SystemCalls.IOResult {
    let (count, progress) = unsafe session.receive(bytes, into: room, &scratch.outgoing)
    // Of what is no handshake at all the library says nothing; its peer shall not wonder.
    if case .failed = progress, !hasSpoken, scratch.outgoing.isEmpty {
      scratch.outgoing += Self.alert(Self.protocolVersion)
    }
    if !scratch.outgoing.isEmpty { hasSpoken = true }
    let sent = sendOutgoing(to: fd, system)
    switch progress {
    case .wantsMore: break
    case .ended: ending = .ended
    case .left: (ending, faultInstead) = (.failed, fault)
    case .failed: ending = .failed
    }
    if case .failed = sent { ending = .failed }
    if held.count > Self.heldBytesMax { ending = .failed }
    if count > 0 { return .bytes(count) }
    return switch ending {
    case .ended: .bytes(0)
    case .failed: .failed(SystemError.brokenSession)
    case .none, .finished: .wouldBlock
    }
  }

  // MARK: Out

  /// Sends `parts`, or `bytes` where there are none.
  func send(
    _ parts: UnsafeBufferPointer<iovec>, _ bytes: UnsafeRawBufferPointer, to fd: Int32,
    _ system: SystemCalls
  ) -> SystemCalls.IOResult {
    if holdsOutput {
      if case .failed(let error) = flush(fd, system) { return .failed(error) }
      guard !holdsOutput else { return told() }
    }
    // What is told now is the start of what is offered.
    var skipped = sentContent
    var records: [(end: Int, content: Int)] = []
    var isWhole = true
    func encipher(_ bytes: UnsafeRawBufferPointer) {
      var start = min(skipped, bytes.count)
      skipped -= start
      while isWhole, !isCut, start < bytes.count, records.count < 4 {
        let count = min(bytes.count - start, TLSSession.recordBytes)
        let recordStart = scratch.outgoing.count
        // SAFETY: within the bytes, for the call only.
        isWhole = unsafe session.send(
          UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]), &scratch.outgoing)
        records.append((scratch.outgoing.count, count))
        start += count
        if fault != nil, isWhole { spoilRecord(from: recordStart) }
      }
    }
    if parts.isEmpty { unsafe encipher(bytes) }
    for index in parts.indices {
      let part = unsafe parts[index]
      unsafe encipher(UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len))
    }
    guard isWhole else {
      scratch.outgoing.removeAll(keepingCapacity: true)
      return .failed(SystemError.brokenSession)
    }
    guard !records.isEmpty else { return told() }
    heldRecords = records
    if case .failed(let error) = sendOutgoing(to: fd, system) { return .failed(error) }
    return isCut ? .failed(SystemError.brokenSession) : told()
  }

  /// Does to the record that stands last in what is to be sent what a rule wants of it.
  private func spoilRecord(from start: Int) {
    let middle = start + (scratch.outgoing.count - start) / 2
    switch fault {
    case .cutRecord:
      scratch.outgoing.removeSubrange(middle...)
      (isCut, ending) = (true, .failed)
    case .corruptRecord: scratch.outgoing[middle] ^= 1
    default: break
    }
    fault = nil
  }

  /// What has left and is not told yet.
  private func told() -> SystemCalls.IOResult {
    defer { sentContent = 0 }
    return sentContent > 0 ? .bytes(sentContent) : .wouldBlock
  }

  /// Sends what stands in the loop's memory, behind what waits here.
  @discardableResult
  private func sendOutgoing(to fd: Int32, _ system: SystemCalls) -> SystemCalls.IOResult {
    defer { scratch.outgoing.removeAll(keepingCapacity: true) }
    guard !scratch.outgoing.isEmpty else { return .bytes(0) }
    if holdsOutput {
      held += scratch.outgoing
      return flush(fd, system)
    }
    // SAFETY: the bytes are valid for the call.
    let result = unsafe scratch.outgoing.withUnsafeBytes { unsafe system.send(fd, $0) }
    var sent = 0
    if case .bytes(let count) = result { sent = count }
    if case .failed = result { return result }
    if sent < scratch.outgoing.count { held = scratch.outgoing }
    advance(to: sent)
    return result
  }

  /// Sends what waits here, as far as the kernel takes it.
  @discardableResult
  func flush(_ fd: Int32, _ system: SystemCalls) -> SystemCalls.IOResult {
    guard holdsOutput else { return .bytes(0) }
    // SAFETY: the bytes are valid for the call.
    let result = unsafe held.withUnsafeBytes {
      unsafe system.send(fd, UnsafeRawBufferPointer(rebasing: $0[heldStart...]))
    }
    if case .bytes(let count) = result { advance(to: heldStart + count) }
    return result
  }

  private func advance(to end: Int) {
    heldStart = end
    let left = heldRecords.prefix { $0.end <= end }
    for record in left { sentContent += record.content }
    heldRecords.removeFirst(left.count)
    // Nothing is kept where nothing waits.
    if !holdsOutput { (held, heldStart) = ([], 0) }
  }

  /// A client's first message.
  func begin(_ fd: Int32, _ system: SystemCalls) {
    session.begin(&scratch.outgoing)
    hasSpoken = true
    sendOutgoing(to: fd, system)
  }

  /// Tells the peer that no content follows, if the session is well and nothing waits before that.
  /// - Parameter readsOn: what comes is deciphered all the same.
  func end(_ fd: Int32, _ system: SystemCalls, readsOn: Bool = false) {
    defer { if !readsOn { ending = .finished } }
    guard ending != .failed, ending != .finished, session.isOpen, !holdsOutput else { return }
    session.end(&scratch.outgoing)
    sendOutgoing(to: fd, system)
  }
}

/// What the sessions of a loop share while they are at work, so that an idle one owns none.
///
/// SAFETY: the raw buffer is allocated in `init` and freed in `deinit`.
@safe final class SecureScratch {
  /// What is read of the network goes here first.
  let incoming: UnsafeMutableRawBufferPointer
  /// What is to be sent; empty between two calls.
  var outgoing: [UInt8] = []

  init() {
    unsafe incoming = .allocate(byteCount: 47 * 1024, alignment: 64)
    outgoing.reserveCapacity(80 * 1024)
  }

  deinit { unsafe incoming.deallocate() }
}
