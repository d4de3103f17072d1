import EmulatorKernel

/// What a log keeps, as a snapshot has it: a list of chunks. Of a change (`--durable`) only those are told that
/// went at the front and came at the end.
struct StreamChunks: Encodable, ComparedTable {
  /// The number of the first one.
  let first: Int
  let chunks: [[UInt8]]

  var count: Int { chunks.reduce(0) { $0 + $1.count } }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(chunks)
  }

  func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    let gone = first - former.first
    guard 0...former.chunks.count ~= gone else { return false }
    let kept = former.chunks[gone...]
    // Lines are put to the last chunk.
    let common = zip(kept, chunks).prefix { $0 == $1 }.count
    if gone > 0 || common < max(kept.count, chunks.count) {
      try comparison.patch(at: place, dropFirst: gone, from: common, put: chunks[common...])
    }
    return true
  }
}
