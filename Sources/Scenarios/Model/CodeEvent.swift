package import PayloadCodecs

/// What a scenario can make happen to a user's code, whichever service runs it.
package struct CodeEvent: Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case crashWorker, slowWorker, outOfMemory

    fileprivate var sentence: String {
      switch self {
      case .crashWorker: "The processes that run an instance's code end at once."
      case .slowWorker: "What an instance's code does next for others takes longer."
      case .outOfMemory:
        "An instance's code ends as one that the kernel ends for want of memory: at its next call, "
          + "or at once where it runs without calls."
      }
    }

    fileprivate var form: Form<CodeEvent> {
      .object(
        "An event.", CodeEvent(kind: self),
        [
          .required(
            rawValue, \.instance, .nonEmptyText, sentence + " Its handle or id.",
            example: "greeter-1")
        ]
          + (self == .slowWorker
            ? [.standard("by", \.delay, .duration, "2s", "By how much.", example: "5s")]
            : []))
    }
  }

  package let kind: Kind
  /// Its handle or id.
  package private(set) var instance = ""
  package private(set) var delay = Duration.seconds(2)

  private init(kind: Kind) { self.kind = kind }

  package static var all: [ServiceEvent] {
    Kind.allCases.map { ServiceEvent($0.rawValue, $0.form) }
  }

  /// Nil: the event is another.
  package static func read(_ event: JSONObject) throws(ScenarioProblems) -> CodeEvent? {
    guard let kind = Kind.allCases.first(where: { event[$0.rawValue] != nil }) else { return nil }
    return try ScenarioReader.read(.object(event), kind.form.read)
  }

  /// What is told where there is no such instance.
  package var isUnknown: ScenarioProblems {
    ScenarioProblems([
      ScenarioProblem("/\(kind.rawValue)", "there is no instance \"\(instance)\"")
    ])
  }
}
