import Dispatch
package import PayloadCodecs

/// Runs packages and plugins: unpacks what is uploaded, keeps processes that have it loaded, and hands
/// them requests.
///
/// An idle process waits for each program that is used; more come on demand up to the bound for all,
/// and the one that was idle longest goes first.
package actor InvocableHost {
  private struct Idle {
    var worker: InvocableWorker
    var since: ContinuousClock.Instant
  }

  private struct Waiting {
    var number: Int
    var continuation: CheckedContinuation<Bool, Never>
  }

  let launcher: Launcher
  nonisolated let store: CodeStore
  private var zygotes: [String: Task<Zygote?, Never>] = [:]
  private var environments: [String: Task<Result<String, CodeError>, Never>] = [:]
  private var idle: [InvocableProgram: [Idle]] = [:]
  private var busy: [ObjectIdentifier: (worker: InvocableWorker, program: InvocableProgram)] = [:]
  private var count = 0
  private var waiting: [Waiting] = []
  private var lastNumber = 0
  private var isShutDown = false

  package init(_ launcher: Launcher, _ store: CodeStore) {
    self.launcher = launcher
    self.store = store
  }

  // MARK: Programs

  /// Makes an uploaded archive ready: unpacked, its requirements installed.
  package func install(_ archive: [[UInt8]]) async throws(CodeError) -> InvocableProgram {
    // Meanwhile: most code runs by the interpreter that is given.
    if zygotes.isEmpty { Task { _ = await zygote(launcher.settings.python) } }
    let folder = try await unpack(archive)
    do throws(CodeError) {
      let requirements = store.requirements(of: folder)
      let isInstalled = launcher.settings.installsRequirements
      let python =
        if let requirements, isInstalled {
          try await interpreter(with: requirements, in: folder, archive)
        } else {
          launcher.settings.python
        }
      return InvocableProgram(
        folder: folder, python: python, bringsSDK: store.isFolder(folder + "/steamship"),
        lacksRequirements: requirements != nil && !isInstalled)
    } catch {
      store.remove(folder)
      throw error
    }
  }

  /// Ends what runs of it, and takes its files away.
  package func remove(_ program: InvocableProgram) {
    for idle in idle.removeValue(forKey: program) ?? [] { end(idle.worker) }
    store.remove(program.folder)
  }

  /// Ends one process that waits for a call of it, as one that a call has brought down.
  package func lose(_ program: InvocableProgram) {
    if let worker = idle[program]?.popLast()?.worker { end(worker) }
  }

  /// Ends what runs of it; calls at work fail.
  package func crash(_ program: InvocableProgram) {
    for idle in idle.removeValue(forKey: program) ?? [] { end(idle.worker) }
    for (worker, other) in busy.values where other == program { worker.kill() }
  }

  /// The interpreter of an environment with the folder's requirements: the same requirements have the
  /// same environment, built once, whoever asks for it first.
  private func interpreter(
    with requirements: [UInt8], in folder: String, _ archive: [[UInt8]]
  ) async throws(CodeError) -> String {
    let digest = Environment.digest(requirements, archive, launcher.settings)
    let task =
      environments[digest]
      ?? Task { [launcher, store] in
        do throws(CodeError) {
          return .success(try await Environment.make(for: folder, digest, launcher, store))
        } catch {
          return .failure(error)
        }
      }
    environments[digest] = task
    let result = await task.value
    if case .failure = result { environments[digest] = nil }
    return try result.get()
  }

  // MARK: Requests

  /// Hands a request to the program's code and waits for its answer.
  /// - Parameter print: gets what the code prints meanwhile.
  package func call(
    _ program: InvocableProgram, _ event: JSON, print: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(CodeError) -> JSON {
    let worker = try await worker(for: program, print)
    busy[ObjectIdentifier(worker)] = (worker, program)
    defer { busy[ObjectIdentifier(worker)] = nil }
    do throws(CodeError) {
      let answer = try await worker.call(event, timeout: launcher.settings.timeout)
      giveBack(worker, of: program)
      return answer
    } catch {
      end(worker)
      throw isShutDown ? .shuttingDown : error
    }
  }

  private func worker(
    for program: InvocableProgram, _ print: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(CodeError) -> InvocableWorker {
    while true {
      guard !isShutDown else { throw .shuttingDown }
      if let worker = idle[program]?.popLast()?.worker {
        guard !worker.hasEnded else {
          end(worker)
          continue
        }
        worker.print.direct(to: print)
        return worker
      }
      if count < launcher.settings.workersMax || endLongestIdle() { break }
      guard await waitForOne() else { throw .noWorker }
    }
    count += 1
    do throws(CodeError) {
      let zygote = program.bringsSDK ? nil : await zygote(program.python)
      return try await InvocableWorker.start(program, launcher, zygote, store, print: print)
    } catch {
      count -= 1
      wakeOne()
      throw error
    }
  }

  private func giveBack(_ worker: InvocableWorker, of program: InvocableProgram) {
    guard !isShutDown, store.isFolder(program.folder) else { return end(worker) }
    worker.print.direct(to: nil)
    idle[program, default: []].append(Idle(worker: worker, since: .now))
    wakeOne()
  }

  private func end(_ worker: InvocableWorker) {
    worker.end(store)
    count -= 1
    wakeOne()
  }

  /// False: none is idle.
  private func endLongestIdle() -> Bool {
    let oldest = idle.min { left, right in
      guard let left = left.value.first else { return false }
      guard let right = right.value.first else { return true }
      return left.since < right.since
    }
    guard let (program, workers) = oldest, let first = workers.first else { return false }
    idle[program]?.removeFirst()
    first.worker.end(store)
    count -= 1
    return true
  }

  /// False: it has taken too long.
  private func waitForOne() async -> Bool {
    lastNumber += 1
    let number = lastNumber
    let watch = DispatchWorkItem { @Sendable in Task { await self.giveUp(number) } }
    DispatchQueue.global().asyncAfter(
      deadline: .now() + launcher.settings.timeout.inSeconds, execute: watch)
    defer { watch.cancel() }
    return await withCheckedContinuation { continuation in
      waiting.append(Waiting(number: number, continuation: continuation))
    }
  }

  private func giveUp(_ number: Int) {
    guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
    waiting.remove(at: index).continuation.resume(returning: false)
  }

  private func wakeOne() {
    if !waiting.isEmpty { waiting.removeFirst().continuation.resume(returning: true) }
  }

  // MARK: Zygotes

  /// Nil: that interpreter has no SDK, or the like: then a worker alone says why.
  private func zygote(_ python: String) async -> Zygote? {
    let before = zygotes[python]
    if let known = await before?.value, !known.hasEnded { return known }
    // Who has waited for the same one and is ahead has begun another: were that replaced at once, its workers
    // would go with it.
    if let begun = zygotes[python], begun != before { return await begun.value }
    let task = Task { [launcher, store] in
      try? await Zygote.start(python: python, launcher, store)
    }
    zygotes[python] = task
    return await task.value
  }

  /// Ends all processes, and waits until they are gone. What waits for an answer fails.
  package func shutDown() async {
    isShutDown = true
    let workers = idle.values.flatMap { $0.map(\.worker) } + busy.values.map(\.worker)
    for workers in idle.values { for idle in workers { idle.worker.end(store) } }
    idle = [:]
    // Their calls fail, and end them.
    for (worker, _) in busy.values { worker.kill() }
    for waiting in waiting { waiting.continuation.resume(returning: false) }
    waiting = []
    for task in zygotes.values { await task.value?.end() }
    for worker in workers { await worker.ended() }
  }
}
