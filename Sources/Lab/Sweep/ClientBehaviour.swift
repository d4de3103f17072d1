/// What the client did about a fault, as the journal tells it.
package struct ClientBehaviour: Sendable, Equatable {
  /// Whether the fault happened at all.
  package var isStruck = false
  /// How often it asked the same again, at once after the fault.
  package var retries = 0
  /// There were that many at least.
  private var isRough = false
  /// Seconds from each failure to the next try; on the wall.
  package var pauses: [Double] = []
  /// Whether it waited as long as `Retry-After` said; nil: it was told nothing, or did not come again.
  package var keepsRetryAfter: Bool?
  /// Whether the next request came on the connection that had the fault; nil: there was none.
  package var reusesConnection: Bool?
  /// Whether something was asked over a connection on which TLS was struck.
  package var goesOn = false
  /// What was asked after the fault.
  package var later: [String] = []

  /// - Parameters:
  ///   - planned: the exchange of the clean run that was to be struck.
  ///   - clean: how many exchanges of the same kind came after that one in the clean run.
  ///   - succeeded: the program ended with 0; so its later exchanges are as many as in the clean run,
  ///     and whatever is more is a retry.
  package init(
    _ exchanges: [LabExchange], rule: String, fault: SweepFault, planned: LabExchange,
    cleanLater clean: Int, succeeded: Bool
  ) {
    guard let index = exchanges.firstIndex(where: { $0.rules.contains(rule) }) else { return }
    isStruck = true
    let struck = exchanges[index]
    let later = exchanges[(index + 1)...]
    self.later = later.map { $0.operation ?? "" }
    if fault.isOfTLS {
      judgeTLS(struck, later, rule: rule, planned, cleanLater: clean)
      return
    }
    let same = later.filter { $0.asksTheSame(as: struck) }
    let repeated = later.prefix { $0.asksTheSame(as: struck) }
    retries = succeeded ? min(same.count, max(0, same.count - clean)) : repeated.count
    if !succeeded, retries == 0, same.count > clean { retries = same.count - clean }
    retries = min(retries, Self.retriesMax)
    var last = struck
    for next in same.prefix(retries) {
      if let ended = last.ended, let began = next.began {
        pauses.append(max(0, began - ended))
      }
      last = next
    }
    if let next = later.first, let connection = next.connection {
      reusesConnection = connection == struck.connection
    }
    if fault == .tooMany, retries > 0, let pause = pauses.first {
      // Clients and servers round: a twentieth less is kept.
      keepsRetryAfter = pause >= Double(SweepFault.retryAfterSeconds) * 0.95
    }
  }

  /// A connection was struck, and no exchange: whoever comes again makes a new one.
  private mutating func judgeTLS(
    _ struck: LabExchange, _ later: ArraySlice<LabExchange>, rule: String, _ planned: LabExchange,
    cleanLater clean: Int
  ) {
    let same = later.filter { $0.operation != nil && $0.asksTheSame(as: planned) }
    goesOn = later.contains { $0.operation != nil && $0.connection == struck.connection }
    let again = later.filter { $0.rules.contains(rule) && $0.operation == nil }
    // The try that was struck is among them where it came through.
    let came = same.filter { $0.connection == struck.connection }.prefix(1)
    let tries = goesOn ? same.dropFirst(came.count) : same[...]
    let count = goesOn ? 0 : again.count
    retries = min(Self.retriesMax, max(count, tries.count - clean, 0))
    if let ended = struck.ended, let next = (again.first ?? tries.first)?.began, retries > 0 {
      pauses = [max(0, next - ended)]
    }
  }

  /// Of who tries without end no more are counted: how many there are is chance.
  private static let retriesMax = 100

  /// How often a program tries until it is ended is chance: told are the first ones.
  package mutating func roundTries() {
    isRough = retries > 0
    retries = [3, 1].first { $0 <= retries } ?? 0
    pauses = Array(pauses.prefix(1))
  }

  /// The pauses, roughly: so that a report does not differ from run to run, on a busy machine neither.
  package var pausesInWords: [String] {
    pauses.prefix(5).map { pause in
      switch pause {
      case ..<0.95: "under 1 s"
      case ..<5: "1 to 5 s"
      default: "over 5 s"
      }
    }
  }

  /// In a few words.
  package var sentence: String {
    guard isStruck else { return "the fault did not strike" }
    let count = SweepPlan.counted(retries, "retry").ending("ies")
    var parts = [retries == 0 ? "no retry" : isRough ? "at least \(count)" : count]
    if retries > 0, !pauses.isEmpty {
      parts.append("after \(pausesInWords.joined(separator: ", "))")
    }
    if let keepsRetryAfter {
      parts.append(keepsRetryAfter ? "Retry-After kept" : "Retry-After ignored")
    }
    if reusesConnection == true { parts.append("on the same connection") }
    return parts.joined(separator: ", ")
  }
}

extension String {
  /// `3 retrys` is `3 retries`.
  fileprivate func ending(_ plural: String) -> String {
    hasSuffix("ys") ? dropLast(2) + plural : self
  }
}
