/// Where a tunnel leads that does not end here.
package struct RelayTarget: Sendable, Equatable {
  /// A name, or an address in numbers without brackets.
  package var host: String
  package var port: UInt16
  /// The client asked for a tunnel, and is told what becomes of it.
  var isAskedFor = true
  /// What the host hears first: a CONNECT of our own, which it takes with 200. Empty: none.
  var opening: [UInt8]

  package init(host: String, port: UInt16, opening: [UInt8] = []) {
    (self.host, self.port, self.opening) = (host, port, opening)
  }
}

/// What becomes of what comes to a socket that was handed to a server.
package enum AdoptedPlace: Sendable, Equatable {
  /// It is answered here.
  case here
  case elsewhere(RelayTarget)
  /// There is nobody at that address.
  case nowhere
}
