import HTTPModel
package import PayloadCodecs

/// What may stand at one place of a scenario, said once: how it is read, and how it is described (in
/// the JSON Schema, on the reference page).
///
/// **Shape**: plain forms (`.int(in:)`, `.duration`), containers of them (`.list(of:)`), and objects,
/// which are lists of `Field`s:
///
///     struct Attempt { var exit = 0; var output: String? }
///
///     static let attempt = Form.object(
///       "One attempt.", Attempt(),
///       [
///         .standard("exit", \.exit, .int(in: 0...255), 0, "With what it ends."),
///         .optional("output", \.output, .text, "What it prints."),
///       ])
package struct Form<Value>: Sendable {
  /// The value; nil, and a problem, when it is another one.
  package let read: @Sendable (ScenarioReader) -> Value?
  /// As JSON Schema.
  let describe: @Sendable (SchemaWriter) -> JSONObject
  /// A value that it takes. Made when somebody asks, since forms may hold themselves.
  let example: @Sendable () -> JSON
  /// Further values, where it holds others: together they have every key and every alternative, each
  /// with its example.
  let samples: @Sendable (SampleWalk) -> [JSON]

  /// - Parameter samples: nil: none but the example.
  init(
    describe: @escaping @Sendable (SchemaWriter) -> JSONObject,
    example: @escaping @Sendable () -> JSON,
    samples: (@Sendable (SampleWalk) -> [JSON])? = nil,
    read: @escaping @Sendable (ScenarioReader) -> Value?
  ) {
    self.read = read
    self.describe = describe
    self.example = example
    self.samples = samples ?? { _ in [] }
  }
}

extension Form {
  /// A plain value.
  ///
  /// Inside of an event, a text with `{{` may stand in its place: what fills it is seen when the event
  /// happens.
  /// - Parameter name: that of its definition, where many places have it.
  package static func plain(
    _ schema: JSONObject, example: JSON, name: String? = nil,
    read: @escaping @Sendable (ScenarioReader) -> Value?
  ) -> Form {
    Form(
      describe: { $0.plain(schema, name: name) }, example: { example },
      read: { reader in
        reader.isInEvent && reader.value.holdsTemplate ? nil : read(reader)
      })
  }

  /// The same under a name that other forms refer to: for what many places have, and for what may
  /// hold itself. Made once, when it is first asked for.
  package static func named(
    _ name: String, _ make: @escaping @Sendable () -> Form
  ) -> Form {
    let lazy = LazyForm(make)
    return Form(
      describe: { writer in writer.reference(name) { lazy.form.describe(writer) } },
      example: { lazy.form.example() },
      samples: { walk in walk.once(name) { lazy.form.samples(walk) } ?? [] },
      read: { lazy.form.read($0) })
  }

  package func map<Other>(_ body: @escaping @Sendable (Value) -> Other) -> Form<Other> {
    Form<Other>(
      describe: describe, example: example, samples: samples,
      read: { reader in read(reader).map(body) })
  }

  /// What is read goes through a further look; nil, with a problem, refuses it.
  package func checked<Other>(
    _ body: @escaping @Sendable (Value, ScenarioReader) -> Other?
  ) -> Form<Other> {
    Form<Other>(describe: describe, example: example, samples: samples) { reader in
      read(reader).flatMap { body($0, reader) }
    }
  }

  /// The same with another sentence, another example, further words of JSON Schema.
  package func described(
    _ sentence: String? = nil, example: JSON? = nil, words: JSONObject = [:]
  ) -> Form {
    Form(
      describe: { writer in
        var schema = self.describe(writer)
        if let sentence { schema["description"] = .string(sentence) }
        for (word, value) in words.members { schema[word] = value }
        return schema
      }, example: { example ?? self.example() }, samples: samples, read: read)
  }

  /// One of two forms, chosen by what the value looks like.
  package static func either(
    _ first: Form, when isFirst: @escaping @Sendable (JSON) -> Bool, else second: Form,
    _ sentence: String? = nil
  ) -> Form {
    Form(
      describe: { writer in
        var schema = JSONObject()
        if let sentence { schema["description"] = .string(sentence) }
        schema["anyOf"] = [.object(first.describe(writer)), .object(second.describe(writer))]
        return schema
      }, example: first.example,
      samples: { walk in first.samples(walk) + second.samples(walk) },
      read: { reader in isFirst(reader.value) ? first.read(reader) : second.read(reader) })
  }

  /// A short form, or an object that says more.
  package static func short(
    _ short: Form, orObject object: Form, _ sentence: String? = nil
  ) -> Form {
    .either(short, when: { $0.objectValue == nil }, else: object, sentence)
  }
}

// MARK: Containers

extension Form {
  package static func list<Element>(
    of element: Form<Element>, _ sentence: String? = nil, atLeast least: Int = 0,
    message: String? = nil
  ) -> Form where Value == [Element] {
    Form(
      describe: { writer in
        var schema: JSONObject = ["type": "array"]
        if let sentence { schema["description"] = .string(sentence) }
        schema["items"] = .object(element.describe(writer))
        if least > 0 { schema["minItems"] = .integer(least) }
        return schema
      }, example: { [element.example()] },
      samples: { walk in element.samples(walk).map { [$0] } },
      read: { reader in
        let elements = reader.array(element.read)
        if let elements, elements.count < least {
          reader.problem(message ?? "expected at least one element")
        }
        return elements
      })
  }

  /// An array, or one element without the brackets.
  package static func oneOrMore<Element>(
    of element: Form<Element>
  ) -> Form where Value == [Element] {
    .either(
      element.map { [$0] }, when: { $0.arrayValue == nil }, else: .list(of: element))
  }

  /// An object whose keys are free: every member in order.
  /// - Parameter keys: what JSON Schema says of the keys; `key` reads them.
  package static func dictionary<Key, Element>(
    of element: Form<Element>, _ sentence: String, keys: JSONObject? = nil, exampleKey: String,
    key: @escaping @Sendable (String, ScenarioReader) -> Key?
  ) -> Form where Value == [(key: Key, value: Element)] {
    Form(
      describe: { writer in
        var schema: JSONObject = ["type": "object", "description": .string(sentence)]
        if let keys { schema["propertyNames"] = .object(keys) }
        schema["additionalProperties"] = .object(element.describe(writer))
        return schema
      }, example: { .object([exampleKey: element.example()]) },
      samples: { walk in element.samples(walk).map { .object([exampleKey: $0]) } },
      read: { reader in
        reader.dictionary { name, reader -> (key: Key, value: Element)? in
          guard let key = key(name, reader), let value = element.read(reader) else { return nil }
          return (key, value)
        }?.map { $0.value }
      })
  }

  package static func dictionary<Element>(
    of element: Form<Element>, _ sentence: String, exampleKey: String
  ) -> Form where Value == [(key: String, value: Element)] {
    .dictionary(of: element, sentence, exampleKey: exampleKey) { name, _ in name }
  }
}

/// A form that is made when it is first asked for.
private final class LazyForm<Value>: Sendable {
  private final class Made: Sendable {
    let form: Form<Value>
    init(_ form: Form<Value>) { self.form = form }
  }

  private let make: @Sendable () -> Form<Value>
  private let made = OnceReference<Made>()

  init(_ make: @escaping @Sendable () -> Form<Value>) { self.make = make }

  var form: Form<Value> { (made.load() ?? made.storeIfNil(Made(make()))).form }
}
