import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// **Shape**: wrapped as `index`, whatever the class is called.
  /// Source: SDK `data/embeddings.py`.
  func indexReply(_ key: Key<EmbeddingIndex>) -> JSON {
    guard let index = indices[key] else { return .null }
    return [
      "index": JSON(withoutNulls: [
        "id": .string(index.id), "handle": .string(index.handle), "name": JSON(index.name),
        "plugin": .string(index.plugin), "externalId": JSON(index.externalID),
        "externalType": JSON(index.externalType), "metadata": JSON(index.metadata),
      ])
    ]
  }

  func itemJSON(_ key: Key<EmbeddingItem>) -> JSON {
    guard let item = indexItems[key] else { return .null }
    return JSON(withoutNulls: [
      "id": .string(item.id), "value": .string(item.value),
      "indexId": JSON(indices[item.index]?.id), "externalId": JSON(item.externalID),
      "externalType": JSON(item.externalType), "metadata": JSON(item.metadata),
      "fileId": JSON(item.fileID), "blockId": JSON(item.blockID), "spanId": JSON(item.spanID),
    ])
  }

  func hitJSON(
    _ key: Key<EmbeddingItem>, _ score: Double, _ position: Int, _ includesMetadata: Bool
  ) -> JSON {
    guard let item = indexItems[key] else { return .null }
    return [
      "score": JSON(score), "index": .integer(position), "id": .string(item.id),
      "value": JSON(withoutNulls: [
        "id": .string(item.id), "value": .string(item.value), "externalId": JSON(item.externalID),
        "externalType": JSON(item.externalType),
        "metadata": includesMetadata ? JSON(item.metadata) : .null, "score": JSON(score),
      ]),
    ]
  }
}
