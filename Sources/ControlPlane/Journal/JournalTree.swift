import EmulatorKernel
import PayloadCodecs

/// Exchanges that belong together: one that a client made, the calls that code made for it, and theirs.
struct JournalTree: Sendable {
  /// More are not told.
  private static let callsMax = 200

  /// The first that is still kept.
  let root: UInt64
  private let calls: [UInt64: [UInt64]]

  /// Nil: the exchange stands alone.
  init?(around number: UInt64, in journal: Journal) {
    let links = journal.codeCalls
    let parents = Dictionary(links.map { ($0.number, $0.parent) }) { $1 }
    var root = number
    while let parent = parents[root], journal.entry(parent) != nil { root = parent }
    var calls: [UInt64: [UInt64]] = [:]
    for (number, parent) in links { calls[parent, default: []].append(number) }
    guard root != number || calls[number] != nil else { return nil }
    var kept: [UInt64: [UInt64]] = [:]
    var (left, open) = (Self.callsMax, [root])
    while left > 0, !open.isEmpty {
      let next = open.removeFirst()
      let own = calls[next, default: []].prefix(left)
      kept[next] = Array(own)
      open += own
      left -= own.count
    }
    (self.root, self.calls) = (root, kept)
  }

  func write(_ journal: Journal, _ text: JournalText, into json: inout JSONWriter) {
    write(root, journal, text, into: &json)
  }

  private func write(
    _ number: UInt64, _ journal: Journal, _ text: JournalText, into json: inout JSONWriter
  ) {
    json.object { json in
      json.member("number", Int(clamping: number))
      if let entry = journal.entry(number) { text.writeShort(entry, into: &json) }
      json.array("calls") { json in
        for call in calls[number, default: []] { write(call, journal, text, into: &json) }
      }
    }
  }
}
