import HTTPModel
import PayloadCodecs

/// Checks expectations against a tenant's journal and the counts of its rules.
package struct Verifier: Sendable {
  let pipeline: Pipeline
  let live: LiveTenant
  private let entries: [JournalEntry]
  private let dropped: UInt64

  /// Near misses told for each check.
  private static let nearMissLimit = 3
  private static let matchedLimit = 100

  package init(pipeline: Pipeline, live: LiveTenant) {
    self.pipeline = pipeline
    self.live = live
    // The entries first: what is dropped in between is then counted as dropped, never lost.
    entries = live.journal.entries.filter { !$0.isConnection }
    dropped = live.journal.status.dropped
  }

  package func check(_ expectation: Expectation) -> VerifyReport {
    var checks = expectation.rules.map { checkRule($0.name, $0.count) }
    if let unmatched = expectation.unmatched { checks.append(checkUnmatched(unmatched)) }
    checks += expectation.requests.map(checkRequests)
    if !expectation.order.isEmpty { checks.append(checkOrder(expectation.order)) }
    return VerifyReport(checks: checks, dropped: dropped)
  }

  // MARK: Counts

  /// Strikes are counted by the rules themselves, so the journal's bounds do not matter.
  private func checkRule(_ name: String, _ count: CountExpectation) -> VerifyReport.Check {
    let what = "rule \"\(name)\""
    guard let rule = live.rules?.strikeCount(of: name) else {
      return VerifyReport.Check(
        what: what, verdict: .fails, expected: "\(count.words) strikes",
        found:
          "no such rule in force\(Nearest.hint(for: name, among: live.rules?.rules.names ?? []))")
    }
    var check = VerifyReport.Check(
      what: what, verdict: count.holds(for: rule.struck) ? .holds : .fails,
      expected: "\(count.words) strikes",
      found: "\(rule.struck) strikes; its conditions were met \(rule.reached) times")
    check.matched = Array(
      entries.filter { $0.rules.contains { $0.isExactly(name) } }.map(\.number)
        .prefix(Self.matchedLimit))
    if check.verdict != .holds, rule.struck < count.atLeast ?? 0 {
      check.nearMisses = Self.nearest(entries.compactMap { nearStrike(of: name, $0) })
    }
    return check
  }

  /// What was in the way of a rule's strike; nil where it struck, or nobody can tell any more.
  private func nearStrike(of name: String, _ entry: JournalEntry) -> Miss? {
    guard let rule = live.rules?.rules[name]?.rule,
      !entry.rules.contains(where: { $0.isExactly(name) })
    else { return nil }
    switch fit(rule.match, entry) {
    case .misses(let miss): return miss
    case .cannotTell: return nil
    case .matches:
      let obstacle = entry.trace?.obstacle(ofRule: name)
      return Miss(
        miss: VerifyReport.NearMiss(
          number: entry.number, request: text(of: entry), failed: obstacle?.failed ?? "turn",
          expected: obstacle?.expected ?? "no other rule in front of it",
          found: obstacle?.found ?? "another rule struck first, or this one was added later"),
        nearness: 1)
    }
  }

  private func checkUnmatched(_ count: CountExpectation) -> VerifyReport.Check {
    let unmatched = entries.filter { entry in
      entry.operationIndex == nil && entry.method != .options
        && !(entry.trace?.hasResponded ?? false)
    }
    var check = counted(
      "requests of no operation", count, certain: unmatched.count, possible: 0)
    check.matched = unmatched.prefix(Self.matchedLimit).map(\.number)
    if check.verdict != .holds {
      check.nearMisses = unmatched.prefix(Self.nearMissLimit).map { entry in
        VerifyReport.NearMiss(
          number: entry.number, request: text(of: entry), failed: "operation",
          expected: "a path that belongs to an operation",
          found: entry.responseFields["x-wavetank-hint"].map { "nearest: \($0)" } ?? "none")
      }
    }
    return check
  }

  private func checkRequests(_ wanted: Expectation.Requests) -> VerifyReport.Check {
    var matched: [UInt64] = []
    var possible = 0
    var misses: [Miss] = []
    for entry in entries {
      switch fit(wanted.match, entry) {
      case .matches: matched.append(entry.number)
      case .cannotTell: possible += 1
      case .misses(let miss): misses.append(miss)
      }
    }
    var check = counted(
      wanted.name ?? wanted.match.words, wanted.count, certain: matched.count, possible: possible)
    check.matched = Array(matched.prefix(Self.matchedLimit))
    if check.verdict != .holds, matched.count < wanted.count.atLeast ?? 0 {
      check.nearMisses = Self.nearest(misses)
    }
    return check
  }

  /// The verdict when there are `certain` of a thing and perhaps more: among what was dropped, and
  /// among `possible` that cannot be judged.
  private func counted(
    _ what: String, _ count: CountExpectation, certain: Int, possible: Int
  ) -> VerifyReport.Check {
    let most = certain.addingClamping(Int(clamping: dropped)).addingClamping(possible)
    let least = max(certain, count.atLeast ?? 0)
    let mayHold = least <= min(most, count.atMost ?? .max)
    let mustHold = count.holds(for: certain) && count.holds(for: most)
    var found = "\(certain)"
    if dropped > 0 { found += "; \(dropped) earlier exchanges were dropped by the journal" }
    if possible > 0 { found += "; of \(possible) the content was not kept whole" }
    return VerifyReport.Check(
      what: what, verdict: mustHold ? .holds : mayHold ? .unknown : .fails,
      expected: count.words, found: found)
  }

  // MARK: Order

  /// Each match needs an exchange after the one before; others in between are fine.
  private func checkOrder(_ order: [RequestMatch]) -> VerifyReport.Check {
    var matched: [UInt64] = []
    var rest = entries[...]
    var wasUncertain = false
    for match in order {
      var misses: [Miss] = []
      let position = rest.firstIndex { entry in
        switch fit(match, entry) {
        case .matches: return true
        case .cannotTell:
          wasUncertain = true
          return false
        case .misses(let miss):
          misses.append(miss)
          return false
        }
      }
      guard let position else {
        let isUnknown = dropped > 0 || wasUncertain
        let earlier = entries.first { entry in
          if case .matches = fit(match, entry) { true } else { false }
        }
        var found = "step \(matched.count + 1) (\(match.words)) did not come"
        if let earlier, let last = matched.last {
          found += " after exchange \(last), only before it: exchange \(earlier.number)"
        }
        if dropped > 0 { found += "; \(dropped) earlier exchanges were dropped by the journal" }
        return VerifyReport.Check(
          what: "order", verdict: isUnknown ? .unknown : .fails, expected: Self.words(order),
          found: found, matched: matched, nearMisses: Self.nearest(misses))
      }
      matched.append(rest[position].number)
      rest = rest[(position + 1)...]
    }
    return VerifyReport.Check(
      what: "order", verdict: .holds, expected: Self.words(order), found: "in this order",
      matched: matched)
  }

  private static func words(_ order: [RequestMatch]) -> String {
    order.map(\.words).joined(separator: ", then ")
  }

  // MARK: One entry

  private struct Miss {
    var miss: VerifyReport.NearMiss
    /// The share of criteria that hold.
    var nearness: Double
  }

  private enum Fit {
    case matches
    /// Only criteria on the content are open, and not all of it was kept.
    case cannotTell
    case misses(Miss)
  }

  private func fit(_ match: RequestMatch, _ entry: JournalEntry) -> Fit {
    let subject = pipeline.subject(of: entry, in: live)
    let failing = match.criteria.filter { !$0.holds(for: subject) }
    guard let first = failing.first else { return .matches }
    if failing.allSatisfy(\.needsContent) {
      switch subject.content {
      case .prefix: return .cannotTell
      case .unavailable where entry.requestContentBytes > 0 || entry.ending == nil:
        return .cannotTell
      default: break
      }
    }
    let nearness = 1 - Double(failing.count) / Double(match.criteria.count)
    return .misses(
      Miss(
        miss: VerifyReport.NearMiss(
          number: entry.number, request: text(of: entry), failed: first.key,
          expected: first.expectation, found: first.finding(in: subject)),
        nearness: nearness))
  }

  /// Those with the most criteria that hold; of equals the latest.
  private static func nearest(_ misses: [Miss]) -> [VerifyReport.NearMiss] {
    let sorted = misses.sorted { left, right in
      (left.nearness, left.miss.number) > (right.nearness, right.miss.number)
    }
    return sorted.prefix(nearMissLimit).map(\.miss)
  }

  private func text(of entry: JournalEntry) -> String {
    "\(entry.method.name) \(pipeline.operations.shownTarget(of: entry).clipped(to: 200))"
  }
}

extension RequestMatch {
  /// `POST harbor.ship.create with body.json {"a":1}`, for a report.
  package var words: String {
    guard !criteria.isEmpty else { return "any request" }
    return criteria.map { criterion in
      "\(criterion.key.dropFirst("match.".count)) \(criterion.expectation)"
    }.joined(separator: ", ").clipped(to: 300)
  }
}

extension Pipeline {
  /// A request as the journal kept it, as rules see it.
  package func subject(of entry: JournalEntry, in live: LiveTenant) -> RuleSubject {
    var request = Request(
      method: entry.method, target: entry.target, version: entry.version,
      fields: entry.requestFields)
    let prefix = Addressee.prefixLength(of: entry.target)
    if prefix > 0 { request.target = entry.target.droppingPathPrefix(prefix) }
    let operation = entry.operationIndex.map { operations.entries[$0] }
    // Where there is no operation, host, listener and key have said which service is meant.
    let service =
      entry.serviceIndex ?? operation?.serviceIndex ?? operations.nearest(to: request).serviceIndex
    let kept = entry.requestContent
    let content: RuleSubject.Content =
      if UInt64(kept.count) == entry.requestContentBytes, entry.status != nil {
        .whole(kept)
      } else if !kept.isEmpty {
        .prefix(kept)
      } else {
        .unavailable
      }
    return RuleSubject(
      request: request, tenant: live.name,
      service: services[service].name, operation: operation?.operation.name,
      resourceParameter: operation?.operation.resourceParameter,
      credential: services[service].credential(of: request),
      connectionID: entry.exchange.connectionID, content: content, now: entry.arrived,
      mask: operations.mask)
  }
}
