import PayloadCodecs
import EmulatorKernel
import HTTPModel

/// Who calls and from where: what a rule needs to know of a request besides its fields. Kept with a
/// task, so that work done later is done in its caller's name.
struct Caller: Sendable, Codable {
  var user: Key<User>
  var workspace: WorkspaceReference
  /// `x-request-id`, or minted: every task and block made by the request carries it.
  var requestID: String
  /// Scheme, host and tenant prefix for URLs in answers.
  var baseURL: String
  /// It reached us as the vendor's own host, and so reaches the vendor's other hosts here, too.
  var isAtVendorsHost: Bool?
  /// The key that deployed code gets: bound to one workspace.
  var isWorkspaceScoped = false
  /// Whether it is on this machine: decides whether a URL that it names is called. Nil in what older
  /// snapshots brought: unknown.
  var origin: CallerOrigin?
  /// The number of its exchange in the journal; nil: not known.
  var exchange: UInt64?
}

/// How a request says which workspace it means. The id wins over the handle.
/// Source: SDK `base/client.py`, `_headers`; contract §1.2.
enum WorkspaceReference: Sendable, Codable, Equatable {
  case id(String)
  case handle(String)
  /// The caller's workspace `default`.
  case unnamed

  init(_ fields: Fields) {
    if let id = fields["x-workspace-id"], !id.isEmpty {
      self = .id(id)
    } else if let handle = fields["x-workspace-handle"], !handle.isEmpty {
      self = .handle(handle)
    } else {
      self = .unnamed
    }
  }
}

/// The fields by which a caller wants a task instead of the answer.
/// Source: SDK `base/client.py`, `_headers`; contract §1.2.
struct BackgroundRequest: Sendable {
  var dependencyIDs: [String] = []
  var runAfter: VirtualInstant?

  /// Nil when the caller wants the answer itself.
  init?(_ fields: Fields) throws(SteamshipError) {
    guard let background = fields["x-task-background"] else { return nil }
    switch background.asciiLowercased {
    case "true", "1": break
    case "false", "0", "": return nil
    default:
      throw .invalid(
        "The field X-Task-Background must be true or false, not \"\(background.shortened)\".")
    }
    dependencyIDs = fields.list("x-task-dependency")
    if let text = fields["x-task-run-after"], !text.isEmpty {
      guard let instant = VirtualInstant(iso8601: text) else {
        throw .invalid(
          "The field X-Task-Run-After must be a time such as 2030-01-31T10:20:30+00:00, not "
            + "\"\(text.shortened)\".")
      }
      runAfter = instant
    }
  }
}
