import CodeRuntime
import EmulatorKernel
import PayloadCodecs

/// Stands between an instance in the world and its process: hands over what each has for the other, as
/// fast as the other takes it, until both are over.
///
/// **Isolation**: a value; its tasks share nothing but the world and the process.
struct SequenceDriver: Sendable {
  let world: World<ScramjetState>
  let serial: InstanceKey
  let epoch: Int
  /// The tenant stays in memory as long as a process runs in it.
  let use: TenantUse

  /// Starts the process and stays with it until it is over.
  func run(_ start: @Sendable () async throws(CodeError) -> SequenceProcess) async {
    defer { withExtendedLifetime(use) {} }
    let process: SequenceProcess
    do throws(CodeError) { process = try await start() } catch {
      change { state, step in state.processFails(serial, error.description, &step) }
      return
    }
    let isWanted = change { state, _ in state.instances[serial]?.process?.pid = process.pid }
    guard isWanted else { return process.close() }
    await withTaskGroup { group in
      group.addTask { await tell(process) }
      for (lane, stream) in [(Lane.input, SequenceProcess.Stream.input), (.stdin, .stdin)] {
        group.addTask { await feed(lane, to: stream, of: process) }
      }
      group.addTask { await watch(process) }
      group.addTask { await hold(process) }
      await listenUntilTheEnd(process)
      group.cancelAll()
    }
    let how = await process.ended()
    // Else the world stays as it was saved: its instance fails where it comes back, and says why.
    guard !process.endedWithServer else { return }
    change { state, step in state.processEnded(serial, how: how, &step) }
    world.tenant.codeRests()
  }

  /// Takes what comes from the process until it is over and its pipes are empty.
  private func listenUntilTheEnd(_ process: SequenceProcess) async {
    await withTaskGroup { group in
      group.addTask { await listen(to: process) }
      for source in [SequenceProcess.Source.output, .stdout, .stderr] {
        group.addTask { await pump(source, of: process) }
      }
      _ = await process.ended()
      change { state, step in state.processEnds(serial, &step) }
      // Whoever it has left behind may hold its pipes open.
      process.close(after: .milliseconds(500))
      await group.waitForAll()
    }
    process.close()
  }

  // MARK: The world

  /// Changes the world, if it is still the one that the instance is in.
  @discardableResult
  private func change(
    _ body: @Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void
  ) -> Bool {
    world.mutate { state, step in
      guard isHere(state) else { return false }
      body(&state, &step)
      return true
    }
  }

  private func isHere(_ state: borrowing ScramjetState) -> Bool {
    state.epoch == epoch && state.instances[serial] != nil && !world.tenant.isRemoved
  }

  /// Waits for something of the instance; nil: there will be nothing more.
  private func wait<Value: Sendable>(
    for part: ScramjetState.WakeKey.Part,
    _ body:
      @Sendable (inout ScramjetState, inout ScramjetState.Step) throws(ProcessIsOver) ->
      Value?
  ) async -> Value? {
    let found = try? await world.wait(for: .process(serial, part)) {
      state, step -> Awaited<Value?> in
      guard isHere(state) else { return .ready(nil) }
      do throws(ProcessIsOver) {
        guard let value = try body(&state, &step) else { return .idle }
        return .ready(value)
      } catch { return .ready(nil) }
    }
    return found ?? nil
  }

  // MARK: To the process

  private func feed(
    _ lane: Lane, to stream: SequenceProcess.Stream, of process: SequenceProcess
  ) async {
    while let supply = await wait(
      for: .lane(lane),
      { state, step throws(ProcessIsOver) in
        try state.supply(lane, to: serial, &step)
      })
    {
      // What it does not read any more is dropped: its writers are not to wait for ever.
      if !supply.bytes.isEmpty { _ = await process.write(supply.bytes, to: stream) }
      if supply.ends { return process.endWriting(to: stream) }
    }
  }

  private func tell(_ process: SequenceProcess) async {
    while let orders = await wait(
      for: .orders,
      { state, step throws(ProcessIsOver) in
        try state.takeOrders(for: serial, asks: world.isSkipping, &step)
      })
    {
      for order in orders { await tell(order, process) }
    }
  }

  private func tell(_ order: CodeProcess.Order, _ process: SequenceProcess) async {
    switch order {
    case .input(let type): await process.setInputType(type)
    case .event(let name, let message): await process.send(event: name, message: message)
    case .stop(let milliseconds, let mayCallKeepAlive):
      await process.stop(timeoutMilliseconds: milliseconds, canCallKeepAlive: mayCallKeepAlive)
    case .kill: await process.askToGo()
    case .leave: await process.leave()
    case .rate(let milliseconds): await process.setRate(milliseconds: milliseconds)
    case .rest(let number): await process.askForIdle(number: number)
    }
  }

  /// Ends the process when its instance is over: at once where the instance is gone or has crashed; one
  /// that was through, or is killed, gets a moment to go by itself.
  private func watch(_ process: SequenceProcess) async {
    let goesByItself = try? await world.wait(for: .instance(serial)) { state, _ -> Awaited<Bool> in
      guard isHere(state), let instance = state.instances[serial] else { return .ready(false) }
      guard instance.status.isOver else { return .idle }
      return .ready(instance.process?.isCrashed == false)
    }
    switch goesByItself {
    case true?: process.end(after: .milliseconds(500))
    case false?: process.end()
    // The process itself is over.
    case nil: break
    }
  }

  /// Lets the process stand still, and go on, as the world has it.
  private func hold(_ process: SequenceProcess) async {
    var isHeld = false
    while let wanted = await wait(
      for: .hold,
      { [isHeld] state, _ throws(ProcessIsOver) in
        guard let process = state.instances[serial]?.process else { throw ProcessIsOver() }
        return process.isHeld == isHeld ? nil : process.isHeld
      })
    {
      isHeld = wanted
      process.hold(isHeld)
    }
  }

  // MARK: From the process

  private func listen(to process: SequenceProcess) async {
    while let saying = await process.nextSaying() {
      let wasHeard = change { state, step in state.hear(saying, from: serial, &step) }
      guard wasHeard else { return process.end() }
      if case .idle = saying { world.tenant.codeRests() }
    }
    // Without a word it cannot be stopped: its end is near, or it has closed the channel.
    process.end(after: .milliseconds(1_000))
  }

  private func pump(_ source: SequenceProcess.Source, of process: SequenceProcess) async {
    while let bytes = await process.read(source) {
      let isTaken = await wait(
        for: .source(source),
        { state, step throws(ProcessIsOver) in
          try state.take(bytes, from: source, of: serial, &step) ? true : nil
        })
      guard isTaken != nil else { return process.end() }
    }
    guard !process.endedWithServer else { return }
    change { state, step in state.sourceEnded(source, of: serial, &step) }
  }
}
