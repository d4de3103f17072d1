import EmulatorKernel
import PayloadCodecs

/// Logins of the command-line client that are under way: token → key, once it is ready.
struct LoginAttempts: Codable, Sendable {
  private(set) var keys: TextMap<String> = [:]
  private var order: [String] = []
  /// Enough for every client at work; older attempts are forgotten.
  private static let countMax = 64

  mutating func add(_ token: String, key: String) {
    if order.count == Self.countMax { keys[order.removeFirst()] = nil }
    order.append(token)
    keys[token] = key
  }
}

extension SteamshipState {
  /// Fidelity: seen in client; the refusal of workspace-scoped keys is demanded by the SDK's tests.
  func currentAccount(_ caller: Caller) throws(SteamshipError) -> RuleResult {
    guard !caller.isWorkspaceScoped else {
      throw SteamshipError(
        403, "NotAuthorized", "Cannot use a workspace-scoped key to look at the account.")
    }
    guard let user = users[caller.user] else { throw .missingKey }
    return ["user": ["id": .string(user.id), "handle": .string(user.handle)]]
  }

  /// `POST account/create_login_attempt`: no key is asked for.
  /// Fidelity: seen in client (`cli/login.py`). The login is granted at once: there is no web page.
  mutating func createLoginAttempt(_ step: inout Step) -> RuleResult {
    let token = step.ids.uuid("steamship.loginAttempt", .upper)
    loginAttempts.add(token, key: step.ids.uuid("steamship.apiKey", .upper))
    return ["token": .string(token)]
  }

  func pollLoginAttempt(_ job: Job) throws(SteamshipError) -> RuleResult {
    let token = try job.arguments.requiredString("token")
    guard let key = loginAttempts.keys[token] else { throw .unknown("login attempt", token) }
    return ["status": "done", "apiKey": .string(key)]
  }
}
