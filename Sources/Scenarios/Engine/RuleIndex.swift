import HTTPModel
import PayloadCodecs

/// Rules in their order, and how they are found: by operation, those that want one value (of the path,
/// a field, a query item, the credential, a place in the content) by that value, and those with
/// expressions by bytes that must stand in what they match.
///
/// A value of which a changed copy shares nearly all: to add a rule or take one away costs what is
/// said of that rule, however many others there are.
struct RuleIndex: Sendable {
  /// The rules about the requests of an operation.
  struct Candidates: Sendable {
    /// Rules that no single value decides about.
    fileprivate(set) var rules = RuleList()
    /// Where values decide about further rules that may concern it, and about how many.
    fileprivate(set) var places = HashTrie<RulePlace, Int>()
    /// Where texts do.
    fileprivate(set) var searches = HashTrie<RulePlace, Int>()
    fileprivate(set) var searched = 0
    /// Some look at the content.
    fileprivate(set) var needingContent = 0
    fileprivate(set) var refusing = 0
    /// Some make something happen in the world.
    fileprivate(set) var withEvents = 0

    var isEmpty: Bool { rules.isEmpty && places.isEmpty && searches.isEmpty }

    var concern: RuleSet.Concern {
      RuleSet.Concern(
        needsContent: needingContent > 0, mayRefuse: refusing > 0,
        mayTakeLong: withEvents > 0 || rules.count > RuleSet.rulesOnLoopMax,
        mayBeMany: searched > RuleSet.rulesOnLoopMax)
    }

    /// Whether a request has nothing, as far as its head says, at all the places that decide: none of the
    /// rules can strike it.
    func pass(_ request: Request) -> Bool {
      guard rules.isEmpty else { return false }
      return !places.contains { place, _ in place.mayHold(in: request) }
        && !searches.contains { place, _ in place.mayHold(in: request) }
    }

    fileprivate mutating func change(_ placed: PlacedRule, _ change: Int, at place: RulePlace?) {
      let rule = placed.rule
      if let place {
        places.count(place, change)
      } else if let search = placed.search {
        searches.count(search.place, change)
        searched += change
      } else {
        rules.change(placed, change)
      }
      if rule.needsContent { needingContent += change }
      if rule.action.mayRefuse { refusing += change }
      if !rule.events.isEmpty { withEvents += change }
    }
  }

  private(set) var list = RuleList()
  private var byName = HashTrie<ExactText, PlacedRule>()
  /// Of each kind of request, those that the same rules are about: first of those that belong to no
  /// operation. A kind of which a new rule is about some falls into two, and stays so.
  private var kinds = [Candidates(), Candidates()]
  /// Of which kind the requests of an operation are, by its position in the catalog (which is that of the
  /// operation table).
  private var kindOfOperation: [Int]
  /// Of how many operations the requests of each kind are.
  private var operationsOfKind: [Int]
  /// Rules that want a certain value at a certain place.
  private var byValue = HashTrie<RulePlace, HashTrie<ExactText, RuleList>>()
  /// Rules with expressions, to be looked for in the texts of a place.
  private var byText = HashTrie<RulePlace, TextSearch>()
  private var uses = TextSearch.Uses()
  /// Rules about connections: none of them concerns a request.
  private(set) var connectionRules = RuleList()
  /// Rules about requests while their content comes in.
  private(set) var uploadRules = RuleList()
  var links: RuleLinks
  /// What their sources take in memory, as texts.
  private(set) var sourceBytes = 0
  private let names: OperationNames
  private var lastID = 0

  /// - Parameter isSound: see `RuleLinks`.
  init(_ rules: [ScenarioRule], catalog: ScenarioCatalog, isSound: Bool) {
    names = catalog.names
    kindOfOperation = Array(repeating: 1, count: catalog.operations.count)
    operationsOfKind = [0, catalog.operations.count]
    links = RuleLinks(isSound: isSound)
    insert(rules)
    links.settle(isSound: isSound)
  }

  subscript(name: String) -> PlacedRule? { byName[ExactText(name)] }

  private func kind(of operation: Int?) -> Int {
    guard let operation, kindOfOperation.indices.contains(operation) else { return 0 }
    return kindOfOperation[operation]
  }

  /// Nil where no rule is about such requests.
  func concern(_ operation: Int?) -> RuleSet.Concern? {
    let kinds = kinds.span
    let kind = kind(of: operation)
    // Looked at where they lie: to take them out would count their parts.
    return kinds[kind].isEmpty ? nil : kinds[kind].concern
  }

  /// Whether none of the rules can strike a request, as far as its head says.
  func pass(_ request: Request, of operation: Int?) -> Bool {
    kinds.span[kind(of: operation)].pass(request)
  }

  func candidates(_ operation: Int?) -> Candidates { kinds[kind(of: operation)] }

  /// The rules that a request may meet, in their order.
  func candidates(_ operation: Int?, for subject: RuleSubject) -> [PlacedRule] {
    let candidates = candidates(operation)
    var found: [PlacedRule] = []
    // By themselves: the whole would be copied for them.
    let (byValue, byText) = (byValue, byText)
    candidates.places.forEach { place, _ in
      guard place.mayHold(in: subject.request), let table = byValue[place] else { return }
      for text in place.texts(in: subject) {
        if let rules = table[ExactText(text)] { found += rules.all }
      }
    }
    candidates.searches.forEach { place, _ in
      guard place.mayHold(in: subject.request), let search = byText[place] else { return }
      for text in place.texts(in: subject) { search.find(in: text, &found) }
    }
    guard !found.isEmpty else { return candidates.rules.all }
    if found.count > 1 { Self.order(&found) }
    return candidates.rules.isEmpty ? found : Self.merged(found, candidates.rules.all)
  }

  /// By their labels, each once.
  private static func order(_ rules: inout [PlacedRule]) {
    rules.sort { $0.label < $1.label }
    var last: Int?
    rules.removeAll { rule in
      defer { last = rule.label }
      return rule.label == last
    }
  }

  /// Those of two lists, each of which is in order; none is in both.
  private static func merged(_ some: [PlacedRule], _ others: [PlacedRule]) -> [PlacedRule] {
    var all: [PlacedRule] = []
    all.reserveCapacity(some.count + others.count)
    var next = 0
    for rule in some {
      while next < others.count, others[next].label < rule.label {
        all.append(others[next])
        next += 1
      }
      all.append(rule)
    }
    return all + others[next...]
  }

  // MARK: Changing

  /// Puts rules behind all others, or in front of them, in their order. Their names are new.
  mutating func insert(_ rules: [ScenarioRule], first: Bool = false) {
    let ways = rules.map { $0.match.wantedValues == nil ? $0.match.searchChoices : [] }
    for ways in ways { uses.count(ways, 1) }
    for offset in rules.indices {
      let place = first ? rules.count - 1 - offset : offset
      lastID += 1
      add(
        PlacedRule(
          rules[place], id: lastID, label: label(at: first ? 0 : list.count),
          search: uses.choice(among: ways[place])))
    }
  }

  mutating func remove(_ placed: PlacedRule) {
    let rule = placed.rule
    if rule.match.wantedValues == nil { uses.count(rule.match.searchChoices, -1) }
    take(placed)
    links.remove(rule)
  }

  /// In the place of one: of the same name, or of one that is new.
  mutating func replace(_ placed: PlacedRule, by rule: ScenarioRule) {
    let label = placed.label
    remove(placed)
    let ways = rule.match.wantedValues == nil ? rule.match.searchChoices : []
    uses.count(ways, 1)
    lastID += 1
    add(PlacedRule(rule, id: lastID, label: label, search: uses.choice(among: ways)))
  }

  /// Puts a rule at another position, counted without it.
  mutating func move(_ placed: PlacedRule, to position: Int) {
    take(placed)
    put(placed, label: label(at: min(max(position, 0), list.count)))
  }

  private mutating func add(_ placed: PlacedRule) {
    links.add(placed.rule)
    index(placed)
  }

  private mutating func index(_ placed: PlacedRule) {
    list.insert(placed)
    byName.update(ExactText(placed.rule.name)) { $0 = placed }
    sourceBytes += placed.rule.source.textBytes(atMost: .max) ?? 0
    enter(placed, 1)
  }

  private mutating func take(_ placed: PlacedRule) {
    list.remove(label: placed.label)
    byName.update(ExactText(placed.rule.name)) { $0 = nil }
    sourceBytes -= placed.rule.source.textBytes(atMost: .max) ?? 0
    enter(placed, -1)
  }

  private mutating func put(_ placed: PlacedRule, label: Int) {
    index(PlacedRule(placed.rule, id: placed.id, label: label, search: placed.search))
  }

  /// Into the tables, or out of them.
  private mutating func enter(_ placed: PlacedRule, _ change: Int) {
    let rule = placed.rule
    if rule.isAboutConnections { return connectionRules.change(placed, change) }
    if rule.isAboutUploads { return uploadRules.change(placed, change) }
    let wanted = rule.match.wantedValues
    if let wanted {
      byValue.update(wanted.place) { table in
        var texts = table ?? HashTrie()
        table = nil
        for text in TextSet(wanted.texts) {
          texts.update(ExactText(text)) { $0.change(placed, change) }
        }
        table = texts.isEmpty ? nil : texts
      }
    } else if let choice = placed.search {
      byText.update(choice.place) { search in
        var changed = search ?? TextSearch()
        search = nil
        changed.change(placed, choice.windows, change)
        search = changed.isEmpty ? nil : changed
      }
    }
    for kind in kinds(exactlyOf: names.mayBeMeant(by: rule.match)) {
      kinds[kind].change(placed, change, at: wanted?.place)
    }
    if rule.match.mayConcernUnknownPath { kinds[0].change(placed, change, at: wanted?.place) }
  }

  /// The kinds of the requests of some operations, none of which has requests of others.
  private mutating func kinds(exactlyOf operations: [Int]) -> [Int] {
    var counts = Array(repeating: 0, count: kinds.count)
    for operation in operations { counts[kindOfOperation[operation]] += 1 }
    var own: [Int] = []
    for kind in counts.indices where counts[kind] > 0 {
      guard counts[kind] < operationsOfKind[kind] else {
        own.append(kind)
        continue
      }
      own.append(kinds.count)
      for operation in operations where kindOfOperation[operation] == kind {
        kindOfOperation[operation] = kinds.count
      }
      kinds.append(kinds[kind])
      operationsOfKind.append(counts[kind])
      operationsOfKind[kind] -= counts[kind]
    }
    return own
  }
}

// Labels: numbers in the rules' order, so that a rule knows its place and others need not be told.
extension RuleIndex {
  /// Between neighbours that were given theirs one after the other.
  private static let gap = 1 << 32
  private static let labelMax = 1 << 61

  /// For a rule at a position.
  private mutating func label(at position: Int) -> Int {
    if let free = freeLabel(at: position) { return free }
    spread(around: position)
    guard let free = freeLabel(at: position) else {
      preconditionFailure("no label is free among \(list.count) rules")
    }
    return free
  }

  private func freeLabel(at position: Int) -> Int? {
    switch (list[position - 1]?.label, list[position]?.label) {
    case (nil, nil): 0
    case (let low?, nil): low < Self.labelMax - Self.gap ? low + Self.gap : nil
    case (nil, let high?): high > Self.gap - Self.labelMax ? high - Self.gap : nil
    case (let low?, let high?): high - low > 1 ? low + (high - low) / 2 : nil
    }
  }

  /// Moves the labels of the rules around a position apart: of as few as leave room between them, so
  /// that it costs little for each rule that has come since the last time.
  private mutating func spread(around position: Int) {
    var reach = 16
    while true {
      let range = max(0, position - reach)..<min(list.count, position + reach)
      let isAtEnd = range.lowerBound == 0 || range.upperBound == list.count
      let low = list[range.lowerBound - 1]?.label ?? -Self.labelMax
      let high = list[range.upperBound]?.label ?? Self.labelMax
      let step = (high - low) / (range.count + 1)
      if step >= (isAtEnd ? 4 * Self.gap : 1 << 16) || range.count == list.count {
        let rules = range.compactMap { list[$0] }
        for rule in rules { take(rule) }
        for (offset, rule) in rules.enumerated() { put(rule, label: low + step * (offset + 1)) }
        return
      }
      reach *= 4
    }
  }
}

extension RuleAction {
  fileprivate var mayRefuse: Bool {
    switch self {
    case .fault(.refuse): true
    case .sequence(let sequence): sequence.steps.contains { $0.action.mayRefuse }
    default: false
    }
  }
}
