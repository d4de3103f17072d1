import PayloadCodecs

extension RequestMatch {
  /// `{"operation": "scramjet.store.put", "header": {…}, "body": {…}}`.
  package init?(reading reader: ScenarioReader, catalog: ScenarioCatalog? = nil) {
    let criteria = reader.object { object -> [Criterion] in
      var criteria: [Criterion] = []
      if let service = object.optional("service"), let globs = service.oneOrMore({ $0.glob() }) {
        catalog?.check(services: globs, at: service)
        criteria.append(.service(globs))
      }
      if let operation = object.optional("operation"),
        let globs = operation.oneOrMore({ $0.glob() })
      {
        catalog?.check(operations: globs, at: operation)
        criteria.append(.operation(globs))
      }
      if let methods = object.oneOrMore("method", { $0.nonEmptyString()?.asciiUppercased }) {
        criteria.append(.method(methods))
      }
      if let paths = object.oneOrMore("path", { Self.path($0) }) { criteria.append(.path(paths)) }
      if let matcher = object.optional("tenant").flatMap({ ValueMatcher(reading: $0) }) {
        criteria.append(.tenant(matcher))
      }
      if let matcher = object.optional("credential").flatMap({ ValueMatcher(reading: $0) }) {
        criteria.append(.credential(matcher))
      }
      for (name, matcher) in object.dictionary("query", { ValueMatcher(reading: $1) }) ?? [] {
        criteria.append(.query(name, matcher))
      }
      for (name, matcher) in object.dictionary("header", { ValueMatcher(reading: $1) }) ?? [] {
        criteria.append(.header(name, matcher))
      }
      criteria += object.object("body") { Self.body($0) } ?? []
      return criteria
    }
    guard let criteria else { return nil }
    self.init(criteria)
  }

  private static func path(_ reader: ScenarioReader) -> PathPattern? {
    guard let text = reader.nonEmptyString() else { return nil }
    guard text.hasPrefix("/") || text.hasPrefix("*") else {
      return reader.mismatch("a path that begins with / (or *)")
    }
    return PathPattern(text)
  }

  private static func body(_ object: ScenarioObject) -> [Criterion] {
    var criteria: [Criterion] = []
    if let text = object.optional("text").flatMap({ ValueMatcher(reading: $0) }) {
      criteria.append(.bodyText(text))
    }
    let places = object.dictionary("pointer") { text, reader -> Criterion? in
      guard let pointer = JSONPointer(text) else {
        reader.problem("\"\(text)\" is no JSON Pointer: it begins with /")
        return nil
      }
      return ValueMatcher(reading: reader, isJSON: true).map { .bodyPointer(pointer, $0) }
    }
    criteria += (places ?? []).map(\.value)
    if let part = object.json("json") { criteria.append(.bodyJSON(part)) }
    if criteria.isEmpty {
      object.problem("\"body\" needs \"json\", \"pointer\" or \"text\"")
    }
    return criteria
  }
}

extension ValueMatcher {
  /// A plain value, or an object of conditions that must all hold.
  /// - Parameter isJSON: the place may hold arrays and objects, so `equal` may too.
  package init?(reading reader: ScenarioReader, isJSON: Bool = false) {
    switch reader.value {
    case .object:
      guard let read = reader.object({ Self.conditions($0, isJSON: isJSON) }) else { return nil }
      self = read
    case .array where !isJSON:
      reader.problem(
        "expected a value or an object of conditions; for a choice write {\"any\": […]}")
      return nil
    default:
      guard let value = reader.json() else { return nil }
      self = .equal(value)
    }
  }

  private static func conditions(_ object: ScenarioObject, isJSON: Bool) -> ValueMatcher? {
    var conditions: [ValueMatcher] = []
    if let value = object.json("equal") { conditions.append(.equal(value)) }
    if let value = object.json("contains") { conditions.append(.contains(value)) }
    if let regex = object.optional("regex"), let pattern = pattern(regex) {
      conditions.append(.regex(pattern))
    }
    if let glob = object.glob("glob") { conditions.append(.glob(glob)) }
    if let bound = object.double("gt") { conditions.append(.above(bound, orEqual: false)) }
    if let bound = object.double("gte") { conditions.append(.above(bound, orEqual: true)) }
    if let bound = object.double("lt") { conditions.append(.below(bound, orEqual: false)) }
    if let bound = object.double("lte") { conditions.append(.below(bound, orEqual: true)) }
    if let isPresent = object.bool("present") { conditions.append(.present(isPresent)) }
    if let inner = object.optional("not").flatMap({ Self(reading: $0, isJSON: isJSON) }) {
      conditions.append(.not(inner))
    }
    if let inner = object.array("any", { Self(reading: $0, isJSON: isJSON) }) {
      conditions.append(.any(inner))
    }
    if let inner = object.array("all", { Self(reading: $0, isJSON: isJSON) }) {
      conditions.append(.all(inner))
    }
    if object.keys.isEmpty {
      object.problem(
        "expected at least one condition, such as {\"contains\": …}; for an empty object write {\"equal\": {}}"
      )
    }
    return conditions.count == 1 ? conditions[0] : .all(conditions)
  }

  private static func pattern(_ reader: ScenarioReader) -> TextPattern? {
    guard let text = reader.string() else { return nil }
    do {
      return try TextPattern(text)
    } catch {
      reader.problem("the regular expression \(JSON.string(text).text) does not compile: \(error)")
      return nil
    }
  }
}
