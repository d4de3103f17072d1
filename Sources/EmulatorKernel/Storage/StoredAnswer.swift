package import HTTPModel
import PayloadCodecs

/// Stored bytes as HTTP lets clients ask for them: on condition (RFC 9110 §13), and in part (§14).
///
/// Several ranges at once are answered with the whole, as §14.2 allows: nobody here has a use for
/// multipart answers.
package struct StoredAnswer: Sendable {
  private let chunks: [[UInt8]]
  private let type: String
  private let leases: [MemoryLease]
  /// Pays for the parts that are cut out; nil: they are small.
  private let budget: MemoryBudget?
  private let count: Int
  /// A strong validator (§8.8.3), with its quotes.
  private let tag: String
  /// In whole seconds, as a date of HTTP has it.
  private let modified: VirtualInstant?

  /// - Parameters:
  ///   - version: differs where other bytes are stored under the same name; empty: the bytes themselves
  ///     are looked at, all of them.
  ///   - tag: what the client was told when they were stored, without quotes; nil: made of the above.
  ///   - modified: when they were stored; nil: not known.
  package init(
    _ chunks: [[UInt8]], type: String, leases: [MemoryLease] = [], budget: MemoryBudget? = nil,
    version: String = "", tag: String? = nil, modified: VirtualInstant? = nil
  ) {
    self.chunks = chunks
    self.type = type
    self.leases = leases
    self.budget = budget
    count = chunks.reduce(0) { $0 + $1.count }
    self.tag = tag.map { "\"" + $0 + "\"" } ?? Self.tag(chunks, count, version, modified)
    self.modified = modified.map { VirtualInstant(seconds: $0.epochSeconds) }
  }

  /// Of how much content each end is looked at.
  private static let endBytes = 4_096

  /// Large content is not read through for its tag: what differs lies at its ends, or in its version. Into
  /// which chunks it is cut says nothing: that is how it came. Nor does the version of what is read as a
  /// whole, which may count the pieces that came before.
  private static func tag(
    _ chunks: [[UInt8]], _ count: Int, _ version: String, _ modified: VirtualInstant?
  ) -> String {
    let isWhole = version.isEmpty || count <= 2 * endBytes
    var hash = StableHash(seed: UInt64(count))
    hash.combine(isWhole ? "" : version)
    hash.combine(UInt64(bitPattern: modified?.nanoseconds ?? 0))
    // From `head` to `tail` it is not looked at.
    let head = isWhole ? count : endBytes
    let tail = isWhole ? count : count - endBytes
    var word: UInt64 = 0xCBF2_9CE4_8422_2325
    var start = 0
    for chunk in chunks {
      for part in [0..<head, tail..<count] {
        let range = part.clamped(to: start..<start + chunk.count)
        for byte in chunk[range.lowerBound - start..<range.upperBound - start] {
          word = (word ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
      }
      start += chunk.count
    }
    hash.combine(word)
    let text = String(hash.value, radix: 16)
    return "\"" + String(repeating: "0", count: 16 - text.utf8.count) + text + "\""
  }

  /// The answer to a request, whose method may be any: only GET and HEAD are asked on condition.
  package func answer(to request: Request) -> Response {
    guard request.method == .get || request.method == .head else { return whole }
    // In the order of §13.2.2.
    if let tags = Self.tags(request, "if-match") {
      if !tags.contains(where: { $0.isExactly("*") || $0.isExactly(tag) }) {
        return bare(Status(412))
      }
    } else if let date = Self.date(request, "if-unmodified-since"), let modified, modified > date {
      return bare(Status(412))
    }
    if let tags = Self.tags(request, "if-none-match") {
      if tags.contains(where: { $0.isExactly("*") || Self.strong($0).isExactly(tag) }) {
        return bare(Status(304))
      }
    } else if let date = Self.date(request, "if-modified-since"), let modified, modified <= date {
      return bare(Status(304))
    }
    guard request.method == .get, let range = request.fields["range"], isInForce(request) else {
      return whole
    }
    switch ByteRange(range, of: count) {
    case .none: return whole
    case .unsatisfiable:
      var response = bare(Status(416))
      response.fields.append("Content-Range", "bytes */\(count)")
      return response
    case .some(let bounds): return part(bounds)
    }
  }

  /// `If-Range` (§13.1.5): a part only if it is one of what the client has.
  private func isInForce(_ request: Request) -> Bool {
    guard let validator = request.fields["if-range"] else { return true }
    if validator.hasPrefix("\"") || validator.hasPrefix("W/") { return validator.isExactly(tag) }
    guard let date = VirtualInstant(httpDate: validator) else { return false }
    return date == modified
  }

  // MARK: Answers

  private var whole: Response {
    var response = bare(.ok)
    response.fields.append("Content-Type", type)
    if count <= Self.smallBodyMax {
      // Copied behind its head, and gone before it counts.
      response.body = .bytes(chunks.count == 1 ? chunks[0] : Array(chunks.joined()))
      return response
    }
    response.body = .chunks(chunks)
    response.leases = leases
    return response
  }

  private func part(_ bounds: Range<Int>) -> Response {
    let cuts = cuts(bounds)
    let copied = cuts.reduce(0) { $0 + ($1.isWhole ? 0 : $1.range.count) }
    var leases = leases
    if let budget, copied > Self.smallCopyMax {
      // Each answer's copy waits for its reader. Without room all is sent, as §14.2 allows: it is shared.
      guard let lease = MemoryLease(copied, of: budget) else { return whole }
      leases.append(lease)
    }
    var response = bare(Status(206))
    response.fields.append("Content-Type", type)
    response.fields.append(
      "Content-Range", "bytes \(bounds.lowerBound)-\(bounds.upperBound - 1)/\(count)")
    response.body = .chunks(cuts.map { $0.isWhole ? $0.chunk : Array($0.chunk[$0.range]) })
    response.leases = leases
    return response
  }

  private static let smallCopyMax = 64 * 1024
  private static let smallBodyMax = 16 * 1024

  private struct Cut {
    var chunk: [UInt8]
    var range: Range<Int>
    var isWhole: Bool { range.count == chunk.count }
  }

  /// What of each chunk lies within bounds.
  private func cuts(_ bounds: Range<Int>) -> [Cut] {
    var cuts: [Cut] = []
    var start = 0
    for chunk in chunks {
      let cut = bounds.clamped(to: start..<start + chunk.count)
      if !cut.isEmpty {
        cuts.append(Cut(chunk: chunk, range: cut.lowerBound - start..<cut.upperBound - start))
      }
      start += chunk.count
    }
    return cuts
  }

  /// What says which bytes these are, without them.
  private func bare(_ status: Status) -> Response {
    var response = Response(status)
    response.fields.append("ETag", tag)
    if let modified { response.fields.append("Last-Modified", modified.httpDate) }
    response.fields.append("Accept-Ranges", "bytes")
    return response
  }

  // MARK: Conditions

  private static func tags(_ request: Request, _ name: String) -> [String]? {
    request.fields.contains(name) ? request.fields.list(name) : nil
  }

  /// Without the mark of a weak one.
  private static func strong(_ tag: String) -> String {
    tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
  }

  /// What is no date does not hold back (§13.1.3).
  private static func date(_ request: Request, _ name: String) -> VirtualInstant? {
    request.fields[name].flatMap { VirtualInstant(httpDate: $0) }
  }
}

/// What a `Range` field asks for.
/// Source: RFC 9110 §14.1.2, §14.2.
private enum ByteRange {
  /// It is malformed, in another unit, or asks for several parts.
  case none
  case unsatisfiable
  case some(Range<Int>)

  init(_ text: String, of count: Int) {
    self = .none
    let parts = text.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1)
    guard parts.count == 2,
      parts[0].lazy.map(\.asciiLowercased).elementsEqual("bytes".utf8)
    else { return }
    let specs = parts[1].split(separator: UInt8(ascii: ",")).map { spec in
      Array(
        spec.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }
          .reversed())
    }.filter { !$0.isEmpty }
    guard specs.count == 1 else { return }
    let ends = specs[0].split(
      separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard ends.count == 2 else { return }
    let (first, last) = (Self.number(ends[0]), Self.number(ends[1]))
    switch (ends[0].isEmpty, ends[1].isEmpty) {
    case (true, true): return
    case (true, false):
      guard let last else { return }
      self = last == 0 || count == 0 ? .unsatisfiable : .some(count - min(last, count)..<count)
    case (false, true):
      guard let first else { return }
      self = first < count ? .some(first..<count) : .unsatisfiable
    case (false, false):
      guard let first, let last, first <= last else { return }
      self = first < count ? .some(first..<min(last, count - 1) + 1) : .unsatisfiable
    }
  }

  /// Beyond what can be counted is beyond every content.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(String(decoding: digits, as: UTF8.self)) ?? .max
  }
}
