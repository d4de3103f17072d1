package import EmulatorKernel
package import PayloadCodecs

/// Another Wavetank that stands behind the same front and has tenants of its own.
package struct PeerServer: Sendable {
  /// Its base URL, without a slash at the end.
  package let url: String
  /// Asks it for its own tenants: the content of its answer; nil where the URL leads to this server
  /// itself, so that every server can be given the same list.
  package let tenants: @Sendable () async -> Result<JSON, OutboundFailure>?

  package init(
    url: String, tenants: @escaping @Sendable () async -> Result<JSON, OutboundFailure>?
  ) {
    self.url = url
    self.tenants = tenants
  }
}

/// What the peers have said, and who has not.
struct PeerTenants: Sendable {
  /// A tenant as its server describes it, with `server`.
  private(set) var tenants: TextMap<JSONObject> = [:]
  private(set) var failures: [(url: String, message: String)] = []

  /// Asks all of them at once.
  static func asking(_ peers: [PeerServer]) async -> PeerTenants {
    let answers = await withTaskGroup(of: (Int, Result<JSON, OutboundFailure>?).self) { group in
      for (index, peer) in peers.enumerated() {
        group.addTask { (index, await peer.tenants()) }
      }
      var answers = [Result<JSON, OutboundFailure>?](repeating: nil, count: peers.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers
    }
    var found = PeerTenants()
    for (peer, answer) in zip(peers, answers) { if let answer { found.add(answer, of: peer.url) } }
    return found
  }

  private mutating func add(_ answer: Result<JSON, OutboundFailure>, of url: String) {
    switch answer {
    case .failure(let failure):
      failures.append((url, failure.message))
    case .success(let content):
      guard let rows = content["tenants"]?.arrayValue else {
        failures.append((url, "what it answers is no list of tenants."))
        return
      }
      for row in rows {
        guard var row = row.objectValue, let name = row["name"]?.stringValue else { continue }
        row["server"] = .string(url)
        // Each server has a tenant of every name that somebody once asked it for, the default one
        // above all: the one that is at work is meant.
        if Self.exchanges(row) >= tenants[name].map(Self.exchanges) ?? -1 { tenants[name] = row }
      }
    }
  }

  static func exchanges(_ row: JSONObject) -> Int { row["exchanges"]?.intValue ?? 0 }
}
