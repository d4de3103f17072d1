import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// Source: SDK `data/file.py`; contract §2.2.
  func fileJSON(_ key: Key<File>, _ blobs: BlobStore) -> JSON {
    guard let file = files[key] else { return .null }
    return JSON(withoutNulls: [
      "id": .string(file.id), "handle": .string(file.handle), "mimeType": JSON(file.mimeType),
      "workspaceId": JSON(workspaces[file.workspace]?.id ?? ""),
      "userId": JSON(users[file.user]?.id ?? ""), "filename": JSON(file.filename),
      "publicData": .bool(file.publicData),
      "blocks": .array(
        file.blocks.enumerated().map { index, block in blockJSON(block, index: index, blobs) }),
      "tags": .array(tagList(file.tags)), "createdAt": .string(file.createdAt.iso8601()),
    ])
  }

  func fileReply(_ key: Key<File>, _ blobs: BlobStore) -> JSON { ["file": fileJSON(key, blobs)] }
}
