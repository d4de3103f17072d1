import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// **Shape**: `{"id", "handle", "userId", "createdAt", "updatedAt"}`.
  /// Source: SDK `data/workspace.py`; contract §2.1.
  borrowing func write(_ key: Key<Workspace>, into json: inout JSONWriter) {
    let isThere: Void? = workspaces.glance(key) { workspace in
      let user = users.read(workspace.user) { $0.id }
      json.object { json in
        json.member("id", workspace.id)
        json.member("handle", workspace.handle)
        json.member(ifPresent: "userId", user)
        json.times(created: workspace.createdAt, updated: workspace.updatedAt)
        json.member(ifPresent: "description", workspace.externalFields.value["description"])
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func workspaceReply(_ key: Key<Workspace>) -> RuleResult {
    RuleResult("workspace") { write(key, into: &$0) }
  }

  borrowing func reply(_ page: Page<Workspace>) -> RuleResult {
    page.reply("workspaces") { write($0, into: &$1) }
  }
}
