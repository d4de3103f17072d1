import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Paths that the table of operations does not hold: a hub's view of its space leads to the space's
/// hubs again, to any depth, and whatever no operation of an instance matches is still the instance's
/// to answer.
enum ClaimedPaths {
  // Made when first needed: no start waits for them.
  private static let nested = nestedTable()
  private static let unknown = claimedTable()

  static func claim(_ request: Request) -> Claim? {
    let shortened = shortened(request.target)
    let table = shortened == nil ? unknown : nested
    guard
      case .found(let index, let parameters) = table.match(
        request.method, shortened ?? request.target)
    else { return nil }
    return Claim(Row.all[index], parameters)
  }

  /// `…/cpm/api/v1/sth/HUB/api/v1/…`: the same as the last hub directly below its space.
  ///
  /// By bytes, and no further than anybody nests hubs: every path of no operation passes here.
  private static func shortened(_ target: RequestTarget) -> RequestTarget? {
    let path = target.bytes[target.pathRange]
    guard let step = stepIntoSpace(path) else { return nil }
    let head = path[..<step]
    var space: [UInt8] = Array("/api/v1/cpm/api/v1".utf8)
    for prefix in ["/api/v1/space/", "/api/v1/cpm/"] where head.starts(with: prefix.utf8) {
      let id = head.dropFirst(prefix.utf8.count).prefix { $0 != UInt8(ascii: "/") }
      if !id.elementsEqual("api".utf8) { space = prefix.utf8 + id + Array("/api/v1".utf8) }
    }
    let bytes = space + path[(step + stepText.count - 1)...]
    return RequestTarget(
      bytes: bytes, form: .origin, path: 0..<bytes.count, query: nil, authority: nil)
  }

  private static let stepText = Array("/cpm/api/v1/".utf8)
  /// Room for more than a dozen hubs within one another.
  private static let nestedBytesMax = 1024

  /// How much further ahead the step must at least begin where a byte is found at which it does not.
  private static let strides = (UInt8.min...UInt8.max).map { byte in
    stepText.dropFirst().firstIndex(of: byte) ?? stepText.count
  }

  /// Where the last `/cpm/api/v1/` begins.
  private static func stepIntoSpace(_ path: ArraySlice<UInt8>) -> Int? {
    let bytes = path.span
    let end = min(bytes.count, nestedBytesMax)
    // Most paths that come here have no “m” at all, which is seen many bytes at a time.
    guard bytes.firstIndex(of: UInt8(ascii: "m"), from: 0, to: end) < end else { return nil }
    let strides = strides
    var start = end - stepText.count
    while start >= 0 {
      if bytes[start] == UInt8(ascii: "/"), bytes[start + 1] == UInt8(ascii: "c"),
        path[(path.startIndex + start)...].starts(with: stepText)
      {
        return path.startIndex + start
      }
      start -= strides[Int(bytes[start])]
    }
    return nil
  }

  /// What is left for `claim` when no operation's own path matches.
  private static func claimedTable() -> RouteTable {
    var table = RouteTable(foldsCase: true, skipsEmptySegments: true)
    for (index, endpoint) in Row.all.enumerated() where endpoint.operation.isClaimed {
      for route in endpoint.operation.routes { table.insert(route.method, route.template, index) }
    }
    return table
  }

  /// Finds what `shortened` gives; also a hub seen from the default hub's view of its space.
  private static func nestedTable() -> RouteTable {
    var table = RouteTable(foldsCase: true, skipsEmptySegments: true)
    for (index, endpoint) in Row.all.enumerated() {
      for route in endpoint.operation.routes {
        table.insert(route.method, route.template, index)
        guard endpoint.handler.level.isOfHub,
          let path = route.template.text.dropping(prefix: "/api/v1/"),
          !path.hasPrefix("space/"), !path.hasPrefix("cpm/")
        else { continue }
        table.insert(
          route.method, PathTemplate("/api/v1/cpm/api/v1/sth/{hub}/api/v1/" + path), index)
      }
    }
    return table
  }
}

extension String {
  fileprivate func dropping(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
