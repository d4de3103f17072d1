extension String {
  /// The text in ASCII, for a field value or a reason phrase, which clients read as Latin-1 or not at
  /// all: typographic marks as their plain forms, other characters as `\\u{e9}`.
  package var asFieldText: String {
    // As most of what is said here stands.
    if utf8.allSatisfy({ $0 &- 0x20 < 0x5F }) { return self }
    return escaped { scalar in
      switch scalar {
      case "\u{20}"..."\u{7E}": nil
      case "“", "”": "\""
      case "‘", "’": "'"
      case "–", "—": "-"
      case "…": "..."
      case "×": "x"
      default:
        scalar.value < 0x20 || scalar.value == 0x7F
          ? " " : "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
  }

  /// A text that `asFieldText` has written, with its characters in their place again.
  package var fromFieldText: String {
    guard contains("\\u{") else { return self }
    var text = ""
    var rest = self[...]
    while let mark = rest.range(ofEscape: "\\u{") {
      text += rest[..<mark.lowerBound]
      let behind = rest[mark.upperBound...]
      if let end = behind.firstIndex(of: "}"), let value = UInt32(behind[..<end], radix: 16),
        let scalar = Unicode.Scalar(value)
      {
        text.unicodeScalars.append(scalar)
        rest = behind[behind.index(after: end)...]
      } else {
        text += rest[mark]
        rest = behind
      }
    }
    return text + rest
  }
}

extension Substring {
  /// Where that stands first.
  fileprivate func range(ofEscape mark: String) -> Range<Index>? {
    var start = startIndex
    while let head = self[start...].firstIndex(of: "\\") {
      if self[head...].utf8.starts(with: mark.utf8) {
        return head..<utf8.index(head, offsetBy: mark.utf8.count)
      }
      start = index(after: head)
    }
    return nil
  }
}
