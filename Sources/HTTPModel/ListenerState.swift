/// How a listener with a port of its own takes connections: all but `open` are failures made on purpose.
public enum ListenerState: String, Sendable, CaseIterable {
  case open
  /// Connections come into being, and nobody takes them: what is sent there is never answered.
  case neverAccept
  /// No more connections fit into the backlog: who connects hears nothing at all.
  case fullBacklog
  /// Nobody listens: who connects is refused.
  case refuse

  /// How much a client can still do, the less the higher.
  public var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
