import EmulatorKernel
import PayloadCodecs

/// Events of instances.
extension ScramjetState {
  /// An instance emits: kept as the last of its name, given to those who wait, and forwarded to every
  /// other instance of the hub.
  mutating func emit(
    _ name: String, _ message: JSON?, from serial: InstanceKey, hops: Int, _ step: inout Step
  ) {
    guard let instance = instances[serial] else { return }
    instances[serial]?.keep(Instance.Event(name: name, message: message))
    step.wake(.events(serial))
    // Programs whose events answer each other would go round for ever (and, with `*`, multiply).
    guard hops < 16, work.count < 20_000 else { return }
    for other in hubs[instance.hub]?.instanceOrder ?? [] where other != serial {
      work.append(.deliver(instance: other, name: name, message: message, hops: hops + 1))
    }
  }

  /// An event arrives at an instance, from outside or from another instance.
  mutating func deliver(
    _ name: String, _ message: JSON?, hops: Int = 0, to serial: InstanceKey, _ step: inout Step
  ) {
    guard let instance = instances[serial], instance.mayAct else { return }
    if instance.process != nil {
      order(.event(name: name, message: message), serial, &step)
      return give(serial, &step)
    }
    for rule in instance.program.value.events where rule.name == name || rule.name == "*" {
      let piece = message.map(\.asText) ?? []
      begin(
        rule.actions, piece, "event \(rule.name)", .none, serial, message: message, hops: hops,
        &step)
    }
  }

  /// The first event from number `position` on that has the name (nil: any).
  func event(
    of serial: InstanceKey, from position: Int, named name: String?
  ) -> (event: Instance.Event, next: Int)? {
    guard let instance = instances[serial] else { return nil }
    var index = max(position, instance.firstEvent) - instance.firstEvent
    while index < instance.recentEvents.count {
      let event = instance.recentEvents[index].value
      index += 1
      if name == nil || event.name == name { return (event, instance.firstEvent + index) }
    }
    return nil
  }
}
