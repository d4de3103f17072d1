import PayloadCodecs
import Synchronization

/// What has become of a tenant since its file was written.
struct ChangeLog: Sendable {
  let tenantID: UInt32
  /// The file that it goes on from.
  let base: FileIdentity
  let mark: FileMark
  /// The world as it was written last. What is the same in the tenant's is there once.
  var former: Snapshot
  var said: Snapshot.Said
  /// The log's own file as we left it; nil: nothing has changed so far.
  var file: FileIdentity?

  init(
    of live: LiveTenant, on base: FileIdentity, _ mark: FileMark, _ snapshot: Snapshot,
    _ said: Snapshot.Said
  ) {
    tenantID = live.id
    (self.base, self.mark) = (base, mark)
    former = snapshot
    self.said = said
  }

  /// Beyond it the world is written whole again: reading a log takes longer than reading a world.
  var isFull: Bool { (file?.size ?? 0) > max(1 << 20, 2 * base.size) }
}

/// Changes are added to a log beside the tenant's file (`--durable`), until the world is written whole
/// again: when the log is large, when the server ends, and when the log is not ours any more.
extension WorldStore {
  private static let logEnding = ".changes"

  func changesPath(of tenant: String) -> String { "\(directory)/\(tenant)\(Self.logEnding)" }

  func hasLog(_ live: LiveTenant) -> Bool {
    logs.withLock { $0[live.name]?.file != nil }
  }

  /// Adds what has become of a world to its log. Gives whether that has a new name; nil: the world is to be
  /// written whole.
  func add(_ snapshot: Snapshot, of live: LiveTenant) -> Bool? {
    guard var log = logs.withLock({ $0.removeValue(forKey: live.name) }), log.tenantID == live.id,
      !log.isFull
    else { return nil }
    do {
      guard try DurableFile.identity(path(of: live.name)) == log.base,
        let archive = try snapshot.changes(since: log.former, &log.said)
      else { return nil }
      let isNew = log.file == nil
      let piece = (isNew ? ChangeFile.beginning(on: log.mark) : []) + ChangeFile.piece(archive)
      let addition = try placing.withLock { _ throws(FileError) -> DurableFile.Addition? in
        guard !live.isGone.load(ordering: .sequentiallyConsistent) else { return nil }
        let path = changesPath(of: live.name)
        let addition = try DurableFile.Addition(to: path, expecting: log.file)
        try addition.write(piece)
        return addition
      }
      guard let addition else { return nil }
      log.file = try addition.finish()
      log.former = snapshot
      keep(log, of: live)
      return isNew
    } catch {
      // Whatever it is, the whole world is written, or that says why not.
      return nil
    }
  }

  func keep(_ log: ChangeLog, of live: LiveTenant) {
    logs.withLock { $0[live.name] = log }
    if live.isGone.load(ordering: .sequentiallyConsistent) { letGo([live]) }
  }

  /// Tenants have left the memory: what their logs compare with goes, too.
  func letGo(_ liveTenants: [LiveTenant]) {
    let gone = logs.withLock { logs in
      liveTenants.compactMap { live -> ChangeLog? in
        guard logs[live.name]?.tenantID == live.id else { return nil }
        return logs.removeValue(forKey: live.name)
      }
    }
    // Freed behind the lock.
    withExtendedLifetime(gone) {}
  }

  /// Says in a tenant's log that the file which is about to be put in its place has all of it. False: there
  /// is no log.
  func endLog(of tenant: String, in mark: FileMark) throws(FileError) -> Bool {
    let path = changesPath(of: tenant)
    guard let found = try DurableFile.identity(path) else { return false }
    try DurableFile.requireFile(path)
    let addition = try DurableFile.Addition(to: path, expecting: found)
    try addition.write(ChangeFile.end(in: mark))
    _ = try addition.finish()
    return true
  }

  /// What cannot be taken away says itself that it is of no use any more.
  func removeLog(of tenant: String) { _ = try? DurableFile.remove(changesPath(of: tenant)) }

  // MARK: Restoring

  /// Goes on with what a tenant's log says, up to where it is damaged.
  ///
  /// - Returns: what is wrong there; nil: all of it was read.
  func takeChanges(
    of tenant: String, since mark: FileMark, into reader: SnapshotReader
  ) throws(SnapshotError) -> SnapshotError? {
    guard let reading = try log(of: tenant) else { return nil }
    // Where its very beginning is cut, nobody was told of anything in it.
    guard let file = try outline(of: reading), !file.wholes.contains(mark.bytes) else {
      removeLog(of: tenant)
      return nil
    }
    guard file.base == mark.bytes else {
      throw .damaged("its changes go on from another file")
    }
    var damage: SnapshotError? = file.isDamaged ? .damaged("its changes break off") : nil
    archives: for archive in file.archives {
      let changes: SnapshotReader
      do throws(SnapshotError) {
        changes = try read(archive, of: reading)
      } catch {
        switch error {
        case .noRoom, .file: throw error
        default: damage = error
        }
        break archives
      }
      try reader.take(changes)
    }
    try reader.settleChanges()
    return damage
  }

  private func read(
    _ archive: Range<Int64>, of file: DurableFile.Reading
  ) throws(SnapshotError) -> SnapshotReader {
    let reader = try SnapshotReader(
      budget: pipeline.tenants.budget, limits: .own, holdsChanges: true)
    try file.read(archive) { piece throws(SnapshotError) in try reader.feed(piece) }
    try reader.finish()
    return reader
  }

  private func log(of tenant: String) throws(SnapshotError) -> DurableFile.Reading? {
    try SnapshotError.onDisk { () throws(FileError) in
      do throws(FileError) {
        return try DurableFile.Reading(changesPath(of: tenant))
      } catch {
        if error.isMissing { return nil }
        throw error
      }
    }
  }

  private func outline(of file: DurableFile.Reading) throws(SnapshotError) -> ChangeFile? {
    try SnapshotError.onDisk { () throws(FileError) in try ChangeFile(file) }
  }

  /// At the start: changes of what is not there.
  func setLonelyLogsAside(_ tenants: TextSet) {
    for name in namesAtStart where name.hasSuffix(Self.logEnding) {
      let tenant = String(name.dropLast(Self.logEnding.count))
      guard Tenant.isName(tenant), !tenants.contains(tenant) else { continue }
      if let log = try? log(of: tenant), let file = try? outline(of: log),
        file.wholes.contains(FileMark().bytes)
      {
        removeLog(of: tenant)
        continue
      }
      _ = try? setLogAside(of: tenant, "The file that they go on from is not there.")
    }
  }

  /// Gives a log that cannot be read another name. False: there is none.
  ///
  /// - Parameter isRead: up to its damage.
  func setLogAside(
    of tenant: String, _ reason: String, isRead: Bool = false
  ) throws(FileError) -> Bool {
    let path = changesPath(of: tenant)
    guard try DurableFile.identity(path) != nil else { return false }
    let file = try moveAside(path, "damaged")
    report(
      isRead
        ? .changesCutOff(tenant: tenant, file: file, reason: reason)
        : .changesSetAside(tenant: tenant, file: file, reason: reason))
    return true
  }
}
