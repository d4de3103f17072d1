package import Determinism
package import PayloadCodecs

extension Form where Value == Bool {
  package static var flag: Form {
    .plain(["type": "boolean"], example: true) { $0.bool() }
  }

  /// Only `true`: in place of `false` the key is left out.
  package static func onlyTrue(_ message: String) -> Form {
    .plain(["const": true], example: true) { reader in
      guard let flag = reader.bool() else { return nil }
      if !flag { reader.problem(message) }
      return flag
    }
  }
}

extension Form where Value == String {
  package static var text: Form { .plain(["type": "string"], example: "text") { $0.string() } }

  /// A scalar as its text, for it is what its place makes of it: `version: 3.9` is a text.
  package static var scalar: Form {
    .plain(["type": ["string", "number", "boolean"]], example: "text") { reader in
      switch reader.value {
      case .string(let text): text
      case .bool, .integer, .decimal: reader.value.text
      case .null, .array, .object: reader.mismatch("a text")
      }
    }
  }

  package static var nonEmptyText: Form {
    .plain(["type": "string", "minLength": 1], example: "name") { $0.nonEmptyString() }
  }
}

extension Form where Value == Int {
  package static func int(in range: ClosedRange<Int>) -> Form {
    .plain(
      [
        "type": "integer", "minimum": .integer(range.lowerBound),
        "maximum": .integer(range.upperBound),
      ], example: .integer(Swift.max(range.lowerBound, Swift.min(1, range.upperBound)))
    ) { $0.int(in: range) }
  }

  /// As far as can be counted.
  package static func count(from least: Int = 0) -> Form {
    .int(in: least...ScenarioReader.countMax)
  }

  /// A status code.
  package static func status(from least: Int) -> Form {
    .int(in: least...599).described(example: .integer(least == 200 ? 200 : 503))
  }

  /// Bytes.
  /// - Parameter tooSmall: the problem of 0 where that is none.
  package static func size(atLeast least: Int = 0, _ tooSmall: String = "") -> Form {
    .plain(
      [
        "description": "Bytes: 100, \"64KiB\", \"10MB\".",
        "anyOf": [
          ["type": "integer", "minimum": .integer(least)],
          [
            "type": "string",
            "pattern": #"^([0-9]{1,15}|[0-9]{1,12}(\.[0-9]{1,9})?([kKmMgGtT][iI]?)?[bB])$"#,
          ],
        ],
      ], example: "64KiB", name: least == 0 ? "size" : nil
    ) { reader in
      let size = reader.size()
      if let size, size < least { reader.problem(tooSmall) }
      return size.map { Swift.max(least, $0) }
    }
  }
}

extension Form where Value == Double {
  package static func number(in range: ClosedRange<Double>? = nil) -> Form {
    var schema: JSONObject = ["type": "number"]
    if let range {
      schema["minimum"] = JSON(range.lowerBound)
      schema["maximum"] = JSON(range.upperBound)
    }
    return .plain(schema, example: range.map { JSON(Swift.min($0.upperBound, 0.5)) } ?? 10) {
      reader in range.map { reader.double(in: $0) } ?? reader.double()
    }
  }
}

extension Form where Value == Duration {
  static var durationText: JSONObject {
    [
      "type": "string",
      "pattern": #"^([0-9]{1,12}(\.[0-9]{1,12})?(ns|us|µs|ms|s|m|h|d))+$"#,
    ]
  }

  package static var duration: Form {
    .plain(
      [
        "description": "A duration with its unit, such as 250ms, 2s, 1m30s, 1h.",
        "anyOf": [.object(durationText), ["const": 0]],
      ], example: "2s", name: "duration"
    ) { $0.duration() }
  }
}

extension Form where Value == VirtualInstant {
  package static var instant: Form<VirtualInstant> {
    let time = #"([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)(\.[0-9]+)?)?"#
    let offset = "([Zz]|[+-]([01][0-9]|2[0-3]):?([0-5][0-9])?)?"
    let day = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    return .plain(
      [
        "description": "An instant, such as 2026-01-01T00:00:00Z.", "type": "string",
        "pattern": .string("^[0-9]{4}-\(day)([Tt ]\(time)\(offset))?$"),
      ], example: "2026-01-01T00:00:00Z", name: "instant"
    ) { $0.instant() }
  }
}

extension Form where Value == Glob {
  package static var glob: Form {
    .plain(["type": "string"], example: "*") { $0.glob() }
  }
}

extension Form where Value == JSON {
  package static var json: Form {
    Form(describe: { _ in [:] }, example: { ["ready": true] }, read: { $0.json() })
  }
}

extension Form where Value == JSONObject {
  package static var jsonObject: Form {
    Form(
      describe: { _ in ["type": "object"] }, example: { [:] },
      read: { reader in reader.value.objectValue ?? reader.mismatch("an object") })
  }
}

extension Form where Value: RawRepresentable<String> & CaseIterable & Sendable {
  /// One of the words of a closed set.
  package static var choice: Form {
    let words = Value.allCases.map { JSON.string($0.rawValue) }
    return .plain(["enum": .array(words)], example: words.first ?? "") { $0.choice() }
  }
}

extension Form where Value: Sendable {
  /// One of the words of a table.
  package static func word(_ table: KeyValuePairs<String, Value>) -> Form {
    let words = table.map(\.key)
    return .plain(["enum": .array(words.map(JSON.string))], example: .string(words[0])) { reader in
      reader.word(of: words).flatMap { word in table.first { $0.key == word }?.value }
    }
  }
}

extension Form where Value == Template {
  package static var template: Form {
    Form(
      describe: { _ in ["type": "string"] }, example: { "number {{count}}" },
      read: { reader in
        guard let text = reader.string() else { return nil }
        return Template(text) { reader.problem($0) }
      })
  }
}

extension JSON {
  /// As scenarios write a duration.
  package static func duration(_ duration: Duration) -> JSON {
    .string(DurationText.format(duration))
  }
}
