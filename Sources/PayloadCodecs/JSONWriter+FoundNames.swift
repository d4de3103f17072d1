/// Members whose names are found while the program runs: see `JSONWriter.key`.
extension JSONWriter {
  /// An object as the member of one.
  @_disfavoredOverload
  public mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  /// An array as the member of an object.
  @_disfavoredOverload
  public mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    array(body)
  }

  @_disfavoredOverload
  public mutating func member(_ name: String, _ value: String) {
    key(name)
    self.value(value)
  }
  @_disfavoredOverload
  public mutating func member(_ name: String, _ value: Int) {
    key(name)
    self.value(value)
  }
  @_disfavoredOverload
  public mutating func member(_ name: String, _ value: Bool) {
    key(name)
    self.value(value)
  }
  @_disfavoredOverload
  public mutating func member(_ name: String, _ value: JSON) {
    key(name)
    self.value(value)
  }
  /// Writes nothing at all when the value is nil.
  @_disfavoredOverload
  public mutating func member(ifPresent name: String, _ value: String?) {
    if let value { member(name, value) }
  }
}
