package import PayloadCodecs

/// Something that a service lets happen by `emit`, as a scenario writes it: an object whose key names
/// it, with further keys beside that.
package struct ServiceEvent: Sendable {
  package var name: String
  /// The event's members as JSON Schema, its own name first.
  package var properties: JSONObject
  /// Says what is wrong with an event, whatever the world may be when it happens.
  package var check: @Sendable (ScenarioReader) -> Void
  /// What its value can be, where the scenario itself decides that; nil: that is seen when it happens.
  package var values: (@Sendable (WorldSeed) -> [String])?

  package init(
    _ name: String, _ value: JSON, beside others: JSONObject = JSONObject(),
    values: (@Sendable (WorldSeed) -> [String])? = nil,
    check: @escaping @Sendable (ScenarioReader) -> Void
  ) {
    self.name = name
    properties = JSONObject([(name, value)] + others.members)
    self.values = values
    self.check = check
  }
}
