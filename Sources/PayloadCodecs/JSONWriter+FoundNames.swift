/// Members whose names are found while the program runs: see `JSONWriter.key`.
extension JSONWriter {
  /// An object as the member of one.
  @inlinable @inline(__always)
  public mutating func object(named name: String, _ body: (inout JSONWriter) -> Void) {
    key(named: name)
    object(body)
  }

  /// An array as the member of an object.
  @inlinable @inline(__always)
  public mutating func array(named name: String, _ body: (inout JSONWriter) -> Void) {
    key(named: name)
    array(body)
  }

  public mutating func member(named name: String, _ value: String) {
    // SAFETY: both are read during the call alone.
    let isWritten: Void?? = unsafe name.utf8.withContiguousStorageIfAvailable { name in
      unsafe value.utf8.withContiguousStorageIfAvailable { value in unsafe put(name, value) }
    }
    guard case .some(.some) = isWritten else {
      key(named: name)
      return self.value(value)
    }
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
