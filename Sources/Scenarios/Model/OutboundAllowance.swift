import PayloadCodecs

/// For whom a service calls a place outside that a client has named: a URL to fetch, a server that
/// stands behind an instance. Places that a scenario names are its author's own and always called.
///
/// Who can make a server call where he likes sees the network with the server's eyes, so by default
/// only those may who could as well call from here themselves.
package enum OutboundAllowance: String, Sendable, CaseIterable {
  case local
  case any
  case none

  /// Both have their say: the command line for the server, the scenario for its tenant.
  package func joined(with other: Self) -> Self {
    if self == .none || other == .none { return .none }
    return self == .any ? self : other
  }
}
