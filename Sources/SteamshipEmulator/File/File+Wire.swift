import EmulatorKernel
import PayloadCodecs

/// All borrow the state: else it would be copied for each closure that writes a part.
extension SteamshipState {
  /// Source: SDK `data/file.py`; contract §2.2.
  borrowing func write(_ key: Key<File>, _ blobs: BlobStore, into json: inout JSONWriter) {
    let isThere: Void? = files.glance(key) { file in
      let workspace = workspaces.read(file.workspace) { $0.id } ?? ""
      let user = users.read(file.user) { $0.id } ?? ""
      json.object { json in
        json.member("id", file.id)
        json.member("handle", file.handle)
        json.member(ifPresent: "mimeType", file.mimeType)
        json.member("workspaceId", workspace)
        json.member("userId", user)
        json.member(ifPresent: "filename", file.filename)
        json.member("publicData", file.publicData)
        json.key("blocks")
        json.array(file.blocks.enumerated(), count: file.blocks.count) { block, json in
          write(block.element, index: block.offset, blobs, into: &json)
        }
        json.array("tags") { write(file.tags, into: &$0) }
        json.member("createdAt", file.createdAt)
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func fileReply(_ key: Key<File>, _ blobs: BlobStore) -> RuleResult {
    RuleResult("file") { write(key, blobs, into: &$0) }
  }

  borrowing func filesReply(_ keys: [Key<File>], _ blobs: BlobStore) -> RuleResult {
    RuleResult("files") { json in
      json.array(keys, count: keys.count) { key, json in write(key, blobs, into: &json) }
    }
  }

  borrowing func reply(_ page: Page<File>, _ blobs: BlobStore) -> RuleResult {
    page.reply("files") { write($0, blobs, into: &$1) }
  }
}
