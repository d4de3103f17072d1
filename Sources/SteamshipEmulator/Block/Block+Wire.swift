import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// `text` is empty for bytes, never null; `requestId` is never null (contract §2.2).
  /// Source: SDK `data/block.py`.
  borrowing func write(
    _ key: Key<Block>, index: Int? = nil, _ blobs: BlobStore, into json: inout JSONWriter
  ) {
    let isThere: Void? = blocks.glance(key) { block in
      let file = files.read(block.file) { $0.id } ?? ""
      let stored = { String(decoding: block.content.bytes(in: blobs), as: UTF8.self) }
      let text = block.isText ? block.text ?? stored() : ""
      let place = index ?? blockIndex(key, in: block.file) ?? 0
      json.object { json in
        json.member("id", block.id)
        json.member("fileId", file)
        json.member("text", text)
        json.array("tags") { write(block.tags, into: &$0) }
        json.member("index", place)
        json.member("mimeType", block.mimeType)
        json.member("publicData", block.publicData)
        json.member("requestId", block.requestID)
        json.member(ifPresent: "streamState", block.streamState?.rawValue)
        json.member("createdAt", block.createdAt)
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func blockReply(_ key: Key<Block>, _ blobs: BlobStore) -> RuleResult {
    RuleResult("block") { write(key, blobs, into: &$0) }
  }

  borrowing func blocksReply(_ keys: [Key<Block>], _ blobs: BlobStore) -> RuleResult {
    RuleResult("blocks") { json in
      json.array(keys, count: keys.count) { key, json in write(key, blobs, into: &json) }
    }
  }
}
