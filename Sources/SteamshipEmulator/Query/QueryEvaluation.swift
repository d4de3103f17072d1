import EmulatorKernel
import PayloadCodecs

/// Finds the tags of a workspace that satisfy a query.
///
/// Indexed conditions (`kind`, `name`, `file_id`, `block_id`) choose the tags to look at; the whole
/// condition is then checked on each. What a relation needs of the other tags of a block or file is
/// counted once per block or file.
struct QueryEvaluator {
  private let workspace: Key<Workspace>
  /// Of the state, which would be copied as a whole.
  private let index: TagIndex?
  private let tags: Table<Tag>
  private let blocks: Table<Block>
  private let files: Table<File>
  private var counts: [CountKey: OtherTags] = [:]
  /// How many tags were looked at: what a query costs.
  private(set) var examinedCount = 0
  /// How many conditions were looked at: what a query may cost: the state is held meanwhile.
  private var conditionCount = 0

  /// Some seconds of work. Long questions over large workspaces are refused, never both let run.
  static let conditionCountMax = 8_000_000

  init(_ state: borrowing SteamshipState, _ workspace: Key<Workspace>) {
    self.workspace = workspace
    index = state.workspaces.read(workspace, { $0.tagIndex })
    tags = state.tags
    blocks = state.blocks
    files = state.files
  }

  /// In order of creation.
  /// - Errors: 400 for a query that would look at too many conditions.
  mutating func tags(matching expression: ShipQL.Expression) throws(SteamshipError) -> [Key<Tag>] {
    let candidates = candidates(expression)
    examinedCount += candidates.count
    var found: [Key<Tag>] = []
    found.reserveCapacity(candidates.count)
    let tags = tags
    for key in candidates {
      let matches = tags.glance(key) { tag in self.matches(key, tag, expression) }
      if matches == true { found.append(key) }
      guard conditionCount <= Self.conditionCountMax else {
        throw SteamshipError(
          400, "QueryTooLarge", "The query has too many conditions for so many tags.",
          suggestion: "Ask for a kind or a name first, or for less at a time.")
      }
    }
    return found
  }

  // MARK: Candidates

  private func candidates(_ expression: ShipQL.Expression) -> [Key<Tag>] {
    guard let index else { return [] }
    return narrowed(expression, index) ?? index.all.keys
  }

  /// At most how many tags a query looks at by the indices alone; nil: no index helps.
  func candidateCount(_ expression: ShipQL.Expression) -> Int? {
    guard let index else { return 0 }
    return count(expression, index)
  }

  private func count(_ expression: ShipQL.Expression, _ index: TagIndex) -> Int? {
    switch expression {
    case .kind(let kind): return index.byKind[kind.text]?.keys.count ?? 0
    case .name(let name): return index.byName[name.text]?.keys.count ?? 0
    case .blockID(let id):
      return blocks.key(id: id.text).flatMap { blocks.read($0, { $0.tags.keys.count }) } ?? 0
    case .and(let terms):
      var parts = terms.compactMap { count($0, index) }
      if let both = Self.kindAndName(terms) { parts.append(index.byBoth[both]?.keys.count ?? 0) }
      return parts.min()
    case .or(let terms):
      var sum = terms.count
      for term in terms {
        guard let part = count(term, index) else { return nil }
        sum += part
      }
      return sum
    case .fileID, .blockTag, .fileTag, .value, .relation: return nil
    }
  }

  /// A superset of what can match, in order of creation; nil: no index helps.
  private func narrowed(_ expression: ShipQL.Expression, _ index: TagIndex) -> [Key<Tag>]? {
    switch expression {
    case .kind(let kind): return index.byKind[kind.text]?.keys ?? []
    case .name(let name): return index.byName[name.text]?.keys ?? []
    case .blockID(let id):
      return blocks.key(id: id.text).flatMap { blocks.read($0, { $0.tags.keys }) } ?? []
    case .fileID(let id):
      guard let key = files.key(id: id.text), let file = files[key],
        file.workspace == workspace
      else { return [] }
      return allTags(of: file)
    case .and(let terms):
      var parts = terms.compactMap { narrowed($0, index) }
      if let both = Self.kindAndName(terms) { parts.append(index.byBoth[both]?.keys ?? []) }
      return parts.min { $0.count < $1.count }
    case .or(let terms):
      var union: Set<Key<Tag>> = []
      // The same condition again finds nothing more.
      for term in Set(terms) {
        guard let part = narrowed(term, index) else { return nil }
        union.formUnion(part)
      }
      return union.sorted()
    case .blockTag, .fileTag, .value, .relation: return nil
    }
  }

  /// A kind and a name that must hold both.
  private static func kindAndName(_ terms: [ShipQL.Expression]) -> TagIndex.KindAndName? {
    var kind: String?
    var name: String?
    for term in terms {
      if case .kind(let wanted) = term { kind = wanted.text }
      if case .name(let wanted) = term { name = wanted.text }
    }
    guard let kind, let name else { return nil }
    return TagIndex.KindAndName(kind: kind, name: name)
  }

  private func allTags(of file: File) -> [Key<Tag>] {
    var keys = file.tags.keys
    for block in file.blocks { keys += blocks.read(block, { $0.tags.keys }) ?? [] }
    return keys.sorted()
  }

  // MARK: Conditions

  private mutating func matches(
    _ key: Key<Tag>, _ tag: Glance<Tag>, _ expression: ShipQL.Expression
  ) -> Bool {
    conditionCount += 1
    // What comes out no longer matters: the whole query fails.
    guard conditionCount <= Self.conditionCountMax else { return false }
    switch expression {
    case .and(let terms):
      for term in terms {
        guard matches(key, tag, term) else { return false }
      }
      return true
    case .or(let terms):
      for term in terms {
        if matches(key, tag, term) { return true }
      }
      return false
    case .blockTag: return tag.block != nil
    case .fileTag: return tag.block == nil
    case .kind(let kind): return tag.kind == kind.text
    case .name(let name): return tag.name == name.text
    case .fileID(let id): return files.read(tag.file) { Self.isSame($0.id, id.text) } ?? false
    case .blockID(let id):
      return tag.block.flatMap { blocks.read($0) { Self.isSame($0.id, id.text) } } ?? false
    case .value(let path, let comparison): return Self.holds(comparison, at: path, in: tag.value)
    case .relation(let relation, let number, let inner):
      return hasOther(key, tag, relation, number, inner)
    }
  }

  /// - Parameter upper: in upper case, as ids are by nature.
  private static func isSame(_ id: String, _ upper: String) -> Bool {
    id.utf8.count == upper.utf8.count
      && zip(id.utf8, upper.utf8).allSatisfy { byte, wanted in
        byte == wanted || (0x61...0x7a).contains(byte) && byte & 0xdf == wanted
      }
  }

  private static func holds(
    _ comparison: ShipQL.Comparison, at path: [ExactText], in value: JSON?
  ) -> Bool {
    var found = value
    for name in path { found = found?[name.text] ?? Int(name.text).flatMap { found?[$0] } }
    guard let found else { return false }
    switch comparison {
    case .exists: return true
    case .compare(let comparison, let literal):
      switch (literal, found) {
      case (.string(let wanted), .string(let text)):
        return comparison.holds(ExactText(text), wanted)
      case (.number(let wanted), .integer), (.number(let wanted), .decimal):
        return found.doubleValue.map { comparison.holds($0, wanted) } ?? false
      case (.bool(let wanted), .bool(let flag)): return comparison == .equal && flag == wanted
      default: return false
      }
    }
  }

  // MARK: Relations

  private struct CountKey: Hashable {
    /// Which relation of the query.
    var number: Int
    /// The block, or the file for `samefile`.
    var group: Int
    var isFile: Bool
  }

  /// What is known of the tags of one block or file that satisfy a relation's inner expression.
  private struct OtherTags {
    var members: Set<Key<Tag>> = []
    /// Of those with a span: where they begin and end, each sorted.
    var starts: [Int] = []
    var ends: [Int] = []
    var spans: [Span: Int] = [:]

    struct Span: Hashable {
      var start: Int
      var end: Int
    }
  }

  /// Whether another tag stands in that relation and satisfies the inner expression.
  private mutating func hasOther(
    _ key: Key<Tag>, _ tag: Glance<Tag>, _ relation: ShipQL.Relation, _ number: Int,
    _ inner: ShipQL.Expression
  ) -> Bool {
    let group: Int
    if relation == .samefile {
      group = tag.file.serial
    } else {
      guard let block = tag.block else { return false }
      group = block.serial
    }
    let others = others(
      CountKey(number: number, group: group, isFile: relation == .samefile), tag, inner)
    let isItself = others.members.contains(key) ? 1 : 0
    switch relation {
    case .samefile, .sameblock: return others.members.count > isItself
    case .samespan:
      guard let start = tag.start, let end = tag.end else { return false }
      return others.spans[OtherTags.Span(start: start, end: end), default: 0] > isItself
    case .overlaps:
      guard let start = tag.start, let end = tag.end, start < end else { return false }
      let tooLate = others.starts.count - others.starts.partitioningIndex { $0 >= end }
      let tooEarly = others.ends.partitioningIndex { $0 > start }
      return others.starts.count - tooLate - tooEarly > isItself
    }
  }

  private mutating func others(
    _ countKey: CountKey, _ tag: Glance<Tag>, _ inner: ShipQL.Expression
  ) -> OtherTags {
    if let known = counts[countKey] { return known }
    var found = OtherTags()
    let keys: [Key<Tag>] =
      countKey.isFile
      ? files[tag.file].map { allTags(of: $0) } ?? []
      : tag.block.flatMap { blocks.read($0, { $0.tags.keys }) } ?? []
    examinedCount += keys.count
    let tags = tags
    for key in keys {
      let matches = tags.glance(key) { other in self.matches(key, other, inner) }
      guard matches == true else { continue }
      found.members.insert(key)
      guard let start = tags.read(key, { $0.start }), let end = tags.read(key, { $0.end }) else {
        continue
      }
      found.spans[OtherTags.Span(start: start, end: end), default: 0] += 1
      // Empty spans overlap nothing.
      if start < end {
        found.starts.append(start)
        found.ends.append(end)
      }
    }
    found.starts.sort()
    found.ends.sort()
    counts[countKey] = found
    return found
  }
}

extension ShipQL.Operator {
  func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .equal: left == right
    case .atLeast: left >= right
    case .above: left > right
    case .atMost: left <= right
    case .below: left < right
    }
  }
}
