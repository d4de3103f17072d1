import HTTPModel

/// A field value of the form `head; name=value; name="quoted"; name*=UTF-8''percent`.
///
/// Source: RFC 9110 §5.6.6; RFC 8187 for the extended form; RFC 7578 §4.2 and the HTML standard for
/// raw UTF-8 inside quotes.
package struct FieldParameters: Sendable, Equatable {
  package private(set) var head: String
  /// Names in lower case. Malformed pieces are left out.
  private var pairs: [(name: String, value: String)] = []

  package init(_ text: String) { self.init(Array(text.utf8)[...]) }

  /// - Parameter bytes: The value as it came; what is no UTF-8 in it is replaced.
  init(_ bytes: ArraySlice<UInt8>) {
    var index = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.endIndex
    head = Self.trimmed(bytes[..<index])
    while index < bytes.endIndex {
      index += 1
      let start = index
      while index < bytes.endIndex, bytes[index] != UInt8(ascii: "="),
        bytes[index] != UInt8(ascii: ";")
      {
        index += 1
      }
      let name = Self.trimmed(bytes[start..<index]).asciiLowercased
      guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "=") else { continue }
      index += 1
      let value = Self.value(bytes, &index)
      if !name.isEmpty { pairs.append((name, value)) }
    }
  }

  /// The value of a parameter; its extended form (`name*`) wins if it can be decoded.
  package subscript(_ name: String) -> String? {
    if let extended = first(name + "*"), let text = Self.decodeExtended(extended) { return text }
    return first(name)
  }

  private func first(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

  package static func == (left: FieldParameters, right: FieldParameters) -> Bool {
    left.head == right.head
      && left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Reads a token or quoted string and whatever follows it up to the next semicolon.
  private static func value(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> String {
    while index < bytes.endIndex, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    let start = index
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "\"") else {
      while index < bytes.endIndex, bytes[index] != UInt8(ascii: ";") { index += 1 }
      return trimmed(bytes[start..<index])
    }
    index += 1
    let first = index
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\""),
      bytes[index] != UInt8(ascii: "\\")
    {
      index += 1
    }
    defer { while index < bytes.endIndex, bytes[index] != UInt8(ascii: ";") { index += 1 } }
    // Nearly all: nothing in it is quoted once more.
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "\\") else {
      return String(decoding: bytes[first..<index], as: UTF8.self)
    }
    var text = Array(bytes[first..<index])
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
      // A backslash quotes only what needs it: old browsers send whole Windows paths.
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.endIndex,
        bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "\\")
      {
        index += 1
      }
      text.append(bytes[index])
      index += 1
    }
    return String(decoding: text, as: UTF8.self)
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

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.trimmingOptionalWhitespace, as: UTF8.self)
  }
}
