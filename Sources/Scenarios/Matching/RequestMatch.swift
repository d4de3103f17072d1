import HTTPModel
package import PayloadCodecs

/// One thing that must hold for a request. In `RequestMatch` they stand in the order in which they
/// are checked: the cheap ones first, the content last.
package enum Criterion: Sendable, Equatable {
  case service([Glob])
  case operation([Glob])
  case method([String])
  case path([PathPattern])
  case host(ValueMatcher)
  case tenant(ValueMatcher)
  case credential(ValueMatcher)
  case query(String, ValueMatcher)
  /// No items of the query but these.
  case noOtherQuery([String])
  case header(String, ValueMatcher)
  case bodyText(ValueMatcher)
  case bodyPointer(JSONPointer, ValueMatcher)
  case bodyJSON(JSON)

  package var needsContent: Bool {
    switch self {
    case .bodyText, .bodyPointer, .bodyJSON: true
    default: false
    }
  }

  /// The key in a scenario that it comes from: `match.header.content-type`.
  package var key: String {
    switch self {
    case .service: "match.service"
    case .operation: "match.operation"
    case .method: "match.method"
    case .path: "match.path"
    case .host: "match.host"
    case .tenant: "match.tenant"
    case .credential: "match.credential"
    case .query(let name, _): "match.query.\(name)"
    case .noOtherQuery: "match.noOtherQuery"
    case .header(let name, _): "match.header.\(name)"
    case .bodyText: "match.body.text"
    case .bodyPointer(let pointer, _): "match.body.pointer.\(pointer.text)"
    case .bodyJSON: "match.body.json"
    }
  }
}

/// Which requests a rule, or a question to the journal, is about. Without criteria: all.
package struct RequestMatch: Sendable, Equatable {
  package var criteria: [Criterion]

  package init(_ criteria: [Criterion] = []) { self.criteria = criteria }

  package var needsContent: Bool { criteria.contains(where: \.needsContent) }

  /// The position of the first criterion that does not hold; nil when all do.
  package func firstFailure(for subject: RuleSubject) -> Int? {
    for index in criteria.indices where !criteria[index].holds(for: subject) { return index }
    return nil
  }

  /// Whether it can hold for requests of an operation at all: what an index needs to know.
  package func mayConcern(_ operation: ScenarioCatalog.Operation, service: String) -> Bool {
    criteria.allSatisfy { criterion in
      switch criterion {
      case .service(let globs): globs.contains { $0.matches(service) }
      case .operation(let globs): globs.contains { $0.matches(operation.name) }
      case .method(let methods): OperationNames.isAnswered(one: methods, by: operation.methods)
      default: true
      }
    }
  }

  /// Whether it can hold for a path of no operation.
  package var mayConcernUnknownPath: Bool {
    !criteria.contains { if case .operation = $0 { true } else { false } }
  }
}

extension Criterion {
  package func holds(for subject: RuleSubject) -> Bool {
    switch self {
    case .service(let globs):
      return subject.service.map { name in globs.contains { $0.matches(name) } } ?? false
    case .operation(let globs):
      return subject.operation.map { name in globs.contains { $0.matches(name) } } ?? false
    case .method(let methods): return methods.contains(subject.request.method.name)
    case .path(let patterns): return patterns.contains { $0.matches(subject.path) }
    case .noOtherQuery: return values(in: subject)?.isEmpty ?? true
    // By far the most common: compared where it lies.
    case .header(let name, .equal(.string(let wanted))):
      return subject.request.fields.contains(name, saying: wanted)
    default:
      guard let values = values(in: subject) else { return false }
      if case .bodyJSON(let part) = self {
        return part.firstDifference(fromContaining: values.first) == nil
      }
      return matcher?.matches(values, isText: isText, now: subject.now) ?? false
    }
  }

  private var matcher: ValueMatcher? {
    switch self {
    case .host(let matcher), .tenant(let matcher), .credential(let matcher), .query(_, let matcher),
      .header(_, let matcher), .bodyText(let matcher), .bodyPointer(_, let matcher):
      matcher
    default: nil
    }
  }

  /// Whether the values are known as text only.
  var isText: Bool { if case .bodyPointer = self { false } else { true } }

  /// The values it looks at; nil when the content cannot be read.
  private func values(in subject: RuleSubject) -> [JSON]? {
    switch self {
    case .service: subject.service.map { [.string($0)] } ?? []
    case .operation: subject.operation.map { [.string($0)] } ?? []
    case .method: [.string(subject.request.method.name)]
    case .path: [.string(subject.path)]
    case .host: subject.host.map { [.string($0)] } ?? []
    case .tenant: [.string(subject.tenant)]
    case .credential: subject.credential.map { [.string($0)] } ?? []
    case .query(let name, _): subject.queryValues(name).map(JSON.string)
    case .noOtherQuery(let names):
      subject.queryNames.filter { name in !names.contains { $0.isExactly(name) } }.map(JSON.string)
    case .header(let name, _): subject.request.fields.all(name).map(JSON.string)
    case .bodyText: subject.contentText.map { [.string($0)] }
    case .bodyPointer(let pointer, _):
      subject.contentJSON.map { json in pointer.value(in: json).map { [$0] } ?? [] }
    case .bodyJSON: subject.contentJSON.map { [$0] }
    }
  }

  /// What was wanted, in words.
  package var expectation: String {
    switch self {
    case .service(let globs), .operation(let globs):
      globs.map(\.text).joined(separator: " or ")
    case .method(let methods): methods.joined(separator: " or ")
    case .path(let patterns): patterns.map(\.text).joined(separator: " or ")
    case .noOtherQuery: "no other items of the query"
    case .bodyJSON(let part): "content that contains \(part.text)"
    default: matcher.map(\.description) ?? ""
    }
  }

  /// What a request has in its place, in words.
  package func finding(in subject: RuleSubject) -> String {
    guard let values = values(in: subject) else { return subject.whyNoContent }
    if case .bodyJSON(let part) = self,
      let difference = part.firstDifference(fromContaining: values.first)
    {
      let place = difference.pointer.isEmpty ? "" : " at \(difference.pointer)"
      return (difference.found?.text.clipped(to: 200) ?? "nothing") + place
    }
    if values.isEmpty { return "nothing" }
    return values.map { shown($0, subject.mask).clipped(to: 200) }.joined(separator: ", ")
  }
}

extension Criterion {
  /// A value for people, credentials masked.
  private func shown(_ value: JSON, _ mask: (any ValueMask)?) -> String {
    guard case .string(let text) = value else { return value.text }
    guard let mask else { return "***" }
    switch self {
    case .credential:
      return JSON.string(mask.value(text, ofField: "authorization")).text
    case .header(let name, _): return JSON.string(mask.value(text, ofField: name)).text
    case .path: return JSON.string(mask.target(text)).text
    case .query(let name, _):
      let pair = mask.target("?\(name)=\(text)")
      return JSON.string(String(pair.dropFirst(name.count + 2))).text
    default: return value.text
    }
  }
}

extension String {
  /// At most so many characters, with `…` where something was cut.
  package func clipped(to count: Int) -> String {
    guard unicodeScalars.count > count else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.prefix(count))) + "…"
  }
}
