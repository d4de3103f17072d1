/// Anchors, aliases and tags.
extension YAMLScanner {
  mutating func anchorOrAlias() throws(YAMLError) {
    let start = position
    let isAlias = isNext("*")
    advance()
    var name = ""
    while Self.isNameCharacter(peek()) {
      name.append(Self.character(peek()))
      advance()
    }
    guard !name.isEmpty, Self.mayFollowName(peek()) else { throw YAMLError(.badAnchor, start) }
    add(isAlias ? .alias(name) : .anchor(name), at: start)
  }

  private static func isNameCharacter(_ c: UInt32) -> Bool {
    switch c {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
    default: false
    }
  }

  private static func mayFollowName(_ c: UInt32) -> Bool {
    if isGap(c) { return true }
    switch Unicode.Scalar(c) {
    case "?", ":", ",", "]", "}", "%", "@", "`": return true
    default: return false
    }
  }

  /// `!<uri>`, `!`, `!suffix`, `!!suffix` or `!handle!suffix`.
  mutating func tag() throws(YAMLError) {
    let start = position
    var text = ""
    while !Self.isGap(peek()), !(flowLevel > 0 && endsPlainInFlow(peek())) {
      text.append(Self.character(peek()))
      advance()
    }
    add(try Self.tag(text, start), at: start)
  }

  private static func tag(
    _ text: String, _ position: SourcePosition
  ) throws(YAMLError) -> YAMLToken.Kind {
    if text == "!" { return .tag(handle: nil, suffix: "!") }
    if text.hasPrefix("!<") {
      guard text.hasSuffix(">"), text.utf8.count > 3 else {
        throw YAMLError(.refusedTag(text), position)
      }
      return .tag(handle: nil, suffix: String(text.dropFirst(2).dropLast()))
    }
    let body = text.dropFirst()
    guard let end = body.firstIndex(of: "!") else { return .tag(handle: "!", suffix: String(body)) }
    let suffix = body[body.index(after: end)...]
    guard !suffix.isEmpty else { throw YAMLError(.refusedTag(text), position) }
    return .tag(handle: String(text[...end]), suffix: String(suffix))
  }
}

/// The tags of the YAML repository that are understood.
enum YAMLTag {
  static let prefix = "tag:yaml.org,2002:"
  static let null = prefix + "null"
  static let string = prefix + "str"

  /// Those that PyYAML's safe loader takes. Everything else names a type of some program.
  static let known: TextSet = TextSet(
    [
      "str", "int", "float", "bool", "null", "seq", "map", "binary", "timestamp", "set", "omap",
      "pairs", "merge", "value",
    ].map { prefix + $0 })
}
