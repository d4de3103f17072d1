import EmulatorKernel
import PayloadCodecs

/// Plugins that are there without being deployed.
/// Source: contract §2.3: those that the SDK, its tests and its samples use.
enum BuiltInPlugin {
  static let versionHandle = "1.0"

  static let all = types.map { handle, type in
    Script.PluginSeed(
      handle: handle, type: type,
      versions: [.init(handle: versionHandle, configTemplate: configTemplate(of: handle))])
  }

  private static let types: [(handle: String, type: String)] = [
    ("markdown-blockifier-default", "blockifier"), ("csv-blockifier", "blockifier"),
    ("pdf-blockifier", "blockifier"), ("wikipedia-blockifier", "blockifier"),
    ("s2t-blockifier-default", "blockifier"), ("whisper-s2t-blockifier", "blockifier"),
    ("s2t-blockifier-assembly", "blockifier"), ("zero-shot-tagger-default", "tagger"),
    ("test-tagger", "tagger"), ("serpapi-wrapper", "tagger"), ("oneai-tagger", "tagger"),
    ("prompt-generation-default", "tagger"), ("prompt-generation-trainable-default", "tagger"),
    ("gpt3", "tagger"), ("gpt-3", "tagger"), ("cerebrium", "tagger"),
    ("test-embedder", "embedder"), ("openai-embedder", "embedder"),
    ("test-generator", "generator"), ("test-image-generator", "generator"), ("gpt-4", "generator"),
    ("replicate-llm", "generator"), ("youtube-file-importer", "fileImporter"),
    ("dall-e", "generator"), ("stable-diffusion", "generator"),
    ("google-image-search", "generator"), ("elevenlabs", "generator"),
    ("did-video-generator", "generator"), ("signed-url-exporter", "exporter"),
    ("youtube-transcript-importer", "fileImporter"), ("test-importer", "fileImporter"),
  ]

  /// What an instance must be given. Source: `steamship.json` of the published plugin; all others
  /// take whatever comes.
  private static func configTemplate(of handle: String) -> JSONObject {
    guard handle == ZeroShot.handle else { return JSONObject() }
    return [
      "labels": ["type": "string", "description": "Labels, with commas."],
      "tag_kind": ["type": "string", "description": "The kind of the tags."],
      "multi_label": ["type": "boolean", "default": false],
    ]
  }
}

extension SteamshipState {
  /// Every workspace behaves as if it had an instance `<handle>-<version>` of each built-in plugin:
  /// it is made when it is first named.
  mutating func builtInInstance(
    handle: String, in workspace: Key<Workspace>, _ caller: Caller, _ step: inout Step
  ) -> Key<InvocableInstance>? {
    let suffix = "-" + BuiltInPlugin.versionHandle
    guard handle.hasSuffix(suffix) else { return nil }
    let name = InvocableHandle(kind: .plugin, handle: String(handle.dropLast(suffix.utf8.count)))
    guard let parent = invocableByHandle[name], invocables.read(parent, { $0.user }) == nil,
      let version = invocables.read(parent, { $0.versions })?[BuiltInPlugin.versionHandle]
    else { return nil }
    return addInstance(
      InvocableInstance(
        id: step.ids.uuid("steamship.pluginInstance", .upper), kind: .plugin, handle: handle,
        invocable: parent, version: version, versionID: versions.read(version, { $0.id }) ?? "",
        versionHandle: BuiltInPlugin.versionHandle, user: caller.user, workspace: workspace,
        config: JSONObject(), initStatus: .notNeeded, createdAt: step.now))
  }

  /// The plugin behind an instance's handle, for choosing a behaviour.
  func pluginHandle(ofInstance handle: String, _ caller: Caller) -> String? {
    knownWorkspace(caller.workspace, of: caller.user)
      .flatMap { workspaces.read($0, { $0.pluginInstances })?[handle] }
      .flatMap { instances.read($0, { $0.invocable }) }.flatMap {
        invocables.read($0, { $0.handle })
      }
  }
}

/// A plugin instance at work.
struct PluginRun {
  var instance: InvocableInstance
  var handle: String
  var type: String
  /// What the scenario says it answers.
  var answer: ScriptedAnswer?
  /// What its uploaded code has made.
  var made: JSON?
}

extension SteamshipState {
  /// The plugin instance that a request names, for an operation.
  ///
  /// - Parameters:
  ///   - path: The plugin's own path, as the log names it: it bears the last word of the engine's operation.
  ///   - types: the plugin types that can do it.
  mutating func pluginRun(
    _ job: Job, _ operation: StaticString, path: String, types: [String], _ step: inout Step
  ) throws(SteamshipError) -> PluginRun {
    let name = try job.arguments.requiredString("pluginInstance")
    let key = try instance(.plugin, id: nil, handle: name, job.caller, &step)
    guard let instance = instances[key],
      let (handle, type) = invocables.read(instance.invocable, { ($0.handle, $0.pluginType) })
    else { throw .unknown("plugin instance", name) }
    guard types.isEmpty || types.contains(type) else {
      throw .invalid(
        "The plugin \"\(handle)\" is a \(type); this operation needs a "
          + types.sorted().joined(separator: " or ") + ".")
    }
    let answer =
      script.behaviors.isEmpty
      ? nil
      : script.answer(
        for: Script.Work(
          operation: "steamship.\(operation)", plugin: handle,
          input: workInput(job, step.blobs, at: step.now)))
    if lacksCode(instance.invocable) { throw .noCode }
    let made = runsCode(key) ? madeByCode.value : nil
    if case .failure(let status, let message, let suggestion, let code) = answer {
      let error = SteamshipError(status, code ?? "PluginError", message, suggestion: suggestion)
      log(instance, path: path, verb: "POST", error, requestID: job.caller.requestID, &step)
      throw error
    }
    log(instance, path: path, verb: "POST", nil, requestID: job.caller.requestID, &step)
    return PluginRun(instance: instance, handle: handle, type: type, answer: answer, made: made)
  }
}
