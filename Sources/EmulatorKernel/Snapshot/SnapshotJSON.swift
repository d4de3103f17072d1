import PayloadCodecs

import FoundationEssentials

/// Reads the JSON parts of a snapshot, their numbers within bounds.
package enum SnapshotJSON {
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], path: String
  ) throws(SnapshotError) -> Value {
    if let value = try? StateDecoder.decode(type, from: bytes) { return value }
    do {
      return try JSONDecoder().decode(Bounded<Value>.self, from: Data(bytes)).value
    } catch let error as DecodingError {
      throw .invalid(path: path, reason: reason(error))
    } catch {
      throw .invalid(path: path, reason: "\(error)")
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    let context: DecodingError.Context
    let what: String
    switch error {
    case .keyNotFound(let key, let found):
      (what, context) = ("the key \"\(key.stringValue)\" is missing", found)
    case .typeMismatch(let type, let found):
      (what, context) = ("expected \(words(for: type))", found)
    case .valueNotFound(let type, let found):
      (what, context) = ("expected \(words(for: type)), found null", found)
    case .dataCorrupted(let found):
      // Foundation's own text names a type of the program.
      let isWord = found.debugDescription.hasPrefix("Cannot initialize ")
      (what, context) = (
        isWord ? "a word that is none of those known" : found.debugDescription, found
      )
    @unknown default: return "\(error)"
    }
    let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      .joined(separator: "/")
    return place.isEmpty ? what : "at /\(place): \(what)"
  }

  /// What a file has in the place of a type of the program.
  private static func words(for type: Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "something else"
    }
  }
}
