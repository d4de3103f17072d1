import Determinism
import HTTPModel
package import PayloadCodecs

extension DelayEffect {
  static let form = Form<DelayEffect>.named("delay") {
    .short(
      Form<Duration>.duration.map { DelayEffect(distribution: .fixed($0), max: nil, place: .head) },
      orObject: drawn, "How long the answer is held back.")
  }

  private static let drawn = Form.object(
    "A duration drawn for each answer.",
    DelayEffect(distribution: .fixed(.zero), max: nil, place: .head),
    [
      .oneOf(
        \.distribution, missing: "a delay needs one of fixed, uniform, normal, lognormal",
        [
          .choice("fixed", .duration, "Always the same.") { .fixed($0) },
          .choice("uniform", uniform, "Anything between two durations.") { .uniform($0) },
          .choice("normal", normal, "Around a mean.") {
            .normal(mean: $0.middle, sigma: $0.sigma)
          },
          .choice("lognormal", lognormal, "Mostly short, sometimes long.") {
            .lognormal(median: $0.median, sigma: $0.sigma)
          },
        ]),
      .optional(
        "max", \.max, .duration,
        "What is drawn is never more; one hour where nothing else bounds it."
      ),
      .standard(
        "at", \.place, .choice, "head",
        "Before the first byte (head), or before each piece of the content (each)."),
    ])

  private struct Range: Sendable { var min = Duration.zero, max = Duration.zero }
  private static let uniform = Form.object(
    "Anything between.", Range(),
    [
      .required("min", \.min, .duration, "The shortest.", example: "100ms"),
      .required("max", \.max, .duration, "The longest.", example: "2s"),
    ]
  ).checked { range, reader -> ClosedRange<Duration>? in
    guard range.min <= range.max else {
      reader.problem("\"min\" is more than \"max\"")
      return nil
    }
    return range.min...range.max
  }

  private struct Normal: Sendable { var middle = Duration.zero, sigma = Duration.zero }
  private static let normal = Form.object(
    "Around a mean.", Normal(),
    [
      .required("mean", \.middle, .duration, "The mean.", example: "300ms"),
      .required("sigma", \.sigma, .duration, "The standard deviation.", example: "50ms"),
    ])

  private struct Lognormal: Sendable { var median = Duration.zero, sigma = 0.0 }
  private static let lognormal = Form.object(
    "Mostly short, sometimes long.", Lognormal(),
    [
      .required("median", \.median, .duration, "Half are shorter.", example: "200ms"),
      .required(
        "sigma", \.sigma, .number(in: 0...10),
        "That of the logarithm: 0.5 puts 95 % between 0.37 and 2.7 medians."),
    ])
}

/// The words behind a status.
private func reasonField<Root>(
  _ path: any WritableKeyPath<Root, Template?> & Sendable
) -> Field<Root> {
  .optional(
    "reason", path, .template, "The words behind the status, in place of its own; a template.",
    example: "Out Of Coal")
}

extension ClosingEffect {
  static func field<Root>(
    _ path: any WritableKeyPath<Root, ClosingEffect?> & Sendable
  ) -> Field<Root> {
    .optional(
      "close", path,
      .either(
        Form<Bool>.onlyTrue("expected true (leave the key out instead of false)")
          .map { _ in .announced },
        when: { $0.boolValue != nil }, else: .choice),
      "The connection ends behind the answer: as that says (announced, or true), or although it says nothing (silent).",
      example: "silent")
  }
}

extension ErrorEffect {
  static let form = Form<ErrorEffect>.short(
    Form<Int>.status(from: 400).map { ErrorEffect(status: $0, header: []) },
    orObject: .object(
      "With a message and fields.", ErrorEffect(status: 500, header: []),
      [
        .required("status", \.status, .status(from: 400), "The status."),
        reasonField(\.reason),
        .optional(
          "message", \.message, .template, "A sentence in place of the API's own; a template."),
        HeaderTemplate.field(\.header),
      ]), "A status in the operation's own error form.")
}

extension HeaderTemplate {
  /// - Parameter meaning: What values and null do; nil: null is refused.
  static func field<Root>(
    _ path: any WritableKeyPath<Root, [HeaderTemplate]> & Sendable, orNull meaning: String? = nil
  ) -> Field<Root> {
    .optional(
      "header", meaning == nil ? setting : settingOrNot,
      meaning ?? "Field values, by name; a list sends several lines.",
      example: ["Retry-After": "5"]
    ) { $0[keyPath: path] = $1 }
  }

  private static let setting = form(values)
  private static let settingOrNot = form(
    .either(
      Form.plain(["type": "null"], example: .null) { _ in [] }, when: \.isNull, else: values))

  private static let values = Form<[Template]>.oneOrMore(of: .template)

  /// No values: there shall be no such field.
  private static func form(_ values: Form<[Template]>) -> Form<[HeaderTemplate]> {
    Form<[(key: String, value: [Template])]>.dictionary(
      of: values, "Field values.", keys: keys, exampleKey: "X-Mood", key: fieldName
    ).map { fields in
      fields.flatMap { name, values in
        values.isEmpty
          ? [HeaderTemplate(name: name, value: nil)]
          : values.map { HeaderTemplate(name: name, value: $0) }
      }
    }
  }

  /// Source: RFC 9110 §5.6.2.
  private static let keys: JSONObject = [
    "pattern": #"^[!#-'*+\-.0-9A-Z^-z|~]+$"#,
    "not": [
      "pattern":
        "^([Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]|[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg]|[Cc][Oo][Nn][Nn][Ee][Cc][Tt][Ii][Oo][Nn])$"
    ],
  ]

  private static let framing = ["content-length", "transfer-encoding", "connection"]

  private static func fieldName(_ name: String, _ reader: ScenarioReader) -> String? {
    guard isName(name) else {
      reader.problem("\(JSON.string(name).text) is no field name (RFC 9110 §5.1)")
      return nil
    }
    guard !framing.contains(name.asciiLowercased) else {
      reader.problem("the field \(name) belongs to the server's framing and cannot be set")
      return nil
    }
    return name
  }

  /// Whether a field can be called so.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
      }
  }
}

extension RespondEffect {
  static let form = Form.object(
    "An answer in place of the service's; texts are templates.",
    RespondEffect(status: 200, header: [], content: .none),
    [
      .standard("status", \.status, .status(from: 200), 200, "The status."),
      reasonField(\.reason),
      HeaderTemplate.field(
        \.header,
        orNull:
          "Field values, by name; a list sends several lines, null none: no Content-Type of the content's own either."
      ),
      .oneOf(
        \.content,
        [
          .choice(
            "json", .jsonTemplate, "JSON content; texts in it are templates.",
            example: ["id": "{{path.id}}", "at": "{{now}}"]
          ) { .json($0) },
          .choice("text", .template, "Text content; a template.") { .text($0) },
          .choice("base64", .base64(), "Bytes as content.") { .bytes($0) },
          .choice(
            "file", .fileOnDisk(),
            "A file beside the scenario's own, whose bytes are the content. Only in a scenario file on disk.",
            example: "answer.bin"
          ) { .bytes($0) },
        ]),
    ])
}

extension Form where Value == [UInt8] {
  package static func base64(_ strictness: Base64.Strictness = .exact) -> Form {
    .plain(
      [
        "type": "string", "contentEncoding": "base64", "pattern": #"^[-_A-Za-z0-9+/=\s]*$"#,
      ], example: "AAECAw=="
    ) { reader in
      guard let text = reader.string() else { return nil }
      return Base64.decode(text, strictness) ?? reader.mismatch("base64 (RFC 4648 §4)")
    }
  }

  /// The loader has put the content in its place, where it may.
  package static func fileOnDisk(_ key: String = "file") -> Form {
    Form<String>.text.checked { _, reader in
      reader.problem("\"\(key)\" is possible only in a scenario file on disk")
      return nil
    }
  }
}

extension Form where Value == JSONTemplate {
  static var jsonTemplate: Form {
    Form<JSON>.json.checked { json, reader in JSONTemplate(json) { reader.problem($0) } }
  }
}

extension PatchEffect {
  static let form = Form.object(
    "A change of the service's answer.", PatchEffect(status: nil, header: [], json: nil, csv: nil),
    [
      .optional("status", \.status, .status(from: 200), "Another status."),
      HeaderTemplate.field(
        \.header,
        orNull: "Field values, in place of those of that name; null takes a field away."),
      .optional(
        "json", \.json, .jsonTemplate,
        "A merge patch (RFC 7396): members replace, null takes one away; texts are templates.",
        example: ["state": "failed", "error": nil]),
      .optional(
        "csv", \.csv,
        Form<[(key: String, value: Template)]>.dictionary(
          of: .template, "By heading.", exampleKey: "Status"
        ).map { $0.map { CSVCell(heading: $0.key, value: $0.value) } },
        "In each row of a table as CSV, the cells under these headings; templates.",
        example: ["Status": "Errored"]),
    ], needs: "\"patch\" needs \"status\", \"header\", \"json\" or \"csv\"")
}

extension LimitEffect {
  static let form = Form.object(
    "So many requests in a window of the tenant's time; beyond it 429 with Retry-After.",
    LimitEffect(requests: 0, window: .seconds(1), kind: .sliding, per: nil),
    [
      .required("window", \.window, window, "How long the window is.", example: "1m"),
      .required(
        "requests", \.requests, .int(in: 0...1_000_000), "How many requests it has room for.",
        example: 10),
      .standard(
        "kind", \.kind, .choice, "sliding",
        "The last stretch before each request (sliding), or stretches that follow each other (fixed)."
      ),
      .optional("per", \.per, .choice, "What is counted by; absent: as the rule's own \"per\"."),
    ])

  private static let window = Form<Duration>.duration.checked { duration, reader in
    if duration == .zero { reader.problem("expected a window longer than 0") }
    return duration
  }
}
