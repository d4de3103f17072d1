/// Builds the nodes of one document from the scanner's tokens, by recursive descent.
struct YAMLComposer {
  /// A finished node and all it stands for once aliases are followed.
  private struct Composed {
    var node: YAMLNode
    var weight: Int
    /// Its levels, itself the first.
    var height = 1
  }

  private var scanner: YAMLScanner
  private let limits: YAMLLimits
  private var next = 0
  private var depth = 0
  /// The deepest level of the node at hand, aliases followed.
  private var deepest = 0
  private var expandedNodes = 0
  /// Anchors whose node is complete.
  private var anchors: TextMap<Composed> = [:]
  /// Anchors whose node is being built.
  private var openAnchors: TextSet = []
  private var tagHandles: TextMap = ["!": "!", "!!": YAMLTag.prefix]

  init(_ bytes: [UInt8], limits: YAMLLimits) throws(YAMLError) {
    self.limits = limits
    scanner = try YAMLScanner(bytes, limits: limits)
  }

  // MARK: Tokens

  /// The next token. A key may still be put in before it, so the scanner runs ahead until the line's
  /// candidates are decided: simply, to the end.
  private mutating func peek() throws(YAMLError) -> YAMLToken {
    while !scanner.isDone { try scanner.scanMore() }
    return scanner.tokens[min(next, scanner.tokens.count - 1)]
  }

  private mutating func take() throws(YAMLError) -> YAMLToken {
    let token = try peek()
    next += 1
    return token
  }

  private mutating func skip(_ kind: YAMLToken.Kind) throws(YAMLError) -> Bool {
    guard try peek().kind == kind else { return false }
    next += 1
    return true
  }

  private func unexpected(_ token: YAMLToken) -> YAMLError {
    YAMLError(.unexpected(token.name), token.position)
  }

  // MARK: Documents

  mutating func document() throws(YAMLError) -> YAMLNode {
    while try skip(.documentEnd) {}
    let isDirected = try directives()
    if try !skip(.documentStart), isDirected { throw unexpected(try peek()) }
    let root = try documentContent()
    var wasEnded = false
    while try skip(.documentEnd) { wasEnded = true }
    let rest = try peek()
    switch rest.kind {
    case .streamEnd: return root
    case .documentStart: throw YAMLError(.severalDocuments, rest.position)
    default: throw wasEnded ? YAMLError(.severalDocuments, rest.position) : unexpected(rest)
    }
  }

  private mutating func documentContent() throws(YAMLError) -> YAMLNode {
    let token = try peek()
    switch token.kind {
    case .documentStart, .documentEnd, .streamEnd: return Self.empty(token.position)
    default: return try node(isBlock: true).node
    }
  }

  /// Whether there were any.
  private mutating func directives() throws(YAMLError) -> Bool {
    var found = false
    while true {
      let token = try peek()
      switch token.kind {
      case .versionDirective(let major):
        guard major == 1 else { throw YAMLError(.badDirective, token.position) }
      case .tagDirective(let handle, let prefix): tagHandles[handle] = prefix
      default: return found
      }
      found = true
      next += 1
    }
  }

  // MARK: Nodes

  private static func empty(_ position: SourcePosition) -> YAMLNode {
    YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), position: position)
  }

  private mutating func emptyNode(_ token: YAMLToken) throws(YAMLError) -> Composed {
    Composed(node: Self.empty(token.position), weight: try count(1, token.position))
  }

  private mutating func count(_ nodes: Int, _ position: SourcePosition) throws(YAMLError) -> Int {
    expandedNodes += nodes
    guard expandedNodes <= limits.expandedNodesMax else {
      throw YAMLError(.tooManyNodes(limit: limits.expandedNodesMax), position)
    }
    return nodes
  }

  private mutating func reach(_ level: Int, _ position: SourcePosition) throws(YAMLError) {
    deepest = max(deepest, level)
    guard level <= limits.depthMax else {
      throw YAMLError(.tooDeep(limit: limits.depthMax), position)
    }
  }

  /// - Parameter mayBeIndentless: after a key a list may stand at the key's own column.
  private mutating func node(
    isBlock: Bool, mayBeIndentless: Bool = false
  ) throws(YAMLError) -> Composed {
    if case .alias(let name) = try peek().kind { return try alias(name) }
    depth += 1
    let deepestBefore = deepest
    deepest = 0
    defer {
      depth -= 1
      deepest = max(deepest, deepestBefore)
    }
    try reach(depth, try peek().position)
    let (anchor, tag) = try properties()
    if let anchor { openAnchors.insert(anchor) }
    var composed = try content(
      isBlock: isBlock, mayBeIndentless: mayBeIndentless, hasProperties: anchor != nil || tag != nil
    )
    composed.node.tag = tag
    composed.height = deepest - depth + 1
    if let anchor {
      openAnchors.remove(anchor)
      anchors[anchor] = composed
    }
    return composed
  }

  private mutating func alias(_ name: String) throws(YAMLError) -> Composed {
    let token = try take()
    if openAnchors.contains(name) { throw YAMLError(.recursiveAlias(name), token.position) }
    guard var target = anchors[name] else {
      throw YAMLError(.undefinedAlias(name), token.position)
    }
    _ = try count(target.weight, token.position)
    try reach(depth + target.height, token.position)
    target.node.position = token.position
    return target
  }

  private mutating func properties() throws(YAMLError) -> (anchor: String?, tag: String?) {
    var anchor: String?
    var tag: String?
    while true {
      let token = try peek()
      switch token.kind {
      case .anchor(let name) where anchor == nil: anchor = name
      case .tag(let handle, let suffix) where tag == nil:
        tag = try resolve(handle, suffix, token.position)
      default: return (anchor, tag)
      }
      next += 1
    }
  }

  private func resolve(
    _ handle: String?, _ suffix: String, _ position: SourcePosition
  ) throws(YAMLError) -> String {
    // "!" alone says: not plain, that is, a string.
    if handle == nil, suffix == "!" { return "!" }
    let prefix = handle.map { tagHandles[$0] } ?? ""
    guard let prefix, YAMLTag.known.contains(prefix + suffix) else {
      throw YAMLError(.refusedTag((handle ?? "") + suffix), position)
    }
    return prefix + suffix
  }

  private mutating func content(
    isBlock: Bool, mayBeIndentless: Bool, hasProperties: Bool
  ) throws(YAMLError) -> Composed {
    let token = try peek()
    switch token.kind {
    case .blockEntry where mayBeIndentless: return try blockSequence(token, isIndentless: true)
    case .scalar(let scalar):
      next += 1
      let weight = try count(1 + scalar.text.utf8.count / 64, token.position)
      return Composed(node: YAMLNode(.scalar(scalar), position: token.position), weight: weight)
    case .flowSequenceStart: return try flowSequence()
    case .flowMappingStart: return try flowMapping()
    case .blockSequenceStart where isBlock:
      next += 1
      return try blockSequence(token, isIndentless: false)
    case .blockMappingStart where isBlock: return try blockMapping()
    default:
      guard hasProperties else { throw unexpected(token) }
      return try emptyNode(token)
    }
  }

  // MARK: Block collections

  private mutating func blockSequence(
    _ start: YAMLToken, isIndentless: Bool
  ) throws(YAMLError) -> Composed {
    var nodes: [YAMLNode] = []
    var weight = try count(1, start.position)
    while try skip(.blockEntry) {
      let token = try peek()
      let isEmpty =
        switch token.kind {
        case .blockEntry, .blockEnd: true
        case .key, .value: isIndentless
        default: false
        }
      let item = isEmpty ? try emptyNode(token) : try node(isBlock: true)
      nodes.append(item.node)
      weight += item.weight
    }
    if !isIndentless, try !skip(.blockEnd) { throw unexpected(try peek()) }
    return Composed(node: YAMLNode(.sequence(nodes), position: start.position), weight: weight)
  }

  private mutating func blockMapping() throws(YAMLError) -> Composed {
    let start = try take()
    var pairs = Pairs(weight: try count(1, start.position))
    while true {
      let token = try peek()
      switch token.kind {
      case .key:
        next += 1
        let key = try blockPairSide()
        let value = try skip(.value) ? try blockPairSide() : try emptyNode(try peek())
        try pairs.add(key, value)
      // A value whose key is left out.
      case .value:
        next += 1
        try pairs.add(try emptyNode(token), try blockPairSide())
      case .blockEnd:
        next += 1
        return try finish(pairs, start.position)
      default: throw unexpected(token)
      }
    }
  }

  private mutating func blockPairSide() throws(YAMLError) -> Composed {
    let token = try peek()
    switch token.kind {
    case .key, .value, .blockEnd: return try emptyNode(token)
    default: return try node(isBlock: true, mayBeIndentless: true)
    }
  }

  // MARK: Flow collections

  private mutating func flowSequence() throws(YAMLError) -> Composed {
    let start = try take()
    var nodes: [YAMLNode] = []
    var weight = try count(1, start.position)
    while try !skip(.flowSequenceEnd) {
      if !nodes.isEmpty {
        guard try skip(.flowEntry) else { throw unexpected(try peek()) }
        if try skip(.flowSequenceEnd) { break }
      }
      let token = try peek()
      let item: Composed
      if token.kind == .key {
        next += 1
        var pair = Pairs(weight: try count(1, token.position))
        let key = try flowPairSide()
        try pair.add(key, try skip(.value) ? try flowPairSide() : try emptyNode(try peek()))
        item = try finish(pair, token.position)
      } else {
        item = try node(isBlock: false)
      }
      nodes.append(item.node)
      weight += item.weight
    }
    return Composed(node: YAMLNode(.sequence(nodes), position: start.position), weight: weight)
  }

  private mutating func flowMapping() throws(YAMLError) -> Composed {
    let start = try take()
    var pairs = Pairs(weight: try count(1, start.position))
    while try !skip(.flowMappingEnd) {
      if !pairs.isEmpty {
        guard try skip(.flowEntry) else { throw unexpected(try peek()) }
        if try skip(.flowMappingEnd) { break }
      }
      if try skip(.key) {
        let key = try flowPairSide()
        try pairs.add(key, try skip(.value) ? try flowPairSide() : try emptyNode(try peek()))
      } else {
        let key = try node(isBlock: false)
        try pairs.add(key, try emptyNode(try peek()))
      }
    }
    return try finish(pairs, start.position)
  }

  private mutating func flowPairSide() throws(YAMLError) -> Composed {
    let token = try peek()
    switch token.kind {
    case .value, .flowEntry, .flowSequenceEnd, .flowMappingEnd: return try emptyNode(token)
    default: return try node(isBlock: false)
    }
  }

  // MARK: Mappings

  /// A mapping under construction.
  private struct Pairs {
    var pairs: [YAMLPair] = []
    /// Mappings named by `<<`, each with its weight.
    var merges: [Composed] = []
    var weight: Int

    init(weight: Int) { self.weight = weight }

    var isEmpty: Bool { pairs.isEmpty && merges.isEmpty }

    mutating func add(_ key: Composed, _ value: Composed) throws(YAMLError) {
      guard key.node.scalar != nil else { throw YAMLError(.collectionKey, key.node.position) }
      weight += key.weight + value.weight
      if key.node.isMergeKey {
        merges.append(value)
      } else {
        pairs.append(YAMLPair(key: key.node, value: value.node))
      }
    }
  }

  private func finish(_ pairs: Pairs, _ position: SourcePosition) throws(YAMLError) -> Composed {
    var result = pairs.pairs
    if limits.refusesDuplicateKeys { try refuseDuplicates(result) }
    if !pairs.merges.isEmpty { result = try merged(pairs, position) }
    return Composed(node: YAMLNode(.mapping(result), position: position), weight: pairs.weight)
  }

  private func refuseDuplicates(_ pairs: [YAMLPair]) throws(YAMLError) {
    guard pairs.count > 8 else {
      // Of so few each is looked at beside each: a table would cost more.
      for (index, pair) in pairs.enumerated() {
        let key = pair.key.keyText
        guard pairs[..<index].allSatisfy({ $0.key.keyText != key }) else {
          throw YAMLError(.duplicateKey(key), pair.key.position)
        }
      }
      return
    }
    var seen: TextSet = []
    for pair in pairs {
      let key = pair.key.keyText
      guard seen.insert(key).inserted else {
        throw YAMLError(.duplicateKey(key), pair.key.position)
      }
    }
  }

  /// Merged pairs come first; a key of the mapping itself wins, then the earlier merged mapping.
  ///
  /// - Source: the YAML 1.1 merge key type (yaml.org/type/merge).
  private func merged(_ pairs: Pairs, _ position: SourcePosition) throws(YAMLError) -> [YAMLPair] {
    var own: TextSet = []
    for pair in pairs.pairs { if let key = pair.key.scalar?.text { own.insert(key) } }
    var result: [YAMLPair] = []
    for merge in pairs.merges {
      let sources = merge.node.sequence ?? [merge.node]
      for source in sources {
        guard let inherited = source.mapping else { throw YAMLError(.badMerge, source.position) }
        for pair in inherited {
          guard let key = pair.key.scalar?.text, own.insert(key).inserted else { continue }
          result.append(pair)
        }
      }
    }
    return result + pairs.pairs
  }
}

extension YAMLNode {
  /// A plain `<<`.
  fileprivate var isMergeKey: Bool {
    guard let scalar, scalar.style == .plain else { return false }
    return scalar.text == "<<" && tag == nil
  }
}
