/// What the scanner makes of the text. Block structure shows as tokens too, found by indentation.
struct YAMLToken: Sendable {
  enum Kind: Sendable, Equatable {
    case streamEnd
    /// `%YAML`, `%TAG`; others are passed over by the scanner.
    case versionDirective(major: Int)
    case tagDirective(handle: String, prefix: String)
    case documentStart, documentEnd
    case blockSequenceStart, blockMappingStart, blockEnd
    case flowSequenceStart, flowSequenceEnd, flowMappingStart, flowMappingEnd
    case blockEntry, flowEntry, key, value
    case alias(String)
    case anchor(String)
    /// No handle: the suffix is the whole tag.
    case tag(handle: String?, suffix: String)
    case scalar(YAMLScalar)
  }

  var kind: Kind
  var position: SourcePosition

  /// For error messages.
  var name: String {
    switch kind {
    case .streamEnd: "the end of the text"
    case .versionDirective, .tagDirective: "a directive"
    case .documentStart: "'---'"
    case .documentEnd: "'...'"
    case .blockSequenceStart, .blockEntry: "a list entry"
    case .blockMappingStart, .key: "a key"
    case .blockEnd: "the end of the indented block"
    case .flowSequenceStart: "'['"
    case .flowSequenceEnd: "']'"
    case .flowMappingStart: "'{'"
    case .flowMappingEnd: "'}'"
    case .flowEntry: "','"
    case .value: "':'"
    case .alias: "an alias"
    case .anchor: "an anchor"
    case .tag: "a tag"
    case .scalar: "a scalar"
    }
  }
}
