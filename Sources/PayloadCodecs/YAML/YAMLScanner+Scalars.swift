import HTTPModel

/// Plain, quoted and block scalars.
extension YAMLScanner {
  /// Characters on their way to a text, as UTF-8: a string that grows by single scalars costs ten
  /// times as much.
  private struct Gathered {
    private var bytes: [UInt8] = []

    mutating func append(_ value: UInt32) {
      if value < 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value))
      } else if let scalar = Unicode.Scalar(value) {
        bytes.append(contentsOf: scalar.utf8)
      }
    }
    mutating func append(_ values: some Sequence<UInt32>) { for value in values { append(value) } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// A folded gap: one line break is a space, more are the breaks after the first.
  private static func fold(_ first: UInt32, _ rest: [UInt32]) -> [UInt32] {
    if first != 0x0a { return [first] + rest }
    return rest.isEmpty ? [0x20] : rest
  }

  // MARK: Plain

  mutating func plainScalar() throws(YAMLError) {
    let start = position
    let minimum = indent + 1
    var gathered = Gathered()
    var gap: [UInt32] = []
    while !isNext("#") {
      let from = index
      while !endsPlain { advance() }
      guard index > from else { break }
      allowsKey = false
      gathered.append(gap)
      gathered.append(text[from..<index])
      guard let next = try plainGap(minimum), !next.isEmpty else { break }
      gap = next
      if flowLevel == 0, column < minimum { break }
    }
    add(.scalar(YAMLScalar(text: gathered.text, style: .plain)), at: start)
  }

  private var endsPlain: Bool {
    let character = peek()
    if Self.isGap(character) { return true }
    if character == 0x3a {
      return flowLevel > 0 ? endsPlainInFlow(peek(1)) : Self.isGap(peek(1))
    }
    return flowLevel > 0 && endsPlainInFlow(character)
  }

  /// What lies between two words of a plain scalar; nil when a document mark ends it.
  private mutating func plainGap(_ minimum: Int) throws(YAMLError) -> [UInt32]? {
    let from = index
    while Self.isBlank(peek()) { advance() }
    let blanks = Array(text[from..<index])
    guard let first = takeLineBreak() else { return blanks }
    allowsKey = true
    var breaks: [UInt32] = []
    while true {
      if isAtDocumentMark { return nil }
      while isNext(" ") || (isNext("\t") && (flowLevel > 0 || column >= minimum)) { advance() }
      guard let next = takeLineBreak() else { break }
      breaks.append(next)
    }
    return Self.fold(first, breaks)
  }

  // MARK: Quoted

  mutating func quotedScalar() throws(YAMLError) {
    let start = position
    let quote = peek()
    let isDouble = quote == 0x22
    advance()
    var gathered = Gathered()
    while true {
      let character = peek()
      if character == quote {
        guard !isDouble, peek(1) == quote else { break }
        gathered.append(quote)
        advance(2)
      } else if character == 0 {
        throw YAMLError(.unclosedQuote, start)
      } else if Self.isBlank(character) || Self.isBreak(character) {
        gathered.append(try quotedGap(start))
      } else if isDouble, character == 0x5c {
        try escape(into: &gathered, start)
      } else {
        gathered.append(character)
        advance()
      }
    }
    advance()
    let style: YAMLScalar.Style = isDouble ? .doubleQuoted : .singleQuoted
    add(.scalar(YAMLScalar(text: gathered.text, style: style)), at: start)
  }

  private mutating func quotedGap(_ start: SourcePosition) throws(YAMLError) -> [UInt32] {
    let from = index
    while Self.isBlank(peek()) { advance() }
    let blanks = Array(text[from..<index])
    guard let first = takeLineBreak() else { return blanks }
    return Self.fold(first, try quotedBreaks(start))
  }

  private mutating func quotedBreaks(_ start: SourcePosition) throws(YAMLError) -> [UInt32] {
    var breaks: [UInt32] = []
    while true {
      if isAtDocumentMark { throw YAMLError(.unclosedQuote, start) }
      while Self.isBlank(peek()) { advance() }
      guard let next = takeLineBreak() else { return breaks }
      breaks.append(next)
    }
  }

  private mutating func escape(
    into gathered: inout Gathered, _ start: SourcePosition
  ) throws(YAMLError) {
    let escapeStart = position
    advance()
    if takeLineBreak() != nil {
      gathered.append(try quotedBreaks(start))
      return
    }
    guard let letter = Unicode.Scalar(peek()) else { throw YAMLError(.badEscape, escapeStart) }
    advance()
    switch letter {
    case "x": gathered.append(try codePoint(digits: 2, escapeStart))
    case "u": gathered.append(try codePoint(digits: 4, escapeStart))
    case "U": gathered.append(try codePoint(digits: 8, escapeStart))
    default:
      guard let value = Self.escapes[letter] else { throw YAMLError(.badEscape, escapeStart) }
      gathered.append(value)
    }
  }

  /// YAML 1.1 §5.6, and `\/` of YAML 1.2.
  private static let escapes: [Unicode.Scalar: UInt32] = [
    "0": 0, "a": 7, "b": 8, "t": 9, "\t": 9, "n": 0x0a, "v": 0x0b, "f": 0x0c, "r": 0x0d, "e": 0x1b,
    " ": 0x20, "\"": 0x22, "\\": 0x5c, "/": 0x2f, "N": 0x85, "_": 0xa0, "L": 0x2028, "P": 0x2029,
  ]

  /// Hexadecimal digits; two escapes that form a surrogate pair are one character, as in JSON.
  private mutating func codePoint(
    digits: Int, _ start: SourcePosition
  ) throws(YAMLError) -> UInt32 {
    let first = try hexadecimal(digits, start)
    if digits == 4, (0xd800..<0xdc00).contains(first), peek() == 0x5c, peek(1) == 0x75 {
      advance(2)
      let second = try hexadecimal(4, start)
      guard (0xdc00..<0xe000).contains(second) else { throw YAMLError(.badEscape, start) }
      return 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
    }
    guard Unicode.Scalar(first) != nil else { throw YAMLError(.badEscape, start) }
    return first
  }

  private mutating func hexadecimal(
    _ digits: Int, _ start: SourcePosition
  ) throws(YAMLError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = UInt8(exactly: peek())?.hexDigitValue, value <= 0x0fff_ffff else {
        throw YAMLError(.badEscape, start)
      }
      value = value << 4 | UInt32(digit)
      advance()
    }
    return value
  }

  // MARK: Block

  private enum Chomping { case clip, strip, keep }

  mutating func blockScalar() throws(YAMLError) {
    let start = position
    let isFolded = isNext(">")
    advance()
    let (chomping, indicated) = try blockHeader(start)
    let minimum = max(indent + 1, 1)
    var breaks: [UInt32]
    let width: Int
    if let indicated {
      width = minimum + indicated - 1
      breaks = blockBreaks(width)
    } else {
      let (first, widest) = leadingBreaks()
      breaks = first
      width = max(minimum, widest)
    }
    var gathered = Gathered()
    var lastBreak: UInt32?
    while column == width, peek() != 0 {
      gathered.append(breaks)
      let isIndentedMore = Self.isBlank(peek())
      let from = index
      while !Self.isBreakOrEnd(peek()) { advance() }
      gathered.append(text[from..<index])
      lastBreak = takeLineBreak()
      breaks = blockBreaks(width)
      guard column == width, peek() != 0 else { break }
      if isFolded, lastBreak == 0x0a, !isIndentedMore, !Self.isBlank(peek()) {
        if breaks.isEmpty { gathered.append(0x20) }
      } else if let lastBreak {
        gathered.append(lastBreak)
      }
    }
    if chomping != .strip, let lastBreak { gathered.append(lastBreak) }
    if chomping == .keep { gathered.append(breaks) }
    let style: YAMLScalar.Style = isFolded ? .folded : .literal
    add(.scalar(YAMLScalar(text: gathered.text, style: style)), at: start)
  }

  /// Chomping and indentation indicators in any order, then nothing but a comment.
  private mutating func blockHeader(
    _ start: SourcePosition
  ) throws(YAMLError) -> (Chomping, indicated: Int?) {
    var chomping: Chomping?
    var indicated: Int?
    while true {
      switch peek() {
      case 0x2b where chomping == nil: chomping = .keep
      case 0x2d where chomping == nil: chomping = .strip
      case 0x31...0x39 where indicated == nil: indicated = Int(peek() - 0x30)
      default:
        guard Self.isGap(peek()) else { throw YAMLError(.badBlockScalarHeader, position) }
        while Self.isBlank(peek()) { advance() }
        if isNext("#") { while !Self.isBreakOrEnd(peek()) { advance() } }
        guard Self.isBreakOrEnd(peek()) else { throw YAMLError(.badBlockScalarHeader, position) }
        _ = takeLineBreak()
        return (chomping ?? .clip, indicated)
      }
      advance()
    }
  }

  /// Empty lines before the first line with text, and the widest indentation seen.
  private mutating func leadingBreaks() -> (breaks: [UInt32], widest: Int) {
    var breaks: [UInt32] = []
    var widest = 0
    while true {
      if let next = takeLineBreak() {
        breaks.append(next)
      } else if isNext(" ") {
        advance()
        widest = max(widest, column)
      } else {
        return (breaks, widest)
      }
    }
  }

  /// Passes indentation and empty lines.
  private mutating func blockBreaks(_ width: Int) -> [UInt32] {
    var breaks: [UInt32] = []
    while true {
      while column < width, isNext(" ") { advance() }
      guard let next = takeLineBreak() else { return breaks }
      breaks.append(next)
    }
  }
}
