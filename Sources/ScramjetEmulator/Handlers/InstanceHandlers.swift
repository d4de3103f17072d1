import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Reading about instances.
enum InstanceHandlers {
  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.asking(about: { state in scope.hub(in: state)?.instanceOrder.map(\.self) ?? [] }) {
      state, json in
      state.writeInstances(of: scope.hub(in: state), into: &json)
    }
  }

  static func get(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try asking(scope) { $0.write(into: &$1) }
  }

  static func health(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try asking(scope) { $0.writeHealth(into: &$1) }
  }

  private static func asking(
    _ scope: Scope, _ write: @escaping @Sendable (borrowing Instance, inout JSONWriter) -> Void
  ) throws(ScramjetError) -> ServiceAnswer {
    let key = try scope.instanceKey
    return try scope.asking(about: [key]) { state, json throws(ScramjetError) in
      guard state.instances.read(key, { write($0, &json) }) != nil else {
        throw .unknownInstance(scope.parameter("id"))
      }
    }
  }
}

/// Stop, kill, and how often an instance reports.
enum LifeHandlers {
  static func stop(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    let timeout = try timeout(body?["timeout"])
    let mayCallKeepAlive = try flag(body?["canCallKeepalive"], "canCallKeepalive")
    let serial = try scope.instanceKey
    let (number, done, before) = scope.world.mutate { state, step -> (Int?, Int, [UInt8]) in
      let number = state.stop(
        serial, timeout: timeout, mayCallKeepAlive: mayCallKeepAlive, &step)
      let found = state.instances.read(serial) { ($0.stopsDone, $0.text) }
      return (number, found?.0 ?? 0, found?.1 ?? Array("{}".utf8))
    }
    guard let number, done < number else { return .now(scope.reply(.json(.accepted, before))) }
    // The reply comes when the time is over, also if the instance has ended before.
    return .later { _ in
      let after = try? await scope.world.wait(for: .instance(serial)) { state, _ in
        guard let instance = state.instances[serial] else { return .ready(before) }
        return instance.stopsDone >= number ? .ready(instance.text) : .coming
      }
      return scope.reply(.json(.accepted, after ?? before))
    }
  }

  /// Milliseconds, the default 7,000; more than a day counts as a day.
  private static func timeout(_ value: JSON?) throws(ScramjetError) -> Duration {
    guard let value else { return .milliseconds(7_000) }
    guard let number = value.doubleValue else { throw ScramjetError(400, "Invalid timeout format") }
    return .milliseconds(Int(min(max(number, 0), 86_400_000)))
  }

  private static func flag(_ value: JSON?, _ name: String) throws(ScramjetError) -> Bool {
    guard let value else { return false }
    guard let flag = value.boolValue else { throw ScramjetError(400, "Invalid \(name) format") }
    return flag
  }

  static func kill(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    let removesImmediately = try flag(body?["removeImmediately"], "removeImmediately")
    let serial = try scope.instanceKey
    let text = scope.world.mutate { state, step -> [UInt8]? in
      guard state.instances[serial]?.status == .running else { return nil }
      state.kill(serial, removesImmediately: removesImmediately, &step)
      return state.instances[serial]?.text
    }
    guard let text else { throw ScramjetError(400, "Instance not running") }
    return .now(scope.reply(.json(.accepted, text)))
  }

  static func monitoringRate(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    guard let rate = body?[1]?["monitoringRate"]?.doubleValue, rate >= 0 else {
      throw ScramjetError(500, "Bad message of type 4003")
    }
    let serial = try scope.instanceKey
    scope.world.mutate { state, step in state.setMonitoringRate(min(rate, 1_000), of: serial, &step)
    }
    return scope.json(["accepted": true], .accepted)
  }

  static func set(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    _ = try RequestChecks.json(scope.call)
    return scope.json([:])
  }

  /// Health reports as the runner sends them, at the instance's rate on the tenant's clock.
  static func monitoring(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let serial = try scope.instanceKey
    guard let stream = StreamHandlers.reportStream(of: serial, in: scope.world) else {
      throw .unknownInstance(scope.parameter("id"))
    }
    return StreamHandlers.answer(scope, stream)
  }
}
