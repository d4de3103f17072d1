import PayloadCodecs

/// The reference page of the scenario language in Markdown: every object with its keys, every event,
/// every template, each with a sentence and an example. Made of the schema, which the forms make.
package struct ScenarioReference {
  private let root: JSON
  private var text = ""
  /// Objects that are yet to be written.
  private var open: [(title: String, schema: JSON)] = []
  private var begun: TextSet = []

  package static func page(_ catalog: ScenarioCatalog) -> String {
    var page = ScenarioReference(root: ScenarioSchema.document(catalog))
    page.write()
    return page.text
  }

  private init(root: JSON) { self.root = root }

  private mutating func write() {
    text = """
      # The reference of scenarios

      Every key that a scenario file may hold. Made from the reader itself: do not edit. `REGENERATE=1 swift test
      --filter ScenarioSchemaFile` writes it anew, beside `scenario.schema.json`.

      A key with an asterisk must be there. `rules[]` is an element of the list `rules`.

      """
    open = [("The document", root)]
    while !open.isEmpty {
      let next = open.removeFirst()
      section(next.title, next.schema)
    }
    templates()
  }

  // MARK: Objects

  private mutating func section(_ title: String, _ schema: JSON) {
    text += "\n## \(title)\n\n"
    if let sentence = schema["description"]?.stringValue { text += sentence + "\n\n" }
    let properties = schema["properties"]?.objectValue ?? JSONObject()
    guard !properties.isEmpty else { return }
    let required = TextSet((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
    text += "| key | value | what it says | example |\n|---|---|---|---|\n"
    for (key, value) in properties.members {
      let place = title == "The document" ? key : "\(title).\(key)"
      let words = self.words(for: value, at: place)
      var sentence = value["description"]?.stringValue ?? ""
      if let standard = value["default"] { sentence += " Standard: `\(standard.text)`." }
      let example = value["examples"]?[0].map { "`\(Self.cell($0.text))`" } ?? ""
      text +=
        "| `\(key)`\(required.contains(key) ? "*" : "") | \(Self.cell(words)) "
        + "| \(Self.cell(sentence)) | \(example) |\n"
    }
  }

  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }

  /// What may stand there, in words; objects in it get sections of their own.
  private mutating func words(for schema: JSON, at place: String) -> String {
    if let reference = schema["$ref"]?.stringValue {
      let name = String(reference.dropFirst("#/$defs/".count))
      guard let definition = root["$defs"]?[name] else { return name }
      return named(name, definition)
    }
    if let alternatives = schema["anyOf"]?.arrayValue {
      var found: [String] = []
      for alternative in alternatives {
        let words = words(for: alternative, at: place)
        if !found.contains(words) { found.append(words) }
      }
      return found.joined(separator: " or ")
    }
    if let words = schema["enum"]?.arrayValue {
      guard words.count <= 20 else { return "one of \(words.count) names" }
      return words.map { "`\($0.text)`" }.joined(separator: ", ")
    }
    if let value = schema["const"] { return "`\(value.text)`" }
    if let items = schema["items"] { return "list of " + words(for: items, at: place + "[]") }
    if schema["properties"]?.objectValue?.isEmpty == false {
      begin(place, schema)
      return "[object](#\(Self.anchor(place)))"
    }
    if let values = schema["additionalProperties"], values.objectValue != nil {
      return "by name: " + words(for: values, at: place + ".*")
    }
    return Self.plainWords(for: schema)
  }

  private mutating func named(_ name: String, _ definition: JSON) -> String {
    // Short ones need no section.
    guard Self.holdsObject(definition) else {
      return ["duration", "size", "instant"].contains(name)
        ? name : words(for: definition, at: name)
    }
    if begun.insert("def " + name).inserted {
      let alternatives = definition["anyOf"]?.arrayValue ?? [definition]
      let objects = alternatives.filter { $0["properties"] != nil }
      if alternatives.count == 1 || objects.isEmpty {
        open.append((name, definition))
      } else {
        let plain = alternatives.filter { $0["properties"] == nil }
          .map { words(for: $0, at: name) }
        var head: JSONObject = ["description": definition["description"] ?? ""]
        if !plain.isEmpty {
          head["description"] = .string(
            (definition["description"]?.stringValue ?? "") + " Either "
              + plain.joined(separator: " or ") + ", or an object:")
        }
        if objects.count == 1, case .object(let object) = objects[0] {
          var whole = object
          whole["description"] = head["description"]
          open.append((name, .object(whole)))
        } else {
          open.append((name, .object(head)))
          for object in objects {
            let key = object["properties"]?.objectValue?.keys.first ?? ""
            open.append(("\(name) \(key)", object))
          }
        }
      }
    }
    return "[\(name)](#\(Self.anchor(name)))"
  }

  private mutating func begin(_ title: String, _ schema: JSON) {
    if begun.insert(title).inserted { open.append((title, schema)) }
  }

  private static func holdsObject(_ schema: JSON) -> Bool {
    schema["properties"] != nil
      || (schema["anyOf"]?.arrayValue ?? []).contains { $0["properties"] != nil }
  }

  private static func plainWords(for schema: JSON) -> String {
    let types = schema["type"].map { $0.arrayValue ?? [$0] } ?? []
    guard let type = types.first?.stringValue, types.count == 1 else {
      return types.isEmpty
        ? "anything" : types.compactMap(\.stringValue).joined(separator: " or ")
    }
    switch (schema["minimum"]?.text, schema["maximum"]?.doubleValue) {
    case (let least?, let most?) where most < 9e15:
      return "\(type) from \(least) to \(schema["maximum"]?.text ?? "")"
    case (let least?, _): return "\(type) from \(least) on"
    default: return type == "string" ? "text" : type
    }
  }

  /// As web pages make them of a heading.
  private static func anchor(_ title: String) -> String {
    String(
      String.UnicodeScalarView(
        title.asciiLowercased.unicodeScalars.compactMap { scalar in
          switch scalar {
          case " ": "-"
          case "a"..."z", "0"..."9", "-", "_": scalar
          default: nil
          }
        }))
  }

  // MARK: Templates

  private mutating func templates() {
    text += "\n## Templates\n\n"
    text +=
      "Texts marked as templates may hold names in double braces, which are filled for each request. A text that is "
      + "one `request.json` or `vars` name and nothing else, in a service's own answers any one name, becomes the "
      + "value itself, with its type. `{{{{` stands for two braces.\n\n"
    text += "| name | what it gives |\n|---|---|\n"
    for name in Template.names {
      text += "| `{{\(name.pattern)}}` | \(Self.cell(name.sentence)) |\n"
    }
  }
}
