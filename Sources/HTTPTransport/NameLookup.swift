import Dispatch

/// Asks the system for a host's addresses, on threads of its own: the system's way of asking waits.
enum NameLookup {
  typealias Result = Swift.Result<[SocketAddress], Failure>

  struct Failure: Error, Sendable {
    /// As the system says it.
    let reason: String
  }

  /// Few, so that names which nobody answers for hold up no others' threads.
  private static let queues = (0..<4).map { DispatchQueue(label: "wavetank.lookup.\($0)") }

  /// - Parameter then: called on some thread; at once for an address in numbers and loopback's names.
  static func addresses(
    of host: String, port: UInt16, _ then: @escaping @Sendable (Result) -> Void
  ) {
    // RFC 6761 §6.3: no name server is asked for these.
    let isLocal = host == "localhost" || host.hasSuffix(".localhost")
    let numeric = isLocal ? ["127.0.0.1", "::1"] : [host]
    let known = numeric.compactMap { SocketAddress(host: $0, port: port) }
    if !known.isEmpty { return then(.success(known)) }
    let number = host.utf8.reduce(0) { $0 &+ Int($1) } % queues.count
    queues[number].async { then(SystemCalls.addresses(of: host, port: port)) }
  }
}
