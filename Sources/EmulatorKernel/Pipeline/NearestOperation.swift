import HTTPModel

/// The operation that a request of no operation most resembles, for the form of its failure and for
/// the field `X-Wavetank-Hint`.
///
/// **Cost**: at most 12 segments of at most 48 bytes against each template; never on a path that
/// works.
enum NearestOperation {
  struct Found {
    let serviceIndex: Int
    let hint: String
  }

  private static let segmentsMax = 12
  private static let segmentBytesMax = 48

  static func find(_ request: Request, in table: OperationTable) -> Found? {
    let bytes = request.target.bytes[request.target.pathRange]
    let path = bytes.split(separator: UInt8(ascii: "/"), maxSplits: segmentsMax)
      .prefix(segmentsMax).map { $0.prefix(segmentBytesMax).map(\.asciiLowercased) }
    var best: (cost: Int, index: Int, route: Operation.Route)?
    for (index, entry) in table.entries.enumerated() where !entry.operation.isClaimed {
      for route in entry.operation.routes {
        var cost = distance(path, route.template.segments)
        // A wrong method is a small mistake beside a wrong path.
        if route.method != request.method, !(request.method == .head && route.method == .get) {
          cost += 5
        }
        if cost < best?.cost ?? .max { best = (cost, index, route) }
      }
    }
    guard let best else { return nil }
    let entry = table.entries[best.index]
    return Found(
      serviceIndex: entry.serviceIndex,
      hint: "\(entry.operation.name) \(best.route.method.name) \(best.route.template.ascii)")
  }

  /// Edit distance over segments; 100 is one whole segment too many or too few.
  private static func distance(_ path: [[UInt8]], _ template: [PathTemplate.Segment]) -> Int {
    var previous = Array(0...template.count).map { $0 * 100 }
    for segment in path {
      var current = [previous[0] + 100]
      for (column, expected) in template.enumerated() {
        let replaced = previous[column] + cost(segment, expected)
        var inserted = previous[column + 1] + 100
        if case .rest = expected { inserted = previous[column + 1] + 1 }
        current.append(min(replaced, inserted, current[column] + 100))
      }
      previous = current
    }
    return previous[template.count]
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
