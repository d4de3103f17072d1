import PayloadCodecs

/// A regular expression, taken apart.
///
/// **Shape**: the usual syntax (Perl's, as Swift, RE2 and others share it) without what makes the time
/// of a search grow out of all proportion: no references back, no look around, no possessive or
/// atomic groups. Characters are Unicode scalars.
indirect enum RegexNode: Sendable, Equatable {
  case empty
  case scalars(RegexSet)
  case assertion(RegexAssertion)
  case sequence([RegexNode])
  case choice([RegexNode])
  /// Nil: without end.
  case repeated(RegexNode, least: Int, most: Int?)
}

enum RegexAssertion: Sendable, Equatable {
  case textStart, textEnd
  /// At the end, or in front of the newline that ends the text.
  case lastLineEnd
  case lineStart, lineEnd
  case wordBoundary, noWordBoundary
}

/// Why a regular expression cannot be used.
package struct RegexError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  /// Where, in characters from 1 on.
  package let position: Int
}

/// Reads the text of an expression.
struct RegexParser {
  private struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotMatchesNewline = false
    var isExtended = false
  }

  private let text: [Unicode.Scalar]
  private var index = 0
  private var depth = 0
  private var flags = Flags()

  /// Expressions beyond these are mistakes.
  static let lengthMax = 8_192
  static let depthMax = 100
  static let countMax = 1_000

  static func parse(_ text: String) throws(RegexError) -> RegexNode {
    var parser = RegexParser(text: Array(text.unicodeScalars))
    guard parser.text.count <= lengthMax else {
      throw parser.error("it has more than \(lengthMax) characters")
    }
    let node = try parser.choice()
    guard parser.index == parser.text.count else { throw parser.error("an unexpected )") }
    return node
  }

  private init(text: [Unicode.Scalar]) { self.text = text }

  private func error(_ what: String) -> RegexError {
    RegexError(description: "\(what) (at character \(index + 1))", position: index + 1)
  }

  // MARK: Reading

  private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

  private mutating func take(_ part: String) -> Bool {
    guard text[index...].starts(with: part.unicodeScalars) else { return false }
    index += part.unicodeScalars.count
    return true
  }

  private mutating func choice() throws(RegexError) -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw error("groups are nested too deeply") }
    let outside = flags
    defer { flags = outside }
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(RegexError) -> RegexNode {
    var nodes: [RegexNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if flags.isExtended, skipsExtended(scalar) { continue }
      nodes.append(try quantified(try atom()))
    }
    return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
  }

  /// White space and comments, where `(?x)` leaves them without meaning.
  private mutating func skipsExtended(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "#" {
      while let scalar = next, scalar != "\n" { index += 1 }
      return true
    }
    guard scalar.properties.isWhitespace else { return false }
    index += 1
    return true
  }

  private mutating func atom() throws(RegexError) -> RegexNode {
    guard let scalar = next else { return .empty }
    switch scalar {
    case "(": return try group()
    case "[":
      var reader = RegexSetReader(text: text, index: index, ignoresCase: flags.ignoresCase)
      defer { index = reader.index }
      return .scalars(try reader.bracketed())
    case "\\": return try escape()
    case "*", "+", "?": throw error("nothing to repeat")
    default: break
    }
    index += 1
    switch scalar {
    case ".": return .scalars(flags.dotMatchesNewline ? .all : .allButNewlines)
    case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case "$": return .assertion(flags.isMultiline ? .lineEnd : .lastLineEnd)
    default: return .scalars(.one(scalar, ignoresCase: flags.ignoresCase))
    }
  }

  private mutating func escape() throws(RegexError) -> RegexNode {
    let assertions: [(String, RegexAssertion)] = [
      ("\\b", .wordBoundary), ("\\B", .noWordBoundary), ("\\A", .textStart), ("\\z", .textEnd),
      ("\\Z", .lastLineEnd),
    ]
    for (text, assertion) in assertions where take(text) { return .assertion(assertion) }
    var reader = RegexSetReader(text: text, index: index, ignoresCase: flags.ignoresCase)
    defer { index = reader.index }
    return .scalars(try reader.escape())
  }

  private mutating func group() throws(RegexError) -> RegexNode {
    let refused = [
      "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(", "(?|", "(*", "(?R", "(?&", "(?P=", "(?P>",
    ]
    if let found = refused.first(where: { text[index...].starts(with: $0.unicodeScalars) }) {
      throw error("\(found)… is not available: expressions are searched in linear time")
    }
    let outside = flags
    index += 1
    if take("?<") || take("?P<") || take("?'") {
      while let scalar = next, scalar != ">", scalar != "'" { index += 1 }
      guard next != nil else { throw error("the group's name does not end") }
      index += 1
    } else if take("?") {
      if let lone = try flagGroup() { return lone }
    }
    let node = try choice()
    flags = outside
    guard take(")") else { throw error("a ( without )") }
    return node
  }

  /// `(?i:…)` goes on as a group; `(?i)` is over and changes what follows.
  private mutating func flagGroup() throws(RegexError) -> RegexNode? {
    var isOn = true
    while let scalar = next {
      index += 1
      switch scalar {
      case "-": isOn = false
      case "i": flags.ignoresCase = isOn
      case "m": flags.isMultiline = isOn
      case "s": flags.dotMatchesNewline = isOn
      case "x": flags.isExtended = isOn
      case ":": return nil
      case ")": return .empty
      default:
        index -= 1
        throw error("unknown kind of group (?\(String(Character(scalar)))")
      }
    }
    throw error("a ( without )")
  }

  // MARK: Repeating

  private mutating func quantified(_ node: RegexNode) throws(RegexError) -> RegexNode {
    var node = node
    var isRepeated = false
    while let (least, most) = try quantifier() {
      if isRepeated { throw error("nothing to repeat") }
      if case .assertion = node { throw error("nothing to repeat") }
      isRepeated = true
      node = .repeated(node, least: least, most: most)
      if take("+") { throw error("possessive quantifiers are not available") }
      // A lazy one finds another place, but finds one just as well.
      _ = take("?")
    }
    return node
  }

  private mutating func quantifier() throws(RegexError) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard next == "{" else { return nil }
    let start = index
    index += 1
    let least = try number()
    var most = least
    if take(",") { most = try number() }
    guard take("}"), least != nil || most != nil else {
      // A brace of its own.
      index = start
      return nil
    }
    if let most, let least, least > most { throw error("{\(least),\(most)}: the most is less") }
    return (least ?? 0, most)
  }

  private mutating func number() throws(RegexError) -> Int? {
    var value: Int?
    while let scalar = next, scalar.value &- 0x30 < 10 {
      let number = (value ?? 0) * 10 + Int(scalar.value - 0x30)
      guard number <= Self.countMax else { throw error("at most \(Self.countMax) repetitions") }
      value = number
      index += 1
    }
    return value
  }
}
