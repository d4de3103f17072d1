import PayloadCodecs

/// The connections of a fleet from each vessel's side.
package struct VesselGraph: Sendable, Codable {
  package struct Edge: Sendable, Codable {
    package var vessel: Int
    package var condition: Connection.Condition
  }

  /// For each vessel, where its outgoing connections lead.
  package let outgoing: [[Edge]]
  /// For each vessel, where its incoming connections come from.
  package let incoming: [[Edge]]

  package init(vesselCount: Int, connections: [Connection]) {
    var outgoing = [[Edge]](repeating: [], count: vesselCount)
    var incoming = outgoing
    for connection in connections {
      outgoing[connection.from].append(
        Edge(vessel: connection.to, condition: connection.condition))
      incoming[connection.to].append(
        Edge(vessel: connection.from, condition: connection.condition))
    }
    self.outgoing = outgoing
    self.incoming = incoming
  }

  package var roots: [Int] { incoming.indices.filter { incoming[$0].isEmpty } }

  /// Everything that comes after a vessel, without itself. Iterative: a chain may be long.
  package func descendants(of vessel: Int) -> [Int] {
    var seen = [Bool](repeating: false, count: outgoing.count)
    var open = [vessel]
    var found: [Int] = []
    while let next = open.popLast() {
      for edge in outgoing[next] where !seen[edge.vessel] {
        seen[edge.vessel] = true
        found.append(edge.vessel)
        open.append(edge.vessel)
      }
    }
    return found.sorted()
  }

  /// A vessel that is part of a loop, or nil. Takes away vessels without open predecessors until
  /// none is left (Kahn), so depth costs no stack.
  package var vesselInLoop: Int? {
    var openPredecessors = incoming.map(\.count)
    var ready = roots
    var taken = 0
    while let vessel = ready.popLast() {
      taken += 1
      for edge in outgoing[vessel] {
        openPredecessors[edge.vessel] -= 1
        if openPredecessors[edge.vessel] == 0 { ready.append(edge.vessel) }
      }
    }
    return taken == incoming.count ? nil : openPredecessors.firstIndex { $0 > 0 }
  }
}
