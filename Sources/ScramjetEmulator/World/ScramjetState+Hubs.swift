import EmulatorKernel
import PayloadCodecs

/// Spaces, hubs, sequences and the store.
extension ScramjetState {
  // MARK: Look-up

  func space(_ id: String) -> Space? { spaceKey(id).flatMap { spaces[$0] } }

  borrowing func spaceKey(_ id: String) -> SpaceKey? {
    for key in spaceOrder where spaces.read(key, { $0.id == id }) == true { return key }
    return nil
  }

  func hub(_ id: String, in space: Space) -> Hub? {
    hubKey(id, in: space.serial).flatMap { hubs[$0] }
  }

  borrowing func hubKey(_ id: String, in space: SpaceKey) -> HubKey? {
    for key in spaces.read(space, { $0.hubs }) ?? []
    where hubs.read(key, { $0.id == id }) == true {
      return key
    }
    return nil
  }

  /// The hub that answers on the bare base: the first of the first space that has one.
  borrowing func defaultHubKey() -> HubKey? {
    for space in spaceOrder {
      if let hub = spaces.read(space, { $0.hubs.first }) ?? nil { return hub }
    }
    return nil
  }

  /// The one that was started first of those with an id, which may be one of each hub.
  borrowing func instance(withID id: String) -> InstanceKey? {
    hubs.values.compactMap { $0.instances[id] }.min()
  }

  // MARK: Making and removing

  @discardableResult
  mutating func addSpace(_ id: String, _ step: inout Step) -> SpaceKey {
    let serial = newKey(Space.self)
    spaces[serial] = Space(
      serial: serial, id: id, created: step.now, log: makeStream(Self.logHistory),
      audit: makeStream(Self.auditHistory))
    spaceOrder.append(serial)
    return serial
  }

  @discardableResult
  mutating func addHub(_ id: String, to space: SpaceKey, _ step: inout Step) -> HubKey {
    let serial = newKey(Hub.self)
    hubs[serial] = Hub(
      serial: serial, id: id, space: space, created: step.now, lastConnected: step.now,
      log: makeStream(Self.logHistory), audit: makeStream(Self.auditHistory))
    spaces[space]?.hubs.append(serial)
    logOnHub(.hostStarted, hub: serial, &step)
    audit(14000, object: id, hub: serial, &step)
    return serial
  }

  mutating func removeHub(_ serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    for instance in hub.instanceOrder { removeInstance(instance, &step) }
    writeRecords()
    for sequence in hub.sequences.values {
      if let code = sequence.code { step.blobs.remove(code.blob) }
    }
    remove(hub.log, &step)
    remove(hub.audit, &step)
    spaces[hub.space]?.hubs.removeAll { $0 == serial }
    hubs[serial] = nil
    runWork(&step)
  }

  mutating func removeSpace(_ serial: SpaceKey, _ step: inout Step) {
    guard let space = spaces[serial] else { return }
    for hub in space.hubs { removeHub(hub, &step) }
    for name in space.topicOrder.texts { removeTopic(TopicKey(space: serial, name: name), &step) }
    for item in space.store.all { step.blobs.remove(item.blob) }
    remove(space.log, &step)
    remove(space.audit, &step)
    spaceOrder.removeAll { $0 == serial }
    spaces[serial] = nil
  }

  // MARK: Connection

  /// - Parameter cause: for people, in front of the instant.
  mutating func disconnectHub(
    _ serial: HubKey, reason: String?, by cause: String, _ step: inout Step
  ) {
    guard let hub = hubs[serial] else { return }
    hubs[serial]?.downBecause = "\(cause) at \(step.now.iso8601(.milliseconds))"
    guard hub.isConnected else { return }
    hubs[serial]?.isConnected = false
    hubs[serial]?.lastDisconnected = step.now
    hubs[serial]?.disconnectReason = reason
    logOnHub(.hubDisconnected, hub: serial, &step)
    audit(14001, object: hub.id, hub: serial, &step)
  }

  /// The hub's process dies: its instances are gone and every connection through it ends; what is on
  /// its disk (sequences) stays.
  mutating func crashHub(_ serial: HubKey, by cause: String, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    hubs[serial]?.crashes += 1
    let shared = (spaces[hub.space]?.topicOrder.texts ?? []).compactMap {
      topics[TopicKey(space: hub.space, name: $0)]?.stream
    }
    for stream in shared {
      for key in [WakeKey.stream(stream), .turn(stream), .room(stream)] { step.wake(key) }
    }
    for stream in [hub.log, hub.audit] { step.wake(.stream(stream)) }
    for instance in hub.instanceOrder { removeInstance(instance, &step) }
    disconnectHub(serial, reason: nil, by: cause, &step)
    hubs[serial]?.isHealthy = false
    runWork(&step)
  }

  mutating func recoverHub(_ serial: HubKey, _ step: inout Step) {
    guard let hub = hubs[serial] else { return }
    hubs[serial]?.isConnected = true
    hubs[serial]?.isHealthy = true
    hubs[serial]?.lastConnected = step.now
    hubs[serial]?.disconnectReason = nil
    hubs[serial]?.downBecause = nil
    logOnHub(.hostStarted, hub: serial, &step)
    audit(14000, object: hub.id, hub: serial, &step)
  }

  // MARK: Sequences

  mutating func addSequence(
    _ package: Shared<SequencePackage>, code: SequenceCode? = nil,
    runtime: SequenceRuntime? = nil, id: String, alias: String?, to serial: HubKey,
    _ step: inout Step
  ) {
    var old: Sequence?
    hubs.update(serial) { hub in
      old = hub.sequences[id]
      let sequence = Sequence(
        id: id, alias: alias, package: package, code: code, runtime: runtime ?? old?.runtime)
      hub.sequences.put(sequence, inPlaceOf: old)
      hub.sequenceOrder.append(ExactText(id))
    }
    if let code = old?.code { step.blobs.remove(code.blob) }
    logOnHub(.sequenceIdentified, id, hub: serial, &step)
    audit(0, object: id, hub: serial, &step)
  }

  mutating func removeSequence(_ id: String, from serial: HubKey, _ step: inout Step) {
    guard let sequence = hubs[serial]?.sequences.remove(id) ?? nil else { return }
    if let code = sequence.code { step.blobs.remove(code.blob) }
    hubs[serial]?.sequenceOrder.remove(ExactText(id))
    logOnHub(.sequenceRemoved, id, hub: serial, &step)
    audit(1, object: id, hub: serial, &step)
  }

  // MARK: The store

  /// Adds an item; one of the same file name is replaced in its place.
  mutating func putInStore(_ item: StoreItem, space serial: SpaceKey, _ step: inout Step) {
    if let old = spaces[serial]?.store.put(item) ?? nil { step.blobs.remove(old.blob) }
  }

  mutating func removeFromStore(
    _ name: String, space serial: SpaceKey, _ step: inout Step
  ) -> Bool {
    guard let item = spaces.read(serial, { $0.store.item(name) }) ?? nil else { return false }
    step.blobs.remove(item.blob)
    spaces[serial]?.store.remove(item)
    return true
  }
}
