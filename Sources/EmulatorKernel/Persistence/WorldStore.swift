import Dispatch
import PayloadCodecs
import Synchronization

/// Keeps tenants in a directory (`--data DIR`), each as one snapshot `NAME.tar.gz`: restored when a
/// tenant is first used (a few already at the start), saved at intervals and at the end.
///
/// **Compose**: after the pipeline is made and before requests come:
///
///     let store = try WorldStore(directory: dir, pipeline: pipeline) { log($0.text) }
///     store.restoreAll()           // reports what it did; never fails
///     store.start(every: .seconds(10))
///     …
///     store.stop()                      // at shutdown, once no request is in flight: saves the rest
///
/// **Promises**: a file is replaced at once or not at all, so a kill at any moment leaves readable
/// files, and what is lost is what happened since the last save. A file is written only where it
/// was read, was not there, or was set aside for being damaged: never in the place of one that
/// could not be read, and never in the place of one that somebody else put there meanwhile. A tenant
/// that was removed does not come back. With `keepsChanges` what has become of a world since is added to
/// a log beside its file (`WorldStore+Changes.swift`), whose price is that of the change. A full disk is reported, and the next interval tries again.
///
/// **Isolation**: one pass of saving at a time, on Dispatch queues of its own. Restoring runs on the
/// caller's thread, one at a time for each tenant (`TenantRegistry.use` sees to that).
package final class WorldStore: Sendable {
  /// How a tenant's file stands to the tenant.
  struct Standing: Sendable {
    /// Of the world that the file holds: whose, and at which of its revisions.
    var tenantID: UInt32?
    var revision: UInt64 = 0
    /// The file as we left it; nil: there is none.
    var file: FileIdentity?
    /// Why the file must not be written.
    var mustStay: String?
    /// Why it could not be saved the last time.
    var failure: String?

    func holds(_ tenantID: UInt32, _ revision: UInt64) -> Bool {
      self.tenantID == tenantID && self.revision == revision
    }
  }

  struct State: Sendable {
    /// Of tenants that are or were in memory.
    var standings: TextMap<Standing> = [:]
    /// Tenants that have a file.
    var names: TextSet = []
    var isStarted = false
    var isStopped = false
    /// A pass was asked for ahead of its time.
    var isHurried = false
    var lost: [String] = []
  }

  package let directory: String
  let pipeline: Pipeline
  let report: @Sendable (Report) -> Void
  let state = Mutex(State())
  /// Held while a file is put in its place or taken away, so that a save does not bring back what
  /// is being removed.
  let placing = Mutex(())
  private let queue = DispatchQueue(label: "wavetank.store", qos: .utility)
  /// Somebody waits for what is done here.
  let committing = DispatchQueue(label: "wavetank.commit", qos: .userInitiated)
  let commits = Mutex(Commits())
  private let wallTimer = DispatchWallTimer()
  /// One pass at a time, also when `stop` comes during an interval's.
  private let saving = Mutex(())
  let keepsChanges: Bool
  /// Of tenants whose changes are added to a log.
  let logs = Mutex<TextMap<ChangeLog>>([:])
  private let lockFile: Int32
  let namesAtStart: [String]

  static let ending = ".tar.gz"

  /// - Throws: when the directory cannot be made, written to or listed, or another process uses it.
  package init(
    directory: String, pipeline: Pipeline, keepsChanges: Bool = false,
    report: @escaping @Sendable (Report) -> Void
  ) throws(FileError) {
    self.directory = directory
    self.keepsChanges = keepsChanges
    self.pipeline = pipeline
    self.report = report
    try DurableFile.makeDirectory(directory)
    // What an earlier server left there can be locked where nothing new can be written.
    try DurableFile.checkWritable(directory)
    let lock = try DurableFile.lock(directory + "/.lock")
    do throws(FileError) {
      // Which tenants there are must be known: without the list their files would be written over.
      namesAtStart = try DurableFile.names(in: directory)
    } catch {
      DurableFile.unlock(lock)
      throw error
    }
    lockFile = lock
    pipeline.tenants.setPersistence(self)
  }

  deinit { DurableFile.unlock(lockFile) }

  func path(of tenant: String) -> String { "\(directory)/\(tenant)\(Self.ending)" }

  // MARK: Life

  /// Saves what has changed, again and again.
  package func start(every interval: Duration) {
    state.withLock { $0.isStarted = true }
    wallTimer.start { [weak self] in self?.intervalEnded(interval) }
    wallTimer.wake(after: interval)
  }

  private func intervalEnded(_ interval: Duration) {
    queue.async {
      self.saveChanged()
      if !self.state.withLock({ $0.isStopped }) { self.wallTimer.wake(after: interval) }
    }
  }

  /// Tenants wait for being saved before they can be dropped from memory.
  func saveSoon() {
    let isDue = state.withLock { state in
      defer { state.isHurried = true }
      return state.isStarted && !state.isStopped && !state.isHurried
    }
    if isDue { wallTimer.wake(after: .zero) }
  }

  /// Saves every tenant that has changed since it was last saved; returns when that is done.
  package func saveChanged() { saveChanged(only: nil) }

  /// - Parameter names: none but these are looked at, however many tenants there are; nil: all.
  func saveChanged(only names: TextSet?) {
    saving.withLock { _ in
      let isLast = state.withLock { state in
        if names == nil { state.isHurried = false }
        return state.isStopped
      }
      let tenants = names.map { $0.compactMap { pipeline.tenants.find($0) } }
      // In the end each world is one file again.
      let unsaved = (tenants ?? pipeline.tenants.all).filter {
        !isSaved($0) || isLast && hasLog($0)
      }
      save(unsaved, workers: isLast ? 8 : 2, isLast: isLast)
    }
    pipeline.tenants.savesEnded()
  }

  /// The last save: after it nothing is written any more.
  package func stop() {
    state.withLock { $0.isStopped = true }
    wallTimer.wake(after: nil)
    saveChanged()
    let unsaved = pipeline.tenants.all.filter { !isSaved($0) }.map(\.name)
    let lost = state.withLock { state in
      // Of what was written just now a clock that runs on makes something else: nobody was told of that.
      let lost = unsaved.compactMap { name in
        let standing = state.standings[name]
        return (standing?.mustStay ?? standing?.failure).map { (name, $0) }
      }
      state.lost = lost.map(\.0)
      return lost
    }
    for (tenant, reason) in lost { report(.lost(tenant: tenant, reason: reason)) }
  }

  /// After `stop`: whether a tenant's last changes are in no file.
  package var hasLost: Bool { state.withLock { !$0.lost.isEmpty } }

  /// Names of tenants that have a file.
  var names: TextSet { state.withLock { $0.names } }

  /// What `GET /_wavetank/health` tells.
  var problems: [String] {
    let all = state.withLock { state in
      state.standings.compactMap { name, standing -> (String, Report)? in
        if let reason = standing.mustStay {
          return (name, .notReadable(tenant: name, reason: reason))
        }
        return standing.failure.map { (name, .notSaved(tenant: name, reason: $0)) }
      }
    }
    let told = all.sorted { $0.0 < $1.0 }.prefix(10).map(\.1.text)
    return all.count > told.count ? told + ["and \(all.count - told.count) more tenants"] : told
  }

  /// Whether a tenant's file is what the tenant is: only then may it be dropped from memory.
  func isSaved(_ live: LiveTenant) -> Bool {
    let revision = live.revision
    return state.withLock { $0.standings[live.name]?.holds(live.id, revision) ?? false }
  }

  /// A tenant is removed by request: its file goes too. False when there was none.
  ///
  /// Called when the tenant can be found no more, so that nobody saves it after this.
  func forget(_ name: String) throws(FileError) -> Bool {
    let path = path(of: name)
    let wasThere = try placing.withLock { _ throws(FileError) in
      // Without its file it is no tenant's. A crash in between leaves either both or a log that says so.
      _ = try? endLog(of: name, in: FileMark())
      let wasThere = try DurableFile.remove(path)
      removeLog(of: name)
      logs.withLock { $0[name] = nil }
      state.withLock { state in
        state.standings[name] = nil
        state.names.remove(name)
      }
      return wasThere
    }
    if wasThere { try DurableFile.syncDirectory(directory) }
    return wasThere
  }
}
