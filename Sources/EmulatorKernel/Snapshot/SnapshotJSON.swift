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
    case .typeMismatch(let type, let found): (what, context) = ("expected \(type)", found)
    case .valueNotFound(let type, let found):
      (what, context) = ("expected \(type), found null", found)
    case .dataCorrupted(let found): (what, context) = (found.debugDescription, found)
    @unknown default: return "\(error)"
    }
    let place = context.codingPath.map(\.stringValue).joined(separator: "/")
    return place.isEmpty ? what : "at /\(place): \(what)"
  }
}
