import EmulatorKernel
import PayloadCodecs

/// What the world of a tenant weighs: the sum over its tables, each of which keeps its own account.
extension SteamshipState {
  package var heapBytes: Int {
    let accounts =
      users.heapBytes + userByCredential.spineBytes + workspaces.heapBytes + invocables.heapBytes
      + invocableByHandle.spineBytes + versions.heapBytes + instances.heapBytes
    let contents =
      files.heapBytes + blocks.heapBytes + tags.heapBytes + indices.heapBytes
      + indexItems.heapBytes + storedObjects.heapBytes
    let work =
      tasks.heapBytes + comments.heapBytes + (renderings.value?.heapBytes ?? 0) + due.heapBytes
      + logs.heapBytes + usage.heapBytes
    return accounts + contents + work
  }

  package var recountedHeapBytes: Int {
    let accounts =
      users.recountedHeapBytes + userByCredential.spineBytes + workspaces.recountedHeapBytes
      + invocables.recountedHeapBytes + invocableByHandle.spineBytes + versions.recountedHeapBytes
      + instances.recountedHeapBytes
    let contents =
      files.recountedHeapBytes + blocks.recountedHeapBytes + tags.recountedHeapBytes
      + indices.recountedHeapBytes + indexItems.recountedHeapBytes
      + storedObjects.recountedHeapBytes
    let work =
      tasks.recountedHeapBytes + comments.recountedHeapBytes
      + (renderings.value?.recountedHeapBytes ?? 0) + due.heapBytes + logs.recountedHeapBytes
      + usage.recountedHeapBytes
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
  /// tags, but nobody promises it.
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

extension EngineTask.Job: Weighed {
  var heapBytes: Int {
    operation.heapBytes + arguments.heapBytes + caller.requestID.heapBytes
      + caller.baseURL.heapBytes
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
