import PayloadCodecs
import Synchronization

extension WorldStore {
  /// Takes away what an interrupted save left, and restores the default tenant and the first others.
  /// The rest waits for its first use, so that a server with thousands of tenants is ready as soon as
  /// one with a few. What it cannot restore it reports; it never fails.
  package func restoreAll() {
    var tenants: [String] = []
    for name in namesAtStart {
      if let tenant = Self.temporaryTenant(name) {
        _ = try? DurableFile.remove("\(directory)/.\(tenant)\(Self.ending).tmp")
      } else if name.hasSuffix(Self.ending) {
        let tenant = String(name.dropLast(Self.ending.count))
        if Tenant.isName(tenant) { tenants.append(tenant) } else { report(.ignored(file: name)) }
      }
    }
    state.withLock { $0.names = TextSet(tenants) }
    setLonelyLogsAside(TextSet(tenants))
    let early = earlyCount(tenants)
    for (index, tenant) in tenants.enumerated()
    where index < early || tenant == Tenant.defaultName {
      restore(tenant)
    }
    let sleeping = pipeline.tenants.overview.sleeping.count
    if sleeping > 0 { report(.sleeping(count: sleeping)) }
  }

  private func restore(_ tenant: String) {
    guard tenant != Tenant.defaultName else { return load(pipeline.tenants.default) }
    do throws(ScenarioProblems) {
      try pipeline.tenants.use(tenant).tenant.uses.end()
    } catch {
      report(.notReadable(tenant: tenant, reason: "the scenario does not start"))
    }
  }

  /// How many are restored at the start: few and small enough to take no time that anybody notices.
  private func earlyCount(_ tenants: [String]) -> Int {
    var bytes: Int64 = 0
    for (index, tenant) in tenants.prefix(Self.earlyTenantsMax).enumerated() {
      let identity = try? DurableFile.identity(path(of: tenant))
      bytes += identity?.size ?? 0
      if bytes > Self.earlyBytesMax { return index }
    }
    return min(tenants.count, Self.earlyTenantsMax)
  }

  private static let earlyTenantsMax = 32
  private static let earlyBytesMax: Int64 = 16 << 20

  /// The tenant whose half-written file has that name.
  private static func temporaryTenant(_ name: String) -> String? {
    guard name.hasPrefix("."), name.hasSuffix(ending + ".tmp") else { return nil }
    let tenant = String(name.dropFirst().dropLast(ending.count + 4))
    return Tenant.isName(tenant) ? tenant : nil
  }

  /// Whether something lies where a tenant's file would.
  func hasFile(_ tenant: String) -> Bool {
    do throws(FileError) {
      return try DurableFile.identity(path(of: tenant)) != nil
    } catch {
      return true
    }
  }

  /// Puts a tenant's file in force, if there is one, in a tenant that nobody else knows yet.
  func load(_ live: LiveTenant) {
    let path = path(of: live.name)
    var standing = Standing()
    var isOnDisk = true
    do throws(SnapshotError) {
      (standing.file, isOnDisk) = try read(path, into: live)
      report(.restored(tenant: live.name))
    } catch {
      switch error {
      case .file(let error) where error.isMissing: break
      case .file, .noRoom, .notOurs:
        // The file may be good: it must be there for the next try.
        standing.mustStay = error.text
        report(.notReadable(tenant: live.name, reason: error.text))
      default: standing.mustStay = setAside(live.name, path, error)
      }
    }
    // A tenant whose file must stay counts as saved as long as nothing happens in it.
    if isOnDisk, standing.file != nil || standing.mustStay != nil {
      standing.tenantID = live.id
      standing.revision = live.revision
    }
    let known = standing
    state.withLock { state in
      state.standings[live.name] = known
      if known.file == nil, known.mustStay == nil {
        state.names.remove(live.name)
      } else {
        state.names.insert(live.name)
      }
    }
  }

  /// Reads a tenant's file and its log; without the log where that cannot be read.
  private func read(
    _ path: String, into live: LiveTenant
  ) throws(SnapshotError) -> (file: FileIdentity, isOnDisk: Bool) {
    do throws(SnapshotError) {
      return try read(path, into: live, takesChanges: true)
    } catch {
      switch error {
      case .file, .noRoom, .notOurs: throw error
      default: break
      }
      guard try setLogAside(of: live.name, because: error) else { throw error }
      return try read(path, into: live, takesChanges: false)
    }
  }

  private func read(
    _ path: String, into live: LiveTenant, takesChanges: Bool
  ) throws(SnapshotError) -> (file: FileIdentity, isOnDisk: Bool) {
    let reader = try SnapshotReader(budget: pipeline.tenants.budget, limits: .own)
    var mark = FileMark()
    let file = try SnapshotError.onDisk { () throws(FileError) in try DurableFile.Reading(path) }
    do throws(SnapshotError) {
      try file.read { piece throws(SnapshotError) in
        mark.add(piece)
        try reader.feed(piece)
      }
    } catch {
      // Somebody's own, in a folder that is not ours alone: it stays where it is.
      guard case .unexpectedEntry(let entry) = error, !reader.hasManifest else { throw error }
      throw .notOurs(entry)
    }
    var damage: SnapshotError?
    if takesChanges {
      // An archive that is cut is found here, before anything is added to it.
      try reader.finish()
      damage = try takeChanges(of: live.name, since: mark, into: reader)
    }
    try Restore(reader, into: live, of: pipeline).putInForce()
    guard let damage else { return (file.identity, true) }
    _ = try setLogAside(of: live.name, because: damage, isRead: true)
    return (file.identity, false)
  }

  private func setLogAside(
    of tenant: String, because error: SnapshotError, isRead: Bool = false
  ) throws(SnapshotError) -> Bool {
    try SnapshotError.onDisk { () throws(FileError) in
      try setLogAside(of: tenant, error.text, isRead: isRead)
    }
  }

  /// Gives a damaged file another name. Nil when that is done; else why the file must stay.
  private func setAside(_ tenant: String, _ path: String, _ damage: SnapshotError) -> String? {
    do throws(FileError) {
      let aside = try moveAside(path, "damaged")
      report(.setAside(tenant: tenant, file: aside, reason: damage.text))
      return nil
    } catch {
      report(.notReadable(tenant: tenant, reason: "\(damage.text) \(error)"))
      return "\(damage.text) \(error)"
    }
  }

  /// Gives a file the first free name `….WORD-1`, `….WORD-2`, ….
  func moveAside(_ path: String, _ word: String) throws(FileError) -> String {
    var number = 1
    while true {
      let aside = "\(path).\(word)-\(number)"
      do throws(FileError) {
        try DurableFile.move(path, to: aside)
        try DurableFile.syncDirectory(directory)
        return aside
      } catch {
        guard error.isTaken, number < 1000 else { throw error }
        number += 1
      }
    }
  }
}
