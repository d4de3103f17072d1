import EmulatorKernel
import PayloadCodecs
package import Scenarios

/// What a scenario can say of this service.
extension SteamshipService {
  package var sections: ScenarioCatalog.Service.Sections? {
    .init(given: Script.given.map { _ in }, behaviors: Script.allBehaviors.map { _ in })
  }

  package var events: [ServiceEvent]? {
    CodeEvent.all + [
      ServiceEvent(
        "signal",
        Form<String>.object(
          "An event.", "",
          [
            .required(
              "signal", .nonEmptyText, "Ends every stage of a timeline that waits for it.",
              example: "go"
            ) { $0 = $1 }
          ]), values: Self.signals)
    ]
  }

  /// The names that stages of timelines wait for.
  @Sendable private static func signals(_ seed: WorldSeed) -> [String] {
    let behaviors = seed.behaviors?.arrayValue ?? []
    let stages = behaviors.flatMap { $0["timeline"]?.arrayValue ?? [] }
    return stages.compactMap { $0["signal"]?.stringValue }
  }
}

extension Script {
  /// The scenario's `given.steamship` and `behaviors.steamship`.
  static func read(_ seed: WorldSeed) throws(ScenarioProblems) -> Script {
    var script = Script()
    var problems: [ScenarioProblem] = []
    do throws(ScenarioProblems) {
      if let given = seed.given {
        script = try ScenarioReader.read(given, at: "/given/steamship", Self.given.read)
        // Who names nothing of the world, but its users or what runs its code, leaves it as it is.
        let named = ["workspaces", "packages", "plugins"]
        if !named.contains(where: { given[$0] != nil }) {
          script.packages = [BuiltInWorld.helloWorld]
        }
      } else {
        script.workspaces = BuiltInWorld.workspaces
        script.packages = [BuiltInWorld.helloWorld]
      }
    } catch {
      problems += error.problems
    }
    do throws(ScenarioProblems) {
      if let behaviors = seed.behaviors {
        script.behaviors = try ScenarioReader.read(
          behaviors, at: "/behaviors/steamship", Self.allBehaviors.read)
      }
    } catch {
      problems += error.problems
    }
    guard problems.isEmpty else { throw ScenarioProblems(problems) }
    if !script.workspaces.contains(where: { $0.handle == Workspace.defaultHandle }) {
      script.workspaces.insert(WorkspaceSeed(handle: Workspace.defaultHandle), at: 0)
    }
    return script
  }
}

// MARK: given

extension Script {
  static let given = Form<Script>.object(
    "What users of the Steamship engine find.", Script(workspaces: BuiltInWorld.workspaces),
    [
      .optional(
        "users", \.users, .list(of: .handle), "Users that are there from the start.",
        example: ["ada"]),
      .optional(
        "workspaces", \.workspaces, .list(of: WorkspaceSeed.form),
        "The workspaces that every user starts with; a handle alone is an empty one.",
        example: ["demo"]),
      .optional(
        "packages", \.packages, .list(of: PackageScript.form), "Packages and what they answer."),
      .optional(
        "plugins", \.plugins, .list(of: PluginSeed.form), "Plugins besides the built-in ones."),
      .optional("runtime", \.runtime, Form<CodeUse>.choice, CodeUse.meaning),
    ]
  ) { script, given in
    report(doubles: script.packages.map(\.handle), "package", given)
    report(doubles: script.workspaces.map(\.handle), "workspace", given)
    script.checkInstances(given)
  }

  private static func report(doubles handles: [String], _ kind: String, _ given: ScenarioObject) {
    var seen: TextSet = []
    for handle in handles where !seen.insert(handle).inserted {
      given.problem("there are two \(kind)s with the handle \"\(handle)\"")
    }
  }

  /// Instances are of packages that the scenario has, and their configuration fits.
  private func checkInstances(_ given: ScenarioObject) {
    for (index, workspace) in workspaces.enumerated() {
      for (place, instance) in workspace.instances.enumerated() {
        let problem: String?
        if instance.package.isEmpty {
          continue
        } else if let package = packages.first(where: { $0.handle == instance.package }) {
          problem = Self.problem(of: instance.config, with: package)
        } else {
          problem =
            "there is no package \"\(instance.package)\" among the packages of this scenario"
        }
        guard let problem else { continue }
        given.reader.place("workspaces", "\(index)", "instances", "\(place)")?.problem(problem)
      }
    }
  }

  private static func problem(of config: JSONObject, with package: PackageScript) -> String? {
    let template = package.versions.last?.configTemplate ?? JSONObject()
    do throws(SteamshipError) {
      _ = try ConfigTemplate.resolve(config, by: template, for: .package)
      return nil
    } catch {
      return error.message
    }
  }
}

extension Form where Value == String {
  fileprivate static var handle: Form {
    Form<String>.nonEmptyText.described(example: "greeter").checked { text, reader in
      do throws(SteamshipError) {
        try Handle.check(text)
        return text
      } catch {
        reader.problem(error.message)
        return nil
      }
    }
  }
}

extension Script.WorkspaceSeed {
  fileprivate static let form = Form<Self>.either(
    Form<String>.handle.map { Self(handle: $0) }.described("A handle.", example: "demo"),
    when: { $0.stringValue != nil },
    else: .object(
      "A workspace.", Self(handle: ""),
      [
        .required("handle", \.handle, .handle, "Its handle.", example: "demo"),
        .optional(
          "id", \.id, .text, "Its id; absent: made.",
          example: "6C0EFD23-D6F1-4A5E-9E4A-0F4C0A2F0D11"),
        .optional(
          "instances", \.instances, .list(of: Script.InstanceSeed.form), "Package instances in it.",
          example: []),
        .optional("files", \.files, .list(of: Script.FileSeed.form), "Files in it."),
      ]))
}

extension Script.InstanceSeed {
  fileprivate static let form = Form.object(
    "A package instance.", Self(package: "", handle: ""),
    [
      .required(
        "package", \.package, .nonEmptyText, "The handle of one of the scenario's packages.",
        example: "greeter"),
      .required("handle", \.handle, .handle, "Its handle.", example: "greeter-1"),
      .standard("config", \.config, .jsonObject, [:], "Its configuration.", example: [:]),
    ])
}

extension Script.FileSeed {
  fileprivate static let form = Form.object(
    "A file.", Self(handle: ""),
    [
      .required("handle", \.handle, .nonEmptyText, "Its handle.", example: "notes"),
      .standard(
        "blocks", \.blocks, .list(of: .text), [], "A block for each text.", example: ["Hello"]),
      .optional("tags", \.tags, .list(of: Script.TagSeed.form), "Its tags."),
    ])
}

extension Script.TagSeed {
  fileprivate static let form = Form.object(
    "A tag of a file.", Self(kind: ""),
    [
      .required("kind", \.kind, .nonEmptyText, "The kind.", example: "topic"),
      .optional("name", \.name, .text, "The name.", example: "harbors"),
      .optional("value", \.value, .jsonObject, "What it says.", example: ["score": 1]),
    ])
}

extension Script.PackageScript {
  fileprivate static let form = Form.object(
    "A package.", Self(handle: "", versions: [Script.VersionSeed(handle: "1.0")]),
    [
      .required("handle", \.handle, .handle, "Its handle.", example: "greeter"),
      .optional("description", \.description, .text, "A sentence.", example: "Greets."),
      .standard("public", \.isPublic, .flag, true, "Whether everybody may use it."),
      .optional(
        "init", \.initDuration, .duration,
        "How long an instance initializes; absent: it need not."),
      .optional(
        "forward", \.forward, url, "Calls go to this server instead of being scripted.",
        example: "http://127.0.0.1:9000"),
      Script.VersionSeed.field(\.versions),
      .optional("code", \.code, .fileOnDisk("code"), CodeUse.codeMeaning, example: "greeter.zip"),
      .optional(
        "codeBase64", \.code, .base64(), "The same, in the scenario itself.",
        example: CodeUse.sampleArchive),
      .optional("runtime", \.runtime, Form<CodeUse>.choice, CodeUse.meaning),
      .optional(
        "methods", \.methods, .list(of: ScriptedMethod.form), "Its methods and what they answer."),
    ])

  private static let url = Form<String>.plain(
    ["type": "string", "pattern": "^https?://"], example: "http://127.0.0.1:9000"
  ) { reader in
    guard let text = reader.nonEmptyString() else { return nil }
    guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
      return reader.mismatch("an http or https URL")
    }
    return text
  }
}

extension Script.PluginSeed {
  fileprivate static let form = Form.object(
    "A plugin besides the built-in ones.",
    Self(handle: "", type: "", versions: [Script.VersionSeed(handle: "1.0")]),
    [
      .required("handle", \.handle, .handle, "Its handle.", example: "my-tagger"),
      .required(
        "type", \.type, .nonEmptyText, "Its type, such as tagger or generator.", example: "tagger"),
      Script.VersionSeed.field(\.versions),
      .optional("code", \.code, .fileOnDisk("code"), CodeUse.codeMeaning, example: "tagger.zip"),
      .optional(
        "codeBase64", \.code, .base64(), "The same, in the scenario itself.",
        example: CodeUse.sampleArchive),
      .optional("runtime", \.runtime, Form<CodeUse>.choice, CodeUse.meaning),
    ])
}

extension Script.VersionSeed {
  fileprivate static func field<Root>(
    _ path: any WritableKeyPath<Root, [Script.VersionSeed]> & Sendable
  ) -> Field<Root> {
    .optional(
      "versions", .list(of: form), "Its versions, a handle each; absent: 1.0.", example: ["1.0"]
    ) { $0[keyPath: path] = $1 }
  }

  private static let form = Form<Self>.either(
    Form<String>.handle.map { Self(handle: $0) }.described("A handle.", example: "1.0"),
    when: { $0.stringValue != nil },
    else: .object(
      "A version.", Self(handle: ""),
      [
        .required("handle", \.handle, .handle, "Its handle.", example: "1.1"),
        .standard(
          "configTemplate", \.configTemplate, configTemplate, [:],
          "What instances are configured with.",
          example: ["tone": ["type": "string", "default": "warm"]]),
      ]))

  private static let configTemplate = Form<JSONObject>.jsonObject.described(
    words: [
      "additionalProperties": [
        "type": "object", "required": ["type"],
        "description": "A parameter.",
        "properties": [
          "type": ["enum": ["string", "number", "boolean"], "description": "What it takes."]
        ],
      ]
    ]
  ).checked { template, reader -> JSONObject? in
    do throws(SteamshipError) {
      try ConfigTemplate.check(template)
    } catch {
      reader.problem(error.message)
    }
    return template
  }
}

extension ScriptedMethod {
  private enum Verb: String, CaseIterable {
    case get = "GET"
    case post = "POST"
  }

  fileprivate static let form = Form.object(
    "A method and its canned answer.", Self(path: "", answer: .text("", type: MIMEType.text)),
    [
      .required("path", .nonEmptyText, "Its path.", example: "greet") { method, path in
        method.path = path.split(separator: "/").joined(separator: "/")
      },
      .optional("verb", Form<Verb>.choice, "Its HTTP method; absent: POST.") {
        $0.verb = $1.rawValue
      },
      .standard("public", \.isPublic, .flag, false, "Whether it needs no key."),
      .optional("doc", \.documentation, .text, "A sentence.", example: "Greets a caller."),
      .optional("returns", \.returns, .text, "The type of what it answers.", example: "str"),
      .optional("delay", \.delay, .duration, "How long it takes."),
      .optional(
        "delayArgument", \.delayArgument, .text,
        "An argument that says how many seconds it takes instead.", example: "seconds"),
      .optional(
        "args", \.parameters, .list(of: Parameter.form),
        "Its parameters; a name alone: must be given.",
        example: ["name", ["name": "tone", "default": "warm"]]),
    ] + ScriptedAnswer.fields.map { $0.at(\.answer) })
}

extension ScriptedMethod.Parameter {
  fileprivate static let form = Form<Self>.either(
    Form<String>.nonEmptyText.map { Self(name: $0) }.described("A name.", example: "name"),
    when: { $0.stringValue != nil },
    else: .object(
      "A parameter.", Self(name: ""),
      [
        .required("name", \.name, .nonEmptyText, "Its name.", example: "tone"),
        .standard("kind", \.kind, .text, "str", "Its type.", example: "int"),
        .optional(
          "default", \.standard, .json, "In its place where it is not given; absent: it must be.",
          example: "warm"),
      ]))
}
