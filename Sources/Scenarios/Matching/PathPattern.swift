package import PayloadCodecs
import HTTPModel

/// A condition on the path: a template (`/orgs/{org}/fleets`, `{rest…}` last) when it has braces,
/// else a glob. The path is compared as it was sent, then percent-decoded.
package struct PathPattern: Sendable, Equatable {
  package let text: String
  private let glob: Glob?
  private let template: PathTemplate?

  package init(_ text: String) {
    self.text = text
    let isTemplate = text.utf8.contains(UInt8(ascii: "{"))
    glob = isTemplate ? nil : Glob(text)
    template = isTemplate ? PathTemplate(text) : nil
  }

  /// The one path that it stands for; nil when there may be several.
  package var whole: String? { glob?.literal }

  /// What stands in every path that it matches.
  var required: [RequiredText] { glob?.required ?? [] }

  /// The names that `{{path.…}}` may use because of this pattern.
  package var parameterNames: [String] { template?.parameterNames ?? [] }

  package func matches(_ path: String) -> Bool {
    if let glob {
      if glob.matches(path) { return true }
      return path.utf8.contains(UInt8(ascii: "%")) && glob.matches(PercentCoding.decode(path))
    }
    if case .some = captures(path) { return true }
    return false
  }

  /// The values of the template's parameters; nil when the path does not fit.
  package func captures(_ path: String) -> TextMap<String>? {
    guard let template else { return nil }
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true)
    var captures: TextMap<String> = [:]
    for (index, segment) in template.segments.enumerated() {
      if case .rest(let name) = segment {
        let rest = parts.dropFirst(index).map { String(Substring($0)) }
        captures[name] = PercentCoding.decode(rest.joined(separator: "/"))
        return captures
      }
      guard index < parts.count else { return nil }
      let part = PercentCoding.decode(String(Substring(parts[index])))
      switch segment {
      case .literal(let bytes): guard part.utf8.elementsEqual(bytes) else { return nil }
      case .parameter(let name), .rest(let name): captures[name] = part
      }
    }
    return parts.count == template.segments.count ? captures : nil
  }
}
