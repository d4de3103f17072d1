import PayloadCodecs
import Synchronization

/// One tenant's time. Never goes back by itself, and stands still at `VirtualInstant.endOfTime`.
///
/// **Isolation**: behind a mutex.
@usableFromInline package final class VirtualClock: Sendable {
  /// Where wall time comes from; tests give their own.
  package typealias WallTime = @Sendable () -> VirtualInstant

  private struct State {
    var mode: ClockMode
    /// The virtual instant at `anchorWall`, or the standing instant.
    var anchor: VirtualInstant
    var anchorWall: VirtualInstant
    /// The latest instant that was given out: wall time may step back, this clock must not.
    var latest: VirtualInstant
    /// How much of the time that has passed was jumped over.
    var skipped = Duration.zero
  }

  private let wall: WallTime
  private let state: Mutex<State>
  private let changes = Atomic<UInt64>(0)
  /// The mode is `skip`: asked with nearly every request, and so without the mutex.
  private let skips: Atomic<Bool>
  /// Told, outside the lock, when the mode has become `skip`.
  private struct SkipListener {
    var begins: (@Sendable () -> Void)?
  }
  private let onSkipBegins = Mutex(SkipListener())

  /// - Parameter start: the first instant; absent: the wall's present.
  package init(mode: ClockMode, start: VirtualInstant? = nil, wall: @escaping WallTime) {
    self.wall = wall
    skips = Atomic(mode == .skip)
    state = Mutex(Self.beginning(mode, start, wall()))
  }

  package var mode: ClockMode { state.withLock { $0.mode } }
  @usableFromInline var isSkipping: Bool { skips.load(ordering: .acquiring) }
  @usableFromInline package var now: VirtualInstant { state.withLock { now(&$0) } }

  private func now(_ state: inout State) -> VirtualInstant {
    let present =
      switch state.mode {
      case .real: state.anchor.advanced(from: state.anchorWall, to: wall())
      case .scaled(let factor):
        state.anchor + Duration(inSeconds: (wall() - state.anchorWall).inSeconds * factor)
      case .manual, .skip: state.anchor
      }
    if present > state.latest { state.latest = min(present, .endOfTime) }
    return state.latest
  }

  /// Now, without the time that the mode `skip` has jumped over: what patience and the like are
  /// measured by, which a jump for somebody else's sake must not use up.
  package var lived: VirtualInstant { state.withLock { now(&$0) + (.zero - $0.skipped) } }

  func whenSkipBegins(_ body: @escaping @Sendable () -> Void) {
    onSkipBegins.withLock { $0.begins = body }
  }

  /// How far real time is ahead of the wall, exactly: the same until somebody moves it.
  package var wallOffset: Duration { state.withLock { $0.anchor - $0.anchorWall } }

  /// Goes up whenever somebody moves or sets the clock, not as time passes by itself.
  var changeCount: UInt64 { changes.load(ordering: .relaxed) }

  /// The wall's present, whatever this clock shows.
  package var wallNow: VirtualInstant { wall() }

  /// Changes how time runs, and where it stands if `instant` is given.
  package func set(mode: ClockMode? = nil, to instant: VirtualInstant? = nil) {
    set(mode) { present, _ in instant ?? present }
  }

  /// The same, and it stands so far ahead of the wall: exactly, however long this takes.
  package func set(mode: ClockMode, aheadOfWall offset: Duration) {
    set(mode) { _, wall in wall + offset }
  }

  /// - Parameter instant: where it stands, by where it stood and the wall's present.
  private func set(
    _ mode: ClockMode?, _ instant: (VirtualInstant, VirtualInstant) -> VirtualInstant
  ) {
    let begins = state.withLock { state in
      changes.add(1, ordering: .relaxed)
      let present = now(&state)
      state.anchorWall = wall()
      state.anchor = min(instant(present, state.anchorWall), .endOfTime)
      state.latest = state.anchor
      defer { if let mode { change(to: mode, &state) } }
      return mode == .skip && state.mode != .skip
    }
    if begins { onSkipBegins.withLock { $0.begins }?() }
  }

  /// As a new clock would begin.
  package func restart(mode: ClockMode, start: VirtualInstant?) {
    state.withLock { state in
      changes.add(1, ordering: .relaxed)
      state = Self.beginning(mode, start, wall())
      change(to: mode, &state)
    }
  }

  private func change(to mode: ClockMode, _ state: inout State) {
    state.mode = mode
    skips.store(mode == .skip, ordering: .releasing)
  }

  private static func beginning(
    _ mode: ClockMode, _ start: VirtualInstant?, _ wall: VirtualInstant
  ) -> State {
    let start = min(start ?? wall, .endOfTime)
    return State(mode: mode, anchor: start, anchorWall: wall, latest: start)
  }

  /// Goes forward to an instant; an earlier one changes nothing.
  /// - Parameter isJump: the time in between was jumped over.
  package func advance(to instant: VirtualInstant, isJump: Bool = false) {
    let instant = min(instant, .endOfTime)
    state.withLock { state in
      let present = now(&state)
      guard instant > present else { return }
      if isJump { state.skipped += instant - present }
      changes.add(1, ordering: .relaxed)
      state.anchor = instant
      state.latest = instant
      state.anchorWall = wall()
    }
  }

  /// How long the wall must wait until `instant` comes; nil when time does not run by itself.
  package func wallDelay(until instant: VirtualInstant) -> Duration? {
    state.withLock { state in
      let rest = max(.zero, instant - now(&state))
      switch state.mode {
      case .real: return rest
      case .scaled(let factor):
        return factor > 0 ? Duration(inSeconds: rest.inSeconds / factor) : nil
      case .manual, .skip: return nil
      }
    }
  }
}
