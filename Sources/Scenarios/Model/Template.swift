package import Determinism
import HTTPModel
package import PayloadCodecs

/// A text that may hold `{{…}}`, taken apart once when the scenario is read.
package struct Template: Sendable, Equatable {
  /// What may stand between the braces.
  package enum Expression: Sendable, Equatable {
    /// `request.json./handle`: a place in the request's content.
    case requestJSON(JSONPointer)
    case requestText
    case requestQuery(String)
    case requestHeader(String)
    case requestPath
    case requestMethod
    /// `path.id`: a parameter of the operation's path, or of the rule's own path template.
    case path(String)
    /// A fresh UUID, the same in every run.
    case id
    /// The tenant's time, RFC 3339 with milliseconds.
    case now
    /// `vars.phase`, `vars.deep./a/0`.
    case variable(String, JSONPointer?)
    /// How often the rule has struck, this time included.
    case count
    case tenant
    case operation

    var readsContent: Bool {
      switch self {
      case .requestJSON, .requestText: true
      default: false
      }
    }
  }

  private enum Part: Sendable, Equatable {
    case text(String)
    case expression(Expression)
  }

  private let parts: [Part]
  /// Nothing to fill in.
  package var isConstant: Bool {
    parts.allSatisfy { if case .text = $0 { true } else { false } }
  }

  /// The names that rules know, each with what it becomes: made of what stands in place of its `…`.
  private static let kinds: [(name: TemplateName, make: @Sendable (String) -> Expression?)] = [
    (
      TemplateName("request.json", "The request's content as JSON."),
      { _ in .requestJSON(JSONPointer()) }
    ),
    (
      TemplateName(
        "request.json.…", "A place in it, by JSON Pointer: `request.json./handle`, with its type."),
      { JSONPointer($0).map { .requestJSON($0) } }
    ),
    (TemplateName("request.text", "The request's content as text."), { _ in .requestText }),
    (TemplateName("request.query.…", "An item of the query, by name."), { .requestQuery($0) }),
    (TemplateName("request.header.…", "A field of the request, by name."), { .requestHeader($0) }),
    (TemplateName("request.path", "The request's path."), { _ in .requestPath }),
    (TemplateName("request.method", "The request's method."), { _ in .requestMethod }),
    (
      TemplateName(
        "path.…", "A parameter of the operation's path, or of the rule's own path template."),
      { .path($0) }
    ),
    (TemplateName("id", "A fresh UUID, the same in every run."), { _ in .id }),
    (TemplateName("now", "The tenant's time, RFC 3339 with milliseconds."), { _ in .now }),
    (
      TemplateName(
        "vars.…", "A variable of the scenario, with its type; `vars.deep./a/0` is a place in it."),
      variable
    ),
    (TemplateName("count", "How often the rule has struck, this time included."), { _ in .count }),
    (TemplateName("tenant", "The tenant's name."), { _ in .tenant }),
    (TemplateName("operation", "The operation's name."), { _ in .operation }),
  ]

  package static let names = kinds.map(\.name)

  @Sendable private static func variable(_ text: String) -> Expression? {
    guard let slash = text.firstRange(of: "./") else { return .variable(text, nil) }
    return JSONPointer(String(text[slash.lowerBound...].dropFirst())).map {
      .variable(String(text[..<slash.lowerBound]), $0)
    }
  }

  /// Reads a text; what is wrong with an expression goes to `problem`.
  package init(_ text: String, problem: (String) -> Void) {
    parts = HoleText(text, names: Self.names, problem: problem).parts.compactMap { part -> Part? in
      switch part {
      case .text(let text): return .text(text)
      case .hole(let name):
        for kind in Self.kinds {
          guard let rest = kind.name.rest(of: name) else { continue }
          if let expression = kind.make(rest) { return .expression(expression) }
          problem(
            "\(rest) holds no JSON Pointer: write request.json./handle or vars.name./handle")
        }
        return nil
      }
    }
  }

  /// What it asks for.
  var expressions: [Expression] {
    parts.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
  }

  /// The text where there is nothing to fill in.
  fileprivate var constantText: String {
    parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
  }

  package func text(_ context: inout TemplateContext) -> String {
    var text = ""
    for part in parts {
      switch part {
      case .text(let piece): text += piece
      case .expression(let expression):
        guard let value = context.filling(expression) else { continue }
        text += ValueMatcher.plainText(of: value) ?? (value.isNull ? "" : value.text)
      }
    }
    return text
  }

  /// A text; or, when the template is one place in the content or one variable and nothing else,
  /// the value that stands there, with its type.
  package func json(_ context: inout TemplateContext) -> JSON {
    if parts.count == 1, case .expression(let expression) = parts[0] {
      switch expression {
      case .requestJSON, .variable: return context.filling(expression) ?? .null
      default: break
      }
    }
    return .string(text(&context))
  }
}

/// JSON whose texts are templates.
package indirect enum JSONTemplate: Sendable, Equatable {
  case constant(JSON)
  case text(Template)
  case array([JSONTemplate])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONTemplate
  }

  package init(_ json: JSON, problem: (String) -> Void) {
    switch json {
    case .string(let text):
      let template = Template(text, problem: problem)
      self = template.isConstant ? .constant(.string(template.constantText)) : .text(template)
    case .array(let elements):
      let parts = elements.map { JSONTemplate($0, problem: problem) }
      self = json.holdsTemplate ? .array(parts) : .constant(json)
    case .object(let object):
      let members = object.members.map {
        Member(key: $0.key, value: JSONTemplate($0.value, problem: problem))
      }
      self = json.holdsTemplate ? .object(members) : .constant(json)
    case .null, .bool, .integer, .decimal: self = .constant(json)
    }
  }

  /// Nothing to fill in.
  var isConstant: Bool { if case .constant = self { true } else { false } }

  package func json(_ context: inout TemplateContext) -> JSON {
    switch self {
    case .constant(let json): return json
    case .text(let template): return template.json(&context)
    case .array(let parts):
      var elements: [JSON] = []
      for part in parts { elements.append(part.json(&context)) }
      return .array(elements)
    case .object(let members):
      var object = JSONObject()
      for member in members { object.members.append((member.key, member.value.json(&context))) }
      return .object(object)
    }
  }
}

extension JSON {
  /// What the templates in all its texts ask for.
  func templateExpressions() -> [Template.Expression] {
    switch self {
    case .string(let text): Template(text, problem: { _ in }).expressions
    case .array(let elements): elements.flatMap { $0.templateExpressions() }
    case .object(let object): object.members.flatMap { $0.value.templateExpressions() }
    case .null, .bool, .integer, .decimal: []
    }
  }
}

/// What templates are filled with.
package struct TemplateContext {
  package let subject: RuleSubject
  package let variables: JSONObject
  package let now: VirtualInstant
  package let count: Int
  /// Values of the rule's own path template.
  package let captures: TextMap<String>
  /// Where fresh ids come from: a stream of this strike alone, begun when the first is wanted.
  private let makeRandom: () -> SeededRandom
  private var random: SeededRandom?
  /// How much may still be filled in.
  private var room = EngineLimits.templateBytesMax
  /// Something was left out because there was no room.
  private(set) package var isCut = false

  package init(
    subject: RuleSubject, variables: JSONObject, now: VirtualInstant, count: Int,
    captures: TextMap<String>, random: @autoclosure @escaping () -> SeededRandom
  ) {
    self.subject = subject
    self.variables = variables
    self.now = now
    self.count = count
    self.captures = captures
    makeRandom = random
  }

  /// The value of an expression; nil when it is too long for what is left of the strike's room.
  mutating func filling(_ expression: Template.Expression) -> JSON? {
    guard room > 0 else {
      isCut = true
      return nil
    }
    let value = value(of: expression)
    guard let bytes = value.textBytes(atMost: room) else {
      isCut = true
      room = 0
      return nil
    }
    room -= bytes
    return value
  }

  private mutating func freshID() -> String {
    var stream = random ?? makeRandom()
    let id = UUIDText.format(stream.next(), stream.next(), version: 4, .lower)
    random = stream
    return id
  }

  private mutating func value(of expression: Template.Expression) -> JSON {
    switch expression {
    case .requestJSON(let pointer):
      return subject.contentJSON.flatMap(pointer.value(in:)) ?? .null
    case .requestText: return JSON(subject.contentText)
    case .requestQuery(let name): return JSON(subject.queryValues(name).first)
    case .requestHeader(let name): return JSON(subject.request.fields[name])
    case .requestPath: return .string(subject.path)
    case .requestMethod: return .string(subject.request.method.name)
    case .path(let name): return JSON(subject.parameters[name] ?? captures[name])
    case .id: return .string(freshID())
    case .now: return .string(now.iso8601(.milliseconds))
    case .variable(let name, let pointer):
      guard let value = variables[name] else { return .null }
      return pointer.map { $0.value(in: value) ?? .null } ?? value
    case .count: return .integer(count)
    case .tenant: return .string(subject.tenant)
    case .operation: return JSON(subject.operation)
    }
  }
}

extension StringProtocol {
  /// The first place of a text, compared byte by byte; nil for an empty one.
  func firstRange(of part: String) -> Range<Index>? {
    guard let first = part.utf8.first else { return nil }
    var index = utf8.startIndex
    while index < utf8.endIndex {
      if utf8[index] == first, utf8[index...].starts(with: part.utf8) {
        return index..<utf8.index(index, offsetBy: part.utf8.count)
      }
      index = utf8.index(after: index)
    }
    return nil
  }
}
