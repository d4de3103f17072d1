import EmulatorKernel

/// Whether time alone brings a task nearer its end: followed through what it waits for, so that a
/// look at the last of a long chain walks along the chain once, not once for each event.
struct TaskProspect {
  /// The task that was asked about, one that it waits for, one that this waits for, and so on.
  private var path: [Key<EngineTask>]

  init(_ key: Key<EngineTask>) { path = [key] }

  fileprivate enum Standing {
    case ended, coming, idle
    case waitsFor(Set<Key<EngineTask>>)

    var isComing: Bool {
      if case .coming = self { true } else { false }
    }
  }

  mutating func isComing(_ state: borrowing SteamshipState) -> Bool {
    while let key = path.last {
      switch state.standing(of: key) {
      case .ended: path.removeLast()
      case .coming: return true
      case .idle: return false
      case .waitsFor(let others):
        // What has a time of its own comes first; a chain from a file may be a ring.
        if others.contains(where: { state.standing(of: $0).isComing }) { return true }
        guard let next = others.min(), path.count <= state.tasks.count else { return false }
        path.append(next)
      }
    }
    return false
  }
}

extension SteamshipState {
  fileprivate borrowing func standing(of key: Key<EngineTask>) -> TaskProspect.Standing {
    tasks.glance(key) { task -> TaskProspect.Standing in
      if task.state.isTerminal { return .ended }
      if !task.unfinishedDependencies.isEmpty { return .waitsFor(task.unfinishedDependencies) }
      // It waits for its hour, or for its turn at this very instant.
      guard task.stage >= 0 else { return .coming }
      guard task.timeline.stages.indices.contains(task.stage) else { return .idle }
      switch task.timeline.stages[task.stage].end {
      case .after: return .coming
      case .polls, .signal, .outside, .immediately: return .idle
      }
    } ?? .ended
  }

  /// Whether a block's stream goes on by itself.
  func isStreamedByTime(_ key: Key<Block>) -> Bool {
    guard let block = blocks[key] else { return false }
    return block.streamState == .started && !block.piecesLeft.isEmpty
  }
}

extension World<SteamshipState> {
  /// With the clock mode `skip`: time goes on until the task has ended, or stands where time alone
  /// brings it no further.
  nonisolated(nonsending) func look(atTask key: Key<EngineTask>) async {
    var prospect = TaskProspect(key)
    await look { state in prospect.isComing(state) }
  }
}
