/// Members whose names are found while the program runs: see `JSONWriter.key`.
extension JSONWriter {
  /// An object as the member of one.
  public mutating func object(named name: String, _ body: (inout JSONWriter) -> Void) {
    key(named: name)
    object(body)
  }

  /// An array as the member of an object.
  public mutating func array(named name: String, _ body: (inout JSONWriter) -> Void) {
    key(named: name)
    array(body)
  }

  public mutating func member(named name: String, _ value: String) {
    key(named: name)
    self.value(value)
  }
  public mutating func member(named name: String, _ value: Int) {
    key(named: name)
    self.value(value)
  }
  public mutating func member(named name: String, _ value: Bool) {
    key(named: name)
    self.value(value)
  }
  public mutating func member(named name: String, _ value: JSON) {
    key(named: name)
    self.value(value)
  }
}
