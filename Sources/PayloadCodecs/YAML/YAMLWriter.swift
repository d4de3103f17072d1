/// Writes YAML the way Shipyard's editor shows it: four spaces for each level, lists indented under
/// their key, text of several lines as a block, quotes only where some YAML version needs them.
///
/// - Source: the Shipyard contract, "Layout of generated YAML" and "What the writer must avoid".
package struct YAMLWriter: Sendable {
  private static let step = 4

  private var text = ""

  package init() {}

  /// One document, members in their order; ends with a line break.
  package static func write(_ value: JSON) -> String {
    var writer = YAMLWriter()
    writer.root(value)
    return writer.text
  }

  private mutating func root(_ value: JSON) {
    switch value {
    case .object(let object) where !object.isEmpty: mapping(object, indent: 0, isInline: true)
    case .array(let elements) where !elements.isEmpty: sequence(elements, indent: 0, isInline: true)
    default: scalar(value, indent: 0)
    }
  }

  /// - Parameter isInline: the first line goes on where the text stands.
  private mutating func mapping(_ object: JSONObject, indent: Int, isInline: Bool) {
    var isFirst = isInline
    for (name, value) in object.members {
      if !isFirst { spaces(indent) }
      isFirst = false
      key(name, indent: indent)
      switch value {
      case .object(let object) where !object.isEmpty:
        text += "\n"
        mapping(object, indent: indent + Self.step, isInline: false)
      case .array(let elements) where !elements.isEmpty:
        text += "\n"
        sequence(elements, indent: indent + Self.step, isInline: false)
      default:
        text += " "
        scalar(value, indent: indent + Self.step)
      }
    }
  }

  private mutating func sequence(_ elements: [JSON], indent: Int, isInline: Bool) {
    var isFirst = isInline
    for element in elements {
      if !isFirst { spaces(indent) }
      isFirst = false
      text += "- "
      switch element {
      case .object(let object) where !object.isEmpty:
        mapping(object, indent: indent + 2, isInline: true)
      case .array(let elements) where !elements.isEmpty:
        sequence(elements, indent: indent + 2, isInline: true)
      default: scalar(element, indent: indent + Self.step)
      }
    }
  }

  private mutating func spaces(_ count: Int) {
    for _ in 0..<count { text.unicodeScalars.append(" ") }
  }

  /// A reader looks for a key's colon on the same line, and no further than 1024 characters.
  private mutating func key(_ name: String, indent: Int) {
    let form = YAMLScalarForm(name, mayBeBlock: false)
    if form.line.unicodeScalars.count < 1000 {
      text += form.line
      text += ":"
    } else {
      text += "? "
      text += form.line
      text += "\n"
      spaces(indent)
      text += ":"
    }
  }

  /// - Parameter indent: of a block's lines.
  private mutating func scalar(_ value: JSON, indent: Int) {
    switch value {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .decimal(let number): text += number
    case .array: text += "[]"
    case .object: text += "{}"
    case .string(let string):
      let form = YAMLScalarForm(string, mayBeBlock: true)
      text += form.line
      for line in form.block {
        text += "\n"
        if !line.isEmpty {
          spaces(max(indent, Self.step))
          text += line
        }
      }
    }
    text += "\n"
  }
}

/// How one string is written.
struct YAMLScalarForm {
  /// What stands on the line of the key.
  let line: String
  /// The lines below it, for a block.
  let block: [Substring]

  init(_ string: String, mayBeBlock: Bool) {
    if mayBeBlock, let (header, lines) = Self.blockForm(string) {
      line = header
      block = lines
    } else {
      line = Self.lineForm(string)
      block = []
    }
  }

  private static func lineForm(_ string: String) -> String {
    guard string.unicodeScalars.allSatisfy(isPlainlyPrintable) else { return doubleQuoted(string) }
    if YAMLCoreSchema.isAmbiguous(string) { return doubleQuoted(string) }
    if mayBePlain(string) { return string }
    return "'"
      + string.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "''") + "'"
  }

  /// Printable in every version and no line break in any.
  private static func isPlainlyPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd,
      0x1_0000...0x10_ffff:
      true
    default: false
    }
  }

  private static func mayBePlain(_ string: String) -> Bool {
    let bytes = string.utf8.span
    guard !bytes.isEmpty, bytes[bytes.count - 1] != 0x20 else { return false }
    let first = bytes[0]
    guard first != 0x20 else { return false }
    switch Unicode.Scalar(first) {
    case "-", "?", ":":
      guard bytes.count > 1, bytes[1] != 0x20, !string.hasPrefix("---") else { return false }
    case ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
      return false
    case ".": guard !string.hasPrefix("...") else { return false }
    default: break
    }
    guard bytes[bytes.count - 1] != UInt8(ascii: ":") else { return false }
    for index in 0..<bytes.count - 1 {
      if bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == 0x20 { return false }
      if bytes[index] == 0x20, bytes[index + 1] == UInt8(ascii: "#") { return false }
    }
    return true
  }

  private static func doubleQuoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case "\u{0}": text += "\\0"
      default:
        if isPlainlyPrintable(scalar) {
          text.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          let (letter, width) = scalar.value < 0x100 ? ("x", 2) : ("u", 4)
          text += "\\" + letter + String(repeating: "0", count: max(0, width - digits.count))
          text += digits
        }
      }
    }
    return text + "\""
  }

  private static func isBlockASCII(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7f || byte == 0x0a || byte == 0x09
  }

  /// A literal block, for text of several lines that it can carry unchanged: its first line must not
  /// begin with white space, for the reader takes the indentation from there.
  private static func blockForm(_ string: String) -> (header: String, lines: [Substring])? {
    guard let first = string.unicodeScalars.first, first != "\n", first != " ", first != "\t",
      string.utf8.contains(0x0a),
      string.utf8.allSatisfy(isBlockASCII)
        || string.unicodeScalars.allSatisfy({
          isPlainlyPrintable($0) || $0 == "\n" || $0 == "\t"
        })
    else { return nil }
    // By bytes, for a line feed may be half of a grapheme.
    var lines = string.utf8.split(separator: 0x0a, omittingEmptySubsequences: false)
      .map { Substring($0) }
    guard lines.last?.isEmpty == true else { return ("|-", lines) }
    lines.removeLast()
    // The last line break belongs to the text itself; more of them are kept with "+".
    return (lines.last?.isEmpty == true ? "|+" : "|", lines)
  }
}
