import HTTPModel

/// The operation that a request of no operation most resembles, for the form of its failure and for
/// the field `X-Wavetank-Hint`.
///
/// **Cost**: at most 12 segments of at most 48 bytes against each template; never on a path that
/// works.
enum NearestOperation {
  struct Found {
    let serviceIndex: Int
    /// Nil when no word of the path is near one of an operation: any hint would be a guess.
    let hint: String?
  }

  private static let segmentsMax = 12
  private static let segmentBytesMax = 48

  static func find(_ request: Request, in table: OperationTable) -> Found? {
    let bytes = request.target.bytes[request.target.pathRange]
    let path = bytes.split(separator: UInt8(ascii: "/"), maxSplits: segmentsMax)
      .prefix(segmentsMax).map { $0.prefix(segmentBytesMax).map(\.asciiLowercased) }
    var best: (cost: Int, index: Int, route: Operation.Route)?
    for (index, entry) in table.entries.enumerated() where !entry.operation.isClaimed {
      for route in entry.operation.routes where isWorthNaming(route, request) {
        var cost = distance(path, route.template.segments)
        // A wrong method is a small mistake beside a wrong path.
        if route.method != request.method, !(request.method == .head && route.method == .get) {
          cost += 5
        }
        // Words that occur say more than how many segments there are.
        cost -= 60 * words(of: route.template).count { word in path.contains { $0 == word } }
        if cost < best?.cost ?? .max { best = (cost, index, route) }
      }
    }
    guard let best else { return nil }
    let entry = table.entries[best.index]
    let hint = "\(entry.operation.name) \(best.route.method.name) \(best.route.template.ascii)"
    return Found(
      serviceIndex: entry.serviceIndex, hint: isNear(path, best.route.template) ? hint : nil)
  }

  /// What browsers ask beforehand is not what somebody meant.
  private static func isWorthNaming(_ route: Operation.Route, _ request: Request) -> Bool {
    route.method != .options || request.method == .options
  }

  /// Whether some word of the path is one of the template's, or nearly.
  private static func isNear(_ path: [[UInt8]], _ template: PathTemplate) -> Bool {
    words(of: template).contains { word in
      path.contains { cost($0, .literal(word)) <= 80 }
    }
  }

  /// The literal segments; `/api/v1` stands in front of too much to say anything.
  private static func words(of template: PathTemplate) -> [[UInt8]] {
    let words = template.segments.compactMap { segment -> [UInt8]? in
      if case .literal(let bytes) = segment { bytes } else { nil }
    }
    return words.count > 2 && words.starts(with: [Array("api".utf8), Array("v1".utf8)])
      ? Array(words.dropFirst(2)) : words
  }

  /// Edit distance over segments; 100 is one whole segment too many or too few, less where only the
  /// end is missing.
  private static func distance(_ path: [[UInt8]], _ template: [PathTemplate.Segment]) -> Int {
    var previous = Array(0...template.count).map { $0 * 100 }
    for segment in path {
      var current = [previous[0] + 100]
      for (column, expected) in template.enumerated() {
        let replaced = previous[column] + cost(segment, expected)
        var inserted = previous[column + 1] + 100
        if case .rest = expected { inserted = previous[column + 1] + 20 }
        current.append(min(replaced, inserted, current[column] + 100))
      }
      previous = current
    }
    return previous.enumerated().map { $1 + (template.count - $0) * 60 }.min() ?? 0
  }

  private static func cost(_ segment: [UInt8], _ expected: PathTemplate.Segment) -> Int {
    switch expected {
    case .parameter, .rest: return 10
    case .literal(let text):
      let text = text.map(\.asciiLowercased)
      guard segment != text else { return 0 }
      let length = max(segment.count, text.count, 1)
      // Half the letters wrong is another word.
      return min(150, 10 + 200 * Nearest.changes(segment, text) / length)
    }
  }
}

extension PathTemplate {
  /// The template for a field value, which should stay ASCII.
  fileprivate var ascii: String {
    text.utf8.allSatisfy { $0 < 0x80 }
      ? text
      : segments.map { segment in
        switch segment {
        case .literal(let bytes): "/" + String(decoding: bytes, as: UTF8.self)
        case .parameter(let name): "/{\(name)}"
        case .rest(let name): "/{\(name)...}"
        }
      }.joined()
  }
}
