import PayloadCodecs
import EmulatorKernel

/// Somebody with a key. A key makes its user on first sight.
struct User: Stored {
  var id: String
  var handle: String
  var workspaceByHandle = PagedDictionary<ExactText, Key<Workspace>>()
  var workspaces = KeySet<Workspace>()
  var createdAt: VirtualInstant
}

extension SteamshipState {
  /// The user of a credential, made if there is none yet.
  ///
  /// - Parameter name: the user that the scenario gives to this key; several keys may share one.
  /// Source: contract §1.6. Fidelity: assumed (the real Engine knows its keys beforehand).
  mutating func user(credential: String, name: String?, _ step: inout Step) -> Key<User> {
    if let known = userByCredential[credential], users.contains(known) { return known }
    let key: Key<User>
    if let name, let known = users.keys.first(where: { users.read($0, { $0.handle }) == name }) {
      key = known
    } else if name == nil, let known = unclaimedUser {
      key = known
    } else {
      key = addUser(handle: name ?? freeUserHandle(), &step)
    }
    userByCredential[credential] = key
    return key
  }

  mutating func addUser(handle: String, _ step: inout Step) -> Key<User> {
    let user = User(
      id: step.ids.uuid("steamship.user", .upper), handle: handle, createdAt: step.now)
    let key = users.insert(user)
    for seed in script.workspaces { addSeededWorkspace(seed, of: key, &step) }
    return key
  }

  /// The first of the scenario's users that no key stands for yet.
  private var unclaimedUser: Key<User>? {
    guard !script.users.isEmpty else { return nil }
    let claimed = Set(userByCredential.map { $0.value })
    return users.keys.first { key in
      !claimed.contains(key) && script.users.contains(users.read(key, { $0.handle }) ?? "")
    }
  }

  /// `dev`, then `dev-2`, `dev-3`…
  private func freeUserHandle() -> String {
    let taken = TextSet(users.all.map(\.handle))
    guard taken.contains("dev") else { return "dev" }
    var number = users.count
    while taken.contains("dev-\(number)") { number += 1 }
    return "dev-\(number)"
  }
}
