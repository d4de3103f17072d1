import EmulatorKernel
import PayloadCodecs

/// A block of a generator's input, as a model reads it.
struct PromptBlock {
  var text: String
  var mimeType = MIMEType.text
  var role = ChatModel.Role.user.rawValue
}

extension SteamshipState {
  /// The block with the role that its tags give it, the later tag's word holding.
  ///
  /// A tag of kind `role` names the role; so does one of kind `chat` and name `role` in its value.
  /// Source: SDK `data/block.py`, `Block.chat_role` and `Block.set_chat_role`.
  func promptBlock(_ key: Key<Block>, _ blobs: BlobStore) -> PromptBlock? {
    guard let block = blocks[key] else { return nil }
    var prompt = PromptBlock(text: text(of: block, blobs), mimeType: block.mimeType)
    for tag in block.tags.keys.compactMap({ tags[$0] }) {
      if tag.kind == "role", let name = tag.name { prompt.role = name }
      if tag.kind == "chat", tag.name == "role",
        let role = tag.value?["string-value"]?.stringValue
      {
        prompt.role = role
      }
    }
    return prompt
  }
}

/// What chat generators have in common: whom they answer, and how their answers are marked.
/// Source: the published `gpt-4` plugin as the SDK's tests and agents use it; SDK
/// `plugin/capabilities.py`.
enum ChatModel {
  static let handles: TextSet = ["gpt-4", "replicate-llm"]

  enum Role: String, CaseIterable { case function, system, assistant, user }

  /// The last block that is not the system's: clients sort the indices of their blocks, so the system
  /// prompt may stand last. Blocks of other roles and empty ones are passed over.
  static func question(_ prompt: [PromptBlock]) -> String? {
    prompt.last { block in
      guard let role = Role(rawValue: block.role), !block.text.isEmpty else { return false }
      return role != .system && block.mimeType != requestType
    }?.text
  }

  static func spoken(_ block: GeneratedBlock) -> GeneratedBlock {
    var block = block
    let hasRole = block.tags.contains { $0.kind == "role" }
    if !hasRole { block.tags.append(TagDraft(kind: "role", name: Role.assistant.rawValue)) }
    return block
  }

  // MARK: Capabilities

  private static let requestType =
    "application/vnd.steamship-block.plugin-capabilities-request+json"
  private static let responseType =
    "application/vnd.steamship-block.plugin-capabilities-response+json"

  /// The answer to a block that asks for capabilities: each is there, natively.
  ///
  /// **Shape**: `{"requested_capabilities": [{"name", "request_level"}]}` →
  /// `{"capability_responses": [{"name", "fulfilled_at": 1}]}`, 1 native, 4 may be disabled.
  static func capabilities(_ prompt: [PromptBlock]) -> [GeneratedBlock] {
    guard let request = prompt.first(where: { $0.mimeType == requestType }),
      let json = try? JSON(parsing: Array(request.text.utf8))
    else { return [] }
    let responses = (json["requested_capabilities"]?.arrayValue ?? []).map { wanted -> JSON in
      let level = wanted["request_level"] == "disable" ? 4 : 1
      return ["name": wanted["name"] ?? .null, "fulfilled_at": .integer(level)]
    }
    let text = JSON.object(["capability_responses": .array(responses)]).text
    return [GeneratedBlock(content: .text(text), mimeType: responseType)]
  }
}
