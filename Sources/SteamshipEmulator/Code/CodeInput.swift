import EmulatorKernel
import PayloadCodecs

/// What a plugin's code is given, operation by operation.
/// Source: SDK `plugin/inputs/…`; each name is that of a field there.
extension SteamshipState {
  /// The plugin instance whose code does a job; nil: none does.
  mutating func codePlugin(of job: Job, _ step: inout Step) -> Key<InvocableInstance>? {
    guard codeOrigin.value != nil, Self.codePath(of: job) != nil,
      let handle = pluginInstanceHandle(of: job),
      let key = try? instance(.plugin, id: nil, handle: handle, job.caller, &step), runsCode(key)
    else { return nil }
    return key
  }

  /// The handle that a job names itself, or that its index has.
  func pluginInstanceHandle(of job: Job) -> String? {
    if let handle = job.arguments["pluginInstance"]?.stringValue { return handle }
    return (job.arguments["indexId"] ?? job.arguments["id"])?.stringValue
      .flatMap { indices.key(id: $0) }.flatMap { indices.read($0, { $0.plugin }) }
  }

  /// The path by which a plugin does an operation; that of an embedder, which is asked for each text, is
  /// called `embed` here.
  static func codePath(of job: Job) -> String? {
    switch job.operation {
    case "steamship.plugin.instance.tag": "tag"
    case "steamship.plugin.instance.blockify": "blockify"
    case "steamship.plugin.instance.generate": "generate"
    case "steamship.plugin.instance.train": "getTrainingParameters"
    case "steamship.embeddingIndex.item.create", "steamship.embeddingIndex.search",
      "steamship.plugin.instance.embeddingSearch":
      "embed"
    case "steamship.plugin.instance.getTrainingParameters": "getTrainingParameters"
    case "steamship.file.import": "import"
    case "steamship.file.create" where job.arguments["type"] == "fileImporter": "import"
    default: nil
    }
  }

  /// `arguments` of the call: the data, who is asked, and how far it was at the last answer.
  func codeArguments(_ data: JSON, _ instance: Key<InvocableInstance>, status: JSON?) -> JSON {
    guard let record = instances[instance] else { return .null }
    let plugin = invocables[record.invocable]
    return [
      "data": data,
      "context": [
        "pluginId": JSON(plugin?.id), "pluginHandle": JSON(plugin?.handle),
        "pluginVersionId": .string(record.versionID),
        "pluginVersionHandle": .string(record.versionHandle),
        "pluginInstanceId": .string(record.id), "pluginInstanceHandle": .string(record.handle),
      ],
      "status": status ?? .null, "isStatusCheck": .bool(status != nil),
    ]
  }

  mutating func codeInput(
    of job: Job, _ instance: Key<InvocableInstance>, _ step: inout Step
  ) throws(SteamshipError) -> JSON {
    let arguments = job.arguments
    switch Self.codePath(of: job) {
    case "tag":
      guard let id = try arguments.name("id") else {
        return ["file": .object(try arguments.object("file") ?? JSONObject())]
      }
      let key = try file(id: id, handle: nil, job.caller, &step)
      return ["file": JSON { write(key, step.blobs, into: &$0) }]
    case "blockify":
      let key = try file(
        id: try arguments.requiredString("id"), handle: nil, job.caller, &step)
      guard let content = files.read(key, { $0.content }) else {
        throw .invalid("The file has no bytes to make blocks of.")
      }
      return [
        "data": .string(Base64.encode(content.bytes(in: step.blobs))),
        "defaultMimeType": JSON(files.read(key, { $0.mimeType })),
        "pluginInstance": JSON(instances.read(instance, { $0.handle })),
      ]
    case "generate":
      return [
        "blocks": .array(try generationBlocks(job, &step)),
        "options": try arguments.object("options").map { .object($0) } ?? .null,
      ]
    case "import":
      return [
        "url": JSON(try arguments.name("url")), "mimeType": JSON(try arguments.name("mimeType")),
        "pluginInstance": JSON(instances.read(instance, { $0.handle })),
      ]
    default: return .object(arguments.fields)
    }
  }

  /// What a training is started with: the request's fields, changed by what the plugin makes of them.
  static func trainingInput(_ job: Job, _ parameters: JSON) -> JSON {
    var input: JSONObject = ["pluginInstance": job.arguments["pluginInstance"] ?? .null]
    for name in [
      "trainingEpochs", "testingHoldoutPercent", "testSplitSeed", "trainingDataUrl",
    ] {
      let own = parameters[name].flatMap { $0.isNull ? nil : $0 }
      if let value = own ?? job.arguments[name] { input[name] = value }
    }
    for name in ["trainingParams", "inferenceParams"] {
      var merged = job.arguments[name]?.objectValue ?? JSONObject()
      if let own = parameters[name]?.objectValue { merged.merge(own) }
      input[name] = .object(merged)
    }
    return .object(input)
  }

  // MARK: Streams

  /// Whether a job is for a generator that writes its blocks piece by piece.
  mutating func isStreamingCode(_ job: Job, _ step: inout Step) -> Bool {
    guard let key = codePlugin(of: job, &step), let version = instances.read(key, { $0.version })
    else {
      return false
    }
    return versions.read(version, { $0.extraFields })?["streaming"]?.boolValue ?? false
  }

  private func keys(ofBlocks list: [JSON]) -> [Key<Block>] {
    list.compactMap { $0["id"]?.stringValue.flatMap { blocks.key(id: $0) } }
  }

  /// The blocks as they have become.
  func streamedBlocks(_ list: [JSON], _ blobs: BlobStore) -> JSON {
    ["blocks": .array(keys(ofBlocks: list).map { key in JSON { write(key, blobs, into: &$0) } })]
  }

  /// What nobody will write any more.
  mutating func abortStreams(_ list: [JSON], _ step: inout Step) {
    for key in keys(ofBlocks: list) where blocks.read(key, { $0.streamState }) == .started {
      endStream(of: key, .aborted, &step)
    }
  }

  // MARK: What is kept of a call

  /// An instance's code has been told that it is there.
  mutating func endInitialisation(
    of instance: Key<InvocableInstance>, _ result: Result<Void, SteamshipError>,
    _ request: CodeRequest, _ step: inout Step
  ) {
    guard let record = instances[instance], record.initStatus == .initializing else { return }
    let failure: SteamshipError? = if case .failure(let error) = result { error } else { nil }
    instances.update(instance) { $0.initStatus = failure == nil ? .complete : .failed }
    log(
      record, path: "/__instance_init__", verb: "POST", failure, requestID: request.requestID,
      &step)
  }

  /// What code has printed during a call.
  mutating func log(
    printed text: String, by instance: Key<InvocableInstance>, _ request: CodeRequest,
    _ step: inout Step
  ) {
    guard let record = instances[instance] else { return }
    log(
      record, path: request.path, verb: request.verb, nil, requestID: request.requestID,
      saying: text, &step)
  }
}
