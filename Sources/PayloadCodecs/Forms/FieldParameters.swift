import HTTPModel

/// A field value of the form `head; name=value; name="quoted"; name*=UTF-8''percent`.
///
/// Source: RFC 9110 §5.6.6; RFC 8187 for the extended form; RFC 7578 §4.2 and the HTML standard for
/// raw UTF-8 inside quotes.
package struct FieldParameters: Sendable, Equatable {
  package private(set) var head: String
  /// Names in lower case. Malformed pieces are left out.
  private var pairs: [(name: String, value: String)] = []
  /// Whether some name may be an extended one, which few are.
  private var areExtended = false

  package init(_ text: String) { self.init(text.utf8.span) }

  /// - Parameter bytes: The value as it came; what is no UTF-8 in it is replaced.
  init(_ bytes: Span<UInt8>) {
    var index = Self.end(bytes, 0)
    head = Self.trimmed(bytes, 0..<index)
    while index < bytes.count {
      index += 1
      let start = index
      while index < bytes.count, bytes[index] != UInt8(ascii: "="),
        bytes[index] != UInt8(ascii: ";")
      {
        index += 1
      }
      let place = bytes.trimmingOptionalWhitespace(start..<index)
      let name = Self.text(bytes, place).asciiLowercased
      guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else { continue }
      index += 1
      let value = Self.value(bytes, &index)
      guard !place.isEmpty else { continue }
      if bytes[place.upperBound - 1] == UInt8(ascii: "*") { areExtended = true }
      // A part of a form has a name and a file's name.
      if pairs.isEmpty { pairs.reserveCapacity(2) }
      pairs.append((name, value))
    }
  }

  /// The value of a parameter; its extended form (`name*`) wins if it can be decoded.
  package subscript(_ name: String) -> String? {
    if areExtended, let extended = first(name + "*"), let text = Self.decodeExtended(extended) {
      return text
    }
    return first(name)
  }

  private func first(_ name: String) -> String? {
    for index in pairs.indices where pairs[index].name.isExactly(name) { return pairs[index].value }
    return nil
  }

  package static func == (left: FieldParameters, right: FieldParameters) -> Bool {
    left.head == right.head
      && left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Reads a token or quoted string and whatever follows it up to the next semicolon.
  private static func value(_ bytes: Span<UInt8>, _ index: inout Int) -> String {
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    let start = index
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
      index = end(bytes, index)
      return trimmed(bytes, start..<index)
    }
    index += 1
    let first = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""),
      bytes[index] != UInt8(ascii: "\\")
    {
      index += 1
    }
    defer { index = end(bytes, index) }
    // Nearly all: nothing in it is quoted once more.
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\\") else {
      return text(bytes, first..<index)
    }
    var text: [UInt8] = []
    text.append(contentsOf: bytes.extracting(first..<index))
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      // A backslash quotes only what needs it: old browsers send whole Windows paths.
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count,
        bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "\\")
      {
        index += 1
      }
      text.append(bytes[index])
      index += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The next semicolon from `index` on, or the end.
  private static func end(_ bytes: Span<UInt8>, _ index: Int) -> Int {
    bytes.firstIndex(of: UInt8(ascii: ";"), from: index, to: bytes.count)
  }

  /// `charset'language'percent-encoded`, of UTF-8 or Latin-1.
  private static func decodeExtended(_ text: String) -> String? {
    let pieces = Array(text.utf8).split(
      separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, let bytes = PercentCoding.decodeStrictly(pieces[2]) else {
      return nil
    }
    switch String(decoding: pieces[0], as: UTF8.self).asciiLowercased {
    case "utf-8": return String(validating: bytes, as: UTF8.self)
    case "iso-8859-1":
      var latin = String.UnicodeScalarView()
      for byte in bytes { latin.append(Unicode.Scalar(byte)) }
      return String(latin)
    default: return nil
    }
  }

  private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    text(bytes, bytes.trimmingOptionalWhitespace(range))
  }

  static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    // SAFETY: read within the closure.
    unsafe bytes.extracting(range).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
  }
}
