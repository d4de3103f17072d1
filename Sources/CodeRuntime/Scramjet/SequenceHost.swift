import Dispatch

/// Runs sequences: keeps their packages unpacked, starts their processes and ends them.
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
    defer { startingCount -= 1 }
    let folder = try await folder(name, archive)
    var order = order
    order.folder = folder
    let process: SequenceProcess
    do throws(CodeError) {
      process = try await SequenceProcess.start(order, launcher, store)
    } catch {
      await leave(name)
      throw error
    }
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
    return process
  }

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
    if case .failure = result { places[name] = nil }
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
    let processes = Array(running.values)
    for process in processes { process.end() }
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
