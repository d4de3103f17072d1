package import HTTPModel

extension JSONWriter {
  /// An array of field lines, each an object of `name` and `value`.
  ///
  /// Most are written from where they lie; as text are those made that may be shown otherwise than they
  /// are, and what is not ASCII and so may be no UTF-8.
  /// - Parameters:
  ///   - mayHide: whether a field of that name may be shown otherwise.
  ///   - shown: a value as it is shown, by the field's name.
  package mutating func array(
    _ name: StaticString, of fields: Fields, mayHide: (_ name: Span<UInt8>) -> Bool,
    shown: (_ value: String, _ name: String) -> String
  ) {
    array(name) { json in
      let bytes = fields.bytes.span
      // Nearly always all of them: so it is one look.
      let areASCII = bytes.isASCII
      for line in fields.lines {
        let (name, value) = (bytes.extracting(line.name), bytes.extracting(line.value))
        if areASCII || (name.isASCII && value.isASCII), !mayHide(name) {
          json.field(name, value)
        } else {
          let name = String(decoding: fields.bytes[line.name], as: UTF8.self)
          let value = String(decoding: fields.bytes[line.value], as: UTF8.self)
          json.field(name.utf8.span, shown(value, name).utf8.span)
        }
      }
    }
  }

  private mutating func field(_ name: Span<UInt8>, _ value: Span<UInt8>) {
    // SAFETY: read during the call alone.
    unsafe name.withUnsafeBufferPointer { name in
      unsafe value.withUnsafeBufferPointer { value in unsafe putField(name, value) }
    }
  }
}

extension Span<UInt8> {
  fileprivate var isASCII: Bool {
    var all: UInt8 = 0
    for index in indices { all |= self[index] }
    return all < 0x80
  }
}
