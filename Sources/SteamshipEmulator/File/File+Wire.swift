import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// Source: SDK `data/file.py`; contract §2.2.
  func fileJSON(_ key: Key<File>, _ blobs: BlobStore) -> JSON {
    guard let file = files[key] else { return .null }
    var object: JSONObject = ["id": .string(file.id), "handle": .string(file.handle)]
    if let type = file.mimeType { object["mimeType"] = .string(type) }
    object["workspaceId"] = JSON(workspaces[file.workspace]?.id ?? "")
    object["userId"] = JSON(users[file.user]?.id ?? "")
    if let filename = file.filename { object["filename"] = .string(filename) }
    object["publicData"] = .bool(file.publicData)
    object["blocks"] = .array(
      file.blocks.enumerated().map { index, block in blockJSON(block, index: index, blobs) })
    object["tags"] = .array(tagList(file.tags))
    object["createdAt"] = .string(file.createdAt.iso8601())
    return .object(object)
  }

  func fileReply(_ key: Key<File>, _ blobs: BlobStore) -> JSON { ["file": fileJSON(key, blobs)] }
}
