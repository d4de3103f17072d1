import PayloadCodecs
import Scenarios

/// Differences that somebody has looked at and lives with, each with the reason.
///
/// **Shape**: `{"accepted": [{"reason": "…", "method": "GET", "path": "/a/*", "place": "/data/*/x", "kind": "value",
/// "exchange": 3, "file": "nightly.har"}]}`; what is left out holds for any. In paths and places `*` stands for anything.
package struct Acceptances: Sendable {
  package struct Acceptance: Sendable {
    package var reason: String
    /// As it stands in the file, without the reason.
    package var text: String
    fileprivate var method: String?
    fileprivate var path: Glob?
    fileprivate var place: Glob?
    fileprivate var kind: ParityDifference.Kind?
    fileprivate var exchange: Int?
    fileprivate var file: String?

    fileprivate func covers(_ difference: ParityDifference, of played: PlayedExchange) -> Bool {
      if let method, method != played.entry.method { return false }
      if let path, !path.matches(played.entry.path) { return false }
      if let place, !place.matches(difference.place) { return false }
      if let kind, kind != difference.kind { return false }
      if let exchange, exchange != played.entry.number { return false }
      if let file, file != played.file, !played.file.hasSuffix("/" + file) { return false }
      return true
    }
  }

  /// What is wrong with the file, with its place in it.
  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package let all: [Acceptance]

  package init() { all = [] }

  private static let keys = ["reason", "method", "path", "place", "kind", "exchange", "file"]

  package init(_ content: [UInt8]) throws(Problem) {
    let json: JSON
    do throws(JSONParseError) {
      json = try JSON(parsing: content)
    } catch {
      throw Problem(description: "is no JSON: \(error)")
    }
    guard let list = json["accepted"]?.arrayValue else {
      throw Problem(description: "has no list \"accepted\"")
    }
    if let key = json.objectValue?.keys.first(where: { $0 != "accepted" }) {
      throw Problem(
        description: "/\(key) is not known; it has a list \"accepted\" and nothing else")
    }
    var all: [Acceptance] = []
    for (index, item) in list.enumerated() {
      all.append(try Self.acceptance(item, "/accepted/\(index)"))
    }
    self.all = all
  }

  private static func acceptance(
    _ item: JSON, _ place: String
  ) throws(Problem) -> Acceptance {
    guard let object = item.objectValue else {
      throw Problem(description: "\(place) is \(item.kindName), and should be an object")
    }
    if let key = object.keys.first(where: { !keys.contains($0) }) {
      throw Problem(
        description: "\(place)/\(key) is not known\(Nearest.hint(for: key, among: keys))")
    }
    guard let reason = object["reason"]?.stringValue, reason.contains(where: { !$0.isWhitespace })
    else { throw Problem(description: "\(place) needs a \"reason\"") }
    var acceptance = Acceptance(
      reason: reason, text: item.without("reason").text)
    acceptance.method = try text(object, "method", place)?.asciiUppercased
    acceptance.path = try text(object, "path", place).map { Glob($0) }
    acceptance.place = try text(object, "place", place).map { Glob($0) }
    acceptance.file = try text(object, "file", place)
    if let word = try text(object, "kind", place) {
      let words = ParityDifference.Kind.allCases.map(\.rawValue)
      guard let kind = ParityDifference.Kind(rawValue: word) else {
        throw Problem(
          description:
            "\(place)/kind must be one of \(words.joined(separator: ", ")), not “\(word)”")
      }
      acceptance.kind = kind
    }
    if let number = object["exchange"] {
      guard let value = number.intValue, value > 0 else {
        throw Problem(description: "\(place)/exchange must be the number of an exchange")
      }
      acceptance.exchange = value
    }
    if object.count == 1 {
      throw Problem(description: "\(place) accepts everything: it needs a path, a place or a kind")
    }
    return acceptance
  }

  private static func text(
    _ object: JSONObject, _ key: String, _ place: String
  ) throws(Problem) -> String? {
    guard let value = object[key] else { return nil }
    guard let text = value.stringValue else {
      throw Problem(description: "\(place)/\(key) is \(value.kindName), and should be a text")
    }
    return text
  }

  /// Which one covers it; the first.
  package func index(for difference: ParityDifference, of played: PlayedExchange) -> Int? {
    all.firstIndex { $0.covers(difference, of: played) }
  }
}

extension JSON {
  fileprivate func without(_ key: String) -> JSON {
    guard case .object(var object) = self else { return self }
    object[key] = nil
    return .object(object)
  }
}
