import EmulatorKernel
import PayloadCodecs

/// What the world of a tenant weighs: the sum over its tables, each of which keeps its own account.
extension SteamshipState {
  package var heapBytes: Int { heapBytes(isRecounted: false) }
  package var recountedHeapBytes: Int { heapBytes(isRecounted: true) }

  /// All that there is before there are users.
  package mutating func share() {
    invocables.share()
    versions.share()
  }

  private func heapBytes(isRecounted: Bool) -> Int {
    // Asked after each change: generic, so that nothing is copied into a box.
    func weight(_ part: borrowing some Recounted) -> Int {
      isRecounted ? part.recountedHeapBytes : part.heapBytes
    }
    let accounts =
      weight(users) + userByCredential.spineBytes + weight(workspaces) + weight(invocables)
      + invocableByHandle.spineBytes + weight(versions) + weight(instances)
    let contents =
      weight(files) + weight(blocks) + weight(tags) + weight(indices) + weight(indexItems)
      + weight(storedObjects)
    let work =
      weight(tasks) + weight(comments) + (renderings.value.map { weight($0) } ?? 0) + due.heapBytes
      + weight(logs) + weight(usage)
    return accounts + contents + work
  }
}

// What each record refers to. Bytes in the blob store are counted there.

extension User {
  /// Its credential stands in a table of its own.
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + workspaceByHandle.spineBytes + workspaces.heapBytes + 64
  }
}

extension Workspace {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + externalFields.heapBytes + packageInstances.heapBytes
      + pluginInstances.heapBytes + files.heapBytes + indices.heapBytes + tagIndex.heapBytes
      + tasks.heapBytes
  }
}

extension TagIndex: Weighed {
  /// Keys and sets of what stands in one list only are counted with the tags themselves.
  var heapBytes: Int {
    all.heapBytes + byKind.spineBytes + byName.spineBytes + byBoth.spineBytes
  }
}

extension Tag {
  /// Itself, and its places in the lists of its workspace: most kinds and names are shared by many
  /// tags, but that is not certain.
  var heapBytes: Int {
    id.heapBytes + kind.heapBytes + name.heapBytes + value.heapBytes + (name == nil ? 16 : 48)
  }
}

extension Invocable {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + description.heapBytes + readme.heapBytes
      + profile.heapBytes + pluginFields.heapBytes + versions.heapBytes + instances.heapBytes
  }
}

extension InvocableVersion {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + configTemplate.heapBytes + archive.heapBytes
      + extraFields.heapBytes
  }
}

extension InvocableInstance {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + versionID.heapBytes + versionHandle.heapBytes
      + config.heapBytes + localDevelopmentURL.heapBytes
  }
}

extension File {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + mimeType.heapBytes + filename.heapBytes
      + content.heapBytes + blocks.spineBytes + tags.heapBytes
  }
}

extension Block {
  var heapBytes: Int {
    id.heapBytes + mimeType.heapBytes + text.heapBytes + content.heapBytes + tags.heapBytes
      + requestID.heapBytes + piecesLeft.spineBytes
  }
}

extension Content: Weighed {
  var heapBytes: Int { pieces.spineBytes }
}

extension EmbeddingIndex {
  var heapBytes: Int {
    id.heapBytes + handle.heapBytes + name.heapBytes + plugin.heapBytes + externalID.heapBytes
      + externalType.heapBytes + metadata.heapBytes + items.heapBytes
  }
}

extension EmbeddingItem {
  var heapBytes: Int {
    id.heapBytes + value.heapBytes + externalID.heapBytes + externalType.heapBytes
      + metadata.heapBytes + fileID.heapBytes + blockID.heapBytes + spanID.heapBytes
      + vector.axes.spineBytes + vector.lengths.spineBytes
  }
}

extension EngineTask {
  /// The fields of a job are the same again as `input`, parsed.
  var heapBytes: Int {
    let texts =
      id.heapBytes + workspaceID.heapBytes + requestID.heapBytes + name.heapBytes
      + type.heapBytes + input.heapBytes + output.heapBytes + statusMessage.heapBytes
      + statusSuggestion.heapBytes + statusCode.heapBytes
    return texts + otherFields.heapBytes + job.heapBytes + timeline.stages.spineBytes
      + unfinishedDependencies.spineBytes + dependents.spineBytes + comments.heapBytes
  }
}

extension TaskComment {
  var heapBytes: Int {
    id.heapBytes + externalID.heapBytes + externalType.heapBytes + externalGroup.heapBytes
      + metadata.heapBytes
  }
}

extension StoredObjectName: Weighed {
  var heapBytes: Int { bucket.heapBytes + path.heapBytes }
}

extension LogBook.Entry: Weighed {
  var heapBytes: Int { level.heapBytes + message.heapBytes + fields.heapBytes }
}
