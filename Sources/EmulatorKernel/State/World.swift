public import HTTPModel

/// A service's way to its state in one tenant: every access first lets happen what is due by the
/// tenant's clock.
///
/// **Waiting** is done here and nowhere else: `wait` for something that is to come, `look` for a
/// question about something that may be in progress, `poll` for a body that its connection fetches.
/// All three let time jump where the clock mode is `skip` (DESIGN §4), in pieces, so that no loop is
/// held; none of them counts as work on a request meanwhile.
@usableFromInline package struct World<State: ServiceState>: Sendable {
  @usableFromInline package typealias Step = StepContext<State.WakeKey>

  @usableFromInline package let tenant: Tenant
  @usableFromInline package let box: StateBox<State>

  package init(tenant: Tenant, box: StateBox<State>) {
    self.tenant = tenant
    self.box = box
  }

  package var now: VirtualInstant { tenant.clock.now }
  package var blobs: BlobStore { box.blobs }
  /// Whether time jumps for those who ask and wait.
  @inlinable package var isSkipping: Bool { tenant.clock.isSkipping }

  /// Looks at the state as it is now.
  @inlinable package func read<Value, Failure: Error>(
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try box.read(settledTo: { tenant.clock.now }, body)
  }

  /// Changes the state. A body that throws must have changed nothing.
  @inlinable package func mutate<Value: Sendable, Failure: Error>(
    _ body: (inout State, inout Step) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let (value, due) = try box.mutate(settledTo: { tenant.clock.now }, body)
    tenant.dueMayHaveChanged(due)
    return value
  }

  /// One try for something that is waited for, under the lock of whoever moves time.
  private func attempt<Value>(
    _ woken: inout [Waiter], _ body: (inout State, inout Step) -> Awaited<Value>
  ) -> Awaited<Value> {
    let (found, due) = box.mutate(settledTo: { tenant.clock.now }, woken: &woken, body)
    tenant.dueMayHaveChanged(due)
    return found
  }

  private func isStill(
    _ isComing: (borrowing State) -> Bool, _ woken: inout [Waiter]
  ) -> Bool {
    box.read(settledTo: { tenant.clock.now }, woken: &woken) { state in isComing(state) }
  }

  // MARK: Waiting

  /// Waits until `body` gives a value; it is tried again whenever `key` is woken. While it says that
  /// time brings it, the clock mode `skip` jumps.
  /// - Parameter budget: goes through so many events at most, and then waits for news.
  /// - Throws: `CancellationError` when the task is cancelled meanwhile, or the tenant was removed.
  package nonisolated(nonsending) func wait<Value: Sendable>(
    for key: State.WakeKey, _ budget: SkipBudget = .ofWait,
    _ body: @Sendable (inout State, inout Step) -> Awaited<Value>
  ) async throws(CancellationError) -> Value {
    let ticket = WaitTicket(TimeHold.current)
    defer { ticket.goToWork() }
    while true {
      ticket.renew()
      let (value, due) = box.enter(
        ticket, for: key, isTimed: isSkipping, settledTo: { tenant.clock.now }, body)
      tenant.dueMayHaveChanged(due)
      if let value { return value }
      if tenant.isRemoved {
        box.leave(ticket, key)
        throw CancellationError()
      }
      ticket.pause()
      let brought = await bring(ticket, budget, body)
      if brought != nil || Task.isCancelled { box.leave(ticket, key) }
      if let brought { return brought }
      if Task.isCancelled { throw CancellationError() }
    }
  }

  /// Moves time as far as that helps and is allowed, then lets the task sleep until there is news.
  /// - Returns: what moving time has brought; nil: there is news, or the task is cancelled.
  private nonisolated(nonsending) func bring<Value: Sendable>(
    _ ticket: WaitTicket, _ budget: SkipBudget,
    _ body: @Sendable (inout State, inout Step) -> Awaited<Value>
  ) async -> Value? {
    var budget = budget
    while !ticket.isWoken, !Task.isCancelled {
      ticket.beginAttempt()
      var found: Value?
      let jump = tenant.skip(&budget) { woken in
        if ticket.isWoken { return false }
        switch attempt(&woken, body) {
        case .idle: return false
        case .coming: return true
        case .ready(let value):
          found = value
          ticket.goToWork()
          return false
        }
      }
      if let found { return found }
      switch jump {
      case .more: await Task.yield()
      case .off, .exhausted: await ticket.suspend(ignoringTime: true)
      case .stopped, .nothingDue, .heldByRequest, .heldOutside:
        await ticket.suspend(ignoringTime: false)
      }
    }
    return nil
  }

  /// A client asks about something: call it before the answer is made. With the clock mode `skip`
  /// time jumps, event by event, as long as `isComing` says that time brings the thing nearer its
  /// end; returns then, or when nothing is due, or at once while code is at work outside. In the
  /// other modes it does nothing.
  /// - Parameter budget: goes through so many events at most.
  package nonisolated(nonsending) func look(
    _ budget: SkipBudget = .ofLook, while isComing: (borrowing State) -> Bool
  ) async {
    guard isSkipping else { return }
    let ticket = WaitTicket(TimeHold.current)
    box.enter(ticket)
    ticket.pause()
    defer {
      box.leave(ticket, nil)
      ticket.goToWork()
    }
    var budget = budget
    while !Task.isCancelled, !tenant.isRemoved {
      ticket.beginAttempt()
      let jump = tenant.skip(&budget) { woken in
        if isStill(isComing, &woken) { return true }
        ticket.goToWork()
        return false
      }
      switch jump {
      case .more: await Task.yield()
      case .heldByRequest: await ticket.suspend(ignoringTime: false)
      case .off, .stopped, .nothingDue, .heldOutside, .exhausted: return
      }
    }
  }

  /// What a body that its connection fetches has now; if more may come, `writer` is told when `key`
  /// is woken. `stopPolling` ends that.
  ///
  /// - Parameter isComing: whether there is still nothing and time brings more. Then time jumps a
  ///   little way where the clock mode is `skip`, and if that is not enough the writer is told to come
  ///   again after the loop's others have had their turn.
  @inlinable package func poll(
    for key: State.WakeKey, _ writer: BodyWriter, _ budget: inout SkipBudget,
    while isComing: (borrowing State) -> Bool,
    _ body: (inout State, inout Step) -> BodyPortion
  ) -> BodyPortion {
    let isSkipping = isSkipping && budget.eventsLeft > 0
    // On the list before time is moved: so nothing is missed that lets it go on later.
    let portion = poll(for: key, writer, isTimed: isSkipping, body)
    guard isSkipping, portion.rest == .later else { return portion }
    // It is asked again once these have left, and moves time then.
    guard portion.pieces.isEmpty else { return BodyPortion(portion.pieces, .more) }
    return skip(to: portion, of: key, writer, &budget, while: isComing, body)
  }

  @usableFromInline func skip(
    to portion: BodyPortion, of key: State.WakeKey, _ writer: BodyWriter,
    _ budget: inout SkipBudget, while isComing: (borrowing State) -> Bool,
    _ body: (inout State, inout Step) -> BodyPortion
  ) -> BodyPortion {
    switch tenant.skip(&budget, while: { woken in isStill(isComing, &woken) }) {
    case .stopped: return poll(for: key, writer, isTimed: true, body)
    case .more: writer.sourceIsReady()
    case .off, .nothingDue, .heldByRequest, .heldOutside, .exhausted: break
    }
    return portion
  }

  @inlinable func poll(
    for key: State.WakeKey, _ writer: BodyWriter, isTimed: Bool,
    _ body: (inout State, inout Step) -> BodyPortion
  ) -> BodyPortion {
    let (portion, due) = box.poll(
      for: key, writer, isTimed: isTimed, settledTo: { tenant.clock.now }, body)
    tenant.dueMayHaveChanged(due)
    // Nothing comes any more in a tenant that was removed.
    guard portion.rest == .later, tenant.isRemoved else { return portion }
    return BodyPortion(portion.pieces, portion.pieces.isEmpty ? .end : .more)
  }

  package func stopPolling(_ writer: BodyWriter, _ key: State.WakeKey) {
    box.stopPolling(writer, key)
  }
}
