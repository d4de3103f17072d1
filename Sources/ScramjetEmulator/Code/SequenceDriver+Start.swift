import CodeRuntime
import EmulatorKernel
import PayloadCodecs

/// Starting instances whose own code runs.
extension SequenceDriver {
  /// Starts the process of an instance that is in the world already.
  static func start(
    _ serial: InstanceKey, _ code: SequenceHost, in world: World<ScramjetState>
  ) {
    guard let use = TenantUse(of: world.tenant) else { return }
    let found = world.read { state -> (SequenceCode, SequenceProcess.Order, Int)? in
      guard let instance = state.instances[serial],
        let sequence = state.hubs[instance.hub]?.sequences[instance.sequenceID],
        let archive = sequence.code
      else { return nil }
      let order = SequenceProcess.Order(
        language: instance.language == "py" ? .python : .javaScript,
        main: sequence.package.main,
        start: Self.order(of: instance, code, world, state))
      return (archive, order, state.epoch)
    }
    guard let (archive, order, epoch) = found else { return }
    let blobs = world.blobs
    let driver = SequenceDriver(world: world, serial: serial, epoch: epoch, use: use)
    let name = "\(world.tenant.name)/\(archive.tag)"
    Task {
      await driver.run { () async throws(CodeError) in
        try await code.start(order, package: name) { blobs.blob(archive.blob)?.chunks ?? [] }
      }
    }
  }

  /// What the runner makes the sequence's context of.
  private static func order(
    of instance: Instance, _ code: SequenceHost, _ world: World<ScramjetState>,
    _ state: borrowing ScramjetState
  ) -> JSONObject {
    let hub = state.hubs[instance.hub]
    let space = hub.flatMap { state.spaces[$0.space] }?.id ?? ""
    // The way of those who run the platform: it asks for no token.
    let base = "\(code.address.url)\(world.tenant.urlPrefix)/api/v1/cpm/\(space)/api/v1"
    return JSONObject(withoutNulls: [
      "args": instance.arguments?.value ?? [], "appConfig": instance.appConfig?.value ?? [:],
      "instanceId": .string(instance.id),
      "exitTimeout": .integer(
        Int(clamping: state.settings.exitTimeout.clampedNanoseconds / 1_000_000)),
      "rate": .integer(1_000), "space": .string(base),
      "hub": .string("\(base)/sth/\(hub?.id ?? "")/api/v1"),
    ])
  }
}
