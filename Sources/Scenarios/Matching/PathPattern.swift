package import PayloadCodecs
import HTTPModel

/// A condition on the path: a template (`/orgs/{org}/fleets`, `{rest…}` last) when it has braces,
/// else a glob. The path is compared as it was sent, then percent-decoded.
package struct PathPattern: Sendable, Equatable {
  package let text: String
  private let glob: Glob?
  /// Of a template, read once: every request is held against them.
  private let segments: [PathTemplate.Segment]?

  package init(_ text: String) {
    self.text = text
    let isTemplate = text.utf8.contains(UInt8(ascii: "{"))
    glob = isTemplate ? nil : Glob(text)
    segments = isTemplate ? PathTemplate(text).segments : nil
  }

  /// The one path that it stands for; nil when there may be several.
  package var whole: String? { glob?.literal }

  /// What stands in every path that it matches.
  var required: [RequiredText] { glob?.required ?? [] }

  /// The names that `{{path.…}}` may use because of this pattern.
  package var parameterNames: [String] { segments == nil ? [] : PathTemplate(text).parameterNames }

  /// Whether braces stand for themselves in it, as in `/files/{id}.json`: a parameter is a whole segment.
  var hasBracesInSegment: Bool {
    segments?.contains { segment in
      guard case .literal(let text) = segment else { return false }
      return text.contains(UInt8(ascii: "{")) || text.contains(UInt8(ascii: "}"))
    } ?? false
  }

  /// Whether something stands behind `{rest…}`, which nobody would look at.
  var goesOnBehindRest: Bool {
    segments?.dropLast().contains { if case .rest = $0 { true } else { false } } ?? false
  }

  package func matches(_ path: String) -> Bool {
    if let glob {
      if glob.matches(path) { return true }
      return path.utf8.span.hasEscapes && glob.matches(PercentCoding.decode(path))
    }
    return segments.map { Self.fits($0, path.utf8.span) } ?? false
  }

  private static func fits(_ segments: [PathTemplate.Segment], _ path: Span<UInt8>) -> Bool {
    var position = 0
    for segment in segments {
      if case .rest = segment { return true }
      guard let part = path.segment(from: position, to: path.count) else { return false }
      if case .literal(let wanted) = segment, !path.extracting(part).says(wanted) { return false }
      position = part.upperBound
    }
    return path.segment(from: position, to: path.count) == nil
  }

  /// The values of the template's parameters; nil when the path does not fit.
  package func captures(_ path: String) -> TextMap<String>? {
    guard let segments, Self.fits(segments, path.utf8.span) else { return nil }
    let bytes = Array(path.utf8)
    var captures: TextMap<String> = [:]
    var position = 0
    for segment in segments {
      if case .rest(let name) = segment {
        let slash = UInt8(ascii: "/")
        let rest = bytes[position...].split(separator: slash).joined(separator: [slash])
        captures[name] = PercentCoding.decode(Array(rest)[...])
        break
      }
      guard let part = bytes.span.segment(from: position, to: bytes.count) else { return nil }
      if case .parameter(let name) = segment { captures[name] = PercentCoding.decode(bytes[part]) }
      position = part.upperBound
    }
    return captures
  }
}

extension Span<UInt8> {
  /// Of a path: whether a percent sign stands in it.
  var hasEscapes: Bool { firstIndex(of: UInt8(ascii: "%"), from: 0, to: count) < count }

  /// Whether a part of a path is that literal, as it was sent or decoded.
  fileprivate func says(_ literal: ArraySlice<UInt8>) -> Bool {
    if hasEscapes {
      let part = indices.map { self[$0] }
      return PercentCoding.decode(part[...]).utf8.elementsEqual(literal)
    }
    return count == literal.count
      && indices.allSatisfy { self[$0] == literal[literal.startIndex + $0] }
  }
}
