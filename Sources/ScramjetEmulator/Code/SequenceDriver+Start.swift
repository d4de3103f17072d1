import CodeRuntime
import EmulatorKernel
import PayloadCodecs

/// Starting instances whose own code runs.
extension SequenceDriver {
  /// Starts the processes of the instances that a world begins with, once the server listens.
  static func startAll(in world: World<ScramjetState>, _ code: SequenceHost) {
    let (waiting, epoch) = world.read { state in
      (state.instances.values.filter { $0.isWithoutProcess }.map(\.serial).sorted(), state.epoch)
    }
    guard !waiting.isEmpty, let use = TenantUse(of: world.tenant) else { return }
    Task {
      await code.address.isKnown()
      for serial in waiting {
        start(SequenceDriver(world: world, serial: serial, epoch: epoch, use: use), code)
      }
    }
  }

  /// Starts the process of an instance that is in the world already.
  /// - Parameter exchange: the number of the call that started it.
  static func start(
    _ serial: InstanceKey, _ code: SequenceHost, in world: World<ScramjetState>,
    for exchange: UInt64
  ) {
    guard let use = TenantUse(of: world.tenant) else { return }
    let epoch = world.read { state in state.epoch }
    let driver = SequenceDriver(world: world, serial: serial, epoch: epoch, use: use)
    start(driver, code, for: exchange)
  }

  private static func start(
    _ driver: SequenceDriver, _ code: SequenceHost, for exchange: UInt64? = nil
  ) {
    let world = driver.world
    let found = world.read { state -> (SequenceCode, SequenceProcess.Order, String)? in
      guard state.epoch == driver.epoch, let instance = state.instances[driver.serial],
        instance.isWithoutProcess,
        let sequence = state.hubs[instance.hub]?.sequences[instance.sequenceID],
        let archive = sequence.code
      else { return nil }
      let order = SequenceProcess.Order(
        language: instance.language == "py" ? .python : .javaScript,
        main: sequence.package.main,
        start: Self.order(of: instance, code, world, state))
      return (archive, order, instance.id)
    }
    guard let (archive, order, id) = found else { return }
    let blobs = world.blobs
    let name = "\(world.tenant.name)/\(archive.tag)"
    Task {
      let calls = world.tenant.codeCalls
      let mark = exchange.map { calls.begin($0, requestID: id, credential: nil) }
      defer { if let mark { calls.end(mark) } }
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

extension Instance {
  /// It waits for its process.
  fileprivate var isWithoutProcess: Bool {
    status == .starting && process?.isDrained == false && process?.pid == nil
  }
}
