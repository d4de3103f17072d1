import Dispatch
import Synchronization

/// Keeps tenants in a directory (`--data DIR`): restored at the start and when an evicted one comes
/// back, saved at intervals and at the end, each as one snapshot `NAME.tar.gz`.
///
/// **Compose**: after the pipeline is made and before requests come:
///
///     let store = try WorldStore(directory: dir, pipeline: pipeline) { log($0.text) }
///     store.restoreAll()                // reports what it did; never fails
///     store.start(every: .seconds(10))
///     …
///     store.stop()                      // at shutdown, once no request is in flight: saves the rest
///
/// **Promises**: a file is replaced at once or not at all, so a kill at any moment leaves readable
/// files; a damaged file is moved aside and never overwritten; a full disk is reported, and the next
/// interval tries again.
///
/// **Isolation**: saving runs on a Dispatch queue of its own, one save at a time.
package final class WorldStore: Sendable {
  /// What the user should read in the log.
  package enum Report: Sendable, Equatable {
    case restored(tenant: String)
    case setAside(tenant: String, file: String, reason: String)
    case notReadable(tenant: String, reason: String)
    case notSaved(tenant: String, reason: String)
    /// After a failure it works again.
    case savedAgain(tenant: String)
    /// The server ends and a tenant could not be saved.
    case lost(tenant: String, reason: String)

    package var text: String {
      switch self {
      case .restored(let tenant): "tenant \(tenant): restored"
      case .setAside(let tenant, let file, let reason):
        "tenant \(tenant): \(reason) Its file is kept as \(file); the tenant starts anew."
      case .notReadable(let tenant, let reason): "tenant \(tenant): cannot be restored: \(reason)"
      case .notSaved(let tenant, let reason):
        "tenant \(tenant): not saved: \(reason). Going on; the next interval tries again."
      case .savedAgain(let tenant): "tenant \(tenant): saved again"
      case .lost(let tenant, let reason):
        "tenant \(tenant): not saved at the end: \(reason). What has happened since its last save is lost."
      }
    }

    package var isProblem: Bool {
      switch self {
      case .restored, .savedAgain: false
      case .setAside, .notReadable, .notSaved, .lost: true
      }
    }
  }

  private struct State {
    /// What each tenant looked like when it was last saved or restored.
    var saved: [String: UInt64] = [:]
    /// Why tenants could not be saved the last time.
    var failing: [String: String] = [:]
    var isStopped = false
  }

  package let directory: String
  private let pipeline: Pipeline
  private let report: @Sendable (Report) -> Void
  private let queue = DispatchQueue(label: "wavetank.store", qos: .utility)
  private let ticker = DispatchTicker()
  private let state = Mutex(State())
  /// One save at a time, also when `stop` comes during an interval's.
  private let saving = Mutex(())
  private let lockFile: Int32

  private static let ending = ".tar.gz"

  /// - Throws: when the directory cannot be made, or another process uses it.
  package init(
    directory: String, pipeline: Pipeline, report: @escaping @Sendable (Report) -> Void
  ) throws(FileError) {
    self.directory = directory
    self.pipeline = pipeline
    self.report = report
    try DurableFile.makeDirectory(directory)
    lockFile = try DurableFile.lock(directory + "/.lock")
    pipeline.tenants.setPersistence(self)
  }

  deinit { DurableFile.unlock(lockFile) }

  // MARK: Restoring

  /// Restores every tenant that has a file, and takes away what an interrupted save left.
  package func restoreAll() {
    let names: [String]
    do {
      names = try DurableFile.names(in: directory)
    } catch {
      report(.notReadable(tenant: "*", reason: error.description))
      return
    }
    for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      try? DurableFile.remove("\(directory)/\(name)", in: directory)
    }
    for name in names where name.hasSuffix(Self.ending) {
      let tenant = String(name.dropLast(Self.ending.count))
      guard Tenant.isName(tenant) else { continue }
      if tenant == Tenant.defaultName {
        restore(pipeline.tenants.default)
      } else if (try? pipeline.tenants.cloud(named: tenant)) == nil {
        report(.notReadable(tenant: tenant, reason: "the scenario does not start"))
      }
    }
  }

  /// Puts a tenant's file in force, if there is one.
  func restore(_ cloud: Cloud) {
    let path = "\(directory)/\(cloud.name)\(Self.ending)"
    do {
      let reader = try SnapshotReader(budget: pipeline.tenants.budget, limits: .own)
      try DurableFile.read(path, mapping: { StoreError.file($0) }) { piece throws(StoreError) in
        do throws(SnapshotError) { try reader.feed(piece) } catch { throw .snapshot(error) }
      }
      try Restore(reader, into: cloud, of: pipeline).putInForce()
      remember(cloud, cloud.revision)
      report(.restored(tenant: cloud.name))
    } catch {
      switch error as? StoreError ?? (error as? SnapshotError).map(StoreError.snapshot) {
      case .file(let error) where error.isMissing: return
      case .file(let error): report(.notReadable(tenant: cloud.name, reason: error.description))
      case .snapshot(let error): setAside(cloud, path, error)
      case nil: report(.notReadable(tenant: cloud.name, reason: "\(error)"))
      }
    }
  }

  private func setAside(_ cloud: Cloud, _ path: String, _ error: SnapshotError) {
    for number in 1...1000 {
      let aside = "\(path).damaged-\(number)"
      do {
        try DurableFile.move(path, to: aside, in: directory)
        report(.setAside(tenant: cloud.name, file: aside, reason: error.text))
        return
      } catch  where error.isTaken {
        continue
      } catch {
        // It stays where it is, so it must not be overwritten.
        state.withLock { $0.saved[cloud.name] = .max }
        report(.notReadable(tenant: cloud.name, reason: error.description))
        return
      }
    }
  }

  // MARK: Saving

  /// Saves what has changed, again and again.
  package func start(every interval: Duration) {
    ticker.start { [weak self] in self?.intervalEnded(interval) }
    ticker.wake(after: interval)
  }

  private func intervalEnded(_ interval: Duration) {
    queue.async {
      self.saveChanged()
      if !self.state.withLock({ $0.isStopped }) { self.ticker.wake(after: interval) }
    }
  }

  /// Saves every tenant that has changed since it was last saved; returns when that is done.
  package func saveChanged() {
    saving.withLock { _ in
      for cloud in pipeline.tenants.all where !isSaved(cloud) { save(cloud) }
    }
  }

  /// The last save: after it nothing is written any more.
  package func stop() {
    state.withLock { $0.isStopped = true }
    ticker.wake(after: nil)
    saveChanged()
    for (tenant, reason) in state.withLock({ $0.failing }).sorted(by: { $0.key < $1.key }) {
      report(.lost(tenant: tenant, reason: reason))
    }
  }

  /// What `GET /_wavetank/health` tells.
  var problems: [String] {
    state.withLock { state in
      let told = state.failing.sorted { $0.key < $1.key }.prefix(10).map { tenant, reason in
        Report.notSaved(tenant: tenant, reason: reason).text
      }
      let rest = state.failing.count - told.count
      return rest > 0 ? told + ["and \(rest) more tenants"] : told
    }
  }

  private func save(_ cloud: Cloud) {
    guard state.withLock({ $0.saved[cloud.name] }) != .max else { return }
    // Asked before the snapshot: what changes in between is saved the next time.
    let revision = cloud.revision
    let snapshot = Snapshot(of: cloud)
    do throws(StoreError) {
      try write(snapshot, cloud.name + Self.ending)
      remember(cloud, revision)
      if state.withLock({ $0.failing.removeValue(forKey: cloud.name) }) != nil {
        report(.savedAgain(tenant: cloud.name))
      }
    } catch {
      let (old, isStopped) = state.withLock {
        ($0.failing.updateValue(error.text, forKey: cloud.name), $0.isStopped)
      }
      if old == nil, !isStopped { report(.notSaved(tenant: cloud.name, reason: error.text)) }
    }
  }

  private func write(_ snapshot: Snapshot, _ name: String) throws(StoreError) {
    let file: DurableFile.Replacement
    do throws(FileError) {
      file = try DurableFile.Replacement(of: name, in: directory)
    } catch {
      throw .file(error)
    }
    try snapshot.write(mapping: { .snapshot($0) }) { piece throws(StoreError) in
      do throws(FileError) { try file.write(piece) } catch { throw .file(error) }
    }
    do throws(FileError) { try file.putInPlace() } catch { throw .file(error) }
  }

  private func remember(_ cloud: Cloud, _ revision: UInt64) {
    state.withLock { $0.saved[cloud.name] = revision }
  }

  /// Whether a tenant's file is what the tenant is: only then may it be evicted.
  func isSaved(_ cloud: Cloud) -> Bool {
    let revision = cloud.revision
    return state.withLock { $0.saved[cloud.name] } == revision
  }

  /// A tenant was dropped by request: its file goes too.
  func forget(_ name: String) {
    state.withLock { state in
      state.saved[name] = nil
      state.failing[name] = nil
    }
    let path = "\(directory)/\(name)\(Self.ending)"
    do {
      try DurableFile.remove(path, in: directory)
    } catch {
      report(.notSaved(tenant: name, reason: error.description))
    }
  }
}

private enum StoreError: Error, Sendable {
  case file(FileError)
  case snapshot(SnapshotError)

  var text: String {
    switch self {
    case .file(let error): error.description
    case .snapshot(let error): error.text
    }
  }
}
