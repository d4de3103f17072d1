import PayloadCodecs
import EmulatorKernel
import HTTPModel

/// Who calls and from where: what a rule needs to know of a request besides its fields. Kept with a
/// task, so that work done later is done in its caller's name.
struct Caller: Sendable, Codable {
  var user: Key<User>
  var workspace: WorkspaceReference
  private var requestName: RequestName
  private var place: CallerPlace
  /// `x-request-id`, or minted: every task and block made by the request carries it.
  var requestID: String { requestName.text }
  /// Scheme, host and tenant prefix for URLs in answers.
  var baseURL: String { place.text }
  /// It reached us as the vendor's own host, and so reaches the vendor's other hosts here, too.
  var isAtVendorsHost: Bool?
  /// The key that deployed code gets: bound to one workspace.
  var isWorkspaceScoped = false
  /// Whether it is on this machine: decides whether a URL that it names is called. Nil in what older
  /// snapshots brought: unknown.
  var origin: CallerOrigin?
  /// The number of its exchange in the journal; nil: not known.
  var exchange: UInt64?

  private enum CodingKeys: String, CodingKey {
    case user, workspace, requestName = "requestID", place = "baseURL", isAtVendorsHost
    case isWorkspaceScoped, origin, exchange
  }

  init(user: Key<User>, workspace: WorkspaceReference, requestID: String, baseURL: String) {
    self.user = user
    self.workspace = workspace
    requestName = .text(requestID)
    place = .text(baseURL)
  }

  init(
    user: Key<User>, workspace: WorkspaceReference, _ requestName: RequestName,
    _ identity: Identity
  ) {
    self.user = user
    self.workspace = workspace
    self.requestName = requestName
    place = .of(identity)
    isAtVendorsHost = identity.isAtVendorsHost
    isWorkspaceScoped = identity.isWorkspaceScoped
    origin = identity.origin
    exchange = identity.exchange
  }

  /// The same with its address written, for who asks for it again and again.
  var placed: Caller {
    var caller = self
    caller.place = .text(baseURL)
    return caller
  }

  /// Writes the request's id for all who ask for it from now on.
  mutating func writeRequestID() { requestName = .text(requestID) }

  /// The same as it is kept: with its texts, and without the request that they come from.
  var settled: Caller {
    var caller = placed
    caller.writeRequestID()
    return caller
  }
}

/// The id of a request: as it was sent, or drawn when it came and written when somebody asks, which few
/// do.
enum RequestName: Sendable, Codable {
  case text(String)
  case drawn(DrawnUUID)

  var text: String {
    switch self {
    case .text(let text): text
    case .drawn(let drawn): drawn.text
    }
  }

  init(from decoder: any Decoder) throws {
    self = .text(try decoder.singleValueContainer().decode(String.self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// By what address a request came: written when somebody asks, which few do.
enum CallerPlace: Sendable, Codable {
  case text(String)
  case of(Identity)

  var text: String {
    switch self {
    case .text(let text): text
    case .of(let identity): identity.baseURL
    }
  }

  init(from decoder: any Decoder) throws {
    self = .text(try decoder.singleValueContainer().decode(String.self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// What the fields of a head say of who calls: read once where the same head comes again.
final class IdentityFields: Sendable {
  let workspace: WorkspaceReference
  let requestID: String?
  /// Whether `BackgroundRequest` has something to read.
  let asksForTask: Bool

  private init(_ fields: Fields) {
    workspace = WorkspaceReference(fields)
    requestID = fields["x-request-id"].flatMap { $0.isEmpty ? nil : $0 }
    asksForTask = fields.contains("x-task-background")
  }

  static func of(_ call: Call) -> IdentityFields {
    if let known = call.note as? IdentityFields { return known }
    let fields = IdentityFields(call.request.fields)
    call.note = fields
    return fields
  }
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
