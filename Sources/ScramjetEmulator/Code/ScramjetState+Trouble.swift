import EmulatorKernel

/// What a scenario makes happen to an instance's process.
extension ScramjetState {
  // MARK: Standing still

  /// Holds an instance's process for so long; nothing of it happens meanwhile.
  mutating func holdProcess(
    _ serial: InstanceKey, for duration: Duration, _ step: inout Step
  ) {
    instances[serial]?.process?.isHeld = true
    atWork.remove(serial)
    step.wake(.process(serial, .hold))
    agenda.add(.goOn(instance: serial), at: step.now + duration)
  }

  mutating func letProcessGoOn(_ serial: InstanceKey, _ step: inout Step) {
    guard instances[serial]?.process?.isHeld == true else { return }
    instances[serial]?.process?.isHeld = false
    step.wake(.process(serial, .hold))
    if instances[serial]?.status.isOver == false { give(serial, &step) }
  }

  // MARK: Slowness

  /// The next that goes to or comes from an instance's process passes so much later.
  mutating func slowDown(_ serial: InstanceKey, by delay: Duration) {
    instances[serial]?.process?.pace = .slowNext(delay)
  }

  /// Whether something may go to or come from an instance's process now: the first thing after an
  /// instance was slowed down waits, and all else behind it.
  mutating func mayPass(_ serial: InstanceKey, _ step: inout Step) -> Bool {
    switch instances[serial]?.process?.pace ?? .usual {
    case .usual: return true
    case .slow: return false
    case .slowNext(let delay):
      instances[serial]?.process?.pace = .slow
      atWork.remove(serial)
      agenda.add(.quicken(instance: serial), at: step.now + delay)
      return false
    }
  }

  mutating func quicken(_ serial: InstanceKey, _ step: inout Step) {
    guard instances[serial]?.process?.pace == .slow else { return }
    instances[serial]?.process?.pace = .usual
    if instances[serial]?.status.isOver == false { give(serial, &step) }
    run(serial, &step)
  }

  // MARK: Ends

  /// Its process ends at once, without a word.
  mutating func crash(
    _ serial: InstanceKey, _ ending: Instance.Ending, _ step: inout Step
  ) {
    guard instances[serial]?.status.isOver == false else { return }
    instances[serial]?.process?.isCrashed = true
    end(serial, ending, &step)
  }
}
