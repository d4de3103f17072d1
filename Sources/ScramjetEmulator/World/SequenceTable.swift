import EmulatorKernel
import PayloadCodecs

/// The sequences of a hub, found by id or by alias.
struct SequenceTable: Sendable {
  private var sequences = WeighedDictionary<ExactText, Sequence>()
  private var idsByAlias: TextMap<[String]> = [:]

  var count: Int { sequences.count }
  var values: [Sequence] { sequences.values }

  /// Assign through optional chaining only, and no other alias.
  subscript(id: String) -> Sequence? {
    get { sequences[id] }
    _modify { yield &sequences[id] }
  }

  /// Looks at one in its place.
  func read<Result>(_ id: String, _ body: (borrowing Sequence) -> Result) -> Result? {
    sequences.read(ExactText(id), body)
  }

  /// Changes one in its place, but for its alias.
  mutating func update(_ id: String, _ body: (inout Sequence) -> Void) {
    sequences.update(ExactText(id), body)
  }

  /// Nearly always one: the hub refuses an alias that is taken.
  func ids(alias: String) -> [String] { idsByAlias[alias] ?? [] }

  /// - Parameter old: the one that has its id.
  mutating func put(_ sequence: Sequence, inPlaceOf old: Sequence?) {
    sequences[sequence.id] = sequence
    if let old { forgetAlias(of: old) }
    noteAlias(of: sequence)
  }

  mutating func remove(_ id: String) -> Sequence? {
    guard let old = sequences.removeValue(forKey: id) else { return nil }
    forgetAlias(of: old)
    return old
  }

  private mutating func noteAlias(of sequence: Sequence) {
    if let alias = sequence.alias { idsByAlias[alias, default: []].append(sequence.id) }
  }

  private mutating func forgetAlias(of sequence: Sequence) {
    guard let alias = sequence.alias, var ids = idsByAlias[alias] else { return }
    ids.removeAll { $0.isExactly(sequence.id) }
    idsByAlias[alias] = ids.isEmpty ? nil : ids
  }
}

extension SequenceTable: Weighed {
  var heapBytes: Int {
    // An array for each alias.
    sequences.heapBytes + idsByAlias.spineBytes + idsByAlias.count * (HeapOverhead.array + 16)
  }
}

/// A snapshot has them by their ids.
extension SequenceTable: Codable {
  init(from decoder: any Decoder) throws {
    sequences = try WeighedDictionary<ExactText, Sequence>(from: decoder)
    for sequence in sequences.values { noteAlias(of: sequence) }
  }

  func encode(to encoder: any Encoder) throws { try sequences.encode(to: encoder) }
}
