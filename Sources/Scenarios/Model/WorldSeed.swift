package import PayloadCodecs

/// What a tenant starts from: its part of the scenario for one service, decoded by the service.
package struct WorldSeed: Sendable {
  /// The scenario's `given.<service>`; nil: the service's built-in world.
  package var given: JSON?
  /// The scenario's `behaviors.<service>`.
  package var behaviors: JSON?
  /// Refuse what the real service of today refuses, even where its documentation shows it.
  package var isStrict: Bool

  /// Whether the scenario says nothing of this service.
  package var isEmpty: Bool { given == nil && behaviors == nil }

  package init(given: JSON? = nil, behaviors: JSON? = nil, isStrict: Bool = false) {
    self.given = given
    self.behaviors = behaviors
    self.isStrict = isStrict
  }
}
