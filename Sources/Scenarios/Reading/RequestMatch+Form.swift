import Determinism
import PayloadCodecs

extension RequestMatch {
  static let form = Form<RequestMatch>.named("match") {
    .object(
      "Which requests: all given keys must hold.", RequestMatch(),
      [
        .optional(
          "service", .oneOrMore(of: .name("service") { $0.services.map(\.name) }),
          "The service, or a glob; a list: one of them."
        ) { $0.criteria.append(.service($1)) },
        .optional(
          "operation",
          .oneOrMore(of: .name("operation") { $0.names.all }),
          "The operation, or a glob such as *.list; a list: one of them."
        ) { $0.criteria.append(.operation($1)) },
        .optional(
          "method", .oneOrMore(of: .nonEmptyText), "The method; a list: one of them.",
          example: "POST"
        ) { $0.criteria.append(.method($1.map(\.asciiUppercased))) },
        .optional(
          "path", .oneOrMore(of: .path),
          "The path: a glob (/orgs/*) or a template (/orgs/{org}/fleets); a list: one of them."
        ) { $0.criteria.append(.path($1)) },
        .optional(
          "host", host, "The host that is named, without its port.", example: "api.example.com"
        ) { $0.criteria.append(.host($1)) },
        .optional("tenant", ValueMatcher.form, "The tenant's name.", example: "default") {
          $0.criteria.append(.tenant($1))
        },
        .optional(
          "credential", ValueMatcher.form, "The request's key.", example: ["present": false]
        ) { $0.criteria.append(.credential($1)) },
        .optional(
          "query", .dictionary(of: ValueMatcher.form, "By name.", exampleKey: "limit"),
          "Items of the query, by name.", example: ["limit": ["gt": 100]]
        ) { match, items in match.criteria += items.map { .query($0.key, $0.value) } },
        .optional(
          "noOtherQuery",
          .onlyTrue("expected true (leave the key out instead of false)"),
          "The query has no items but those that \"query\" names.",
          beside: ["query": ["limit": 10]]
        ) { match, _ in match.criteria.append(.noOtherQuery([])) },
        .optional(
          "header", .dictionary(of: ValueMatcher.form, "By name.", exampleKey: "Accept"),
          "Fields, by name.", example: ["User-Agent": ["contains": "python"]]
        ) { match, fields in match.criteria += fields.map { .header($0.key, $0.value) } },
        .optional(
          "body", body, "The content; not where it streams.", example: ["json": ["a": 1]]
        ) { $0.criteria += $1 },
      ]
    ) { match, _ in
      let names = match.criteria.compactMap {
        if case .query(let name, _) = $0 { name } else { nil }
      }
      for (index, criterion) in match.criteria.enumerated() {
        if case .noOtherQuery = criterion { match.criteria[index] = .noOtherQuery(names) }
      }
    }
  }

  /// As other values; a plain text may be a glob, since no host has a `*`.
  private static let host = ValueMatcher.form.checked { matcher, reader -> ValueMatcher? in
    hostMatcher(matcher, reader)
  }

  private static func hostMatcher(_ matcher: ValueMatcher, _ reader: ScenarioReader) -> ValueMatcher
  {
    switch matcher {
    case .equal(.string(let text)):
      if text.utf8.contains(UInt8(ascii: "/")) || HostText.hasPort(text) {
        reader.problem("expected a host alone, without scheme, port and path")
      }
      let host = HostText.host(of: text)
      return host.utf8.contains(UInt8(ascii: "*")) ? .glob(Glob(host)) : .equal(.string(host))
    case .equal(let other):
      reader.problem("expected a host's name or a condition on it, found \(other.text)")
      return matcher
    case .glob(let glob): return .glob(Glob(glob.text.asciiLowercased))
    case .not(let inner): return .not(hostMatcher(inner, reader))
    case .any(let inner): return .any(inner.map { hostMatcher($0, reader) })
    case .all(let inner): return .all(inner.map { hostMatcher($0, reader) })
    default: return matcher
    }
  }

  private static let body: Form<[Criterion]> = .object(
    "The content.", [],
    [
      .optional("text", ValueMatcher.form, "The content as text.", example: ["contains": "x"]) {
        $0.append(.bodyText($1))
      },
      .optional(
        "pointer", ValueMatcher.places, "Places of JSON content, by JSON Pointer (RFC 6901).",
        example: ["/handle": "greeter"]
      ) { criteria, places in
        criteria += places.map { .bodyPointer($0.key, $0.value) }
      },
      .optional(
        "json", .json, "A part that JSON content must contain.", example: ["handle": "greeter"]
      ) { $0.append(.bodyJSON($1)) },
    ], needs: "\"body\" needs \"json\", \"pointer\" or \"text\""
  ) { criteria, object in
    if criteria.isEmpty, !object.keys.isEmpty {
      object.problem("\"body\" needs \"json\", \"pointer\" or \"text\"")
    }
  }

}

extension Form where Value == Glob {
  /// A name, or a glob that fits some: names for completion, any text for globs.
  fileprivate static func name(
    _ kind: String, _ names: @escaping @Sendable (ScenarioCatalog) -> [String]
  ) -> Form {
    Form(
      describe: { writer in
        writer.reference(kind + "Name") {
          [
            "description": .string("\(kind == "operation" ? "An" : "A") \(kind), or a glob."),
            "anyOf": [
              ["enum": .array(names(writer.catalog).map { .string($0) })],
              ["type": "string", "pattern": #"[*?\\]"#],
            ],
          ]
        }
      }, example: { "*" },
      read: { reader in
        guard let glob = reader.glob() else { return nil }
        guard let catalog = reader.catalog else { return glob }
        if kind == "operation", let name = glob.literal, catalog.names.contains(name) {
          return glob
        }
        let names = names(catalog)
        guard !glob.matchesOne(of: names) else { return glob }
        guard glob.literal == nil else { return reader.unknown(kind, glob.text, of: names) }
        let word = glob.text.unicodeScalars.filter { $0 != "*" && $0 != "?" }
        let hint = Nearest.hint(for: String(String.UnicodeScalarView(word)), among: names)
        reader.problem("no \(kind) matches \"\(glob.text)\"\(hint)")
        return nil
      })
  }
}

extension Form where Value == PathPattern {
  fileprivate static var path: Form {
    .plain(["type": "string", "pattern": "^[/*]"], example: "/api/*") { reader in
      guard let text = reader.nonEmptyString() else { return nil }
      guard text.hasPrefix("/") || text.hasPrefix("*") else {
        return reader.mismatch("a path that begins with / (or *)")
      }
      let pattern = PathPattern(text)
      if pattern.goesOnBehindRest {
        reader.problem("{name…} stands for all that is left of a path: nothing may follow it")
      }
      return pattern
    }
  }
}

extension ValueMatcher {
  /// Of a place that holds text.
  package static let form = Form<ValueMatcher>.named("matcher") { text }
  /// Of a place that may hold arrays and objects, so `equal` may too.
  static let jsonForm = Form<ValueMatcher>.named("jsonMatcher") { json }

  /// Conditions on places of JSON.
  package static let places: Form<[(key: JSONPointer, value: ValueMatcher)]> = .dictionary(
    of: jsonForm, "By JSON Pointer.",
    keys: ["pattern": "^(/([^~]|~[01])*)?$"], exampleKey: "/handle"
  ) { text, reader in
    guard let pointer = JSONPointer(text) else {
      reader.problem("\"\(text)\" is no JSON Pointer: it begins with /")
      return nil
    }
    return pointer
  }

  private static let text: Form<ValueMatcher> = made(
    of: ["string", "number", "boolean", "null"], inside: form)
  private static let json: Form<ValueMatcher> = made(
    of: ["string", "number", "boolean", "null", "array"], inside: jsonForm)

  private static func made(
    of types: [String], inside: Form<ValueMatcher>
  ) -> Form<ValueMatcher> {
    let plain = Form<ValueMatcher>.plain(
      ["type": .array(types.map { .string($0) })], example: "x"
    ) { reader in
      if case .array = reader.value, !types.contains("array") {
        reader.problem(
          "expected a value or an object of conditions; for a choice write {\"any\": […]}")
        return nil
      }
      return .equal(reader.value)
    }
    return .short(
      plain, orObject: conditions(inside), "A value that must be equal, or conditions.")
  }

  private static func conditions(_ inside: Form<ValueMatcher>) -> Form<ValueMatcher> {
    func bound(_ key: String, _ sentence: String, _ make: @escaping @Sendable (Double) -> Self)
      -> Field<[ValueMatcher]>
    {
      .optional(key, .number(), sentence) { $0.append(make($1)) }
    }
    return Form<[ValueMatcher]>.object(
      "Conditions that must all hold.", [],
      [
        .optional("equal", .json, "The same value.", example: "x") { $0.append(.equal($1)) },
        .optional(
          "contains", .json, "A text inside a text, or an element of an array.", example: "x"
        ) { $0.append(.contains($1)) },
        .optional(
          "regex", .pattern, "A regular expression, found anywhere (^…$: the whole)."
        ) { $0.append(.regex($1)) },
        .optional("glob", .glob, "* stands for any characters, ? for one.", example: "sth-*") {
          $0.append(.glob($1))
        },
        bound("gt", "More than.") { .above($0, orEqual: false) },
        bound("gte", "At least.") { .above($0, orEqual: true) },
        bound("lt", "Less than.") { .below($0, orEqual: false) },
        bound("lte", "At most.") { .below($0, orEqual: true) },
        .optional("before", moment, "A time before that one.") { $0.append(.before($1)) },
        .optional("after", moment, "A time after that one.") { $0.append(.after($1)) },
        .optional(
          "within", .duration, "A time at most so far from the tenant's present.", example: "5m"
        ) { $0.append(.within($1)) },
        .optional("present", .flag, "Whether there is a value at all.") {
          $0.append(.present($1))
        },
        .optional("not", inside, "What must not hold.") { $0.append(.not($1)) },
        .optional("any", .list(of: inside), "One of them must hold.") { $0.append(.any($1)) },
        .optional("all", .list(of: inside), "All of them must hold.") { $0.append(.all($1)) },
      ],
      needs:
        "expected at least one condition, such as {\"contains\": …}; for an empty object write {\"equal\": {}}"
    ).map { $0.count == 1 ? $0[0] : .all($0) }
  }
}

extension ValueMatcher {
  /// An instant, or the tenant's present.
  private static let moment = Form<Moment>(
    describe: { writer in
      writer.reference("timeBound") {
        [
          "description": "An instant, or the tenant's present.",
          "anyOf": [.object(Form<VirtualInstant>.instant.describe(writer)), ["const": "now"]],
        ]
      }
    }, example: { "2026-01-01T00:00:00Z" },
    read: { reader in
      guard let text = reader.value.stringValue else {
        return reader.mismatch("an instant, or \"now\"")
      }
      if text.utf8.elementsEqual("now".utf8) { return Moment.now }
      return VirtualInstant(iso8601: text).map { .instant($0) }
        ?? reader.mismatch("an instant such as \"2026-01-01T00:00:00Z\", or \"now\"")
    })
}

extension Form where Value == TextPattern {
  fileprivate static var pattern: Form {
    .plain(["type": "string"], example: "^v[0-9]+$") { reader in
      guard let text = reader.string() else { return nil }
      do {
        return try TextPattern(text)
      } catch {
        reader.problem(
          "the regular expression \(JSON.string(text).text) does not compile: \(error)")
        return nil
      }
    }
  }
}
