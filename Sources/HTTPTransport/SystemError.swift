import Synchronization

/// The calls that can fail, for errors and for failures made on purpose.
package enum SystemCall: String, Sendable, CaseIterable {
  case socket, setOption, bind, listen, name, accept, connect, receive, send, shutdown
  case epollCreate, epollControl, epollWait, eventfd, threadCreate
}

/// A system call that failed, and its errno.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  package var call: SystemCall
  package var code: Int32
  /// Of the listener that there is not.
  package var host: String?
  package var port: UInt16?

  package init(_ call: SystemCall, _ code: Int32) {
    self.call = call
    self.code = code
  }

  static let invalidAddress = SystemError(.bind, SystemCalls.invalidArgument)
  /// More connections fit into a backlog than shall.
  static let backlogNotFull = SystemError(.listen, SystemCalls.invalidArgument)
  /// TLS that cannot go on.
  static let brokenSession = SystemError(.receive, SystemCalls.protocolError)

  /// EMFILE, ENFILE: this process or the system has no descriptors left.
  var isOutOfDescriptors: Bool { SystemCalls.isOutOfDescriptors(code) }
  /// ECONNRESET, EPIPE: the peer has given the connection up.
  var isReset: Bool { SystemCalls.isReset(code) }
  /// EADDRINUSE.
  package var isAddressInUse: Bool { SystemCalls.isAddressInUse(code) }

  package var description: String { "\(call.rawValue): \(SystemCalls.message(of: code))" }
}

/// Failures made on purpose: "the N-th call of this kind fails so". For tests.
package final class SystemFaults: Sendable {
  package enum Failure: Sendable, Equatable {
    case errno(Int32)
    /// At most so many bytes are taken or given.
    case short(Int)
  }

  private struct Plan: Sendable {
    var calls = 0
    var failures: [Int: Failure] = [:]
  }

  private let plans = Mutex<[SystemCall: Plan]>([:])

  package init() {}

  /// The calls `numbers` (1 is the next) of that kind fail.
  package func fail(_ call: SystemCall, on numbers: some Sequence<Int>, with failure: Failure) {
    plans.withLock { plans in
      var plan = plans[call] ?? Plan()
      for number in numbers { plan.failures[plan.calls + number] = failure }
      plans[call] = plan
    }
  }

  /// How often that call was made so far.
  package func count(of call: SystemCall) -> Int { plans.withLock { $0[call]?.calls ?? 0 } }

  func next(_ call: SystemCall) -> Failure? {
    plans.withLock { plans in
      plans[call, default: Plan()].calls += 1
      guard let plan = plans[call] else { return nil }
      return plan.failures[plan.calls]
    }
  }
}
