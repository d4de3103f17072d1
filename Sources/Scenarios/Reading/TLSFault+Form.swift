import HTTPModel
import PayloadCodecs

extension TLSFault {
  /// A kind's name, or an alert with its number: `{"alert": 40}`.
  static let form = Form<Self>.short(
    word, orObject: alert,
    "What is wrong: the certificate, what comes in place of a handshake, or a record of the answer."
  )

  private static let word = Form<Self>.plain(
    ["enum": .array(plain.map { .string($0.name) })], example: "expired"
  ) { reader in
    let text = reader.word(of: plain.map(\.name))
    return plain.first { $0.name == text }
  }

  private static let alert = Form<Self>.object(
    "An alert in place of a handshake.", .alert(40),
    [
      .required(
        "alert", .int(in: 1...255), "Its number (RFC 8446 §6.2): 40 is handshake_failure.",
        example: 40
      ) { $0 = .alert(UInt8(clamping: $1)) }
    ])
}

extension ScenarioRule {
  /// It strikes connections, when TLS begins there, and no requests.
  package var isAboutConnections: Bool { action.isTLSFault || !tlsSteps.isEmpty }

  /// The positions of the TLS faults of its sequence.
  private var tlsSteps: [Int] {
    guard case .sequence(let sequence) = action else { return [] }
    return sequence.steps.indices.filter { sequence.steps[$0].action.isTLSFault }
  }

  /// What a rule about connections cannot say: there is no request yet, and no answer.
  func checkConnections(in object: ScenarioObject) {
    guard isAboutConnections else { return }
    let why = "a TLS fault strikes a connection, before any request"
    for (key, place) in object.reader.member("match")?.membersOfObject ?? []
    where !Self.matchedOfConnections.contains(key) {
      place.problem("\(why): it is matched by host, service and tenant")
    }
    if per == .resource || per == .credential {
      object.reader.member("per")?.problem("\(why): count per \"all\" or \"connection\"")
    }
    for key in ["delay", "after", "twice", "close", "emit"] {
      object.reader.member(key)?.problem("\(why): there is no answer that \"\(key)\" is about")
    }
    guard case .sequence(let sequence) = action else { return }
    for (index, step) in sequence.steps.enumerated() {
      let place = object.reader.place("sequence", "\(index)")
      if !step.action.isTLSFault, step.action != .pass {
        place?.problem(
          "beside TLS faults a sequence has only {\"pass\": true}: these strike connections, others requests"
        )
      }
      for key in ["delay", "after", "close"] {
        place?.member(key)?.problem("\(why): there is no answer that \"\(key)\" is about")
      }
    }
  }

  private static let matchedOfConnections = ["host", "service", "tenant"]
}

extension RuleAction {
  fileprivate var isTLSFault: Bool { if case .fault(.tls) = self { true } else { false } }
}

extension ScenarioReader {
  /// The members of an object, without making their keys known ones.
  fileprivate var membersOfObject: [(key: String, place: ScenarioReader)] {
    (value.objectValue?.keys ?? []).compactMap { key in member(key).map { (key, $0) } }
  }
}
