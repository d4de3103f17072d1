/// Containers whose members are put in order once all of them are there.
///
/// Each piece, a member or an element, is written behind a comma; the first one's gives way to the bracket
/// when the container is closed. Meanwhile its text is what stands in the buffer from where it began.
extension JSONWriter {
  /// Where the next piece or value will stand.
  package var length: Int { bytes.count }

  /// The name of a member; its value comes next.
  package mutating func beginMember(_ name: String) {
    needsComma = true
    key(named: name)
  }

  /// The value comes next.
  package mutating func beginElement() {
    bytes.append(UInt8(ascii: ","))
    needsComma = false
  }

  /// Takes back what was written from there on.
  package mutating func takeBack(to length: Int) {
    bytes.removeLast(bytes.count - length)
    needsComma = false
  }

  /// Encloses all pieces from there on.
  package mutating func close(from start: Int, isArray: Bool) {
    let (first, last) = isArray ? (UInt8(ascii: "["), UInt8(ascii: "]")) : (0x7B, 0x7D)
    if start == bytes.count { bytes.append(first) } else { bytes[start] = first }
    bytes.append(last)
    needsComma = false
  }

  /// Puts other text in the place of all from there on.
  package mutating func replace(from start: Int, by text: Span<UInt8>) {
    bytes.removeLast(bytes.count - start)
    bytes.append(contentsOf: text)
  }

  /// Text of a value, or of pieces, that were written elsewhere.
  package mutating func append(written text: Span<UInt8>) { bytes.append(contentsOf: text) }

  /// Forgets all, and keeps its room unless that is large.
  package mutating func empty() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 16)
    needsComma = false
  }
}
