package import PayloadCodecs

/// One key of an object, or several that exclude each other: how they are read into `Root`, and how
/// they are described.
package struct Field<Root>: Sendable {
  var keys: [KeyDescription]
  /// At most one of the keys may be there.
  var isChoice = false
  /// One of the keys must be there.
  var isRequired = false
  let read: @Sendable (ScenarioObject, inout Root) -> Void
}

/// What is said of one key.
struct KeyDescription: Sendable {
  var key: String
  var sentence: String
  /// What the reader takes where the key is absent.
  var standard: JSON?
  /// Keys of which one must stand beside it.
  var needs: [String] = []
  var describe: @Sendable (SchemaWriter) -> JSONObject
  /// An example, with what must stand beside it.
  var example: @Sendable () -> JSONObject
  /// Further values, which go into the example's place.
  var samples: @Sendable (SampleWalk) -> [JSON]
}

extension Field {
  private static func description<Value>(
    _ key: String, _ form: Form<Value>, _ sentence: String, _ example: JSON?,
    beside: JSONObject = [:], standard: JSON? = nil, needs: [String] = []
  ) -> KeyDescription {
    KeyDescription(
      key: key, sentence: sentence, standard: standard, needs: needs, describe: form.describe,
      example: {
        var members: JSONObject = [key: example ?? form.example()]
        members.members += beside.members
        return members
      }, samples: form.samples)
  }

  /// A key that may be absent.
  /// - Parameters:
  ///   - example: in place of the form's own.
  ///   - beside: what an example needs besides.
  ///   - needs: keys of which one must be there where this one is.
  package static func optional<Value>(
    _ key: String, _ form: Form<Value>, _ sentence: String, example: JSON? = nil,
    beside: JSONObject = [:], needs: [String] = [],
    _ set: @escaping @Sendable (inout Root, Value) -> Void
  ) -> Field {
    Field(
      keys: [description(key, form, sentence, example, beside: beside, needs: needs)],
      read: { object, root in
        guard let reader = object.optional(key) else { return }
        if !needs.isEmpty, !needs.contains(where: object.has) {
          reader.problem("\"\(key)\" belongs to a \"\(needs.joined(separator: "\" or a \""))\"")
        }
        if let value = form.read(reader) { set(&root, value) }
      })
  }

  package static func optional<Value>(
    _ key: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ form: Form<Value>,
    _ sentence: String, example: JSON? = nil, beside: JSONObject = [:], needs: [String] = []
  ) -> Field {
    .optional(key, form, sentence, example: example, beside: beside, needs: needs) {
      $0[keyPath: path] = $1
    }
  }

  /// What stands where the key is absent is the root's own.
  package static func optional<Value>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ form: Form<Value>,
    _ sentence: String, example: JSON? = nil, beside: JSONObject = [:], needs: [String] = []
  ) -> Field {
    .optional(key, form, sentence, example: example, beside: beside, needs: needs) {
      $0[keyPath: path] = $1
    }
  }

  /// A key in whose place a standard value is read where it is absent.
  package static func standard<Value>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ form: Form<Value>,
    _ standard: JSON, _ sentence: String, example: JSON? = nil, beside: JSONObject = [:]
  ) -> Field {
    Field(
      keys: [
        description(key, form, sentence, example, beside: beside, standard: standard)
      ],
      read: { object, root in
        let reader = object.optional(key) ?? object.reader.replaced(by: standard)
        if let value = form.read(reader) { root[keyPath: path] = value }
      })
  }

  /// A key that must be there.
  package static func required<Value>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ form: Form<Value>,
    _ sentence: String, example: JSON? = nil, beside: JSONObject = [:]
  ) -> Field {
    .required(key, form, sentence, example: example, beside: beside) { $0[keyPath: path] = $1 }
  }

  package static func required<Value>(
    _ key: String, _ form: Form<Value>, _ sentence: String, example: JSON? = nil,
    beside: JSONObject = [:], _ set: @escaping @Sendable (inout Root, Value) -> Void
  ) -> Field {
    Field(
      keys: [description(key, form, sentence, example, beside: beside)], isRequired: true,
      read: { object, root in
        if let value = object.required(key).flatMap(form.read) { set(&root, value) }
      })
  }

  /// One of several keys, each with a form of its own.
  /// - Parameter missing: the problem when none is there; nil: none need be.
  package static func oneOf<Value>(
    _ path: any WritableKeyPath<Root, Value> & Sendable, missing: String? = nil,
    _ choices: [Choice<Value>]
  ) -> Field {
    let words = choices.map(\.description.key)
    return Field(
      keys: choices.map(\.description), isChoice: true, isRequired: missing != nil,
      read: { object, root in
        guard let key = object.atMostOne(of: words), let reader = object.optional(key) else {
          if let missing { object.problem(missing) }
          return
        }
        let choice = choices.first { $0.description.key == key }
        if let value = choice?.read(reader) { root[keyPath: path] = value }
      })
  }

  /// One of the keys of a `oneOf`.
  package struct Choice<Value>: Sendable {
    let description: KeyDescription
    let read: @Sendable (ScenarioReader) -> Value?

    package var key: String { description.key }
  }

  /// What belongs to a part of the root.
  package func at<Whole>(
    _ path: any WritableKeyPath<Whole, Root> & Sendable
  ) -> Field<Whole> {
    Field<Whole>(keys: keys, isChoice: isChoice, isRequired: isRequired) { object, whole in
      read(object, &whole[keyPath: path])
    }
  }
}

extension Field.Choice {
  package static func choice<Content>(
    _ key: String, _ form: Form<Content>, _ sentence: String, example: JSON? = nil,
    beside: JSONObject = [:], _ make: @escaping @Sendable (Content) -> Value?
  ) -> Self {
    Self(
      description: Field.description(key, form, sentence, example, beside: beside),
      read: { form.read($0).flatMap(make) })
  }
}

// MARK: Objects

extension Form {
  /// An object with known keys.
  /// - Parameters:
  ///   - draft: what the fields are read into.
  ///   - needs: the problem of an object without any key; nil: it is fine.
  ///   - finish: looks at the whole, when every key is read.
  package static func object(
    _ sentence: String, _ draft: @autoclosure @escaping @Sendable () -> Value,
    _ fields: [Field<Value>], needs: String? = nil, example: JSON? = nil,
    finish: (@Sendable (inout Value, ScenarioObject) -> Void)? = nil
  ) -> Form {
    let description = ObjectDescription(
      sentence: sentence,
      groups: fields.map { ($0.keys, $0.isChoice, $0.isRequired) }, isEmptyRefused: needs != nil)
    return Form(
      describe: { description.schema($0) },
      example: { example ?? .object(description.example(of: nil)) },
      samples: { walk in description.samples(walk) },
      read: { reader in
        reader.object { object in
          var value = draft()
          for field in fields { field.read(object, &value) }
          if let needs, object.keys.isEmpty { object.problem(needs) }
          finish?(&value, object)
          return value
        }
      })
  }
}

/// An object with known keys, as JSON Schema has it.
struct ObjectDescription: Sendable {
  var sentence: String
  var groups: [(keys: [KeyDescription], isChoice: Bool, isRequired: Bool)]
  var isEmptyRefused: Bool

  func schema(_ writer: SchemaWriter) -> JSONObject {
    var schema: JSONObject = ["type": "object", "description": .string(sentence)]
    var properties = JSONObject()
    for description in groups.flatMap(\.keys) {
      properties.members.append((description.key, .object(property(description, writer))))
    }
    schema["properties"] = .object(properties)
    let required = groups.filter { $0.isRequired && !$0.isChoice }.flatMap(\.keys)
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0.key) }) }
    schema["additionalProperties"] = false
    if isEmptyRefused { schema["minProperties"] = 1 }
    let choices = groups.filter { $0.isChoice && ($0.keys.count > 1 || $0.isRequired) }
    let choiceSchemas = choices.map { Self.choice($0.keys.map(\.key), $0.isRequired) }
    if choiceSchemas.count == 1 {
      schema["oneOf"] = choiceSchemas[0]
    } else if !choiceSchemas.isEmpty {
      schema["allOf"] = .array(choiceSchemas.map { ["oneOf": $0] })
    }
    var dependent = JSONObject()
    for description in groups.flatMap(\.keys) where !description.needs.isEmpty {
      dependent[description.key] = [
        "anyOf": .array(description.needs.map { ["required": [.string($0)]] })
      ]
    }
    if !dependent.isEmpty { schema["dependentSchemas"] = .object(dependent) }
    return schema
  }

  /// Exactly one of the keys, or none of them.
  private static func choice(_ keys: [String], _ isRequired: Bool) -> JSON {
    let each = keys.map { key -> JSON in ["required": [.string(key)]] }
    return .array(isRequired ? each : each + [["not": ["anyOf": .array(each)]]])
  }

  private func property(_ key: KeyDescription, _ writer: SchemaWriter) -> JSONObject {
    var schema = key.describe(writer)
    schema["description"] = .string(key.sentence)
    if let standard = key.standard { schema["default"] = standard }
    if let example = key.example()[key.key], Self.helps(example, schema) {
      schema["examples"] = [example]
    }
    return schema
  }

  /// An example of what may be nothing but that, or a word of a list, tells nothing more.
  private static func helps(_ example: JSON, _ schema: JSONObject) -> Bool {
    if case .bool = example { return false }
    return schema["enum"] == nil && schema["const"] == nil
  }

  /// For each key its example and its further values, each with what is required besides.
  func samples(_ walk: SampleWalk) -> [JSON] {
    let keys = groups.flatMap(\.keys)
    guard !keys.isEmpty else { return [[:]] }
    return keys.flatMap { key -> [JSON] in
      let example = example(of: key)
      let further = key.samples(walk).map { value -> JSON in
        var object = example
        object[key.key] = value
        return .object(object)
      }
      return [.object(example)] + further
    }
  }

  /// An object with what is required, and with one key more.
  func example(of key: KeyDescription?) -> JSONObject {
    var example = key?.example() ?? JSONObject()
    for group in groups where group.isRequired {
      guard !group.keys.contains(where: { example[$0.key] != nil }) else { continue }
      for (name, value) in group.keys.first?.example().members ?? [] { example[name] = value }
    }
    return example
  }
}
