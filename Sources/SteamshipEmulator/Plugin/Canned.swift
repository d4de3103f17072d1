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
    var found: [Span] = []
    forEachWord(of: text) { word, start, end in
      found.append(Span(start: start, end: end, text: String(word)))
    }
    return found
  }

  /// Parts that end in a full stop, a question mark, an exclamation mark or a line end.
  static func sentences(_ text: String) -> [Span] {
    let scalars = text.unicodeScalars
    var found: [Span] = []
    /// Where the part that goes on has its first and its last character that is no space.
    var first: (place: String.Index, index: Int)?
    var last = (place: scalars.startIndex, index: 0)
    func end() {
      guard let (start, number) = first else { return }
      let body = String(scalars[start..<last.place])
      found.append(Span(start: number, end: last.index, text: body))
      first = nil
    }
    var place = scalars.startIndex
    var index = 0
    while place < scalars.endIndex {
      let scalar = scalars[place]
      let next = scalars.index(after: place)
      if !isSpace(scalar) {
        if first == nil { first = (place, index) }
        last = (next, index + 1)
      }
      switch scalar {
      case ".", "!", "?", "\n": end()
      default: break
      }
      place = next
      index += 1
    }
    end()
    return found
  }

  /// Each run of letters and digits with its place in characters; what it gives is a part of the text.
  static func forEachWord(
    of text: String, _ body: (_ word: Substring, _ start: Int, _ end: Int) -> Void
  ) {
    /// Where the word that goes on began.
    var begun: (place: String.Index, index: Int)?
    let scalars = text.unicodeScalars
    var place = scalars.startIndex
    var index = 0
    while place < scalars.endIndex {
      if isOfWord(scalars[place]) {
        if begun == nil { begun = (place, index) }
      } else if let (start, first) = begun {
        body(Substring(scalars[start..<place]), first, index)
        begun = nil
      }
      place = scalars.index(after: place)
      index += 1
    }
    if let (start, first) = begun { body(Substring(scalars[start..<place]), first, index) }
  }

  /// Of ASCII without a look into the tables of Unicode.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII else { return scalar.properties.isWhitespace }
    return scalar == " " || (0x09...0x0D).contains(scalar.value)
  }

  private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII else { return scalar.properties.isAlphabetic }
    let byte = UInt8(truncatingIfNeeded: scalar.value)
    return (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "'")
      || byte == UInt8(ascii: "_")
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
