import HTTPModel
import PayloadCodecs

/// The card of a client: what of the contract it used, and what it did that it should not, as its journal
/// tells it.
package struct ClientCard: Sendable {
  package struct Use: Sendable {
    package var operation: String
    package var count = 0
    /// Each with how often.
    package var statuses: [Int: Int] = [:]
    package var query: Set<String> = []
    package var members: Set<String> = []
    /// What the contract knows and nobody used.
    package var unusedQuery: [String] = []
    package var unusedMembers: [String] = []
    package var unseenStatuses: [Int] = []
  }

  /// Something that a client did and should not have done.
  package struct Remark: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
      /// Accepted here, refused by the contract.
      case lenient
      /// It asked for a path of no operation.
      case unknownPath
      /// It looked again at what had come to its end.
      case polledAfterEnd
      /// It asked again what it had been told just now.
      case askedAgain
      /// It came again before the time that the answer gave.
      case ignoredRetryAfter
      /// A stream that nobody ended.
      case unclosedStream

      package var title: String {
        switch self {
        case .lenient: "Accepted leniently, against the contract"
        case .unknownPath: "Paths of no operation"
        case .polledAfterEnd: "Looked again after the end"
        case .askedAgain: "Asked again what it had just been told"
        case .ignoredRetryAfter: "Came again before Retry-After"
        case .unclosedStream: "Streams that nobody ended"
        }
      }
    }
    package var kind: Kind
    package var operation: String
    package var sentence: String
    /// The exchanges that show it.
    package var exchanges: [Int]
  }

  /// How often something was looked at until it was there.
  package struct Polling: Sendable {
    package var operation: String
    package var looks: Int
    /// Seconds between two looks; the middle one.
    package var pause: Double
  }

  package private(set) var exchanges = 0
  package private(set) var connections = 0
  package private(set) var retries = 0
  package private(set) var uses: [Use] = []
  /// Of the services that were used.
  package private(set) var unused: [String] = []
  package private(set) var remarks: [Remark] = []
  package private(set) var polling: [Polling] = []

  package init(_ journal: [LabExchange], _ catalogue: ContractCatalogue) {
    // Records of connections that a fault of TLS has struck are no requests.
    let exchanges = journal.filter { $0.operation != nil || $0.method != "TLS" }
    self.exchanges = exchanges.count
    connections = Set(exchanges.compactMap(\.connection)).count
    count(exchanges, catalogue)
    for exchange in exchanges {
      for sentence in exchange.remarks where exchange.isAccepted(inSpiteOf: sentence) {
        note(.lenient, exchange, sentence)
      }
      if exchange.operation == nil {
        note(.unknownPath, exchange, "\(exchange.method) \(PlainText.of(exchange.target))")
      }
      if exchange.ending == "in flight" || exchange.ending == "server stopped" {
        note(.unclosedStream, exchange, "It was open at the end.")
      }
    }
    followUp(exchanges)
  }

  private mutating func count(_ exchanges: [LabExchange], _ catalogue: ContractCatalogue) {
    var byName: [String: Use] = [:]
    for exchange in exchanges {
      guard let name = exchange.operation else { continue }
      var use = byName[name] ?? Use(operation: name)
      use.count += 1
      if let status = exchange.status { use.statuses[status, default: 0] += 1 }
      let target = RequestTarget(exchange.target)
      for (key, _) in target.queryItems { use.query.insert(key) }
      if let content = exchange.requestContent, let json = try? JSON(parsing: content) {
        use.members.formUnion(json.objectValue?.keys ?? [])
      }
      byName[name] = use
    }
    for (name, use) in byName {
      guard let known = catalogue.operations[name] else { continue }
      byName[name]?.unusedQuery = known.query.filter { !use.query.contains($0) }
      byName[name]?.unusedMembers = known.members.filter { !use.members.contains($0) }
      byName[name]?.unseenStatuses = known.statuses.filter { use.statuses[$0] == nil }
    }
    uses = byName.values.sorted { $0.operation < $1.operation }
    let services = Set(exchanges.compactMap(\.service))
    unused = catalogue.names(of: services).filter { byName[$0] == nil }
  }

  private mutating func note(_ kind: Remark.Kind, _ exchange: LabExchange, _ sentence: String) {
    let operation = exchange.operation ?? ""
    if let index = remarks.firstIndex(where: {
      $0.kind == kind && $0.operation == operation && $0.sentence == sentence
    }) {
      remarks[index].exchanges.append(exchange.number)
    } else {
      remarks.append(
        Remark(
          kind: kind, operation: operation, sentence: sentence, exchanges: [exchange.number]))
    }
  }

  // MARK: What follows what

  /// One question after the other: the same again is a retry, a look, or needless.
  private mutating func followUp(_ exchanges: [LabExchange]) {
    var looks = Looks()
    for exchange in exchanges where exchange.operation != nil {
      if let before = looks.add(exchange) { judge(exchange, after: before) }
    }
    for look in looks.all where look.count >= 3 && look[0].isQuestion {
      let pauses = zip(look, look.dropFirst()).compactMap { first, second -> Double? in
        guard let ended = first.ended, let began = second.began else { return nil }
        return max(0, began - ended)
      }.sorted()
      guard !pauses.isEmpty, let operation = look[0].operation else { continue }
      polling.append(
        Polling(operation: operation, looks: look.count, pause: pauses[pauses.count / 2]))
    }
  }

  private mutating func judge(_ exchange: LabExchange, after before: LabExchange) {
    let hasFailed =
      before.status == nil || before.fault != nil || before.status == 429
      || (before.status ?? 0) >= 500
    if hasFailed {
      retries += 1
      if let text = before.responseField("retry-after"), let seconds = Double(text),
        let ended = before.ended, let began = exchange.began, began - ended < seconds * 0.95
      {
        note(.ignoredRetryAfter, exchange, "It was told to wait \(text) s.")
      }
      return
    }
    guard exchange.isQuestion, before.status == exchange.status else { return }
    if let state = Self.finalState(of: before) {
      note(.polledAfterEnd, exchange, "It had been told that it is \(state).")
    } else if let content = before.responseContent, content == exchange.responseContent,
      before.number + 1 == exchange.number, !Self.tellsState(before)
    {
      note(.askedAgain, exchange, "The answer is the same.")
    }
  }

  private static func state(of exchange: LabExchange) -> String? {
    guard let content = exchange.responseContent, let answer = try? JSON(parsing: content) else {
      return nil
    }
    return answer["status"]?["state"]?.stringValue ?? answer["status"]?.stringValue
  }

  private static func tellsState(_ exchange: LabExchange) -> Bool { state(of: exchange) != nil }

  /// Where an answer tells of work that has come to its end: how.
  private static func finalState(of exchange: LabExchange) -> String? {
    // The form of a failure may have the same words: nothing has come to its end there.
    guard exchange.status ?? 200 < 400, let state = state(of: exchange) else { return nil }
    return ["succeeded", "failed", "completed", "errored"].contains(state) ? state : nil
  }

  // MARK: In sum

  package var summary: String {
    let all = uses.count + unused.count
    var text = "\(SweepPlan.counted(exchanges, "exchange")) over "
    text += "\(SweepPlan.counted(connections, "connection")), "
    text += "\(uses.count) of \(SweepPlan.counted(all, "operation")) used, "
    text += "\(retries) repeated after a failure, "
    return text + "\(SweepPlan.counted(remarks.count, "remark"))."
  }
}

/// Exchanges that ask the same, as `asksTheSame` has it: found by what they ask, since a journal has ten
/// thousand.
private struct Looks {
  /// Where those of one question stand.
  private struct Places {
    var last: Int
    /// The last that begins with one whose content is not known: all that come later ask the same.
    var unknown: Int?
    var bySaying: [String: Int] = [:]
  }

  private(set) var all: [[LabExchange]] = []
  private var places: [LabExchange.Question: Places] = [:]

  /// - Returns: the last one that asked the same.
  mutating func add(_ exchange: LabExchange) -> LabExchange? {
    let (question, saying) = (exchange.question, exchange.saying)
    if let place = places[question].flatMap({ Self.place(of: saying, in: $0) }) {
      defer { all[place].append(exchange) }
      return all[place].last
    }
    var known = places[question] ?? Places(last: all.count)
    places[question] = nil
    known.last = all.count
    if let saying { known.bySaying[saying] = all.count } else { known.unknown = all.count }
    places[question] = known
    all.append([exchange])
    return nil
  }

  private static func place(of saying: String?, in places: Places) -> Int? {
    guard let saying else { return places.last }
    return [places.bySaying[saying], places.unknown].compactMap(\.self).max()
  }
}

extension LabExchange {
  /// Whether a remark tells of leniency: not where the request was refused, for which it gives the reason,
  /// nor where a rule of the scenario speaks of itself.
  fileprivate func isAccepted(inSpiteOf remark: String) -> Bool {
    guard status ?? 200 < 400 else { return false }
    let isOfRules = ["rule \"", "a rule's ", "emit"].contains { remark.hasPrefix($0) }
    return rules.isEmpty || !isOfRules
  }
}
