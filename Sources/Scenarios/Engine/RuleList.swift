import HTTPModel
import PayloadCodecs

/// A rule at its place among others.
package final class PlacedRule: Sendable {
  package let rule: ScenarioRule
  /// The same as long as the rule is in force, wherever it stands.
  let id: Int
  /// Rules stand in the order of their labels, between any two of which there is mostly room.
  let label: Int
  /// By what text it is looked for, where no single value decides about it.
  let search: TextSearch.Choice?

  init(_ rule: ScenarioRule, id: Int, label: Int, search: TextSearch.Choice?) {
    self.rule = rule
    self.id = id
    self.label = label
    self.search = search
  }

  private final class Written: Sendable {
    let text: [UInt8]
    init(_ text: [UInt8]) { self.text = text }
  }
  private let written = OnceReference<Written>()

  /// Its source as text; of a short one it is kept.
  var sourceText: [UInt8] {
    if let written = written.load() { return written.text }
    let text = rule.source.serialized()
    if text.count <= Self.writtenBytesMax { written.storeIfNil(Written(text)) }
    return text
  }

  private static let writtenBytesMax = 1 << 10

  private final class Prepared: Sendable {
    let answer: Response
    init(_ answer: Response) { self.answer = answer }
  }
  private let prepared = OnceReference<Prepared>()

  /// What the rule always answers, once it has been made: see `RuleStrike`.
  var preparedAnswer: Response? { prepared.load()?.answer }

  /// A large one is made each time.
  func keep(_ answer: Response) {
    if answer.body.length ?? .max <= UInt64(Self.preparedBytesMax) {
      prepared.storeIfNil(Prepared(answer))
    }
  }

  private static let preparedBytesMax = 4 << 10

  /// Whether another rule comes from the same text at the same place, and so is the same.
  func isMade(of other: ScenarioRule) -> Bool {
    guard rule.origin == other.origin, other.source.fits(within: Self.writtenBytesMax) else {
      return false
    }
    return other.source.serialized() == sourceText
  }
}

/// Rules in their order. A changed copy shares nearly all with what it was made of.
///
/// **Shape**: a tree of short arrays. One that becomes empty goes; others are not joined again, so
/// it is as deep as it was when it held most.
struct RuleList: Sendable {
  private enum Node: Sendable {
    case rules([PlacedRule])
    case parts([RuleList])
  }

  private var node = Node.rules([])
  private(set) var count = 0

  private static let widthMax = 32

  init() {}

  private init(_ node: Node, count: Int) {
    self.node = node
    self.count = count
  }

  var isEmpty: Bool { count == 0 }

  /// All of them, in order.
  var all: [PlacedRule] {
    if case .rules(let rules) = node { return rules }
    var all: [PlacedRule] = []
    all.reserveCapacity(count)
    forEach { all.append($0) }
    return all
  }

  func forEach(_ body: (PlacedRule) -> Void) {
    switch node {
    case .rules(let rules): for rule in rules { body(rule) }
    case .parts(let parts): for part in parts { part.forEach(body) }
    }
  }

  /// The rule at a position, from 0.
  subscript(position: Int) -> PlacedRule? {
    guard position >= 0, position < count else { return nil }
    switch node {
    case .rules(let rules): return rules[position]
    case .parts(let parts):
      var left = position
      for part in parts {
        if left < part.count { return part[left] }
        left -= part.count
      }
      return nil
    }
  }

  mutating func insert(_ rule: PlacedRule) {
    guard let more = insertAndSplit(rule) else { return }
    self = RuleList(.parts([self, more]), count: count + more.count)
  }

  /// Nothing happens where none has the label.
  mutating func remove(label: Int) {
    switch node {
    case .rules(var rules):
      let place = Self.place(of: label, in: rules)
      guard place < rules.count, rules[place].label == label else { return }
      node = .rules([])
      rules.remove(at: place)
      node = .rules(rules)
      count -= 1
    case .parts(var parts):
      node = .rules([])
      let place = Self.part(for: label, in: parts)
      count -= parts[place].count
      parts[place].remove(label: label)
      count += parts[place].count
      if parts[place].isEmpty { parts.remove(at: place) }
      node = .parts(parts)
      if parts.count == 1 { self = parts[0] }
    }
  }

  /// - Returns: what has no room any more, to stand behind it.
  private mutating func insertAndSplit(_ rule: PlacedRule) -> RuleList? {
    switch node {
    case .rules(var rules):
      // Held in one place only: else it would be copied.
      node = .rules([])
      rules.insert(rule, at: Self.place(of: rule.label, in: rules))
      count = rules.count
      let more = Self.split(&rules)
      node = .rules(rules)
      count -= more.count
      return more.isEmpty ? nil : RuleList(.rules(more), count: more.count)
    case .parts(var parts):
      node = .rules([])
      let place = Self.part(for: rule.label, in: parts)
      count += 1
      if let more = parts[place].insertAndSplit(rule) { parts.insert(more, at: place + 1) }
      let more = Self.split(&parts)
      node = .parts(parts)
      let moved = more.reduce(0) { $0 + $1.count }
      count -= moved
      return more.isEmpty ? nil : RuleList(.parts(more), count: moved)
    }
  }

  /// What is too many for one array: its second half.
  private static func split<Element>(_ elements: inout [Element]) -> [Element] {
    guard elements.count > widthMax else { return [] }
    let half = elements.count / 2
    let more = Array(elements[half...])
    elements.removeSubrange(half...)
    return more
  }

  /// In front of which of them one with that label stands, or where it is.
  private static func place(of label: Int, in rules: [PlacedRule]) -> Int {
    var low = 0
    var high = rules.count
    while low < high {
      let middle = (low + high) / 2
      if rules[middle].label < label { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func part(for label: Int, in parts: [RuleList]) -> Int {
    var place = parts.count - 1
    while place > 0, parts[place].firstLabel > label { place -= 1 }
    return place
  }

  private var firstLabel: Int {
    switch node {
    case .rules(let rules): rules.first?.label ?? .min
    case .parts(let parts): parts.first?.firstLabel ?? .min
    }
  }
}

extension RuleList {
  /// Puts a rule in (1) or takes it out (-1).
  mutating func change(_ rule: PlacedRule, _ change: Int) {
    if change > 0 { insert(rule) } else { remove(label: rule.label) }
  }
}

extension RuleList? {
  /// The same where a list that holds nothing is not there.
  mutating func change(_ rule: PlacedRule, _ change: Int) {
    var list = self ?? RuleList()
    // Held in one place only: else it would be copied.
    self = nil
    list.change(rule, change)
    self = list.isEmpty ? nil : list
  }
}
