package import PayloadCodecs

/// A text with names in double braces that are filled later: the one such language of this house.
/// Each place says which names it knows (`TemplateName`); who fills it says what they are worth.
///
/// **Shape**: `{{name}}`, spaces inside do not count; `{{{{` stands for two braces themselves.
package struct HoleText: Sendable, Equatable {
  package enum Part: Sendable, Equatable {
    case text(String)
    case hole(String)
  }

  package private(set) var parts: [Part] = []

  /// - Parameters:
  ///   - names: those that are known here; nil: they were checked before.
  ///   - problem: told of braces that do not close, and of each name that is not known.
  package init(
    _ text: String, names: [TemplateName]? = nil, problem: (String) -> Void = { _ in }
  ) {
    var rest = Substring(text)
    var literal = ""
    while let open = rest.firstRange(of: "{{") {
      literal += rest[..<open.lowerBound]
      rest = rest[open.upperBound...]
      if rest.hasPrefix("{{") {
        literal += "{{"
        rest = rest[rest.utf8.index(rest.startIndex, offsetBy: 2)...]
        continue
      }
      guard let close = rest.firstRange(of: "}}") else {
        problem("the template \(text.clipped(to: 60)) has {{ without }}")
        literal += "{{"
        break
      }
      let name = String(rest[..<close.lowerBound]).trimmingSpaces()
      if let names, !names.contains(where: { $0.rest(of: name) != nil }) {
        problem(
          "unknown template {{\(name.clipped(to: 40))}}"
            + Nearest.hint(for: name, among: names.map(\.pattern)))
      }
      if !literal.isEmpty { parts.append(.text(literal)) }
      literal = ""
      parts.append(.hole(name))
      rest = rest[close.upperBound...]
    }
    literal += rest
    if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
  }

  /// The text filled in; a text that is one name alone becomes the value itself, with its type.
  /// - Parameters:
  ///   - bytesMax: where it has come to that, no more is added.
  ///   - value: nil is an empty text.
  package func json(bytesMax: Int, _ value: (String) -> JSON?) -> JSON {
    if parts.count == 1, case .hole(let name) = parts[0] { return value(name) ?? "" }
    return .string(text(bytesMax: bytesMax, value))
  }

  package func text(bytesMax: Int, _ value: (String) -> JSON?) -> String {
    var text = ""
    for part in parts where text.utf8.count <= bytesMax {
      switch part {
      case .text(let piece): text += piece
      case .hole(let name):
        if let value = value(name) { text += value.stringValue ?? value.text }
      }
    }
    return text
  }
}

/// A name that may stand between the braces.
package struct TemplateName: Sendable {
  /// The name itself, or with `…` at its end: anything that begins so.
  package let pattern: String
  /// What it gives.
  package let sentence: String

  package init(_ pattern: String, _ sentence: String) {
    self.pattern = pattern
    self.sentence = sentence
  }

  /// What stands in place of the `…`; nil when it is another name.
  func rest(of name: String) -> String? {
    guard pattern.hasSuffix("…") else { return name == pattern ? "" : nil }
    let beginning = String(pattern.unicodeScalars.dropLast())
    guard name.hasPrefix(beginning), name.utf8.count > beginning.utf8.count else { return nil }
    return String(name.dropFirst(beginning.count))
  }
}

extension JSON {
  /// What is wrong with the templates in it goes to `problem`.
  package func checkTemplates(_ names: [TemplateName], problem: (String) -> Void) {
    switch self {
    case .string(let text): _ = HoleText(text, names: names, problem: problem)
    case .array(let elements):
      for element in elements { element.checkTemplates(names, problem: problem) }
    case .object(let object):
      for (key, value) in object.members {
        _ = HoleText(key, names: names, problem: problem)
        value.checkTemplates(names, problem: problem)
      }
    case .null, .bool, .integer, .decimal: break
    }
  }
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    var view = Substring(self).unicodeScalars
    while view.first?.properties.isWhitespace == true { view.removeFirst() }
    while view.last?.properties.isWhitespace == true { view.removeLast() }
    return String(Substring(view))
  }
}
