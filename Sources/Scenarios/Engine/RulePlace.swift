import HTTPModel
import PayloadCodecs

/// A place of a request whose value decides about many rules at once.
enum RulePlace: Sendable, Hashable {
  case path
  case header(ExactText)
  case query(ExactText)
  case credential
  case host
  case tenant
  case content
  case pointer(JSONPointer)

  /// Whether a request may have anything there, as far as its head says.
  func mayHold(in request: Request) -> Bool {
    switch self {
    case .header(let name): request.fields.contains(name.text)
    case .query: request.target.hasQuery
    case .path, .credential, .host, .tenant, .content, .pointer: true
    }
  }

  /// What a request has there. More than a rule looks at does no harm: its conditions are checked all
  /// the same.
  func texts(in subject: RuleSubject) -> [String] {
    switch self {
    case .path: return [subject.path] + (subject.decodedPath.map { [$0] } ?? [])
    case .header(let name): return subject.request.fields.all(name.text)
    case .query(let name): return subject.queryValues(name.text)
    case .credential: return subject.credential.map { [$0] } ?? []
    case .host: return subject.host.map { [$0] } ?? []
    case .tenant: return [subject.tenant]
    case .content: return subject.contentText.map { [$0] } ?? []
    case .pointer(let pointer):
      let value = subject.contentJSON.flatMap(pointer.value(in:))
      return value.flatMap(ValueMatcher.plainText).map { [$0] } ?? []
    }
  }
}

extension RequestMatch {
  /// The first place at which it wants one of a few texts; nil when there is none.
  var wantedValues: (place: RulePlace, texts: [String])? {
    criteria.lazy.compactMap(\.wantedValues).first
  }
}

extension Criterion {
  fileprivate var wantedValues: (place: RulePlace, texts: [String])? {
    func wanted(_ place: RulePlace, _ matcher: ValueMatcher) -> (RulePlace, [String])? {
      matcher.wantedTexts(isText: isText).map { (place, $0) }
    }
    switch self {
    case .path(let patterns):
      let paths = patterns.compactMap(\.whole)
      return paths.count == patterns.count ? (.path, paths) : nil
    case .header(let name, let matcher): return wanted(.header(ExactText(name)), matcher)
    case .query(let name, let matcher): return wanted(.query(ExactText(name)), matcher)
    case .credential(let matcher): return wanted(.credential, matcher)
    case .bodyPointer(let pointer, let matcher): return wanted(.pointer(pointer), matcher)
    case .service, .operation, .method, .host, .tenant, .noOtherQuery, .bodyText, .bodyJSON:
      return nil
    }
  }
}

extension ValueMatcher {
  /// The texts one of which a value must be; nil where that does not say it.
  fileprivate func wantedTexts(isText: Bool) -> [String]? {
    switch self {
    case .equal(.string(let text)): return [text]
    case .equal(let value) where isText: return Self.plainText(of: value).map { [$0] }
    case .any(let inner):
      let texts = inner.compactMap { $0.wantedTexts(isText: isText) }
      return texts.count == inner.count ? texts.flatMap(\.self) : nil
    default: return nil
    }
  }
}
