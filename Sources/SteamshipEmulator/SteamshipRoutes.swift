import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A rule of the world: fields in, `data` out.
typealias Rule =
  @Sendable (inout SteamshipState, Arguments, Caller, inout Step) throws(SteamshipError) -> JSON

/// One endpoint and how it is answered.
struct SteamshipRoute: Sendable {
  enum Handling: Sendable {
    /// Answers `data`; a task when the caller asks for one.
    case rule(Rule)
    /// Always answers a task: done at once (nil), or along this timeline unless a behaviour of the
    /// scenario says otherwise.
    case task(Timeline?, Rule)
    /// Has its own way of answering.
    case special(Special)
  }

  enum Special: Sendable {
    case taskStatus
    case rawFile, rawBlock
    case fileEvents
    case appendStream
    case endStream(Block.StreamState)
    case signedRead, signedWrite
    case invoke
    case preflight
  }

  var operation: Operation
  var handling: Handling
  var needsKey = true
  /// Whether the fields may come as a form with an uploaded part.
  var isUpload = false
  /// Whether a place outside may be named here, or called: then it matters who asks for it.
  var asksOrigin = false
  /// What it asks about that may be in progress.
  var question: Question?
}

/// Every endpoint of the Engine. The order is stable.
/// Source: contract §2; the operations of `base/client.py` and of the modules below `data/`.
enum SteamshipRoutes {
  static let all: [SteamshipRoute] = core + dataPlane + plugins + rest + invocation

  static let indexByName: TextMap<Int> = TextMap(
    all.enumerated().map { ($1.operation.name, $0) }, uniquingKeysWith: { first, _ in first })

  static let taskStatusIndex = indexByName["steamship.task.status"] ?? -1

  static func named(_ name: String) -> SteamshipRoute? { indexByName[name].map { all[$0] } }

  static let prefix = "/api/v1/"

  // MARK: How an endpoint is written down

  static func rule(
    _ name: String, _ path: String, _ summary: String,
    _ fidelity: Fidelity = .seenInClient, _ rule: @escaping Rule
  ) -> SteamshipRoute {
    SteamshipRoute(
      operation: operation(name, .post, path, fidelity, summary), handling: .rule(rule))
  }

  static func task(
    _ name: String, _ path: String, _ summary: String, _ timeline: Timeline? = nil,
    _ rule: @escaping Rule
  ) -> SteamshipRoute {
    SteamshipRoute(
      operation: operation(name, .post, path, .seenInClient, summary),
      handling: .task(timeline, rule))
  }

  static func special(
    _ name: String, _ method: Method, _ path: String, _ summary: String,
    _ special: Special, fidelity: Fidelity = .seenInClient, content: ContentPolicy = .ignored,
    needsKey: Bool = true
  ) -> SteamshipRoute {
    SteamshipRoute(
      operation: operation(name, method, path, fidelity, summary, content: content),
      handling: .special(special), needsKey: needsKey)
  }

  typealias Special = SteamshipRoute.Special

  static func operation(
    _ name: String, _ method: Method, _ path: String, _ fidelity: Fidelity, _ summary: String,
    content: ContentPolicy = .collectedByDefault
  ) -> Operation {
    var operation = Operation(
      "steamship.\(name)", [Operation.Route(method, path.hasPrefix("/") ? path : prefix + path)],
      content: content, fidelity: fidelity, summary: summary)
    let verb = name.split(separator: ".").last.map(String.init) ?? name
    if keepingNothing.contains(verb) { operation.needsRoom = false }
    return operation
  }

  /// What these do leaves nothing behind, or less than there was. All are POST.
  private static let keepingNothing: TextSet = [
    "get", "list", "query", "search", "embeddingSearch", "status", "raw", "rawByID", "read",
    "pollLoginAttempt", "noop", "alwaysFail", "delete", "clear", "finishStream", "abortStream",
    "getTrainingParameters", "usage", "aggregate",
  ]
}

extension SteamshipRoute {
  /// The fields may come as a form with an uploaded part.
  func uploading() -> SteamshipRoute {
    var route = self
    route.isUpload = true
    route.operation.content = .streamed
    return route
  }

  func askingOrigin() -> SteamshipRoute {
    var route = self
    route.asksOrigin = true
    return route
  }

  func asking(_ question: Question) -> SteamshipRoute {
    var route = self
    route.question = question
    return route
  }

  /// What it rests on, where that is neither the SDK nor the documentation.
  func seen(in source: String) -> SteamshipRoute {
    var route = self
    route.operation.source = source
    return route
  }

  func withoutKey() -> SteamshipRoute {
    var route = self
    route.needsKey = false
    return route
  }

  /// What its id names may be public, and is then read without a key.
  func foundByID() -> SteamshipRoute {
    var route = resource("id")
    route.operation.isFoundByID = true
    return route
  }

  func resource(_ parameter: String) -> SteamshipRoute {
    var route = self
    route.operation.resourceParameter = parameter
    return route
  }
}
