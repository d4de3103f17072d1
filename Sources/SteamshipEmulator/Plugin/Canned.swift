import PayloadCodecs

/// What the built-in plugins answer: deterministic text work that stands in for models.
/// Fidelity: assumed in content; the counts that the SDK's tests demand hold (contract §2.3).
enum Canned {
  /// A span of text in characters (Unicode scalars), as the client counts.
  struct Span: Equatable {
    var start: Int
    var end: Int
    var text: String
  }

  /// Runs of letters and digits.
  static func words(_ text: String) -> [Span] {
    spans(text) { scalar in
      guard scalar.isASCII else { return scalar.properties.isAlphabetic }
      let byte = UInt8(truncatingIfNeeded: scalar.value)
      return (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "'")
        || byte == UInt8(ascii: "_")
    }
  }

  /// Parts that end in a full stop, a question mark, an exclamation mark or a line end.
  static func sentences(_ text: String) -> [Span] {
    let scalars = Array(text.unicodeScalars)
    let ends: [Unicode.Scalar] = [".", "!", "?", "\n"]
    var found: [Span] = []
    var start = 0
    for (index, scalar) in scalars.enumerated()
    where ends.contains(scalar) || index == scalars.count - 1 {
      let part = start...index
      start = index + 1
      let leading = part.prefix { scalars[$0].properties.isWhitespace }.count
      guard leading < part.count else { continue }
      let trailing = part.reversed().prefix { scalars[$0].properties.isWhitespace }.count
      let (first, last) = (part.lowerBound + leading, part.upperBound - trailing)
      let body = String(String.UnicodeScalarView(scalars[first...last]))
      found.append(Span(start: first, end: last + 1, text: body))
    }
    return found
  }

  private static func spans(_ text: String, _ belongs: (Unicode.Scalar) -> Bool) -> [Span] {
    var found: [Span] = []
    /// Where the span that goes on began.
    var begun: (place: String.Index, index: Int)?
    var index = 0
    let scalars = text.unicodeScalars
    func end(at place: String.Index) {
      guard let (start, first) = begun else { return }
      found.append(Span(start: first, end: index, text: String(scalars[start..<place])))
      begun = nil
    }
    for place in scalars.indices {
      if belongs(scalars[place]) {
        if begun == nil { begun = (place, index) }
      } else {
        end(at: place)
      }
      index += 1
    }
    end(at: scalars.endIndex)
    return found
  }

  /// Markdown taken apart: headings `#` to `#####`, and paragraphs between empty lines.
  static func markdownBlocks(_ text: String) -> [(text: String, name: String)] {
    var found: [(text: String, name: String)] = []
    var paragraph: [Substring] = []
    func flush() {
      let joined = paragraph.joined(separator: "\n")
      if !joined.isEmpty { found.append((joined, "paragraph")) }
      paragraph = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let body = line.hasSuffix("\r") ? line.dropLast() : line
      let level = body.utf8.prefix { $0 == UInt8(ascii: "#") }.count
      if (1...5).contains(level), body.utf8.dropFirst(level).first == UInt8(ascii: " ") {
        flush()
        let title = body.dropFirst(level).utf8.drop { $0 == UInt8(ascii: " ") }
        found.append((String(Substring(title)), "h\(level)"))
      } else if body.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
        flush()
      } else {
        paragraph.append(body)
      }
    }
    flush()
    return found
  }

  /// At most `count` words.
  static func limit(_ text: String, toWords count: Int?) -> String {
    guard let count else { return text }
    return text.split(separator: " ", omittingEmptySubsequences: false).prefix(max(0, count))
      .joined(separator: " ")
  }

  /// The bytes that the SDK's tests expect of `test-image-generator`.
  static let testImage = Array("PRETEND THIS IS THE DATA OF AN IMAGE".utf8)

  /// A PNG of one pixel.
  static let pixel =
    Base64.decode(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      .exact) ?? []

  /// A WAV file without sound.
  static let silence: [UInt8] =
    Array("RIFF".utf8) + [36, 0, 0, 0] + Array("WAVEfmt ".utf8)
    + [16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0]
    + Array("data".utf8) + [0, 0, 0, 0]

  /// The first box of an MP4 file that holds sound alone.
  static let audio: [UInt8] =
    [0, 0, 0, 20] + Array("ftypM4A ".utf8) + [0, 0, 2, 0] + Array("isom".utf8)

  /// The first box of an MP4 file.
  static let video: [UInt8] =
    [0, 0, 0, 20] + Array("ftypisom".utf8) + [0, 0, 2, 0] + Array("isom".utf8)
}
