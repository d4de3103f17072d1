import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// One endpoint: what the kernel knows of it, and what answers it.
struct Endpoint: Sendable {
  enum Level: Sendable { case platform, space, hub, instance }

  let level: Level
  let check: EndpointClass
  let operation: Operation
  /// Whether it lists or removes whatever there is.
  let reachesMuch: Bool
  /// What the hub's audit calls it; nil for what is not audited.
  let auditCode: Int?
  let handler: @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer

  init(
    _ name: String, _ level: Level, _ routes: [(Method, String)], _ check: EndpointClass,
    _ fidelity: Fidelity, content: ContentPolicy = .ignored, per resource: String? = nil,
    isClaimed: Bool = false, _ summary: String,
    _ handler: @escaping @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer
  ) {
    self.level = level
    self.check = check
    self.handler = handler
    auditCode = routes.first.flatMap { AuditCode.code($0.0, $0.1) }
    reachesMuch = Self.reachingMuch.contains(name)
    let content = check == .operation ? .collectedByDefault : content
    var operation = Operation(
      "scramjet." + name,
      Self.bases(of: level).flatMap { base in
        routes.map { method, path in Operation.Route(method, base + path) }
      },
      content: content, fidelity: fidelity, summary: summary, resourceParameter: resource,
      isLenientPath: true)
    operation.isClaimed = isClaimed
    operation.source = Self.recording(of: name)
    if Self.keepingNothing.contains(name) { operation.needsRoom = false }
    self.operation = operation
  }

  /// What these do leaves nothing behind, or less than there was, although it is POST or PUT.
  private static let keepingNothing: TextSet = [
    "platform.stopSpace", "space.disconnect", "instance.stop", "instance.kill",
    "instance.monitoringRate", "instance.set", "instance.unknownPath",
  ]

  private static let reachingMuch: TextSet = [
    "platform.list", "platform.spaces", "platform.stopSpace", "space.list", "space.sequences",
    "space.allSequences", "space.instances", "space.entities", "space.topics", "space.disconnect",
    "space.deleteHub", "store.list", "store.clear", "hub.entities", "topic.list", "sequence.list",
    "sequence.get", "sequence.instances", "sequence.delete", "instance.list",
  ]

  /// Where a space is reached: through the platform, through a multi-manager, from the default hub,
  /// from any hub.
  private static let spaceBases = [
    "/api/v1/space/{space}/api/v1", "/api/v1/cpm/{space}/api/v1", "/api/v1/cpm/api/v1",
    "/api/v1/space/{space}/api/v1/sth/{via}/api/v1/cpm/api/v1",
  ]
  /// Where a hub is reached: alone, or through its space.
  private static let hubBases = [
    "/api/v1", "/api/v1/space/{space}/api/v1/sth/{hub}/api/v1",
    "/api/v1/cpm/{space}/api/v1/sth/{hub}/api/v1",
  ]

  private static func bases(of level: Level) -> [String] {
    switch level {
    case .platform: ["/api/v1"]
    case .space: spaceBases
    case .hub, .instance: hubBases
    }
  }

  /// How many paths lead to each of its own routes.
  var baseCount: Int { Self.bases(of: level).count }

  // MARK: Deeper paths

  /// `…/cpm/api/v1/sth/HUB/api/v1/…`: the same as the last hub directly below its space.
  ///
  /// By bytes, and no further than anybody nests hubs: every path of no operation passes here.
  static func shortened(_ target: RequestTarget) -> RequestTarget? {
    let path = target.bytes[target.pathRange]
    guard let step = stepIntoSpace(path) else { return nil }
    let head = path[..<step]
    var space: [UInt8] = Array("/api/v1/cpm/api/v1".utf8)
    for prefix in ["/api/v1/space/", "/api/v1/cpm/"] where head.starts(with: prefix.utf8) {
      let id = head.dropFirst(prefix.utf8.count).prefix { $0 != UInt8(ascii: "/") }
      if !id.elementsEqual("api".utf8) { space = prefix.utf8 + id + Array("/api/v1".utf8) }
    }
    return RequestTarget(bytes: space + path[(step + stepText.count - 1)...])
  }

  private static let stepText = Array("/cpm/api/v1/".utf8)
  /// Room for more than a dozen hubs within one another.
  private static let nestedBytesMax = 1024

  /// Where the last `/cpm/api/v1/` begins.
  private static func stepIntoSpace(_ path: ArraySlice<UInt8>) -> Int? {
    var start = min(path.endIndex, path.startIndex + nestedBytesMax) - stepText.count
    while start >= path.startIndex {
      if path[start] == UInt8(ascii: "/"), path[start + 1] == UInt8(ascii: "c"),
        path[start...].starts(with: stepText)
      {
        return start
      }
      start -= 1
    }
    return nil
  }

  /// What is left for `claim` when no operation's own path matches.
  static func claimedTable(_ endpoints: [Endpoint]) -> RouteTable {
    var table = RouteTable(foldsCase: true, skipsEmptySegments: true)
    for (index, endpoint) in endpoints.enumerated() where endpoint.operation.isClaimed {
      for route in endpoint.operation.routes { table.insert(route.method, route.template, index) }
    }
    return table
  }

  /// Finds what `shortened` gives; also a hub seen from the default hub's view of its space.
  static func nestedTable(_ endpoints: [Endpoint]) -> RouteTable {
    var table = RouteTable(foldsCase: true, skipsEmptySegments: true)
    for (index, endpoint) in endpoints.enumerated() {
      let isHub = endpoint.level == .hub || endpoint.level == .instance
      for route in endpoint.operation.routes {
        table.insert(route.method, route.template, index)
        guard isHub, let path = route.template.text.dropping(prefix: "/api/v1/"),
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
