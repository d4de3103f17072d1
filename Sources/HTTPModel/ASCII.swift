extension UInt8 {
  /// The byte with A–Z turned to a–z.
  package var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

  /// What the byte means as a hexadecimal digit, in either case.
  @inlinable @inline(__always) package var hexDigitValue: UInt8? {
    let digit = self &- 0x30
    if digit < 10 { return digit }
    let letter = (self | 0x20) &- 0x61
    return letter < 6 ? letter + 10 : nil
  }
}

extension ArraySlice<UInt8> {
  /// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  package var trimmingOptionalWhitespace: ArraySlice<UInt8> {
    let bytes = span
    var (start, end) = (0, bytes.count)
    while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return end - start == bytes.count ? self : self[startIndex + start..<startIndex + end]
  }
}

extension String {
  /// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  package func trimmingOptionalWhitespace() -> String {
    var view = Substring(self).utf8
    while let first = view.first, first == 0x20 || first == 0x09 { view.removeFirst() }
    while let last = view.last, last == 0x20 || last == 0x09 { view.removeLast() }
    return String(Substring(view))
  }
}
