import EmulatorKernel
import PayloadCodecs

/// Files whose bytes a `fileImporter` plugin brings.
/// Source: SDK `data/file.py`, `create_with_plugin`, `import_with_plugin`; contract §2.2.
extension SteamshipState {
  /// `POST file/create` with `type: fileImporter`.
  mutating func importNewFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let handle = try job.arguments.name("handle")
    let isPublic = try job.arguments.flag("publicData")
    let tagDrafts = try job.arguments.objects("tags", TagDraft.init)
    let (bytes, type, made) = try importedContent(job, &step)
    let workspace = try workspace(of: job.caller, &step)
    try checkFileHandle(handle, in: workspace)
    let content = try Content(storing: bytes, in: step.blobs)
    let key = addFile(
      handle: handle, mimeType: type, isPublic: isPublic, content: content, in: workspace,
      job.caller,
      &step)
    for draft in tagDrafts + made { addTag(draft, to: key, block: nil, &step) }
    return fileReply(key, step.blobs)
  }

  /// `POST file/import`: fills a file that is there and empty.
  mutating func importFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try file(id: job.arguments.requiredString("id"), handle: nil, job.caller, &step)
    if let content = files.read(key, { $0.content }), content.count > 0 {
      throw SteamshipError(409, "AlreadyExists", "The file has content already.")
    }
    let (bytes, type, made) = try importedContent(job, &step)
    let content = try Content(storing: bytes, in: step.blobs)
    files.update(key) { file in
      file.content = content
      file.mimeType = type
    }
    for draft in made { addTag(draft, to: key, block: nil, &step) }
    return fileReply(key, step.blobs)
  }

  private mutating func importedContent(
    _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> ([UInt8], type: String, tags: [TagDraft]) {
    let url = try job.arguments.name("url")
    let mimeType = try job.arguments.name("mimeType")
    let run = try pluginRun(job, "file.import", path: "/import", types: ["fileImporter"], &step)
    bill(run.instance, amount: 1, job.caller, &step)
    if let made = run.made {
      guard let bytes = (made["data"]?.stringValue).flatMap({ Base64.decode($0, .lenient) }) else {
        throw .badlyMade("an importer answers base64 text under \"data\"")
      }
      let tags = try Arguments(made.objectValue ?? JSONObject()).objects("tags", TagDraft.init)
      return (bytes, made["mimeType"]?.stringValue ?? mimeType ?? MIMEType.text, tags)
    }
    switch run.answer {
    case .bytes(let bytes, let type): return (bytes, mimeType ?? type, [])
    case .text(let text, let type): return (Array(text.utf8), mimeType ?? type, [])
    case .json(let json): return (json.serialized(), mimeType ?? "application/json", [])
    case .failure, nil: break
    }
    if run.handle == "youtube-file-importer" { return (Canned.audio, mimeType ?? "audio/mp4", []) }
    let source = url.map { " from \($0)" } ?? ""
    let text = "Content imported by \(run.handle)\(source)."
    return (Array(text.utf8), mimeType ?? MIMEType.text, [])
  }
}
