import EmulatorKernel
import PayloadCodecs

/// Reads a scenario's `given.steamship` and `behaviors.steamship`.
///
/// ```json5
/// "given": {"steamship": {
///   "users": ["dev", "ada"],
///   "workspaces": ["default", {"handle": "demo", "id": "…", "instances": [{"package", "handle", "config"}],
///                              "files": [{"handle", "blocks": ["text"], "tags": [{"kind", "name", "value"}]}]}],
///   "packages": [{"handle": "greeter", "description", "public": true, "init": "2s", "forward": "http://…",
///                 "versions": ["1.0", {"handle": "1.1", "configTemplate": {"tone": {"type": "string"}}}],
///                 "methods": [{"path": "greet", "verb": "POST", "public": false, "doc", "returns",
///                              "args": ["name", {"name": "tone", "kind": "str", "default": "warm"}],
///                              "delay": "200ms", "text": "Good morning, {{arguments.name}}"}]}],
///   "plugins": [{"handle": "my-tagger", "type": "tagger", "versions": ["1.0"]}]
/// }},
/// "behaviors": {"steamship": [
///   {"when": {"operation": "steamship.package.*", "package": "slow-*", "method": "train", "plugin": "gpt-*"},
///    "timeline": [{"state": "waiting", "for": "2s"}, {"state": "running", "polls": 3, "message": "…"},
///                 {"state": "running", "signal": "go"}, {"state": "failed", "message": "…"}],
///    "answer": {"text": "…"}}
/// ]}
/// ```
/// An answer is one of `text` (with `type`), `json`, `base64` (with `type`) and
/// `failure: {message, suggestion, code, status}`.
enum ScriptReader {
  static func read(_ seed: WorldSeed) throws(ScenarioProblems) -> Script {
    var script = Script()
    var problems: [ScenarioProblem] = []
    do throws(ScenarioProblems) {
      if let given = seed.given {
        script = try ScenarioReader.read(given, at: "/given/steamship") { $0.object(Self.given) }
      } else {
        script.workspaces = BuiltInWorld.workspaces
        script.packages = [BuiltInWorld.helloWorld]
      }
    } catch {
      problems += error.problems
    }
    do throws(ScenarioProblems) {
      if let behaviors = seed.behaviors {
        script.behaviors = try ScenarioReader.read(behaviors, at: "/behaviors/steamship") {
          $0.array { $0.object(Self.behavior) }
        }
      }
    } catch {
      problems += error.problems
    }
    guard problems.isEmpty else { throw ScenarioProblems(problems) }
    if !script.workspaces.contains(where: { $0.handle == Workspace.defaultHandle }) {
      script.workspaces.insert(Script.WorkspaceSeed(handle: Workspace.defaultHandle), at: 0)
    }
    return script
  }

  // MARK: Given

  private static func given(_ given: ScenarioObject) -> Script {
    var script = Script()
    script.users = given.array("users") { handle($0) } ?? []
    script.packages = given.array("packages") { $0.object(package) } ?? []
    script.plugins = given.array("plugins") { $0.object(plugin) } ?? []
    let packages = script.packages
    script.workspaces =
      given.array("workspaces") { workspace($0, packages) } ?? BuiltInWorld.workspaces
    reportDoubles(script.packages.map(\.handle), "package", given)
    reportDoubles(script.workspaces.map(\.handle), "workspace", given)
    return script
  }

  private static func reportDoubles(_ handles: [String], _ kind: String, _ given: ScenarioObject) {
    var seen: TextSet = []
    for handle in handles where !seen.insert(handle).inserted {
      given.problem("there are two \(kind)s with the handle \"\(handle)\"")
    }
  }

  private static func handle(_ reader: ScenarioReader) -> String? {
    guard let text = reader.nonEmptyString() else { return nil }
    do {
      try Handle.check(text)
      return text
    } catch {
      reader.problem(error.message)
      return nil
    }
  }

  private static func requiredHandle(_ object: ScenarioObject, _ key: String = "handle") -> String {
    object.required(key).flatMap(handle) ?? ""
  }

  /// A handle alone, or an object.
  private static func workspace(
    _ reader: ScenarioReader, _ packages: [Script.PackageScript]
  ) -> Script.WorkspaceSeed? {
    if case .string = reader.value {
      return handle(reader).map { Script.WorkspaceSeed(handle: $0) }
    }
    return reader.object { workspace in
      Script.WorkspaceSeed(
        handle: requiredHandle(workspace), id: workspace.string("id"),
        instances: workspace.array("instances") { $0.object { instance($0, packages) } } ?? [],
        files: workspace.array("files") { $0.object(file) } ?? [])
    }
  }

  private static func instance(
    _ object: ScenarioObject, _ packages: [Script.PackageScript]
  ) -> Script.InstanceSeed {
    let name = object.requiredString("package")
    let config = jsonObject(object, "config") ?? JSONObject()
    if let package = packages.first(where: { $0.handle == name }) {
      let template = package.versions.last?.configTemplate ?? JSONObject()
      do throws(SteamshipError) {
        _ = try ConfigTemplate.resolve(config, by: template, for: .package)
      } catch {
        object.problem(error.message)
      }
    } else if !name.isEmpty {
      object.problem("there is no package \"\(name)\" among the packages of this scenario")
    }
    return Script.InstanceSeed(package: name, handle: requiredHandle(object), config: config)
  }

  private static func file(_ object: ScenarioObject) -> Script.FileSeed {
    Script.FileSeed(
      handle: object.requiredString("handle"), blocks: object.array("blocks") { $0.string() } ?? [],
      tags: object.array("tags") { reader in
        reader.object { tag in
          Script.TagSeed(
            kind: tag.requiredString("kind"), name: tag.string("name"),
            value: jsonObject(tag, "value"))
        }
      } ?? [])
  }

  private static func jsonObject(_ object: ScenarioObject, _ key: String) -> JSONObject? {
    guard let reader = object.optional(key), let json = reader.json() else { return nil }
    guard let inner = json.objectValue else { return reader.mismatch("an object") }
    return inner
  }

  private static func package(_ object: ScenarioObject) -> Script.PackageScript {
    var package = Script.PackageScript(handle: requiredHandle(object))
    package.description = object.string("description")
    package.isPublic = object.bool("public") ?? true
    package.initDuration = object.duration("init")
    package.forward = object.optional("forward").flatMap(url)
    package.versions = versions(object)
    package.methods = object.array("methods") { $0.object(method) } ?? []
    return package
  }

  private static func plugin(_ object: ScenarioObject) -> Script.PluginSeed {
    Script.PluginSeed(
      handle: requiredHandle(object), type: object.requiredString("type"),
      versions: versions(object))
  }

  private static func url(_ reader: ScenarioReader) -> String? {
    guard let text = reader.nonEmptyString() else { return nil }
    guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
      return reader.mismatch("an http or https URL")
    }
    return text
  }

  private static func versions(_ object: ScenarioObject) -> [Script.VersionSeed] {
    object.array("versions") { reader in
      if case .string = reader.value {
        return handle(reader).map { Script.VersionSeed(handle: $0) }
      }
      return reader.object { version in
        Script.VersionSeed(
          handle: requiredHandle(version), configTemplate: configTemplate(version) ?? JSONObject())
      }
    } ?? [Script.VersionSeed(handle: "1.0")]
  }

  private static func configTemplate(_ object: ScenarioObject) -> JSONObject? {
    guard let template = jsonObject(object, "configTemplate") else { return nil }
    do throws(SteamshipError) {
      try ConfigTemplate.check(template)
    } catch {
      object.problem(error.message)
    }
    return template
  }

  private enum Verb: String, CaseIterable {
    case get = "GET"
    case post = "POST"
  }

  private static func method(_ object: ScenarioObject) -> ScriptedMethod? {
    let path = object.requiredString("path").split(separator: "/").joined(separator: "/")
    var method = ScriptedMethod(
      path: path, verb: (object.choice("verb", of: Verb.self) ?? .post).rawValue,
      answer: .text("", type: MIMEType.text))
    method.isPublic = object.bool("public") ?? false
    method.documentation = object.string("doc")
    method.returns = object.string("returns")
    method.delay = object.duration("delay")
    method.delayArgument = object.string("delayArgument")
    method.parameters = object.array("args", parameter) ?? []
    guard let answer = answer(object) else { return nil }
    method.answer = answer
    return method
  }

  /// A name alone is one that the caller must give.
  private static func parameter(_ reader: ScenarioReader) -> ScriptedMethod.Parameter? {
    if case .string = reader.value {
      return reader.nonEmptyString().map { ScriptedMethod.Parameter(name: $0) }
    }
    return reader.object { parameter in
      ScriptedMethod.Parameter(
        name: parameter.requiredString("name"), kind: parameter.string("kind") ?? "str",
        standard: parameter.json("default"))
    }
  }

  // MARK: Answers

  private static let answerKeys = ["text", "json", "base64", "failure"]

  /// The keys of an answer, which may stand beside others.
  private static func answer(_ object: ScenarioObject) -> ScriptedAnswer? {
    let key = object.atMostOne(of: answerKeys)
    let type = object.string("type")
    switch key {
    case "text": return object.string("text").map { .text($0, type: type ?? MIMEType.text) }
    case "json": return object.json("json").map { .json($0) }
    case "base64":
      guard let reader = object.optional("base64"), let text = reader.string() else { return nil }
      guard let bytes = Base64.decode(text, .lenient) else { return reader.mismatch("base64") }
      return .bytes(bytes, type: type ?? MIMEType.bytes)
    case "failure":
      return object.object("failure") { failure in
        .failure(
          status: failure.int("status", in: 400...599) ?? 500,
          message: failure.requiredString("message"), suggestion: failure.string("suggestion"),
          code: failure.string("code"))
      }
    default:
      object.problem("an answer is missing: give one of \(answerKeys.joined(separator: ", "))")
      return nil
    }
  }

  // MARK: Behaviours

  private static func behavior(_ object: ScenarioObject) -> Script.Behavior {
    var behavior = Script.Behavior()
    _ = object.object("when") { when in
      behavior.operation = when.glob("operation")
      behavior.package = when.glob("package")
      behavior.plugin = when.glob("plugin")
      behavior.method = when.glob("method")
    }
    behavior.timeline = object.array("timeline") { $0.object(stage) }.map { Timeline(stages: $0) }
    if let stages = behavior.timeline?.stages {
      if stages.isEmpty { object.problem("a timeline needs at least one state") }
      if stages.dropLast().contains(where: \.state.isTerminal) {
        object.problem("\"succeeded\" and \"failed\" can only end a timeline")
      }
    }
    behavior.answer = object.object("answer") { answer($0) }
    if !object.has("timeline"), !object.has("answer") {
      object.problem("a behavior needs a \"timeline\", an \"answer\" or both")
    }
    return behavior
  }

  private static func stage(_ object: ScenarioObject) -> Timeline.Stage? {
    let state = object.required("state")?.choice(of: TaskState.self)
    var stage = Timeline.Stage(state: state ?? .waiting)
    stage.message = object.string("message")
    stage.suggestion = object.string("suggestion")
    stage.code = object.string("code")
    switch object.atMostOne(of: ["for", "polls", "signal"]) {
    case "for": stage.end = .after(object.duration("for") ?? .zero)
    case "polls": stage.end = .polls(object.int("polls", in: 1...1_000_000) ?? 1)
    case "signal": stage.end = .signal(object.string("signal") ?? "")
    default: break
    }
    return state == nil ? nil : stage
  }
}
