package import EmulatorKernel
import PayloadCodecs

extension SteamshipService {
  package func inventory(_ world: World<State>) -> [WorldThing] {
    let blobs = world.blobs
    return world.read { state in state.inventory(blobs) }
  }
}

/// What users own. Ids, times and the handles that the engine makes up are left out.
extension SteamshipState {
  func inventory(_ blobs: BlobStore) -> [WorldThing] {
    var things: [WorldThing] = []
    for key in invocables.keys {
      guard let invocable = invocables[key], invocable.user != nil else { continue }
      add(invocable, blobs, to: &things)
    }
    for user in users.all {
      // They come with the user, so only that one is gone says something.
      for seed in [Workspace.defaultHandle] + script.workspaces.map(\.handle)
      where user.workspaceByHandle[seed] == nil {
        things.append(WorldThing("deletion", ["workspace \(seed)"]))
      }
      for key in user.workspaces.keys {
        if let workspace = workspaces[key] { add(key, workspace, blobs, to: &things) }
      }
    }
    for task in tasks.all { things.append(thing(task)) }
    // In an order: the table has another in each process.
    for (name, content) in storedObjects.entries.sorted(by: { $0.key < $1.key }) {
      let workspace = workspaces.read(name.workspace, { $0.handle }) ?? ""
      things.append(
        WorldThing(
          "stored object",
          ["workspace \(Self.told(workspace))", "\(name.bucket)/\(name.path)"],
          ["content": WorldThing.digest(content.bytes(in: blobs))]))
    }
    return things
  }

  /// A handle without the part that `Handle.mint` draws.
  static func told(_ handle: String) -> String {
    let parts = handle.split(separator: "-", omittingEmptySubsequences: false)
    guard let last = parts.last, parts.count > 1, last.utf8.count == 10,
      minted.contains(parts.dropLast().joined(separator: "-")),
      last.utf8.allSatisfy({ $0 &- 0x30 < 10 || $0 &- 0x61 < 26 })
    else { return handle }
    return parts.dropLast().joined(separator: "-") + "-…"
  }

  private static let minted: TextSet = [
    "file", "index", "version", "workspace", "package", "plugin", "package-instance",
    "plugin-instance",
  ]

  private func add(_ invocable: Invocable, _ blobs: BlobStore, to things: inout [WorldThing]) {
    let place = ["\(invocable.kind.rawValue) \(Self.told(invocable.handle))"]
    things.append(
      WorldThing(
        invocable.kind.rawValue, place,
        [
          "isPublic": .bool(invocable.isPublic), "description": JSON(invocable.description),
          "readme": invocable.readme.map(WorldThing.text) ?? .null,
          "profile": invocable.profile.map { .object($0.value) } ?? .null,
        ]))
    for version in invocable.versions.keys.compactMap({ versions[$0] }) {
      things.append(
        WorldThing(
          "version", place + ["version \(Self.told(version.handle))"],
          [
            "configTemplate": .object(version.configTemplate),
            "archive": version.archive.map { WorldThing.digest($0.bytes(in: blobs)) } ?? .null,
          ]))
    }
  }

  private func add(
    _ key: Key<Workspace>, _ workspace: Workspace, _ blobs: BlobStore,
    to things: inout [WorldThing]
  ) {
    let place = ["workspace \(Self.told(workspace.handle))"]
    let isGiven =
      workspace.handle == Workspace.defaultHandle
      || script.workspaces.contains { $0.handle == workspace.handle }
    if !isGiven { things.append(WorldThing("workspace", place)) }
    for kind in InvocableKind.allCases {
      for instance in workspace[instancesOf: kind].keys.compactMap({ instances[$0] }) {
        things.append(
          WorldThing(
            "\(kind.rawValue) instance", place + ["instance \(Self.told(instance.handle))"],
            [
              "of": JSON(invocables.read(instance.invocable, { $0.handle })),
              "version": .string(instance.versionHandle), "config": .object(instance.config),
              "failed": instance.initStatus == .failed ? true : .null,
            ]))
      }
    }
    for file in workspace.files.keys.compactMap({ files[$0] }) {
      add(file, in: place, blobs, to: &things)
    }
    for index in workspace.indices.keys.compactMap({ indices[$0] }) {
      add(index, in: place, to: &things)
    }
  }

  private func add(
    _ file: File, in place: [String], _ blobs: BlobStore, to things: inout [WorldThing]
  ) {
    let place = place + ["file \(Self.told(file.handle))"]
    things.append(
      WorldThing(
        "file", place,
        [
          "mimeType": JSON(file.mimeType), "filename": JSON(file.filename),
          "publicData": .bool(file.publicData),
          "content": file.content.map { WorldThing.digest($0.bytes(in: blobs)) } ?? .null,
        ]))
    for block in file.blocks.compactMap({ blocks[$0] }) {
      let isWhole = block.streamState == nil || block.streamState == .complete
      things.append(
        WorldThing(
          "block", place,
          [
            "mimeType": .string(block.mimeType), "publicData": .bool(block.publicData),
            "text": block.isText ? WorldThing.text(text(of: block, blobs)) : .null,
            "content": block.isText
              ? .null : WorldThing.digest(Array(rawChunks(of: block, blobs).joined())),
            "stream": isWhole ? .null : JSON(block.streamState?.rawValue),
          ]))
      for tag in block.tags.keys.compactMap({ tags[$0] }) {
        things.append(thing(tag, place + ["block"]))
      }
    }
    for tag in file.tags.keys.compactMap({ tags[$0] }) where tag.block == nil {
      things.append(thing(tag, place))
    }
  }

  private func thing(_ tag: Tag, _ place: [String]) -> WorldThing {
    WorldThing(
      "tag", place,
      [
        "kind": .string(tag.kind), "name": JSON(tag.name), "value": tag.value ?? .null,
        "start": tag.start.map(JSON.integer) ?? .null, "end": tag.end.map(JSON.integer) ?? .null,
      ])
  }

  private func add(
    _ index: EmbeddingIndex, in place: [String], to things: inout [WorldThing]
  ) {
    let place = place + ["index \(Self.told(index.handle))"]
    things.append(
      WorldThing(
        "index", place, ["name": JSON(index.name), "plugin": .string(Self.told(index.plugin))]))
    for item in index.items.keys.compactMap({ indexItems[$0] }) {
      things.append(
        WorldThing(
          "index item", place,
          [
            "value": WorldThing.text(item.value), "externalId": JSON(item.externalID),
            "metadata": item.metadata.map(WorldThing.text) ?? .null,
          ]))
    }
  }

  /// One that goes on and one that is done are the same: how far it is depends on the time.
  private func thing(_ task: EngineTask) -> WorldThing {
    let workspace = task.workspace.flatMap { workspaces.read($0, { $0.handle }) }
    return WorldThing(
      "task", workspace.map { ["workspace \(Self.told($0))"] } ?? [],
      [
        "name": .string(task.name), "input": WorldThing.text(task.input),
        "failed": task.state == .failed ? true : .null,
        "comments": task.comments.isEmpty ? .null : .integer(task.comments.count),
      ])
  }
}
