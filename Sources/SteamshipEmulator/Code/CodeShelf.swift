package import CodeRuntime
import EmulatorKernel
import PayloadCodecs

/// What runs the uploaded code of packages and plugins, and where that code finds this server.
package struct CodeFace: Sendable {
  let host: InvocableHost
  private let address: ServerAddress
  let shelf: CodeShelf

  package init(_ host: InvocableHost, _ address: ServerAddress) {
    self.host = host
    self.address = address
    shelf = CodeShelf(host)
  }

  /// `http://127.0.0.1:7070`: the address inside the network that code has.
  var origin: String { address.url }

  /// Waits until code would find the server there.
  func isReachable() async { await address.isKnown() }
}

/// The programs that are unpacked, by the version whose archive they are. None is part of the world:
/// what is not here is unpacked when it is asked for.
actor CodeShelf {
  /// Unpacked packages take some megabytes of disk each.
  private static let programsMax = 256

  private struct Place {
    var task: Task<Result<InvocableProgram, CodeError>, Never>
    var lastUse: Int
  }

  private let host: InvocableHost
  private var places: [ProgramName: Place] = [:]
  private var uses = 0

  init(_ host: InvocableHost) { self.host = host }

  /// The program of a version, unpacked and installed once.
  func program(
    _ name: ProgramName, archive: @escaping @Sendable () -> [[UInt8]]
  ) async throws(CodeError) -> InvocableProgram {
    uses += 1
    let task =
      places[name]?.task
      ?? Task { [host] in
        do throws(CodeError) {
          return .success(try await host.install(archive()))
        } catch {
          return .failure(error)
        }
      }
    places[name] = Place(task: task, lastUse: uses)
    await dropOldest()
    let result = await task.value
    if case .failure = result { places[name] = nil }
    return try result.get()
  }

  /// One that is unpacked already, for a version that has been made of it.
  func put(_ program: InvocableProgram, as name: ProgramName) async {
    await remove(name)
    uses += 1
    places[name] = Place(task: Task { .success(program) }, lastUse: uses)
    await dropOldest()
  }

  /// Forgets the programs of versions that are gone.
  func keepOnly(_ versionIDs: Set<ExactText>, ofTenant tenant: String) async {
    for name in places.keys
    where name.tenant.isExactly(tenant) && !versionIDs.contains(ExactText(name.versionID)) {
      await remove(name)
    }
  }

  /// Ends the processes that have a version's code loaded.
  func crash(versionID: String, ofTenant tenant: String) async {
    for (name, place) in places
    where name.tenant.isExactly(tenant) && name.versionID.isExactly(versionID) {
      if case .success(let program) = await place.task.value { await host.crash(program) }
    }
  }

  /// Ends one process that waits for a call of a version.
  func lose(versionID: String, ofTenant tenant: String) async {
    for (name, place) in places
    where name.tenant.isExactly(tenant) && name.versionID.isExactly(versionID) {
      if case .success(let program) = await place.task.value { await host.lose(program) }
    }
  }

  private func remove(_ name: ProgramName) async {
    guard let place = places.removeValue(forKey: name) else { return }
    if case .success(let program) = await place.task.value { await host.remove(program) }
  }

  private func dropOldest() async {
    guard places.count > Self.programsMax,
      let oldest = places.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
    else { return }
    await remove(oldest)
  }
}

/// Which archive of which version of whom: ids come again after a reset, with other content.
struct ProgramName: Sendable, Hashable {
  @ExactText var tenant: String
  @ExactText var versionID: String
  @ExactText var digest: String
}
