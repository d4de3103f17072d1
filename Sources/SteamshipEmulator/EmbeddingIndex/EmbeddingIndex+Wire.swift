import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// **Shape**: wrapped as `index`, whatever the class is called.
  /// Source: SDK `data/embeddings.py`.
  borrowing func indexReply(_ key: Key<EmbeddingIndex>) -> RuleResult {
    guard indices.contains(key) else { return RuleResult(.null) }
    return RuleResult("index") { json in
      indices.glance(key) { index in
        json.object { json in
          json.member("id", index.id)
          json.member("handle", index.handle)
          json.member(ifPresent: "name", index.name)
          json.member("plugin", index.plugin)
          json.member(ifPresent: "externalId", index.externalID)
          json.member(ifPresent: "externalType", index.externalType)
          json.member(ifPresent: "metadata", index.metadata)
        }
      }
    }
  }

  borrowing func write(_ key: Key<EmbeddingItem>, into json: inout JSONWriter) {
    let isThere: Void? = indexItems.glance(key) { item in
      let index = indices.read(item.index) { $0.id }
      json.object { json in
        json.member("id", item.id)
        json.member("value", item.value)
        json.member(ifPresent: "indexId", index)
        json.member(ifPresent: "externalId", item.externalID)
        json.member(ifPresent: "externalType", item.externalType)
        json.member(ifPresent: "metadata", item.metadata)
        json.member(ifPresent: "fileId", item.fileID)
        json.member(ifPresent: "blockId", item.blockID)
        json.member(ifPresent: "spanId", item.spanID)
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func reply(_ page: Page<EmbeddingItem>) -> RuleResult {
    page.reply("items") { write($0, into: &$1) }
  }

  /// - Parameter hits: keys with their scores and places, the nearest first.
  borrowing func hitsReply(
    _ hits: [(key: Key<EmbeddingItem>, score: Double, position: Int)], includesMetadata: Bool
  ) -> RuleResult {
    RuleResult("items") { json in
      json.array { json in
        for hit in hits {
          writeHit(hit.key, hit.score, hit.position, includesMetadata, into: &json)
        }
      }
    }
  }

  private borrowing func writeHit(
    _ key: Key<EmbeddingItem>, _ score: Double, _ position: Int, _ includesMetadata: Bool,
    into json: inout JSONWriter
  ) {
    let isThere: Void? = indexItems.glance(key) { item in
      json.object { json in
        let score = JSON(score)
        json.member("score", score)
        json.member("index", position)
        json.member("id", item.id)
        json.object("value") { json in
          json.member("id", item.id)
          json.member("value", item.value)
          json.member(ifPresent: "externalId", item.externalID)
          json.member(ifPresent: "externalType", item.externalType)
          if includesMetadata { json.member(ifPresent: "metadata", item.metadata) }
          json.member(ifPresent: "score", score)
        }
      }
    }
    if isThere == nil { json.null() }
  }
}
