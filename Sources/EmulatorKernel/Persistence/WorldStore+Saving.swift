import Dispatch
import PayloadCodecs
import Synchronization

extension WorldStore {
  /// A file that is in its place, and what it holds; remembered once its name is safe, too.
  private struct Written {
    let live: LiveTenant
    let revision: UInt64
    /// Whether a name is new in the directory.
    var hasNewName = true
    /// The log that goes on from this file; nil: what was written is in one, or none is kept.
    var log: ChangeLog?
    /// Whether a log is in this file from its beginning to its end.
    var endsLog = false
  }

  /// Saves tenants side by side: most of the time goes into waiting for the disk. What was written
  /// is committed in groups, with one sync of the directory for each.
  func save(_ liveTenants: [LiveTenant], workers count: Int, isLast: Bool) {
    var rest = liveTenants[...]
    while !rest.isEmpty {
      let group = Array(rest.prefix(Self.groupMax))
      rest = rest.dropFirst(group.count)
      commit(write(group, workers: min(count, group.count), isLast))
    }
  }

  /// How many tenants are written until the names of their files are made safe.
  private static let groupMax = 256

  private func write(
    _ liveTenants: [LiveTenant], workers count: Int, _ isLast: Bool
  ) -> [Written] {
    let next = Atomic<Int>(0)
    let written = Mutex<[Written]>([])
    let work = DispatchGroup()
    for worker in 0..<count {
      // A queue of its own: a thread that waits for the disk holds up nobody else's.
      DispatchQueue(label: "wavetank.save-\(worker)", qos: .utility).async(group: work) {
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < liveTenants.count else { return }
          if let done = self.write(liveTenants[index], isLast) {
            written.withLock { $0.append(done) }
          }
        }
      }
    }
    work.wait()
    return written.withLock { $0 }
  }

  private func write(_ live: LiveTenant, _ isLast: Bool) -> Written? {
    guard state.withLock({ $0.standings[live.name]?.mustStay }) == nil else { return nil }
    // What a world brings when it is made is no change: it is made before changes are counted.
    for slot in live.slots { slot.makeWorld() }
    // Asked before the snapshot: what changes in between is saved the next time.
    let revision = live.revision
    let snapshot = Snapshot(of: live)
    if !isLast, let isNew = add(snapshot, of: live) {
      return Written(live: live, revision: revision, hasNewName: isNew)
    }
    do throws(SnapshotError) {
      var mark = FileMark()
      let file = try write(snapshot, live.name + Self.ending, &mark)
      var written = Written(live: live, revision: revision)
      let identity = try SnapshotError.onDisk { () throws(FileError) in
        try place(file, of: live, mark, &written.endsLog)
      }
      guard let identity else { return nil }
      if keepsChanges, !isLast {
        written.log = ChangeLog(of: live, on: identity, mark, snapshot, try snapshot.said())
      }
      return written
    } catch {
      failed(live, error.text)
      return nil
    }
  }

  private func write(
    _ snapshot: Snapshot, _ name: String, _ mark: inout FileMark
  ) throws(SnapshotError) -> DurableFile.Replacement {
    let file = try SnapshotError.onDisk { () throws(FileError) in
      try DurableFile.Replacement(of: name, in: directory)
    }
    try snapshot.write { piece throws(SnapshotError) in
      mark.add(piece)
      try SnapshotError.onDisk { () throws(FileError) in try file.write(piece) }
    }
    try SnapshotError.onDisk { () throws(FileError) in try file.finish() }
    return file
  }

  /// Puts a tenant's file in place, unless the tenant was removed, or dropped from memory, while it
  /// was written: then the file is another one's, or must not be there (nil).
  private func place(
    _ file: DurableFile.Replacement, of live: LiveTenant, _ mark: FileMark, _ endsLog: inout Bool
  ) throws(FileError) -> FileIdentity? {
    try placing.withLock { _ throws(FileError) in
      guard !live.isGone.load(ordering: .sequentiallyConsistent) else { return nil }
      try keepForeign(file.target, live.name)
      endsLog = try endLog(of: live.name, in: mark)
      let identity = try file.putInPlace()
      state.withLock { state in
        state.standings[live.name, default: Standing()].file = identity
        state.names.insert(live.name)
      }
      return identity
    }
  }

  /// What somebody else put in the place of our file while the server ran is not ours to replace.
  private func keepForeign(_ path: String, _ tenant: String) throws(FileError) {
    guard let found = try DurableFile.identity(path),
      found != state.withLock({ $0.standings[tenant]?.file })
    else { return }
    try DurableFile.requireFile(path)
    report(.foreign(tenant: tenant, file: try moveAside(path, "changed")))
  }

  /// The names of files that are in place are made safe; then they count as saved.
  private func commit(_ group: [Written]) {
    guard !group.isEmpty else { return }
    do throws(FileError) {
      if group.contains(where: \.hasNewName) { try DurableFile.syncDirectory(directory) }
    } catch {
      for written in group { failed(written.live, error.description) }
      return
    }
    let names = group.map(\.live.name)
    pipeline.log?.tell(.info) { "worlds saved: \(names.few)" }
    for written in group {
      let name = written.live.name
      if written.endsLog { removeLog(of: name) }
      if let log = written.log { keep(log, of: written.live) }
      let hadFailed = state.withLock { state in
        // Removed meanwhile: what stands there now is another tenant's.
        guard !written.live.isGone.load(ordering: .sequentiallyConsistent) else { return false }
        state.standings[name]?.tenantID = written.live.id
        state.standings[name]?.revision = written.revision
        defer { state.standings[name]?.failure = nil }
        return state.standings[name]?.failure != nil
      }
      if hadFailed { report(.savedAgain(tenant: name)) }
    }
  }

  private func failed(_ live: LiveTenant, _ reason: String) {
    guard !live.isGone.load(ordering: .sequentiallyConsistent) else { return }
    let (old, isStopped) = state.withLock { state in
      let old = state.standings[live.name]?.failure
      state.standings[live.name, default: Standing()].failure = reason
      return (old, state.isStopped)
    }
    if old == nil, !isStopped { report(.notSaved(tenant: live.name, reason: reason)) }
  }
}
