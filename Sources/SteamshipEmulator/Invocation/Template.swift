import PayloadCodecs

/// Fills `{{arguments.name}}`, `{{config.tone}}`, `{{now}}` and the like into a scripted answer.
///
/// A text that is nothing but one placeholder becomes the value itself, with its type; inside other
/// text a value is written as text. What is unknown becomes an empty text.
struct Template {
  /// Values by their first name.
  let values: JSONObject

  func fill(_ json: JSON) -> JSON {
    switch json {
    case .string(let text):
      if let path = Self.onlyPlaceholder(text) { return value(path) ?? "" }
      return .string(fill(text))
    case .array(let elements): return .array(elements.map(fill))
    case .object(let object):
      return .object(JSONObject(object.members.map { (fill($0.key), fill($0.value)) }))
    case .null, .bool, .integer, .decimal: return json
    }
  }

  func fill(_ text: String) -> String {
    guard text.contains("{{") else { return text }
    var result = ""
    var rest = Substring(text)
    // Repeated often, a long value is cut: as much as the content of a request may be.
    while result.utf8.count <= 16 << 20, let open = rest.firstRange(of: "{{") {
      result += rest[..<open.lowerBound]
      let after = rest[open.upperBound...]
      guard let close = after.firstRange(of: "}}") else {
        return result + rest[open.lowerBound...]
      }
      let found = value(after[..<close.lowerBound].trimmed)
      result += found.map { $0.stringValue ?? $0.text } ?? ""
      rest = after[close.upperBound...]
    }
    return result + rest
  }

  private static func onlyPlaceholder(_ text: String) -> String? {
    guard text.hasPrefix("{{"), text.hasSuffix("}}"), text.utf8.count > 4 else { return nil }
    let inner = text.dropFirst(2).dropLast(2)
    return inner.contains("{{") || inner.contains("}}") ? nil : inner.trimmed
  }

  private func value(_ path: String) -> JSON? {
    var found: JSON? = .object(values)
    for key in path.split(separator: ".", omittingEmptySubsequences: false) {
      found = Int(key).flatMap { found?[$0] } ?? found?[String(key)]
    }
    guard let found, !found.isNull else { return nil }
    return found
  }
}

extension Substring {
  /// Without spaces at both ends.
  fileprivate var trimmed: String {
    var view = utf8
    while view.first == UInt8(ascii: " ") { view.removeFirst() }
    while view.last == UInt8(ascii: " ") { view.removeLast() }
    return String(Substring(view))
  }

  fileprivate func firstRange(of text: String) -> Range<Index>? {
    let wanted = Array(text.utf8)
    var index = startIndex
    let bytes = utf8
    while let found = bytes[index...].firstIndex(of: wanted[0]) {
      let next = bytes.index(after: found)
      if next < bytes.endIndex, bytes[next] == wanted[1] {
        return found..<bytes.index(after: next)
      }
      index = next
    }
    return nil
  }
}
