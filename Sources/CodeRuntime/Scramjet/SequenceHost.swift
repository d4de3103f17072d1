import Dispatch

/// Runs sequences: keeps their packages unpacked, starts their processes and ends them.
///
/// Once a sequence in some language was started, a process that has loaded that language's runner waits
/// for the next one, which then begins in some milliseconds. It is a process like the others (its own
/// user, home, network and bounds), counts as one of them, and goes where a start needs its place.
package actor SequenceHost {
  /// Unpacked packages take some megabytes of disk each.
  private static let packagesMax = 256

  private struct Place {
    var task: Task<Result<String, CodeError>, Never>
    var lastUse: Int
    /// Processes that run in it.
    var processes = 0
  }

  private let launcher: Launcher
  private let store: CodeStore
  /// Where code finds the server.
  package nonisolated let address: ServerAddress
  private var places: [String: Place] = [:]
  private var uses = 0
  private var running: [ObjectIdentifier: SequenceProcess] = [:]
  private var startingCount = 0
  /// What waits for the next sequence; a task while it is being started.
  private var spares: [SequenceProcess.Language: Task<SequenceProcess?, Never>] = [:]
  private var isShutDown = false

  package init(_ launcher: Launcher, _ store: CodeStore, _ address: ServerAddress) {
    self.launcher = launcher
    self.store = store
    self.address = address
  }

  /// Starts an instance's process.
  /// - Parameters:
  ///   - package: a name of its archive, the same for the same bytes.
  ///   - order: all but the folder.
  package func start(
    _ order: SequenceProcess.Order, package name: String,
    archive: @escaping @Sendable () -> [[UInt8]]
  ) async throws(CodeError) -> SequenceProcess {
    guard !isShutDown else { throw .shuttingDown }
    guard running.count + startingCount < launcher.settings.workersMax else { throw .noWorker }
    startingCount += 1
    let started: Result<SequenceProcess, CodeError>
    do throws(CodeError) {
      started = .success(try await launch(order, name, archive))
    } catch {
      started = .failure(error)
    }
    startingCount -= 1
    let process = try started.get()
    guard !isShutDown else {
      process.close()
      throw .shuttingDown
    }
    running[ObjectIdentifier(process)] = process
    Task {
      _ = await process.ended()
      running[ObjectIdentifier(process)] = nil
      await leave(name)
    }
    prepareSpare(order.language)
    return process
  }

  private func launch(
    _ order: SequenceProcess.Order, _ name: String,
    _ archive: @escaping @Sendable () -> [[UInt8]]
  ) async throws(CodeError) -> SequenceProcess {
    var order = order
    order.folder = try await folder(name, archive)
    do throws(CodeError) {
      return try await process(for: order)
    } catch {
      await leave(name)
      throw error
    }
  }

  // MARK: Processes that wait

  /// The one that waits, or a new one, with its sequence.
  private func process(
    for order: SequenceProcess.Order
  ) async throws(CodeError) -> SequenceProcess {
    if let spare = await spares.removeValue(forKey: order.language)?.value {
      if !spare.hasEnded, await spare.begin(order) { return spare }
      spare.close()
    }
    // This one counts as starting.
    while count > launcher.settings.workersMax, let language = spares.keys.first {
      await spares.removeValue(forKey: language)?.value?.close()
    }
    let process = try await SequenceProcess.launch(order.language, launcher, store)
    _ = await process.begin(order)
    return process
  }

  private var count: Int { running.count + startingCount + spares.count }

  private func prepareSpare(_ language: SequenceProcess.Language) {
    guard !isShutDown, spares[language] == nil, count < launcher.settings.workersMax else {
      return
    }
    spares[language] = Task { [launcher, store] in
      try? await SequenceProcess.launch(language, launcher, store)
    }
  }

  // MARK: Packages

  /// The folder of a package, unpacked once; counted as in use from now on.
  private func folder(
    _ name: String, _ archive: @escaping @Sendable () -> [[UInt8]]
  ) async throws(CodeError) -> String {
    uses += 1
    let task =
      places[name]?.task
      ?? Task { [store] in
        do throws(CodeError) {
          return .success(try await store.unpackSequence(archive()))
        } catch {
          return .failure(error)
        }
      }
    places[name, default: Place(task: task, lastUse: uses)].lastUse = uses
    places[name]?.processes += 1
    let result = await task.value
    // Who asked meanwhile may have begun another.
    if case .failure = result, places[name]?.task == task { places[name] = nil }
    return try result.get()
  }

  private func leave(_ name: String) async {
    places[name]?.processes -= 1
    guard places.count > Self.packagesMax else { return }
    let idle = places.filter { $0.value.processes == 0 }
    guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
    places[oldest.key] = nil
    if case .success(let folder) = await oldest.value.task.value { store.remove(folder) }
  }

  /// Ends all processes; none is started any more.
  package func shutDown() async {
    isShutDown = true
    var processes = Array(running.values)
    for spare in spares.values { if let process = await spare.value { processes.append(process) } }
    spares = [:]
    for process in processes { process.endWithServer() }
    for process in processes { _ = await process.ended() }
  }
}

extension CodeStore {
  /// Unpacks an archive into a folder of its own.
  func unpackSequence(_ chunks: [[UInt8]]) async throws(CodeError) -> String {
    let folder = try makeReadableFolder()
    do throws(CodeError) {
      try await SequenceArchive.unpack(chunks, into: folder)
      return folder
    } catch {
      remove(folder)
      throw error
    }
  }
}
