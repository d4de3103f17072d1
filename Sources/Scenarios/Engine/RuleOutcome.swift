package import HTTPModel
package import PayloadCodecs

/// What the rules make of a request: a value that the pipeline carries out.
///
/// In order: `events` (before the service, or after it when `isAfter`), then the service unless
/// `asksService` is false, then `amend` what it said, which also sets the delivery.
package struct RuleOutcome: Sendable {
  package struct Strike: Sendable, Equatable {
    package var rule: String
    package var action: String
    package var count: Int
  }

  /// A failure that the operation's own API puts into words.
  package struct Failure: Sendable {
    package var status: Int
    /// The words behind the status; nil: the API's own.
    package var reason: String?
    /// A sentence for people; nil: the API's own wording.
    package var message: String?
    /// Seconds after which there is room again, where a limit was exceeded.
    package var retryAfter: Int?
  }

  package enum Replacement: Sendable {
    case error(Failure, header: [(name: String, value: String)])
    case respond(Response)
  }

  package struct Patch: Sendable {
    package var status: Int?
    /// A nil value removes the field.
    package var header: [(name: String, value: String?)]
    package var json: JSON?
    /// The cells of each row, by their headings.
    package var csv: [(heading: String, value: String)]?
  }

  package var strikes: [Strike] = []
  package var delay: Duration = .zero
  /// The pauses before each piece of the content: they add up.
  package var piecePauses: [@Sendable (Int) -> Duration] = []
  package var replacement: Replacement?
  package var patches: [Patch] = []
  package var fault: TransportFault?
  package var closing: ClosingEffect?
  /// The service does its work although its answer is replaced or lost.
  package var isAfter = false
  /// The request comes twice.
  package var isTwice = false
  package var events: [JSONObject] = []
  /// What could not be done as the scenario says.
  package var remarks: [String] = []
  /// How much the variables weigh that were set.
  var changedBytes = 0

  package var struck: Bool { !strikes.isEmpty }

  /// The refusal that a rule began goes on: no strike of its own, and no effect but this one.
  mutating func refuse(by rule: String, count: Int) {
    strikes.append(Strike(rule: rule, action: "fault refuse", count: count))
    if fault == nil { fault = .refuse(for: .zero) }
  }

  private var ruleNames: String {
    strikes.count == 1 ? strikes[0].rule : strikes.map(\.rule).joined(separator: ", ")
  }

  /// Whether the service must be asked at all.
  package var asksService: Bool {
    isAfter || (replacement == nil && !(fault?.sendsNothing ?? false))
  }

  /// Makes the answer that goes out of the service's (of an empty one where it was not asked), with its
  /// delivery and the field `X-Wavetank-Rule`.
  /// - Parameter render: a failure in the API's own form.
  package func amend(_ answer: inout Response, render: (Failure) -> Response) {
    replace(&answer, render)
    for patch in patches { patch.apply(to: &answer) }
    if changesDelivery {
      var delivery = answer.delivery
      change(&delivery)
      answer.delivery = delivery
    }
    if struck { answer.fields.append("X-Wavetank-Rule", ruleNames) }
  }

  private func replace(_ answer: inout Response, _ render: (Failure) -> Response) {
    switch replacement {
    case .error(let failure, let header):
      answer = render(failure)
      if let reason = failure.reason { answer.status = answer.status.saying(reason) }
      if let seconds = failure.retryAfter, !answer.fields.contains("Retry-After") {
        answer.fields.append("Retry-After", "\(seconds)")
      }
      for (name, value) in header { answer.fields.set(name, value) }
    case .respond(let scripted): answer = scripted
    case nil: break
    }
  }

  private var changesDelivery: Bool {
    delay != .zero || !piecePauses.isEmpty || fault != nil || closing != nil
  }

  private func change(_ delivery: inout Delivery) {
    delivery.delay = min(delivery.delay + delay, EngineLimits.delayMax)
    if !piecePauses.isEmpty {
      let pauses = piecePauses
      delivery.piecePause = { piece in
        min(pauses.reduce(.zero) { $0 + $1(piece) }, EngineLimits.delayMax)
      }
    }
    if let fault { delivery.fault = fault }
    switch closing {
    case .announced: delivery.closesConnection = true
    case .silent: delivery.closesSilently = true
    case nil: break
    }
  }
}

extension Status {
  /// The same code with other words behind it: as much as fits a line of a terminal.
  package func saying(_ reason: String) -> Status {
    let text = reason.asFieldText
    // What has no more bytes has no more characters, and those take long to count.
    return Status(code, text.utf8.count <= 200 ? text : String(text.prefix(200)))
  }
}

extension Response {
  /// Leaves a remark for the user: journal and the field `X-Wavetank-Remark`. For requests that are
  /// accepted although the real service of today would refuse them, and the like.
  package mutating func remark(_ text: String) {
    fields.append("X-Wavetank-Remark", text.asFieldText)
  }

  /// Says what is wrong where the form of an API has no place for it: as a remark, and behind the
  /// status, which is what clients show of a failure without content.
  package mutating func explain(_ text: String) {
    remark(text)
    status = status.saying("\(status.reason): \(text)")
  }
}
