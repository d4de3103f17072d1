/// Why a text is no YAML, or not one that we are willing to read.
package enum YAMLFailure: SourceFailure {
  case invalidUTF8
  /// A control character.
  case badCharacter
  /// A tab where only spaces may stand.
  case tabIndentation
  /// Something that cannot begin or go on here.
  case unexpected(String)
  /// A key without its colon.
  case missingColon
  case unclosedQuote
  case badEscape
  case badBlockScalarHeader
  case badDirective
  case badAnchor
  case undefinedAlias(String)
  /// An alias inside the very node that it names.
  case recursiveAlias(String)
  case refusedTag(String)
  case duplicateKey(String)
  /// A list or mapping as a key: JSON has no place for it, and PyYAML refuses it too.
  case collectionKey
  /// `<<` with something that is no mapping.
  case badMerge
  case severalDocuments
  case tooDeep(limit: Int)
  case tooLarge(limit: Int)
  /// More nodes than the limit, each alias counting as all it stands for.
  case tooManyNodes(limit: Int)

  package var sentence: String {
    switch self {
    case .invalidUTF8: "the text is not UTF-8"
    case .badCharacter: "a control character"
    case .tabIndentation: "a tab where only spaces may stand"
    case .unexpected(let what): "\(what) is not expected here"
    case .missingColon: "a key without its colon"
    case .unclosedQuote: "a quoted text that does not end"
    case .badEscape: "a malformed escape"
    case .badBlockScalarHeader: "a malformed block scalar header"
    case .badDirective: "a malformed directive"
    case .badAnchor: "a malformed anchor or alias"
    case .undefinedAlias(let name): "the alias *\(name) has no anchor"
    case .recursiveAlias(let name): "the alias *\(name) stands inside its own anchor"
    case .refusedTag(let tag): "the tag \(tag) is not supported"
    case .duplicateKey(let key): "the key \"\(key)\" stands here a second time"
    case .collectionKey: "a list or mapping cannot be a key"
    case .badMerge: "only mappings can be merged"
    case .severalDocuments: "more than one document"
    case .tooDeep(let limit): "more than \(limit) nested levels"
    case .tooLarge(let limit): "more than \(limit) bytes"
    case .tooManyNodes(let limit): "more than \(limit) nodes, counting what aliases stand for"
    }
  }
}

package typealias YAMLError = SourceError<YAMLFailure>

/// What one YAML text may hold.
package struct YAMLLimits: Sendable, Equatable {
  /// Bytes of the text. Default: Shipyard's own limit for a body.
  package var bytesMax = 10 << 20
  /// Nested collections. Default: far above any fleet or scenario.
  package var depthMax = 64
  /// Nodes, each alias counting as all it stands for, and each 64 bytes of its text once more.
  /// Default: a text of `bytesMax` in one scalar still fits; fleets have some hundred nodes.
  package var expandedNodesMax = 200_000
  /// YAML forbids equal keys in one mapping; PyYAML lets the last one win.
  package var refusesDuplicateKeys = true

  package init() {}
}
