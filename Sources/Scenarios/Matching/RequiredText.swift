import PayloadCodecs

/// Texts one of which stands in every text for which a condition holds: most rules with expressions
/// can be passed over because theirs does not.
///
/// **Shape**: bytes, ASCII letters in lower case, as they are in what they are looked for in.
struct RequiredText: Sendable, Equatable {
  /// None is shorter than `lengthMin`.
  let anyOf: [[UInt8]]

  /// Shorter ones stand nearly everywhere.
  static let lengthMin = 3
  private static let countMax = 64

  /// Nil where one of the texts is too short to tell anything, or where they are too many.
  init?(anyOf texts: [[UInt8]]) {
    guard !texts.isEmpty, texts.count <= Self.countMax,
      texts.allSatisfy({ $0.count >= Self.lengthMin })
    else { return nil }
    anyOf = texts
  }

  init?(_ text: some Sequence<UInt8>) { self.init(anyOf: [text.map(Self.folded)]) }

  /// What it takes for each of several conditions, of which one holds.
  init?(oneOf conditions: [[RequiredText]]) {
    let best = conditions.compactMap { $0.max { $0.shortest < $1.shortest } }
    guard best.count == conditions.count else { return nil }
    self.init(anyOf: best.flatMap(\.anyOf))
  }

  private var shortest: Int { anyOf.lazy.map(\.count).min() ?? 0 }

  static func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension RegexNode {
  /// What stands in every text in which it is found: all of these.
  var required: [RequiredText] {
    var reader = RequiredTextReader()
    reader.read(self)
    reader.endRun()
    return reader.found
  }
}

extension Glob {
  /// What stands in every text that matches.
  var required: [RequiredText] { runs.compactMap { RequiredText($0) } }
}

extension ValueMatcher {
  /// What stands in one of the values for which it holds, as plain text: all of these.
  func required(isText: Bool) -> [RequiredText] {
    switch self {
    case .regex(let pattern): return pattern.required
    case .glob(let glob): return glob.required
    case .equal(let wanted), .contains(let wanted):
      // In JSON the text may stand inside of an array.
      if !isText, case .contains = self { return [] }
      guard isText || wanted.stringValue != nil, let text = Self.plainText(of: wanted) else {
        return []
      }
      return RequiredText(text.utf8).map { [$0] } ?? []
    case .any(let inner):
      return RequiredText(oneOf: inner.map { $0.required(isText: isText) }).map { [$0] } ?? []
    case .all(let inner): return inner.flatMap { $0.required(isText: isText) }
    case .above, .below, .present, .before, .after, .within, .not: return []
    }
  }
}

/// Goes through an expression and gathers the runs of characters that stand in it for themselves.
private struct RequiredTextReader {
  private(set) var found: [RequiredText] = []
  private var run: [UInt8] = []
  /// More are no use: a rule is looked for by one.
  private static let countMax = 16

  mutating func read(_ node: RegexNode) {
    switch node {
    // They take no character: what stands in front of them and behind them stands side by side.
    case .empty, .assertion: break
    case .scalars(let set):
      if let bytes = set.requiredBytes { run += bytes } else { endRun() }
    case .sequence(let nodes): for node in nodes { read(node) }
    case .choice(let branches):
      endRun()
      if let text = RequiredText(oneOf: branches.map(\.required)) { found.append(text) }
    case .repeated(let node, let least, _):
      endRun()
      if least > 0 { found += node.required }
    }
  }

  mutating func endRun() {
    if found.count < Self.countMax, let text = RequiredText(run) { found.append(text) }
    run = []
  }
}

extension RegexSet {
  /// The bytes of the one character that it holds, in lower case.
  fileprivate var requiredBytes: [UInt8]? {
    if let literal {
      return Unicode.Scalar(literal).flatMap { UTF8.encode($0)?.map(RequiredText.folded) }
    }
    guard ignoresCase, !isNegated, items.count == 1, case .range(let range) = items[0],
      range.count == 1, let byte = UInt8(exactly: range.lowerBound), byte < 0x80
    else { return nil }
    let folded = RequiredText.folded(byte)
    return Self.hasOtherCaseBeyondASCII(folded) ? nil : [folded]
  }

  /// `ı`, `K` (the sign of Kelvin) and `ſ` are other cases of letters of ASCII.
  static func hasOtherCaseBeyondASCII(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "i") || byte == UInt8(ascii: "k") || byte == UInt8(ascii: "s")
  }
}
