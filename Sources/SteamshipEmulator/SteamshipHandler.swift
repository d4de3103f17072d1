import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What a key may be allowed to do: one that may write may also read.
package enum SteamshipRight: String, Sendable {
  case read, write
}

/// A rule of the world: a job in, `data` out.
typealias Rule =
  @Sendable (inout SteamshipState, Job, inout Step) throws(SteamshipError) -> RuleResult

/// What answers an endpoint, and what else the service wants to know of it.
package struct SteamshipHandler: Sendable {
  enum Work: Sendable {
    /// Answers `data`; a task when the caller asks for one.
    case rule(Rule)
    /// Always answers a task: done at once (nil), or along this timeline unless a behaviour of the
    /// scenario says otherwise.
    case task(Timeline?, type: String, Rule)
    /// Has its own way of answering.
    case own(OwnAnswer)
  }

  typealias OwnAnswer =
    @Sendable (SteamshipService, Call, Identity, World<SteamshipState>) throws(SteamshipError)
    -> ServiceAnswer

  struct Traits: OptionSet, Sendable {
    let rawValue: Int
    /// The fields may come as a form with an uploaded part.
    static let takesUpload = Traits(rawValue: 1 << 0)
    /// A place outside may be named here, or called: then it matters who asks for it.
    static let asksOrigin = Traits(rawValue: 1 << 1)
    /// Works although the caller's own workspace is gone (contract §1.2).
    static let needsNoWorkspace = Traits(rawValue: 1 << 2)
    /// Leaves nothing behind, or less than there was.
    static let keepsNothing = Traits(rawValue: 1 << 3)
    /// Names a plugin's instance, which must be there before a task is made.
    static let runsPlugin = Traits(rawValue: 1 << 4)
    /// May name a URL whose content is fetched first.
    static let mayFetch = Traits(rawValue: 1 << 5)
  }

  var work: Work
  var traits: Traits = []
  /// How much of the world a request may reach.
  var reach = Reach.few
  /// What it looks at that may be in progress.
  var question: Question?
  /// An answer that needs no look at the caller, where there is one.
  var shortcut: (@Sendable (SteamshipService, Call, World<SteamshipState>) -> Response?)?
  /// Whether what an id names may be read by everybody.
  var isPublic: (@Sendable (SteamshipState, String) -> Bool)?

  /// The rule of what can be done later; nil: it cannot.
  var rule: Rule? {
    switch work {
    case .rule(let rule), .task(_, _, let rule): rule
    case .own: nil
    }
  }
}

extension SteamshipError {
  /// What a closure in a row of the table throws has no type; this is what it was.
  init(of error: any Error) {
    self =
      error as? SteamshipError
      ?? SteamshipError(500, "InternalError", "The operation failed: \(error)")
  }
}
