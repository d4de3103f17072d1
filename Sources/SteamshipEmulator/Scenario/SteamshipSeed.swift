import EmulatorKernel
import PayloadCodecs

/// What is there without a scenario: three workspaces for every user, and the public package
/// `hello-world`.
enum BuiltInWorld {
  static let workspaces = ["default", "demo", "sandbox"].map { Script.WorkspaceSeed(handle: $0) }

  static let helloWorld = Script.PackageScript(
    handle: "hello-world", description: "Says hello, slowly if asked to, or not at all.",
    versions: [Script.VersionSeed(handle: "1.0")], methods: [greet, greetByGET, slow, fail])

  private static let greet = ScriptedMethod(
    path: "greet", documentation: "Greets somebody.", returns: "str",
    parameters: [.init(name: "name", standard: "World")],
    answer: .text("Hello, {{arguments.name}}!", type: "text/plain"))

  private static let greetByGET: ScriptedMethod = {
    var method = greet
    method.verb = "GET"
    method.isPublic = true
    return method
  }()

  private static let slow = ScriptedMethod(
    path: "slow", documentation: "Takes its time: as many seconds as it is told.", returns: "dict",
    parameters: [.init(name: "seconds", kind: "float", standard: 2)], delay: .seconds(2),
    delayArgument: "seconds", answer: .json(["seconds": "{{arguments.seconds}}", "done": true]))

  private static let fail = ScriptedMethod(
    path: "fail", documentation: "Fails.", returns: "str",
    parameters: [.init(name: "message", standard: "This method always fails.")],
    answer: .failure(
      status: 500, message: "{{arguments.message}}",
      suggestion: "It exists to show what a failure looks like.", code: "PackageError"))
}

extension SteamshipState {
  /// The world that a scenario describes, or the built-in one, without users.
  init(_ seed: WorldSeed, _ step: inout Step) throws(ScenarioProblems) {
    self.init()
    script = try Script.read(seed)
    script.vendorID = step.ids.uuid("steamship.user", .upper)
    for plugin in BuiltInPlugin.all { addVendors(plugin, &step) }
    for (index, package) in script.packages.enumerated() {
      addVendors(
        .package, package.handle, isPublic: package.isPublic, description: package.description,
        package.versions, &step)
      try giveCode(package.code, to: .package, package.handle, at: "packages/\(index)", &step)
      script.packages[index].code = nil
    }
    for (index, plugin) in script.plugins.enumerated() {
      if invocableByHandle[InvocableHandle(kind: .plugin, handle: plugin.handle)] == nil {
        addVendors(plugin, &step)
      }
      try giveCode(plugin.code, to: .plugin, plugin.handle, at: "plugins/\(index)", &step)
      script.plugins[index].code = nil
    }
  }

  /// Those that the scenario names. What belongs to somebody is each tenant's own: a file's id tells
  /// where it was made.
  mutating func addSeededUsers(_ step: inout Step) {
    for name in script.users where !users.all.contains(where: { $0.handle == name }) {
      _ = addUser(handle: name, &step)
    }
  }

  /// Lets an archive's code stand behind all versions of a package or plugin, built-in ones too.
  private mutating func giveCode(
    _ code: [UInt8]?, to kind: InvocableKind, _ handle: String, at place: String,
    _ step: inout Step
  ) throws(ScenarioProblems) {
    guard let code, let key = invocableByHandle[InvocableHandle(kind: kind, handle: handle)] else {
      return
    }
    guard ZipDirectory(of: [code])?.holds(Self.mainFile) == true else {
      throw ScenarioProblems([
        ScenarioProblem(
          "/given/steamship/\(place)/code",
          "it is no zip archive with a file \(Self.mainFile) at its top")
      ])
    }
    for version in invocables.read(key, { $0.versions.keys }) ?? [] {
      do throws(SteamshipError) {
        versions[version]?.archive = try Content(storing: code, in: step.blobs)
      } catch {
        throw ScenarioProblems([
          ScenarioProblem("/given/steamship/\(place)/code", error.message)
        ])
      }
    }
  }

  private mutating func addVendors(_ plugin: Script.PluginSeed, _ step: inout Step) {
    addVendors(
      .plugin, plugin.handle, fields: ["type": .string(plugin.type), "transport": "jsonOverHttp"],
      plugin.versions, &step)
  }

  /// A package or a plugin that belongs to no user.
  private mutating func addVendors(
    _ kind: InvocableKind, _ handle: String, isPublic: Bool = true, description: String? = nil,
    fields: JSONObject = JSONObject(), _ versions: [Script.VersionSeed], _ step: inout Step
  ) {
    let key = addInvocable(
      Invocable(
        id: step.ids.uuid("steamship.\(kind.rawValue)", .upper), kind: kind, handle: handle,
        isPublic: isPublic, description: description, pluginFields: Kept(fields),
        createdAt: step.now, updatedAt: step.now))
    for version in versions {
      addVersion(
        InvocableVersion(
          id: step.ids.uuid("steamship.\(kind.rawValue)Version", .upper), invocable: key,
          handle: version.handle, configTemplate: version.configTemplate, createdAt: step.now,
          updatedAt: step.now))
    }
  }

  /// A workspace that every user starts with.
  mutating func addSeededWorkspace(
    _ seed: Script.WorkspaceSeed, of user: Key<User>, _ step: inout Step
  ) {
    // A fixed id can be had by one user only.
    let id = seed.id.flatMap { workspaces.key(id: $0) == nil ? $0 : nil }
    let key = addWorkspace(handle: seed.handle, of: user, id: id, &step)
    let caller = Caller(
      user: user, workspace: .id(workspaces.read(key, { $0.id }) ?? ""),
      requestID: step.ids.uuid("steamship.request", .upper), baseURL: "")
    for instance in seed.instances {
      var fields: JSONObject = [
        "packageHandle": .string(instance.package), "handle": .string(instance.handle),
      ]
      fields["config"] = .object(instance.config)
      // Checked when the scenario was read.
      let job = Job(operation: "", arguments: Arguments(fields), caller: caller)
      _ = try? createInstance(.package, job, &step)
    }
    for file in seed.files {
      let fileKey = addFile(handle: file.handle, mimeType: nil, in: key, caller, &step)
      _ = try? add(file.blocks.map { BlockDraft(text: $0) }, to: fileKey, caller, &step)
      for tag in file.tags {
        addTag(
          TagDraft(kind: tag.kind, name: tag.name, value: tag.value.map { .object($0) }),
          to: fileKey, block: nil, &step)
      }
    }
  }
}
