package import PayloadCodecs

/// Something that a service lets happen by `emit`, as a scenario writes it: an object whose key names
/// it, with further keys beside that.
package struct ServiceEvent: Sendable {
  package var name: String
  /// The whole event.
  package var form: Form<Void>
  /// What its value can be, where the scenario itself decides that; nil: that is seen when it happens.
  package var values: (@Sendable (WorldSeed) -> [String])?
  /// What takes one of them back; nil: nothing does.
  package var opposite: (@Sendable (JSONObject) -> JSONObject?)?

  package init<Value>(
    _ name: String, _ form: Form<Value>, values: (@Sendable (WorldSeed) -> [String])? = nil,
    opposite: (@Sendable (JSONObject) -> JSONObject?)? = nil
  ) {
    self.name = name
    self.form = form.map { _ in }
    self.values = values
    self.opposite = opposite
  }
}
