import HTTPModel

/// `application/x-www-form-urlencoded`, also the form of query strings.
///
/// Source: the URL standard, "application/x-www-form-urlencoded".
package enum FormURLEncoded {
  package enum ReadError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooManyPairs(limit: Int)

    package var description: String {
      switch self {
      case .tooManyPairs(let limit): "it has more than \(limit) pairs"
      }
    }
  }

  /// Pairs in order. As the standard says nothing is malformed: a `%` without two digits stands for
  /// itself, a piece without `=` is a name with an empty value, bytes that are no UTF-8 are
  /// replaced.
  package static func read(
    _ bytes: [UInt8], pairsMax: Int = 1000
  ) throws(ReadError) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for piece in bytes.split(separator: UInt8(ascii: "&")) {
      guard pairs.count < pairsMax else { throw .tooManyPairs(limit: pairsMax) }
      let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
      pairs.append(
        (
          PercentCoding.decode(piece[..<equals], plusIsSpace: true),
          PercentCoding.decode(piece[equals...].dropFirst(), plusIsSpace: true)
        ))
    }
    return pairs
  }

  package static func write(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
  }

  private static func encode(_ text: String) -> String {
    PercentCoding.encode(text, spaceIsPlus: true) { byte in
      byte == UInt8(ascii: "*") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "_")
    }
  }
}
