/// Why a text is no JSON5.
package enum JSON5Failure: SourceFailure {
  case invalidUTF8
  /// What stands there, and what was expected instead.
  case unexpected(String, expected: String)
  case unclosedComment
  case unclosedString
  case badEscape
  case badNumber
  /// Infinity, NaN, and hexadecimal numbers of more than 64 bits.
  case noJSONForm(String)
  case duplicateKey(String)
  case tooDeep(limit: Int)
  case tooLarge(limit: Int)
  case tooManyValues(limit: Int)

  package var sentence: String {
    switch self {
    case .invalidUTF8: "the text is not UTF-8"
    case .unexpected(let found, let expected): "\(expected) expected, not \(found)"
    case .unclosedComment: "a comment that does not end"
    case .unclosedString: "a string that does not end on its line"
    case .badEscape: "a malformed escape"
    case .badNumber: "a malformed number"
    case .noJSONForm(let text): "\(text) has no form in JSON"
    case .duplicateKey(let key): "the key \"\(key)\" stands here a second time"
    case .tooDeep(let limit): "more than \(limit) nested levels"
    case .tooLarge(let limit): "more than \(limit) bytes"
    case .tooManyValues(let limit): "more than \(limit) values"
    }
  }
}

package typealias JSON5Error = SourceError<JSON5Failure>

/// A text that people edit: JSON5, of which JSON is a part.
package struct JSON5Document: Sendable {
  package let value: JSON
  package let sourceMap: SourceMap

  package static let depthMax = 64

  /// - Parameters:
  ///   - bytesMax: default far above any scenario file.
  ///   - valuesMax: each value has an entry in the source map; default as for YAML's nodes.
  /// - Source: the JSON5 specification 1.0.0. Stricter in one point: equal keys in one object are
  ///   refused, since one of them would be lost in silence.
  package init(
    parsing bytes: [UInt8], depthMax: Int = Self.depthMax, bytesMax: Int = 16 << 20,
    valuesMax: Int = 200_000
  ) throws(JSON5Error) {
    var parser = try JSON5Parser(
      bytes, depthMax: depthMax, bytesMax: bytesMax, valuesMax: valuesMax)
    value = try parser.document()
    sourceMap = parser.sourceMap
  }

  package init(parsing text: String) throws(JSON5Error) { try self.init(parsing: Array(text.utf8)) }
}
