import EmulatorKernel
import PayloadCodecs
package import Scenarios

/// What a scenario can say of this service.
extension ScramjetService {
  package var sections: ScenarioCatalog.Service.Sections? {
    .init(
      given: Plan.form(ScramjetSettings()).map { _ in }, behaviors: BehaviorRule.list.map { _ in })
  }

  package var events: [ServiceEvent]? { ScramjetEvents.all }
}

extension Plan {
  /// - Parameter settings: what the scenario does not set.
  static func form(_ settings: ScramjetSettings) -> Form<Plan> {
    .object(
      "What users of the Scramjet platform find.", Plan(settings: settings),
      [
        .optional(
          "spaces", \.spaces, .list(of: space), "The spaces; absent: demo.", example: ["demo"]),
        .optional(
          "hubs", \.hubs, .list(of: HubPlan.form), "The hubs, an id each; absent: sth-0.",
          example: ["sth-0"]),
        .optional("store", \.store, .list(of: StorePlan.form), "Stored packages."),
        .optional("sequences", \.sequences, .list(of: SequencePlan.form), "Sequences on hubs."),
        .optional(
          "topics", \.topics, .list(of: TopicPlan.form), "Topics, a name each.", example: ["news"]),
        .optional(
          "instances", \.instances, .list(of: InstancePlan.form), "Running instances.", example: []),
        .optional("settings", \.settings, self.settings(settings), "How the platform works."),
      ])
  }

  private static let space = Form<String>.either(
    .nonEmptyText, when: { $0.stringValue != nil },
    else: .object(
      "A space.", "",
      [.required("id", .nonEmptyText, "Its id.", example: "demo") { $0 = $1 }])
  ).described(example: "demo")

  enum Runtime: String, CaseIterable { case process, docker, kubernetes }

  private static func settings(_ settings: ScramjetSettings) -> Form<ScramjetSettings> {
    .object(
      "How the platform works.", settings,
      [
        .optional(
          "retention", \.retention, .duration,
          "How long topics and outputs without a reader are kept."),
        .optional(
          "lifetimeExtension", \.lifetimeExtension, .duration,
          "How long keepAlive prolongs an instance."),
        .optional(
          "exitTimeout", \.exitTimeout, .duration, "How long an ended instance's process stays."),
        .optional("version", \.version, .text, "The version that it tells.", example: "1.0.0"),
        .optional(
          "storeLimit", \.storeByteLimit, .size(), "How much a space's store holds.", example: "1GB"
        ),
        .optional(
          "packageLimit", \.packageByteLimit, .size(), "How large a package may be.",
          example: "10MB"),
        .optional("runtime", Form<Runtime>.choice, "What it says that it runs on.") {
          $0.runtime = $1.rawValue
        },
      ])
  }

  fileprivate static func space<Root>(
    _ path: any WritableKeyPath<Root, String?> & Sendable
  ) -> Field<Root> {
    .optional("space", path, .text, "The space's id; absent: the first.", example: "demo")
  }

  fileprivate static func hub<Root>(
    _ path: any WritableKeyPath<Root, String?> & Sendable
  ) -> Field<Root> {
    .optional("hub", path, .text, "The hub's id; absent: the default one.", example: "sth-0")
  }

  /// A description or an archive.
  fileprivate static func content<Root>(
    _ path: any WritableKeyPath<Root, SequencePlan.Content> & Sendable
  ) -> Field<Root> {
    .oneOf(
      path, missing: "the key \"package\" is missing",
      [
        .choice(
          "package", Plan.manifest, "The content of its package.json.", example: ["name": "echo"]
        ) { .manifest($0.0, $0.1) },
        .choice(
          "code", .fileOnDisk("code"),
          "Its archive, whose code runs where the server runs code. Only in a scenario file on disk.",
          example: "echo.tar.gz"
        ) { .archive($0) },
        .choice(
          "codeBase64", .base64(), "The same, in the scenario itself.", example: sampleArchive
        ) { .archive($0) },
      ])
  }

  /// A package.json and a line of Python.
  private static let sampleArchive: JSON = .string(
    "H4sIAAAAAAACAytITM5OTE/VyyrOz2OgETAAAjMTEzANBOi0gYGxEYINEjc0MDIyY1AwYKADKC0uSSwCWs8wMkG1Ul5i"
      + "bqqSlVKiko5SbmJmHoipV1CpVMswCkYAAMU1re0gmP8NDVHzv4GZqZH5aP6nBygqzbMtKMrMKxnNCqNgFIyCUTCi"
      + "AACkHwlvAAwAAA==")

  fileprivate static let manifest = Form<JSONObject>.plain(
    ["type": "object"], example: ["name": "echo"],
    read: { $0.value.objectValue ?? $0.mismatch("the content of a package.json") }
  ).checked { manifest, reader -> (JSONObject, SequencePackage)? in
    var manifest = manifest
    if manifest["main"] == nil { manifest["main"] = "index.js" }
    let size = ScramjetSeed.archive(manifest)?.count ?? 0
    do throws(SequencePackage.Refusal) {
      let package = try SequencePackage(manifest: manifest, byteCount: size, hasPath: { _ in true })
      return (manifest, package)
    } catch {
      reader.problem(error.error.stringValue ?? error.error.text)
      return nil
    }
  }
}

extension Plan.HubPlan {
  fileprivate static let form = Form<Self>.either(
    Form<String>.nonEmptyText.checked { id, reader in
      Self(id: id, pointer: reader.pointer)
    }.described("A hub's id.", example: "sth-0"), when: { $0.stringValue != nil },
    else: .object(
      "A hub.", Self(id: "", pointer: ""),
      [
        .required("id", \.id, .nonEmptyText, "Its id.", example: "sth-0"),
        Plan.space(\.space),
        .optional("accessKey", .text, "The key of a self-hosted one.", example: "hub-key") {
          $0.accessKey = $1
          $0.isSelfHosted = true
        },
        .optional(
          "selfHosted", \.isSelfHosted, .flag, "Whether users host it; absent: if it has a key."),
        .optional("description", \.description, .text, "A sentence.", example: "The first hub."),
        .standard("tags", \.tags, .list(of: .text), [], "Its tags.", example: ["blue"]),
        .standard("healthy", \.isHealthy, .flag, true, "Whether it says that it is well."),
        .standard("connected", \.isConnected, .flag, true, "Whether the platform reaches it."),
        .standard(
          "overloaded", \.isOverloaded, .flag, false, "Whether it refuses to start anything."),
        .optional("load", \.load, .json, "What it tells of its load.", example: ["avgLoad": 1]),
        .optional(
          "config", \.config, .json, "What it tells of its configuration.", example: ["a": 1]),
      ]
    ) { hub, object in hub.pointer = object.reader.pointer })
}

extension Plan.StorePlan {
  fileprivate static let form = Form.object(
    "A stored package.", Self(file: "", pointer: ""),
    [
      .optional(
        "file", \.file, .text, "Its name; absent: that of the package.", example: "echo.tar.gz"),
      Plan.space(\.space),
      Plan.content(\.content),
    ]
  ) { $0.pointer = $1.reader.pointer }
}

extension Plan.SequencePlan {
  fileprivate static let form = Form.object(
    "A sequence on a hub.", Self(pointer: ""),
    [
      .optional("id", \.id, .text, "Its id; absent: made.", example: "seq-1"),
      .optional("name", \.alias, .text, "Another name for it.", example: "echo"),
      Plan.hub(\.hub),
      Plan.content(\.content),
      .optional(
        "runtime", \.runtime, .choice,
        "process: its own code runs, where the server runs code (--run-code); scripted: a stand-in."
      ),
    ]
  ) { $0.pointer = $1.reader.pointer }
}

extension Plan.TopicPlan {
  fileprivate static let form = Form<Self>.either(
    name.checked { name, reader in Self(name: name, pointer: reader.pointer) }
      .described("A topic's name."),
    when: { $0.stringValue != nil },
    else: .object(
      "A topic.", Self(name: "", pointer: ""),
      [
        .required("name", \.name, name, "Its name.", example: "news"),
        .standard(
          "contentType", \.type, contentType, "application/x-ndjson", "What it carries.",
          example: "text/plain"),
        Plan.space(\.space),
      ]
    ) { $0.pointer = $1.reader.pointer })

  private static let name = Form<String>.nonEmptyText.described(
    example: "news", words: ["pattern": #"^[-A-Za-z0-9_+\\]+$"#]
  ).checked { name, reader -> String? in
    if !Topic.isName(name) {
      reader.problem("a topic's name has letters, digits, - _ + and \\ only")
    }
    return name
  }

  private static let contentType = Form<String>.plain(
    ["enum": .array(Topic.contentTypes.map { .string($0) })], example: "text/plain"
  ) { reader in
    guard let type = reader.string() else { return nil }
    return Topic.contentTypes.contains(type)
      ? type : reader.unknown("content type", type, of: Topic.contentTypes)
  }
}

extension Plan.InstancePlan {
  fileprivate static let form = Form.object(
    "A running instance.", Self(sequence: "", pointer: ""),
    [
      .required(
        "sequence", \.sequence, .nonEmptyText, "The id or name of its sequence.", example: "seq-1"),
      Plan.hub(\.hub),
      .optional(
        "id", \.order.instanceID, .text, "Its id; absent: made.",
        example: "11111111-1111-4111-8111-111111111112"),
      .optional("appConfig", \.order.appConfig, .json, "Its settings.", example: ["a": 1]),
      .optional("args", .list(of: .json), "The arguments that it is started with.", example: [1]) {
        $0.order.arguments = .array($1)
      },
      .optional(
        "outputTopic", \.order.outputTopic, .text, "Where its output goes.", example: "news"),
      .optional(
        "inputTopic", \.order.inputTopic, .text, "Where its input comes from.", example: "news"),
    ]
  ) { $0.pointer = $1.reader.pointer }
}
