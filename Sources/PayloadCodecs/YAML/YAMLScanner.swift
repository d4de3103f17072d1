/// Cuts a YAML text into tokens.
///
/// **How**: a colon may turn what came before it into a key, so each place where a key could begin is
/// remembered until its line ends; when the colon comes, the key token (and the start of a mapping)
/// is put in before it. Indentation outside brackets is a stack of columns.
///
/// - Source: YAML 1.1 as PyYAML and libyaml scan it (`scanner.py`, `scanner.c`): the line breaks NEL,
///   LS and PS, keys on one line of at most 1024 characters, tabs as white space but never as
///   indentation.
struct YAMLScanner {
  /// A place where a key may have begun.
  private struct KeyCandidate {
    var tokenIndex: Int
    /// At the column of a block mapping nothing but a key may stand.
    var isRequired: Bool
    var index: Int
    var position: SourcePosition
  }

  /// How far a key may reach.
  private static let keyLengthMax = 1024

  let limits: YAMLLimits
  /// The text as scalar values, and one NUL behind its end.
  let text: [UInt32]
  var index = 0
  /// Both from 0 here.
  var line = 0
  var column = 0
  private(set) var tokens: [YAMLToken] = []
  private(set) var isDone = false
  private(set) var flowLevel = 0
  /// The column of the innermost block collection.
  private(set) var indent = -1
  private var indents: [Int] = []
  var allowsKey = true
  /// By flow level.
  private var candidates: [KeyCandidate?] = [nil]

  init(_ bytes: [UInt8], limits: YAMLLimits) throws(YAMLError) {
    self.limits = limits
    text = try Self.decode(bytes, limits)
    if peek() == 0xfeff { index = 1 }
  }

  // MARK: The text

  /// The character that many places on; NUL behind the end.
  func peek(_ distance: Int = 0) -> UInt32 {
    let at = index + distance
    return at < text.count ? text[at] : 0
  }

  var position: SourcePosition { SourcePosition(line: line + 1, column: column + 1) }

  /// Moves on within a line.
  mutating func advance(_ count: Int = 1) {
    index += count
    column += count
  }

  /// Takes a line break, if one stands here, and answers how it counts in a text: NEL and CR are LF,
  /// LS and PS stay.
  mutating func takeLineBreak() -> UInt32? {
    let character = peek()
    guard Self.isBreak(character) else { return nil }
    index += character == 0x0d && peek(1) == 0x0a ? 2 : 1
    line += 1
    column = 0
    return character == 0x2028 || character == 0x2029 ? character : 0x0a
  }

  static func isBreak(_ c: UInt32) -> Bool {
    c == 0x0a || c == 0x0d || c == 0x85 || c == 0x2028 || c == 0x2029
  }
  static func isBreakOrEnd(_ c: UInt32) -> Bool { c == 0 || isBreak(c) }
  static func isBlank(_ c: UInt32) -> Bool { c == 0x20 || c == 0x09 }
  /// Blank, line break or end.
  static func isGap(_ c: UInt32) -> Bool { isBlank(c) || isBreakOrEnd(c) }

  func isNext(_ ascii: Unicode.Scalar) -> Bool { peek() == ascii.value }

  /// `---` or `...` at the start of a line, on its own.
  var isAtDocumentMark: Bool {
    guard column == 0, peek() == 0x2d || peek() == 0x2e else { return false }
    return peek(1) == peek() && peek(2) == peek() && Self.isGap(peek(3))
  }

  // MARK: Tokens

  /// Adds at least one token.
  mutating func scanMore() throws(YAMLError) {
    // A node has at most four tokens of its own.
    guard tokens.count <= 4 * limits.expandedNodesMax else {
      throw YAMLError(.tooManyNodes(limit: limits.expandedNodesMax), position)
    }
    try passGap()
    try dropStaleCandidates()
    unwind(to: column)
    let character = peek()
    if character == 0 { return try endStream() }
    if isNext("%"), column == 0 { return try directive() }
    if isAtDocumentMark { return try documentMark() }
    switch Unicode.Scalar(character) {
    case "[": try openFlow(.flowSequenceStart)
    case "{": try openFlow(.flowMappingStart)
    case "]": try closeFlow(.flowSequenceEnd)
    case "}": try closeFlow(.flowMappingEnd)
    case ",": try flowEntry()
    case "-" where Self.isGap(peek(1)): try blockEntry()
    case "?" where Self.isGap(peek(1)): try key()
    case ":" where flowLevel > 0 || Self.isGap(peek(1)): try value()
    case "*":
      try saveCandidate()
      allowsKey = false
      try anchorOrAlias()
    case "&":
      try saveCandidate()
      allowsKey = false
      try anchorOrAlias()
    case "!":
      try saveCandidate()
      allowsKey = false
      try tag()
    case "|" where flowLevel == 0, ">" where flowLevel == 0:
      allowsKey = true
      try dropCandidate()
      try blockScalar()
    case "'", "\"":
      try saveCandidate()
      allowsKey = false
      try quotedScalar()
    case "\t": throw YAMLError(.tabIndentation, position)
    default:
      guard canBeginPlain else {
        throw YAMLError(.unexpected("'\(String(Self.character(character)))'"), position)
      }
      try saveCandidate()
      allowsKey = false
      try plainScalar()
    }
  }

  static func character(_ value: UInt32) -> Character {
    Character(Unicode.Scalar(value) ?? "\u{fffd}")
  }

  mutating func add(_ kind: YAMLToken.Kind, at position: SourcePosition) {
    tokens.append(YAMLToken(kind: kind, position: position))
  }

  private var canBeginPlain: Bool {
    let character = peek()
    if Self.isGap(character) { return false }
    switch Unicode.Scalar(character) {
    case "-": return !Self.isGap(peek(1))
    case "?", ":": return flowLevel == 0 ? !Self.isGap(peek(1)) : !endsPlainInFlow(peek(1))
    case ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
      return false
    default: return true
    }
  }

  func endsPlainInFlow(_ c: UInt32) -> Bool {
    if Self.isGap(c) { return true }
    switch Unicode.Scalar(c) {
    case ",", "[", "]", "{", "}": return true
    default: return false
    }
  }

  /// Passes over blanks, comments and line ends. A tab is a blank except where it would indent.
  private mutating func passGap() throws(YAMLError) {
    while true {
      while isNext(" ") || (isNext("\t") && (flowLevel > 0 || !allowsKey)) { advance() }
      if isNext("#") {
        while !Self.isBreakOrEnd(peek()) { advance() }
      }
      if takeLineBreak() == nil {
        // A line of nothing but blanks indents nothing.
        guard isNext("\t") else { return }
        var distance = 0
        while Self.isBlank(peek(distance)) { distance += 1 }
        guard Self.isBreakOrEnd(peek(distance)) || peek(distance) == 0x23 else { return }
        advance(distance)
        continue
      }
      if flowLevel == 0 { allowsKey = true }
    }
  }

  // MARK: Keys

  private mutating func dropStaleCandidates() throws(YAMLError) {
    for level in candidates.indices {
      guard let candidate = candidates[level] else { continue }
      if candidate.position.line != line + 1 || index - candidate.index > Self.keyLengthMax {
        if candidate.isRequired { throw YAMLError(.missingColon, candidate.position) }
        candidates[level] = nil
      }
    }
  }

  private mutating func saveCandidate() throws(YAMLError) {
    guard allowsKey else { return }
    let isRequired = flowLevel == 0 && indent == column
    try dropCandidate()
    candidates[flowLevel] = KeyCandidate(
      tokenIndex: tokens.count, isRequired: isRequired, index: index, position: position)
  }

  private mutating func dropCandidate() throws(YAMLError) {
    if let candidate = candidates[flowLevel], candidate.isRequired {
      throw YAMLError(.missingColon, candidate.position)
    }
    candidates[flowLevel] = nil
  }

  private mutating func key() throws(YAMLError) {
    if flowLevel == 0 {
      guard allowsKey else { throw YAMLError(.unexpected("a key"), position) }
      if try pushIndent(column) { add(.blockMappingStart, at: position) }
    }
    allowsKey = flowLevel == 0
    try dropCandidate()
    add(.key, at: position)
    advance()
  }

  private mutating func value() throws(YAMLError) {
    if let candidate = candidates[flowLevel] {
      candidates[flowLevel] = nil
      let key = YAMLToken(kind: .key, position: candidate.position)
      tokens.insert(key, at: candidate.tokenIndex)
      if flowLevel == 0, try pushIndent(candidate.position.column - 1) {
        let start = YAMLToken(kind: .blockMappingStart, position: candidate.position)
        tokens.insert(start, at: candidate.tokenIndex)
      }
      allowsKey = false
    } else {
      if flowLevel == 0 {
        guard allowsKey else { throw YAMLError(.unexpected("':'"), position) }
        if try pushIndent(column) { add(.blockMappingStart, at: position) }
      }
      allowsKey = flowLevel == 0
    }
    add(.value, at: position)
    advance()
  }

  // MARK: Indentation and brackets

  private mutating func unwind(to column: Int) {
    guard flowLevel == 0 else { return }
    while indent > column {
      indent = indents.popLast() ?? -1
      add(.blockEnd, at: position)
    }
  }

  private mutating func pushIndent(_ column: Int) throws(YAMLError) -> Bool {
    guard indent < column else { return false }
    guard indents.count + flowLevel < limits.depthMax else {
      throw YAMLError(.tooDeep(limit: limits.depthMax), position)
    }
    indents.append(indent)
    indent = column
    return true
  }

  private mutating func openFlow(_ kind: YAMLToken.Kind) throws(YAMLError) {
    try saveCandidate()
    guard indents.count + flowLevel < limits.depthMax else {
      throw YAMLError(.tooDeep(limit: limits.depthMax), position)
    }
    flowLevel += 1
    candidates.append(nil)
    allowsKey = true
    add(kind, at: position)
    advance()
  }

  private mutating func closeFlow(_ kind: YAMLToken.Kind) throws(YAMLError) {
    guard flowLevel > 0 else {
      throw YAMLError(.unexpected(YAMLToken(kind: kind, position: position).name), position)
    }
    try dropCandidate()
    flowLevel -= 1
    candidates.removeLast()
    allowsKey = false
    add(kind, at: position)
    advance()
  }

  private mutating func flowEntry() throws(YAMLError) {
    guard flowLevel > 0 else { throw YAMLError(.unexpected("','"), position) }
    allowsKey = true
    try dropCandidate()
    add(.flowEntry, at: position)
    advance()
  }

  private mutating func blockEntry() throws(YAMLError) {
    guard flowLevel == 0, allowsKey else {
      throw YAMLError(.unexpected("a list entry"), position)
    }
    if try pushIndent(column) { add(.blockSequenceStart, at: position) }
    allowsKey = true
    try dropCandidate()
    add(.blockEntry, at: position)
    advance()
  }

  // MARK: Documents

  private mutating func endStream() throws(YAMLError) {
    guard flowLevel == 0 else { throw YAMLError(.unexpected("the end of the text"), position) }
    unwind(to: -1)
    try dropCandidate()
    add(.streamEnd, at: position)
    isDone = true
  }

  private mutating func documentMark() throws(YAMLError) {
    guard flowLevel == 0 else { throw YAMLError(.unexpected("a document mark"), position) }
    unwind(to: -1)
    try dropCandidate()
    allowsKey = false
    add(isNext("-") ? .documentStart : .documentEnd, at: position)
    advance(3)
  }

  private mutating func directive() throws(YAMLError) {
    unwind(to: -1)
    try dropCandidate()
    allowsKey = false
    let start = position
    var text = ""
    while !Self.isBreakOrEnd(peek()) {
      text.append(Self.character(peek()))
      advance()
    }
    let words = text.unicodeScalars.split { $0 == " " || $0 == "\t" }
      .map { Substring($0) }.prefix { !$0.hasPrefix("#") }
    switch words.first {
    case "%YAML":
      let numbers = words.dropFirst().first.map { $0.split(separator: ".") } ?? []
      guard words.count == 2, numbers.count == 2, let major = Int(numbers[0]),
        Int(numbers[1]) != nil
      else { throw YAMLError(.badDirective, start) }
      add(.versionDirective(major: major), at: start)
    case "%TAG":
      guard words.count == 3, words[1].hasPrefix("!"), words[1].hasSuffix("!") else {
        throw YAMLError(.badDirective, start)
      }
      add(.tagDirective(handle: String(words[1]), prefix: String(words[2])), at: start)
    default: break
    }
  }
}
