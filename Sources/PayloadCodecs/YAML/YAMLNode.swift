/// One node of a YAML document. Plain scalars keep their text: whether `3.9` is a number is the
/// reader's decision, not the parser's.
package struct YAMLNode: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    /// In order. Merge keys (`<<`) are resolved already.
    case mapping([YAMLPair])
  }

  package var content: Content
  /// An explicit tag, resolved (`tag:yaml.org,2002:str`); nil when none was written.
  package var tag: String?
  package var position: SourcePosition

  package init(_ content: Content, tag: String? = nil, position: SourcePosition) {
    self.content = content
    self.tag = tag
    self.position = position
  }
}

package struct YAMLPair: Sendable, Equatable {
  package var key: YAMLNode
  package var value: YAMLNode

  package init(key: YAMLNode, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

package struct YAMLScalar: Sendable, Equatable {
  package enum Style: Sendable, Equatable {
    case plain, singleQuoted, doubleQuoted, literal, folded
  }

  package var text: String
  package var style: Style

  package init(text: String, style: Style) {
    self.text = text
    self.style = style
  }
}

extension YAMLNode {
  /// Reads one document; an empty text is a null.
  package init(
    yaml bytes: [UInt8], limits: YAMLLimits = YAMLLimits()
  ) throws(YAMLError) {
    var composer = try YAMLComposer(bytes, limits: limits)
    self = try composer.document()
  }

  package init(yaml text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) {
    try self.init(yaml: Array(text.utf8), limits: limits)
  }

  /// The scalar, unless it is a collection.
  package var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

  /// The text as written, also of numbers, booleans and dates; nil for collections and nulls.
  package var text: String? { isNull ? nil : scalar?.text }

  package var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  package var mapping: [YAMLPair]? {
    if case .mapping(let pairs) = content { pairs } else { nil }
  }

  package subscript(_ key: String) -> YAMLNode? {
    mapping?.last { $0.key.scalar?.text == key }?.value
  }

  package subscript(_ index: Int) -> YAMLNode? {
    guard let sequence, sequence.indices.contains(index) else { return nil }
    return sequence[index]
  }

  /// `null`, `~` or nothing, written plain.
  package var isNull: Bool {
    if tag != nil { return tag == YAMLTag.null }
    guard let scalar, scalar.style == .plain else { return false }
    return YAMLCoreSchema.isNull(scalar.text)
  }

  /// The value by the core schema of YAML 1.2: plain scalars become null, booleans and numbers where
  /// they look so, everything else strings (also `.inf` and `.nan`, which JSON does not have).
  package var json: JSON {
    switch content {
    case .scalar(let scalar): YAMLCoreSchema.value(of: scalar, tag: tag)
    case .sequence(let nodes): .array(nodes.map(\.json))
    case .mapping(let pairs):
      .object(JSONObject(pairs.map { (key: $0.key.keyText, value: $0.value.json) }))
    }
  }

  /// The same with every scalar as its text.
  package var textualJSON: JSON {
    switch content {
    case .scalar(let scalar): .string(scalar.text)
    case .sequence(let nodes): .array(nodes.map(\.textualJSON))
    case .mapping(let pairs):
      .object(JSONObject(pairs.map { (key: $0.key.keyText, value: $0.value.textualJSON) }))
    }
  }

  /// A member name. The reader lets no collection be one.
  package var keyText: String { scalar?.text ?? "" }

  /// Where each value stands, by its key path.
  package var sourceMap: SourceMap {
    var map = SourceMap()
    map.add(self, at: "")
    return map
  }
}
