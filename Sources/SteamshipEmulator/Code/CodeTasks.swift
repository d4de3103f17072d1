import EmulatorKernel
import PayloadCodecs

/// Work that is done outside of the state's rules.
enum OutsideWork: Sendable {
  /// A method of a package that another server answers.
  case forward(Invocation, ForwardTarget, Caller)
  /// A method of a package whose code is uploaded.
  case method(Invocation, Caller)
  /// An upload to be checked, or a plugin's work.
  case code(Job)
}

extension Job {
  /// Whether it brings a version's code.
  var isVersionUpload: Bool {
    operation == "steamship.package.version.create"
      || operation == "steamship.plugin.version.create"
  }

  /// Whether it asks a plugin what it would be trained with.
  var asksForParameters: Bool { operation == "steamship.plugin.instance.getTrainingParameters" }

  var versionKind: InvocableKind {
    operation == "steamship.package.version.create" ? .package : .plugin
  }
}

extension SteamshipState {
  /// Whether a job cannot be done without code: then it is a task, whatever the caller asked for.
  mutating func needsCode(_ job: Job, _ step: inout Step) -> Bool {
    guard codeOrigin.value != nil else { return false }
    return job.isVersionUpload ? job.arguments.upload != nil : codePlugin(of: job, &step) != nil
  }

  /// The same for a job whose plugin instance is there.
  func runsCode(_ job: Job) -> Bool {
    guard codeOrigin.value != nil else { return false }
    if job.isVersionUpload { return job.arguments.upload != nil }
    guard Self.codePath(of: job) != nil, let handle = pluginInstanceHandle(of: job),
      let workspace = knownWorkspace(job.caller.workspace, of: job.caller.user),
      let key = workspaces.read(workspace, { $0.pluginInstances })?[handle]
    else { return false }
    return runsCode(key)
  }

  /// The work of a task that is done outside; nil when it has other work.
  mutating func outsideWork(of key: Key<EngineTask>, _ step: inout Step) -> OutsideWork? {
    // Most tasks have none: told without a copy of what is to be done.
    let isElsewhere = tasks.glance(key) { task in
      codeOrigin.value != nil || task.job?.value.operation == Self.scheduledInvocation
    }
    guard isElsewhere == true, let job = tasks.read(key, { $0.job?.value }) else { return nil }
    if let (invocation, target, caller) = outsideInvocation(of: key) {
      return .forward(invocation, target, caller)
    }
    if let invocation = invocationOfCode(job) { return .method(invocation, job.caller) }
    return needsCode(job, &step) ? .code(job) : nil
  }

  /// The method that a scheduled invocation calls, where uploaded code answers it.
  private func invocationOfCode(_ job: Job) -> Invocation? {
    guard job.operation == Self.scheduledInvocation,
      let invocation = try? scheduledInvocation(job), runsCode(invocation.instance)
    else { return nil }
    return invocation
  }

  /// Whether the rule that has just worked has made instances or removed versions.
  var hasAftermath: Bool { startedInstances.value != nil || hasEndedVersions.value != nil }

  /// Instances made by the rule that has just worked.
  mutating func takeStarted() -> [Key<InvocableInstance>] {
    defer { startedInstances.value = nil }
    return startedInstances.value ?? []
  }

  /// What an event has laid in the way of an instance's next call.
  mutating func takeTrouble(of instance: Key<InvocableInstance>?) -> CodeTrouble? {
    guard let instance, troubles.value != nil else { return nil }
    return troubles.value?.removeValue(forKey: instance)
  }

  /// Whether the rule that has just worked has removed versions.
  mutating func takeEnded() -> Bool {
    defer { hasEndedVersions.value = nil }
    return hasEndedVersions.value ?? false
  }

  // MARK: What comes of it

  /// Lets the engine's own rule take what a plugin's code made; gives the job's output.
  mutating func takeMade(
    _ made: JSON, _ envelope: JSON, of job: Job, _ step: inout Step
  ) throws(SteamshipError) -> String {
    let workspace = try workspace(of: job.caller, &step)
    madeByCode.value = try fetched(made, envelope, in: workspace, step.blobs)
    defer { madeByCode.value = nil }
    return try perform(job, &step)
  }

  /// Makes the version whose code has said what it is: the task's output, and the version's id.
  mutating func makeVersion(
    _ specification: JSON, digest: String, of job: Job, task: Key<EngineTask>, _ step: inout Step
  ) throws(SteamshipError) -> (output: String, versionID: String) {
    // Its archive goes with a task that has been given up.
    guard tasks.read(task, { $0.job }) != nil else { throw .cancelled }
    let output = try perform(job, &step)
    let reply = try? JSON(parsing: Array(output.utf8))
    let id = reply?["\(job.versionKind.rawValue)Version"]?["id"]?.stringValue ?? ""
    if let key = versions.key(id: id) {
      versions.update(key) { version in
        version.specification = Kept(specification)
        version.digest = digest
      }
    }
    return (output, id)
  }

  /// A plugin says that it is still at it: the task shows how far it is. Gives the status for the next
  /// question.
  mutating func noteProgress(
    _ status: JSON, of task: Key<EngineTask>?, _ step: inout Step
  ) -> JSON {
    guard let task else { return status }
    change(task, &step) { task in
      var fields = task.otherFields.value
      for name in ["remoteStatusInput", "remoteStatusMessage"] {
        if let value = status[name] { fields[name] = value }
      }
      fields["retries"] = .integer((fields["retries"]?.intValue ?? 0).addingClamping(1))
      task.otherFields = Kept(fields)
      task.statusMessage = status["statusMessage"]?.stringValue ?? task.statusMessage
    }
    return JSON { write(task, into: &$0) }
  }

  /// What code made; large answers lie in a bucket of its instance's workspace (contract §5.3).
  func fetched(
    _ made: JSON, _ envelope: JSON, in workspace: Key<Workspace>, _ blobs: BlobStore
  ) throws(SteamshipError) -> JSON {
    guard let path = envelope["dataFilepath"]?.stringValue,
      let bucket = envelope["dataBucket"]?.stringValue
    else { return made }
    guard
      let content = storedObjects[
        StoredObjectName(workspace: workspace, bucket: bucket, path: path)],
      let data = try? JSON(parsing: content.bytes(in: blobs))
    else { throw .badlyMade("the answer is said to lie in \(bucket) at \(path)") }
    return data
  }

  /// Tags of a file that code has looked at: those without id are new. A block is meant by its id, else
  /// by its place.
  mutating func addMadeTags(
    _ made: JSON, to file: Key<File>, _ step: inout Step
  ) throws(SteamshipError) {
    guard let answer = made["file"]?.objectValue.map({ Arguments($0) }) else {
      throw .badlyMade("a tagger answers {\"file\": …}")
    }
    var new: [(Key<Block>?, TagDraft)] = []
    func drafts(_ holder: Arguments, _ block: Key<Block>?) throws(SteamshipError) {
      for tag in try holder.list("tags") ?? [] where tag["id"]?.stringValue == nil {
        guard let fields = tag.objectValue else { continue }
        new.append((block, try TagDraft(Arguments(fields))))
      }
    }
    try drafts(answer, nil)
    let known = files.read(file, { $0.blocks }) ?? []
    for (index, item) in (try answer.list("blocks") ?? []).enumerated() {
      guard let fields = item.objectValue else { continue }
      let byID = item["id"]?.stringValue.flatMap { blocks.key(id: $0) }
        .flatMap { blocks.read($0, { $0.file }) == file ? $0 : nil }
      guard let key = byID ?? (known.indices.contains(index) ? known[index] : nil) else { continue }
      try drafts(Arguments(fields), key)
    }
    guard new.count <= PluginLimits.madeCountMax else { throw PluginLimits.tooMuchMade }
    for (block, draft) in new { addTag(draft, to: file, block: block, &step) }
  }

  /// Blocks with their tags, and tags of the file.
  mutating func addMadeBlocks(
    _ made: JSON, to file: Key<File>, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) {
    guard let answer = made["file"]?.objectValue.map({ Arguments($0) }) else {
      throw .badlyMade("a blockifier answers {\"file\": …}")
    }
    let drafts = try answer.objects("blocks", BlockDraft.init)
    let tags = try answer.objects("tags", TagDraft.init)
    try add(drafts, to: file, caller, &step)
    for tag in tags { addTag(tag, to: file, block: nil, &step) }
  }

  /// What a generator's code made: text, or bytes that it has put to a signed URL of ours.
  func madeOutputs(
    _ made: JSON, _ step: inout Step
  ) throws(SteamshipError) -> [GeneratedBlock] {
    guard let list = made["blocks"]?.arrayValue else {
      throw .badlyMade("a generator answers {\"blocks\": […]}")
    }
    var outputs: [GeneratedBlock] = []
    for item in list {
      guard let fields = item.objectValue.map({ Arguments($0) }) else { continue }
      let type = try fields.name("mimeType")
      let tags = try fields.objects("tags", TagDraft.init)
      guard item["uploadType"] == "url", let url = try fields.name("url") else {
        outputs.append(
          GeneratedBlock(
            content: .text(try fields.string("text") ?? ""), mimeType: type, tags: tags))
        continue
      }
      outputs.append(
        GeneratedBlock(
          content: .bytes(try storedBytes(at: url, step.blobs)), mimeType: type, tags: tags))
    }
    return outputs
  }
}

extension SteamshipError {
  static func badlyMade(_ wanted: String) -> Self {
    Self(500, "PluginError", "The plugin's answer cannot be used: \(wanted).")
  }
}
