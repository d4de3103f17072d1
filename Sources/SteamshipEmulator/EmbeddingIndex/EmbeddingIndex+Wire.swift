import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// **Shape**: wrapped as `index`, whatever the class is called.
  /// Source: SDK `data/embeddings.py`.
  func indexReply(_ key: Key<EmbeddingIndex>) -> JSON {
    guard let index = indices[key] else { return .null }
    var object: JSONObject = ["id": .string(index.id), "handle": .string(index.handle)]
    if let name = index.name { object["name"] = .string(name) }
    object["plugin"] = .string(index.plugin)
    if let id = index.externalID { object["externalId"] = .string(id) }
    if let type = index.externalType { object["externalType"] = .string(type) }
    if let metadata = index.metadata { object["metadata"] = .string(metadata) }
    return ["index": .object(object)]
  }

  func itemJSON(_ key: Key<EmbeddingItem>) -> JSON {
    guard let item = indexItems[key] else { return .null }
    var object: JSONObject = ["id": .string(item.id), "value": .string(item.value)]
    if let index = indices[item.index] { object["indexId"] = .string(index.id) }
    if let id = item.externalID { object["externalId"] = .string(id) }
    if let type = item.externalType { object["externalType"] = .string(type) }
    if let metadata = item.metadata { object["metadata"] = .string(metadata) }
    if let id = item.fileID { object["fileId"] = .string(id) }
    if let id = item.blockID { object["blockId"] = .string(id) }
    if let id = item.spanID { object["spanId"] = .string(id) }
    return .object(object)
  }

  func hitJSON(
    _ key: Key<EmbeddingItem>, _ score: Double, _ position: Int, _ includesMetadata: Bool
  ) -> JSON {
    guard let item = indexItems[key] else { return .null }
    var value: JSONObject = ["id": .string(item.id), "value": .string(item.value)]
    if let id = item.externalID { value["externalId"] = .string(id) }
    if let type = item.externalType { value["externalType"] = .string(type) }
    if includesMetadata, let metadata = item.metadata { value["metadata"] = .string(metadata) }
    value["score"] = JSON(score)
    return [
      "score": JSON(score), "index": .integer(position), "id": .string(item.id),
      "value": .object(value),
    ]
  }
}
