package import HTTPModel
import PayloadCodecs

/// How far an emulated behaviour can be trusted.
package enum Fidelity: String, Sendable, Codable {
  /// A recording of the vendor's own published server shows it, and is held against ours.
  case recorded
  /// A vendor's documentation says so.
  case documented
  /// A published client relies on it.
  case seenInClient = "seen in client"
  /// Our guess, where the sources are silent.
  case assumed
}

/// What an operation does with the content of its request.
package enum ContentPolicy: Sendable, Equatable {
  /// Answers on the head; content, if any, is thrown away.
  case ignored
  /// The pipeline collects the content first; beyond the limit the service's own 413.
  case collected(limit: Int)
  /// The service reads it while it arrives.
  case streamed

  /// Source: DESIGN §11, "content in memory for one operation".
  package static let defaultLimit = 16 * 1024 * 1024
  package static let collectedByDefault = ContentPolicy.collected(limit: defaultLimit)
}

/// One endpoint of an emulated API: what rules, journal, verify, metrics and hints call it by.
package struct Operation: Sendable {
  package struct Route: Sendable, Hashable {
    package var method: Method
    package var template: PathTemplate

    package init(_ method: Method, _ template: String) {
      self.method = method
      self.template = PathTemplate(template)
    }

    package static func get(_ template: String) -> Route { Route(.get, template) }
    package static func post(_ template: String) -> Route { Route(.post, template) }
    package static func put(_ template: String) -> Route { Route(.put, template) }
    package static func delete(_ template: String) -> Route { Route(.delete, template) }
  }

  /// How a path is compared that no route has to the letter.
  package enum PathComparison: Sendable {
    /// Not at all.
    case exact
    /// Empty segments are skipped: for clients that put a slash too many between a base URL and a
    /// path.
    case skippingEmptySegments
    /// Empty segments are skipped, and letters are compared without regard to case.
    case lenient
  }

  /// `service.resource.verb`, such as `scramjet.topic.publish`.
  package var name: String
  /// The first is the one to show; others are aliases.
  package var routes: [Route]
  package var content: ContentPolicy
  package var fidelity: Fidelity
  /// What the fidelity rests on; nil: what its service says of all that have it.
  package var source: String?
  /// One sentence.
  package var summary: String
  /// What the request's key must allow; nil: no key is asked for; empty: any key will do.
  package var right: String?
  /// The path parameter that names the thing a rule counts `per: resource`; nil: the whole path.
  package var resourceParameter: String?
  /// From which segment of the path on, counted from 0, it holds a secret: an address that is its own
  /// key. Nil: nowhere.
  package var firstSecretSegment: Int?
  package var path = PathComparison.exact
  /// Whether what its resource parameter names may be public: then a request that names no tenant and
  /// has no credential means the tenant that holds it, whichever that is.
  package var isFoundByID = false
  /// Only the service's `claim` finds it: the routes are for people, no table holds them.
  package var isClaimed = false
  /// Whether it may keep something: refused while no memory is left. What only looks, or takes away,
  /// goes on.
  package var needsRoom: Bool

  package init(
    _ name: String, _ routes: [Route], content: ContentPolicy, fidelity: Fidelity,
    summary: String
  ) {
    self.name = name
    self.routes = routes
    self.content = content
    self.fidelity = fidelity
    self.summary = summary
    needsRoom = routes.contains { [.post, .put, .patch].contains($0.method) }
  }
}
