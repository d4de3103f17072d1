import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// **Shape**: `{"id", "handle", "userId", "createdAt", "updatedAt"}`.
  /// Source: SDK `data/workspace.py`; contract §2.1.
  func workspaceJSON(_ key: Key<Workspace>) -> JSON {
    guard let workspace = workspaces[key] else { return .null }
    return JSON(withoutNulls: [
      "id": .string(workspace.id), "handle": .string(workspace.handle),
      "userId": JSON(users[workspace.user]?.id),
      "createdAt": .string(workspace.createdAt.iso8601()),
      "updatedAt": .string(workspace.updatedAt.iso8601()),
      "description": workspace.externalFields.value["description"] ?? .null,
    ])
  }

  func workspaceReply(_ key: Key<Workspace>) -> JSON { ["workspace": workspaceJSON(key)] }
}
