package import HTTPModel

/// Memory for heads that goes round: what a responder did not keep of a request is used again for
/// the next one, so a request makes no heap call unless somebody holds on to it.
///
/// **Isolation**: one per event loop.
package struct HeadSpares: Sendable {
  private var target: [UInt8] = []
  private var fieldBytes: [UInt8] = []
  private var lines: [Fields.Line] = []
  /// The last `Host` that was found to be one.
  var knownHost: [UInt8] = []
  private var known = KnownHeads()
  /// The request that was given last stands in `known`, which goes on holding what it is made of.
  private var isKept = false

  package init() {}

  /// What such a head was read as before, if the bytes from `start` on begin with one that is known.
  /// - Parameter position: goes behind the head.
  mutating func recall(
    _ input: Span<UInt8>, _ position: inout Int, limits: WireLimits
  ) -> KnownHeads.Reading? {
    let reading = known.find(input, &position, limits: limits)
    isKept = reading != nil
    reading?.request.hasComeAgain()
    return reading
  }

  /// `head` was read as that, and may come again.
  mutating func remember(_ head: Span<UInt8>, _ reading: KnownHeads.Reading, limits: WireLimits) {
    isKept = false
    guard KnownHeads.takes(head) else { return }
    if let former = known.replace(head, reading, limits: limits) { reclaim(former) }
    isKept = true
  }

  /// The request that was given last came that way, and others with its head are likely to. What is noted of a
  /// head depends on it.
  package mutating func note(_ arrival: Arrival?, of request: inout Request) {
    guard !request.came(by: arrival) else { return }
    request.arrival = arrival
    if isKept { known.change(request) }
  }

  mutating func takeTarget() -> [UInt8] { Self.take(&target) }
  mutating func takeLines() -> [Fields.Line] { Self.take(&lines) }

  private static func take<Element>(_ array: inout [Element]) -> [Element] {
    var taken: [Element] = []
    swap(&taken, &array)
    taken.removeAll(keepingCapacity: true)
    return taken
  }

  mutating func makeFields(_ head: Span<UInt8>, _ parser: HeadParser) -> Fields {
    var bytes = Self.take(&fieldBytes)
    bytes.append(copying: head.extracting(parser.fieldsStart..<parser.fieldsEnd))
    return Fields(bytes: bytes, lines: parser.lines)
  }

  /// Takes back what a request was made of; arrays that somebody else holds are let go.
  package mutating func reclaim(_ request: consuming Request) {
    if isKept { return }
    target = request.target.bytes
    fieldBytes = request.fields.bytes
    lines = request.fields.lines
  }
}

extension Method {
  /// The method whose token stands at `range`.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    switch range.count {
    case 3 where bytes.equals(range, "GET"): self = .get
    case 3 where bytes.equals(range, "PUT"): self = .put
    case 4 where bytes.equals(range, "POST"): self = .post
    case 4 where bytes.equals(range, "HEAD"): self = .head
    default:
      var token: [UInt8] = []
      token.append(copying: bytes.extracting(range))
      self.init(String(decoding: token, as: UTF8.self))
    }
  }
}

extension RequestTarget {
  /// Checks the form of a start-line's target and copies it into `storage`.
  ///
  /// - Errors: `.invalidTarget` for what is neither a path, nor an http URI, nor `*` with OPTIONS.
  /// - Source: RFC 9112 §3.2. Bytes beyond ASCII and characters that should have been encoded are
  ///   let through: widespread clients send them, and they cannot be misread as framing.
  init(
    _ bytes: Span<UInt8>, _ line: HeadParser.StartLine, _ method: Method,
    _ storage: consuming [UInt8]
  ) throws(HTTPParseError) {
    let range = line.target
    var copy = storage
    copy.append(copying: bytes.extracting(range))
    if bytes[range.lowerBound] == Byte.slash {
      let known = line.unquestioned
      let start = known.lowerBound - range.lowerBound
      var question = copy.span.firstIndex(of: Byte.questionMark, from: 0, to: start)
      if question == start {
        question = copy.span.firstIndex(
          of: Byte.questionMark, from: start + known.count, to: copy.count)
      }
      let query = question < copy.count ? question + 1..<copy.count : nil
      self.init(bytes: copy, form: .origin, path: 0..<question, query: query, authority: nil)
      return
    }
    let target = RequestTarget(bytes: copy)
    switch target.form {
    case .asterisk where method == .options: break
    case .absolute:
      let authority = HostAndPort(copy.span, target.authorityRange ?? 0..<0)
      guard authority?.isAuthority == true else {
        throw HTTPParseError(.invalidTarget, at: range.lowerBound)
      }
    default: throw HTTPParseError(.invalidTarget, at: range.lowerBound)
    }
    self = target
  }
}
