import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Which entries of a journal are wanted: the query of `GET /_wavetank/journal`.
struct JournalFilter: Sendable {
  private enum StatusRange: Sendable {
    case code(Int)
    /// `4xx`.
    case hundred(Int)
  }

  private enum Since: Sendable {
    /// Exchanges after this one.
    case number(UInt64)
    case instant(VirtualInstant)
  }

  /// In `OperationTable`; nil: any, also none.
  private var operations: Set<Int>?
  private var statuses: [StatusRange] = []
  private var rule: (name: String, glob: Glob)?
  /// Of exchanges that belong together: a call, and those that code makes while it works on it.
  private var requestID: String?
  /// The exchange for which code made them.
  private var parent: UInt64?
  /// In what was sent or answered, as far as it is kept; ASCII letters alike in both cases.
  private var bodyText: FoldedText?
  private var since: Since?
  var limit: Int
  /// Each entry as `GET /journal/N` gives it, but for why.
  private(set) var isWhole = false

  static let keys = [
    "service", "operation", "status", "rule", "request", "parent", "body", "since", "limit",
    "tenant", "log", "colour", "detail",
  ]

  init(_ call: AdminCall, limit: Int) throws(Problem) {
    self.limit = limit
    let table = call.pipeline.operations
    for (name, value) in call.request.target.queryItems {
      switch name {
      case "service":
        guard table.serviceNames.contains(value) else {
          throw .noService(value, among: table.serviceNames, status: 400)
        }
        narrow(table) { table.serviceNames[table.entries[$0].serviceIndex] == value }
      case "operation":
        let glob = Glob(value)
        narrow(table) { glob.matches(table.entries[$0].operation.name) }
        let names = table.entries.map(\.operation.name)
        guard names.contains(where: glob.matches) else {
          throw Problem(
            400, "There is no operation \"\(value)\"\(Nearest.hint(for: value, among: names))")
        }
      case "status": statuses = try Self.statuses(value)
      case "rule": rule = (value, Glob(value))
      case "request": requestID = value
      case "parent":
        guard let number = UInt64(value), number > 0 else {
          throw Problem(400, "parent: expected the number of an exchange, found \"\(value)\"")
        }
        parent = number
      case "body": bodyText = value.isEmpty ? nil : FoldedText(value)
      case "since": since = try Self.since(value)
      case "limit":
        guard let number = Int(value), number > 0 else {
          throw Problem(400, "limit: expected a number above 0, found \"\(value)\"")
        }
        self.limit = number
      case "detail":
        guard value == "whole" else {
          throw Problem(400, "detail: expected \"whole\", found \"\(value)\"")
        }
        isWhole = true
      case "tenant", "log", "colour": break
      default:
        throw Problem(
          400, "Unknown filter \"\(name)\"\(Nearest.hint(for: name, among: Self.keys))")
      }
    }
  }

  private mutating func narrow(_ table: OperationTable, _ isWanted: (Int) -> Bool) {
    operations = (operations ?? Set(table.entries.indices)).filter(isWanted)
  }

  private static func statuses(_ text: String) throws(Problem) -> [StatusRange] {
    var ranges: [StatusRange] = []
    for part in text.split(separator: ",") {
      if part.utf8.count == 3, part.asciiLowercased.hasSuffix("xx"),
        let digit = Int(part.prefix(1)),
        (1...5).contains(digit)
      {
        ranges.append(.hundred(digit))
      } else if let code = Int(part), (100...599).contains(code) {
        ranges.append(.code(code))
      } else {
        throw Problem(
          400, "status: expected codes from 100 to 599, such as 404 or 5xx, found \"\(part)\"")
      }
    }
    return ranges
  }

  private static func since(_ text: String) throws(Problem) -> Since {
    if let number = UInt64(text) { return .number(number) }
    if let instant = VirtualInstant(iso8601: text) { return .instant(instant) }
    throw Problem(
      400, "since: expected the number of an exchange or an instant, found \"\(text)\"")
  }

  /// Replays from after that exchange (the `Last-Event-ID` of a stream that was cut).
  mutating func resume(after number: UInt64) { since = .number(number) }
  var hasStart: Bool { since != nil }
  /// The exchange after which it begins; 0: that has to be looked for.
  var start: UInt64 { if case .number(let number) = since { number } else { 0 } }
  /// Whether it asks for nothing but a number of exchanges from one on: none needs to be looked at.
  private var asksNothing: Bool {
    if case .instant = since { return false }
    return operations == nil && statuses.isEmpty && rule == nil && requestID == nil
      && parent == nil && bodyText == nil
  }
  /// Whether it begins after an exchange that there has not been.
  func isAhead(of total: UInt64) -> Bool {
    if case .number(let number) = since { number > total } else { false }
  }

  func matches(_ entry: JournalEntry) -> Bool {
    switch since {
    case .number(let number): guard entry.number > number else { return false }
    case .instant(let instant): guard entry.arrived >= instant else { return false }
    case nil: break
    }
    if let operations {
      guard let index = entry.operationIndex, operations.contains(index) else { return false }
    }
    if !statuses.isEmpty {
      guard let code = entry.status?.code else { return false }
      let isWanted = statuses.contains { range in
        switch range {
        case .code(let wanted): wanted == code
        case .hundred(let digit): code / 100 == digit
        }
      }
      guard isWanted else { return false }
    }
    if let requestID {
      // Where the client has sent none, the answer names the one that was made.
      let own = entry.requestFields["x-request-id"] ?? entry.responseFields["x-request-id"]
      guard own?.isExactly(requestID) ?? false else { return false }
    }
    if let parent, entry.parent != parent { return false }
    if let bodyText {
      guard bodyText.stands(in: entry.requestContent) || bodyText.stands(in: entry.responseContent)
      else { return false }
    }
    if let rule { guard entry.rules.contains(where: rule.glob.matches) else { return false } }
    return true
  }

  /// A rule that neither is in force nor has struck is a name mistyped. A stream does not ask: the rule
  /// may be added while it lasts.
  func checkRule(_ live: LiveTenant, _ entries: [JournalEntry]) throws(Problem) {
    guard let rule, !rule.name.utf8.contains(UInt8(ascii: "*")) else { return }
    let names = (live.rules?.rules.names ?? []) + entries.flatMap(\.rules)
    guard !names.contains(where: rule.glob.matches) else { return }
    let hint = Nearest.hint(for: rule.name, among: TextSet(names).sorted())
    throw Problem(400, "There is no rule \"\(rule.name)\"\(hint)")
  }

  /// The newest of a journal that match, up to the limit, oldest first; and how many matched in all.
  func select(of live: LiveTenant) throws(Problem) -> (entries: [JournalEntry], matched: Int) {
    if asksNothing {
      let (entries, count) = live.journal.last(limit, after: start, isWhole: isWhole)
      return (entries, count)
    }
    // A rule's name is looked for in all of it.
    let all = live.journal.entries(after: rule == nil ? start : 0)
    try checkRule(live, all)
    return select(all)
  }

  /// The newest that match, up to the limit, oldest first; and how many matched in all.
  func select(_ entries: [JournalEntry]) -> (entries: [JournalEntry], matched: Int) {
    // Where all of them are meant none is copied.
    let matching = asksNothing && since == nil ? entries : entries.filter(matches)
    let count = matching.count
    return (count > limit ? Array(matching.suffix(limit)) : matching, count)
  }
}
