/// Writes YAML the way Shipyard's editor shows it: four spaces for each level, lists indented under
/// their key, text of several lines as a block, quotes only where some YAML version needs them.
///
/// - Source: the Shipyard contract, "Layout of generated YAML" and "What the writer must avoid".
package struct YAMLWriter: Sendable {
  static let step = 4

  package internal(set) var bytes: [UInt8] = []
  /// Of what is written piece by piece (`YAMLWriter+Pieces`): of its lines, and whether the next one goes on where
  /// the text stands.
  var indent = 0
  var goesOn = false

  package init() { bytes.reserveCapacity(512) }

  /// One document in UTF-8, members in their order; ends with a line break.
  package static func write(_ value: JSON) -> [UInt8] {
    var writer = YAMLWriter()
    writer.root(value)
    return writer.bytes
  }

  private mutating func root(_ value: JSON) {
    switch value {
    case .object(let object) where !object.isEmpty: mapping(object, indent: 0, isInline: true)
    case .array(let elements) where !elements.isEmpty: sequence(elements, indent: 0, isInline: true)
    default: scalar(value, indent: 0)
    }
  }

  /// - Parameter isInline: the first line goes on where the text stands.
  mutating func mapping(_ object: JSONObject, indent: Int, isInline: Bool) {
    var isFirst = isInline
    // By spans: what is looked at in its place is not retained.
    let members = object.members.span
    for index in members.indices {
      if !isFirst { spaces(indent) }
      isFirst = false
      key(members[index].key, indent: indent)
      switch members[index].value {
      case .object(let object) where !object.isEmpty:
        bytes.append(UInt8(ascii: "\n"))
        mapping(object, indent: indent + Self.step, isInline: false)
      case .array(let elements) where !elements.isEmpty:
        bytes.append(UInt8(ascii: "\n"))
        sequence(elements, indent: indent + Self.step, isInline: false)
      default:
        bytes.append(UInt8(ascii: " "))
        scalar(members[index].value, indent: indent + Self.step)
      }
    }
  }

  mutating func sequence(_ elements: [JSON], indent: Int, isInline: Bool) {
    var isFirst = isInline
    for element in elements {
      if !isFirst { spaces(indent) }
      isFirst = false
      raw("- ")
      switch element {
      case .object(let object) where !object.isEmpty:
        mapping(object, indent: indent + 2, isInline: true)
      case .array(let elements) where !elements.isEmpty:
        sequence(elements, indent: indent + 2, isInline: true)
      default: scalar(element, indent: indent + Self.step)
      }
    }
  }

  mutating func raw(_ text: String) { bytes.append(textOf: text) }

  mutating func spaces(_ count: Int) {
    guard count > 0 else { return }
    bytes.append(addingCapacity: count) { output in
      for _ in 0..<count { output.append(UInt8(ascii: " ")) }
    }
  }

  /// A reader looks for a key's colon on the same line, and no further than 1024 characters.
  mutating func key(_ name: String, indent: Int) {
    let start = bytes.count
    string(name.utf8.span, mayBeBlock: false, indent: indent)
    if bytes.count - start >= 1000, characterCount(from: start) >= 1000 {
      bytes.insert(contentsOf: "? ".utf8, at: start)
      bytes.append(UInt8(ascii: "\n"))
      spaces(indent)
    }
    bytes.append(UInt8(ascii: ":"))
  }

  private func characterCount(from start: Int) -> Int {
    // All but the bytes that go on with a character.
    bytes[start...].count { $0 & 0xc0 != 0x80 }
  }

  /// - Parameter indent: of a block's lines.
  mutating func scalar(_ value: JSON, indent: Int) {
    switch value {
    case .null: raw("null")
    case .bool(let flag): raw(flag ? "true" : "false")
    case .integer(let number): raw(String(number))
    case .decimal(let number): raw(number)
    case .array: raw("[]")
    case .object: raw("{}")
    case .string(let text): string(text.utf8.span, mayBeBlock: true, indent: indent)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  mutating func string(_ text: Span<UInt8>, mayBeBlock: Bool, indent: Int) {
    switch YAMLScalarForm(text, mayBeBlock: mayBeBlock) {
    case .plain: append(text, 0..<text.count)
    case .singleQuoted: singleQuoted(text)
    case .doubleQuoted: doubleQuoted(text)
    case .block: block(text, indent: max(indent, Self.step))
    }
  }

  private mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
    bytes.append(contentsOf: text.extracting(range))
  }

  private mutating func singleQuoted(_ text: Span<UInt8>) {
    bytes.append(UInt8(ascii: "'"))
    for index in text.indices {
      if text[index] == UInt8(ascii: "'") { bytes.append(UInt8(ascii: "'")) }
      bytes.append(text[index])
    }
    bytes.append(UInt8(ascii: "'"))
  }

  private mutating func doubleQuoted(_ text: Span<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    var index = 0
    while index < text.count {
      let width = text.unprintableWidth(at: index)
      switch text[index] {
      case UInt8(ascii: "\""): raw("\\\"")
      case UInt8(ascii: "\\"): raw("\\\\")
      case UInt8(ascii: "\n"): raw("\\n")
      case UInt8(ascii: "\t"): raw("\\t")
      case UInt8(ascii: "\r"): raw("\\r")
      case 0: raw("\\0")
      case let byte where width == 0: bytes.append(byte)
      case let byte where width == 1: escaped("x", UInt32(byte), digits: 2)
      case let byte where width == 2:
        escaped("x", UInt32(byte & 0x1f) << 6 | UInt32(text[index + 1] & 0x3f), digits: 2)
      case let byte:
        let value = UInt32(byte & 0x0f) << 12 | UInt32(text[index + 1] & 0x3f) << 6
        escaped("u", value | UInt32(text[index + 2] & 0x3f), digits: 4)
      }
      index += max(width, 1)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escaped(_ letter: Unicode.Scalar, _ value: UInt32, digits: Int) {
    bytes.append(UInt8(ascii: "\\"))
    bytes.append(UInt8(ascii: letter))
    for place in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: value >> (4 * UInt32(place))) & 0x0f
      bytes.append(digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
  }

  /// A header, and below it the lines. The last line break belongs to the text itself; more of them
  /// are kept with `+`, none is said with `-`.
  private mutating func block(_ text: Span<UInt8>, indent: Int) {
    let lineFeed = UInt8(ascii: "\n")
    let endsLine = text[text.count - 1] == lineFeed
    let end = endsLine ? text.count - 1 : text.count
    bytes.append(UInt8(ascii: "|"))
    if !endsLine {
      bytes.append(UInt8(ascii: "-"))
    } else if text[end - 1] == lineFeed {
      bytes.append(UInt8(ascii: "+"))
    }
    var start = 0
    while start <= end {
      var next = start
      while next < end, text[next] != lineFeed { next += 1 }
      bytes.append(lineFeed)
      if next > start {
        spaces(indent)
        append(text, start..<next)
      }
      start = next + 1
    }
  }
}

/// How one string is written.
enum YAMLScalarForm {
  case plain, singleQuoted, doubleQuoted
  /// A literal block, for text of several lines that it can carry unchanged: its first line must not
  /// begin with white space, for the reader takes the indentation from there.
  case block

  init(_ text: Span<UInt8>, mayBeBlock: Bool) {
    var hasLineFeed = false
    var hasTab = false
    // Where a plain text would end: in front of a comment, or behind a key.
    var isCut = false
    var before: UInt8 = 0
    var index = 0
    while index < text.count {
      let plain = text.plainCount(from: index)
      if plain > 0 {
        index += plain
        before = text[index - 1]
        continue
      }
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\n"): hasLineFeed = true
      case UInt8(ascii: "\t"): hasTab = true
      case UInt8(ascii: " "): if before == UInt8(ascii: ":") { isCut = true }
      case UInt8(ascii: "#"): if before == UInt8(ascii: " ") { isCut = true }
      default:
        if byte < 0x20 || byte >= 0x7f, text.unprintableWidth(at: index) > 0 {
          self = .doubleQuoted
          return
        }
      }
      before = byte
      index += 1
    }
    if hasLineFeed || hasTab {
      let beginsWithSpace = text[0] == 0x0a || text[0] == 0x20 || text[0] == 0x09
      self = mayBeBlock && hasLineFeed && !beginsWithSpace ? .block : .doubleQuoted
    } else if YAMLCoreSchema.isAmbiguous(text) {
      self = .doubleQuoted
    } else {
      self = !isCut && Self.mayBePlain(text) ? .plain : .singleQuoted
    }
  }

  /// By its first and its last character.
  private static func mayBePlain(_ text: Span<UInt8>) -> Bool {
    let last = text[text.count - 1]
    guard last != UInt8(ascii: " "), last != UInt8(ascii: ":") else { return false }
    switch Unicode.Scalar(text[0]) {
    case "-", "?", ":": return text.count > 1 && text[1] != 0x20 && !beginsWithThree("-", text)
    case " ", ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
      return false
    case ".": return !beginsWithThree(".", text)
    default: return true
    }
  }

  private static func beginsWithThree(_ mark: Unicode.Scalar, _ text: Span<UInt8>) -> Bool {
    let byte = UInt8(ascii: mark)
    return text.count >= 3 && text[0] == byte && text[1] == byte && text[2] == byte
  }
}

extension Span<UInt8> {
  /// How many bytes from there on are characters that mean nothing in YAML but themselves, wherever they stand
  /// within a text: ASCII behind `#`. Counted by eights.
  fileprivate func plainCount(from start: Int) -> Int {
    var index = start
    while index + 8 <= count {
      let found = Self.plainCount(of: word(at: index))
      index += found
      if found < 8 { return index - start }
    }
    let left = count - index
    return index - start + (left > 0 ? Swift.min(left, Self.plainCount(of: tail(from: index))) : 0)
  }

  /// How many of eight bytes, from the lowest on.
  private static func plainCount(of word: UInt64) -> Int {
    // The high bit of a byte that is below `$`, or of one that is not below DEL.
    let marked =
      (word &- 0x2424_2424_2424_2424) & ~word | (word &+ 0x0101_0101_0101_0101) | word
    // The lowest bit is that of the first such byte.
    return (marked & 0x8080_8080_8080_8080).trailingZeroBitCount / 8
  }

  private func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index + 8 <= count)
    // SAFETY: the eight bytes lie within the span, checked above; an integer may have any bits.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
  }

  /// What is left from there on, fewer than eight bytes, with letters behind it.
  private func tail(from index: Int) -> UInt64 {
    let left = count - index
    var word: UInt64 = 0x6161_6161_6161_6161
    if count >= 8 {
      let last = self.word(at: count - 8)
      return last &>> UInt64(8 * (8 - left)) | word &<< UInt64(8 * left)
    }
    for place in (index..<count).reversed() { word = word &<< 8 | UInt64(self[place]) }
    return word
  }

  /// How many bytes the character has that begins here, when some version of YAML takes it for a
  /// line break or for none that may be printed; else 0. The bytes are valid UTF-8.
  fileprivate func unprintableWidth(at index: Int) -> Int {
    switch self[index] {
    case 0..<0x20, 0x7f: 1
    case 0xc2: self[index + 1] < 0xa0 ? 2 : 0
    // LS and PS.
    case 0xe2: self[index + 1] == 0x80 && self[index + 2] & 0xfe == 0xa8 ? 3 : 0
    // The byte order mark and the two that are no characters.
    case 0xef:
      self[index + 1] == 0xbb && self[index + 2] == 0xbf
        || self[index + 1] == 0xbf && self[index + 2] >= 0xbe ? 3 : 0
    default: 0
    }
  }
}
