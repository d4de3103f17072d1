import Determinism
package import PayloadCodecs
import Scenarios

/// What a sweep runs: each exchange of the clean run with each fault that makes sense for it.
package struct SweepPlan: Sendable {
  /// One run to come.
  package struct Run: Sendable, Equatable {
    package var exchange: LabExchange
    package var operation: String
    /// The how manyth of its operation, from 1.
    package var occurrence: Int
    package var ofService: Int
    package var fault: SweepFault
    /// How many exchanges of the clean run it stands for.
    package var stands: Int
    /// Where its connection began to speak TLS, and it was the first there.
    package var handshake: SweepFault.Handshake?

    package func rule(named name: String) -> JSON {
      fault.rule(
        named: name, for: exchange, occurrence: occurrence, ofService: ofService,
        handshake: handshake)
    }

    /// `steamship.file.create@2:cut`: by which it is repeated.
    package var id: String { "\(operation)@\(occurrence):\(fault.rawValue)" }

    /// A tenant of its own, always the same: so are the ids in it.
    package var tenant: String {
      var hash = StableHash(seed: 0)
      hash.combine(id)
      return "sweep-" + String(hash.value, radix: 16)
    }
  }

  package struct Options: Sendable {
    /// Nil: all.
    package var faults: [SweepFault]?
    package var operations: String?
    package var representsEach = false
    package var runsMax: Int?
    package var seed: UInt64 = 0

    package init() {}
  }

  package private(set) var runs: [Run] = []
  /// What is left out, and why: a sentence each.
  package private(set) var notes: [String] = []

  package init(_ exchanges: [LabExchange], _ options: Options) {
    let nameless = exchanges.count { $0.operation == nil }
    if nameless > 0 {
      notes.append("\(Self.counted(nameless, "exchange")) of no operation: not swept.")
    }
    var places = Self.places(exchanges)
    if let glob = options.operations.map({ Glob($0) }) {
      let all = places.count
      places.removeAll { !glob.matches($0.operation) }
      if places.count < all {
        notes.append(
          "\(Self.counted(all - places.count, "exchange")) of other operations: not swept (--operations)."
        )
      }
    }
    if !options.representsEach {
      let all = places.count
      places = Self.folded(places)
      if places.count < all {
        notes.append(
          "\(Self.counted(all - places.count, "exchange")) at the same place of a loop: represented by the first (--all sweeps each)."
        )
      }
    }
    let faults = options.faults ?? SweepFault.allCases
    for place in places {
      for fault in faults where place.takes(fault) {
        runs.append(
          Run(
            exchange: place.exchange, operation: place.operation, occurrence: place.occurrence,
            ofService: place.ofService, fault: fault, stands: place.stands,
            handshake: place.handshake))
      }
    }
    noteUnfit(faults, exchanges)
    prune(to: options.runsMax, options.seed)
  }

  /// What makes no difference for any exchange is not swept.
  private mutating func noteUnfit(_ faults: [SweepFault], _ exchanges: [LabExchange]) {
    let unfit = faults.filter { fault in !runs.contains { $0.fault == fault } }
    let others = unfit.filter { !$0.isOfTLS }.map(\.rawValue)
    var parts: [String] = []
    if !others.isEmpty {
      parts.append(
        "\(others.joined(separator: ", ")) (no exchange for which they make a difference)")
    }
    if unfit.contains(where: \.isOfTLS) {
      let why =
        exchanges.contains(where: \.isSecure)
        ? "what went over TLS asked no host by its name" : "no exchange went over TLS"
      parts.append("those of TLS (\(why))")
    }
    guard !parts.isEmpty else { return }
    notes.append("Faults that are not swept: \(parts.joined(separator: "; ")).")
  }

  private mutating func prune(to runsMax: Int?, _ seed: UInt64) {
    guard let runsMax, runs.count > runsMax else { return }
    var random = SeededRandom(seed: seed, ["sweep"])
    let chosen = Set(Array(runs.indices).shuffled(using: &random).prefix(runsMax))
    notes.append(
      "\(Self.counted(runs.count - runsMax, "run")) of \(runs.count): not done (--max-runs), drawn by the seed."
    )
    runs = runs.indices.filter(chosen.contains).map { runs[$0] }
  }

  /// The time was up before so many runs had begun.
  package mutating func note(undone count: Int) {
    notes.append("\(Self.counted(count, "run")): not done (--time-limit).")
  }

  /// - Errors: nil where the clean run has no such exchange, or there is no such fault.
  package static func run(_ id: String, in exchanges: [LabExchange]) -> Run? {
    var options = Options()
    options.representsEach = true
    return SweepPlan(exchanges, options).runs.first { $0.id == id }
  }

  // MARK: Places

  private struct Place {
    var exchange: LabExchange
    var operation: String
    var occurrence: Int
    var ofService: Int
    var stands = 1
    var handshake: SweepFault.Handshake?

    /// Whether the client has started what a table of work tells of.
    var isOfOwnWork = true

    func takes(_ fault: SweepFault) -> Bool {
      switch fault {
      case .workFails where !isOfOwnWork, .workNeverEnds where !isOfOwnWork: false
      default: fault.fits(exchange) && (!fault.isOfTLS || handshake != nil)
      }
    }

    /// What must be the same for two places to be one of a loop.
    var mark: String {
      "\(operation) \(exchange.status ?? 0)" + (handshake == nil ? "" : " \(handshake?.host ?? "")")
    }
  }

  private static func places(_ exchanges: [LabExchange]) -> [Place] {
    var seen: [String: Int] = [:]
    var ofServices: [String: Int] = [:]
    var connections: Set<Int> = []
    var ofHosts: [String: Int] = [:]
    return exchanges.compactMap { exchange in
      var handshake: SweepFault.Handshake?
      if exchange.isSecure, let connection = exchange.connection, let host = exchange.hostName,
        connections.insert(connection).inserted
      {
        ofHosts[host, default: 0] += 1
        handshake = SweepFault.Handshake(host: host, occurrence: ofHosts[host] ?? 1)
      }
      guard let operation = exchange.operation, let service = exchange.service else { return nil }
      seen[operation, default: 0] += 1
      ofServices[service, default: 0] += 1
      return Place(
        exchange: exchange, operation: operation, occurrence: seen[operation] ?? 1,
        ofService: ofServices[service] ?? 1, handshake: handshake,
        isOfOwnWork: SweepFault.starts[service]?.contains { seen[$0] != nil } ?? true)
    }
  }

  /// Repetitions of a stretch fold into its first: `create, get, get, get, delete` keeps one `get`,
  /// `a, b, a, b` keeps `a, b`; short stretches first, so that loops inside of loops fold too.
  private static func folded(_ places: [Place]) -> [Place] {
    var places = places
    var period = 1
    while period <= min(periodMax, places.count / 2) {
      var hasFolded = false
      var start = 0
      while start + 2 * period <= places.count {
        let isRepeated = (start..<start + period).allSatisfy {
          places[$0].mark == places[$0 + period].mark
        }
        guard isRepeated else {
          start += 1
          continue
        }
        for index in start..<start + period {
          places[index].stands += places[index + period].stands
        }
        places.removeSubrange(start + period..<start + 2 * period)
        hasFolded = true
      }
      period = hasFolded && period > 1 ? 1 : period + 1
    }
    return places
  }

  /// The longest body of a loop that is looked for.
  private static let periodMax = 64

  package static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

extension SweepPlan {
  /// Why two clean runs are not the same; nil: they ask the same operations in the same order.
  package static func difference(_ first: [LabExchange], _ second: [LabExchange]) -> String? {
    for index in 0..<max(first.count, second.count) {
      let (left, right) = (told(first, index), told(second, index))
      if left != right {
        return
          "exchange \(index + 1) was \(left) in the first clean run, and \(right) in the second"
      }
    }
    return nil
  }

  private static func told(_ exchanges: [LabExchange], _ index: Int) -> String {
    guard exchanges.indices.contains(index) else { return "none" }
    let exchange = exchanges[index]
    let name = exchange.operation ?? "\(exchange.method) \(PlainText.of(exchange.target))"
    return "\(name) (\(exchange.status.map(String.init) ?? "no answer"))"
  }
}
