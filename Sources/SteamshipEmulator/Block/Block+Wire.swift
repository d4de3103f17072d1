import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// `text` is empty for bytes, never null; `requestId` is never null (contract §2.2).
  /// Source: SDK `data/block.py`.
  func blockJSON(_ key: Key<Block>, index: Int? = nil, _ blobs: BlobStore) -> JSON {
    guard let block = blocks[key] else { return .null }
    return JSON(withoutNulls: [
      "id": .string(block.id), "fileId": JSON(files[block.file]?.id ?? ""),
      "text": .string(text(of: block, blobs)), "tags": .array(tagList(block.tags)),
      "index": .integer(index ?? blockIndex(key, in: block.file) ?? 0),
      "mimeType": .string(block.mimeType), "publicData": .bool(block.publicData),
      "requestId": .string(block.requestID), "streamState": JSON(block.streamState?.rawValue),
      "createdAt": .string(block.createdAt.iso8601()),
    ])
  }

  func blockReply(_ key: Key<Block>, _ blobs: BlobStore) -> JSON {
    ["block": blockJSON(key, blobs)]
  }
}
