package import EmulatorKernel
import PayloadCodecs

extension ScramjetService {
  package func inventory(_ world: World<ScramjetState>) -> [WorldThing] {
    world.read { state in ScramjetView.inventory(state) }
  }
}

extension ScramjetView {
  /// What is deployed and what has been written and is read by nobody. How far an instance is depends
  /// on the time, so only that it failed is told.
  static func inventory(_ state: borrowing ScramjetState) -> [WorldThing] {
    var things: [WorldThing] = []
    for space in state.spaceOrder.compactMap({ state.spaces[$0] }) {
      let place = ["space \(space.id)"]
      things.append(WorldThing("space", place))
      for item in space.store.all {
        things.append(
          WorldThing(
            "stored package", place + ["package \(item.package.value.name)"],
            [
              "fileName": .string(item.fileName), "version": .string(item.package.value.version),
              "bytes": .integer(item.package.value.byteCount),
            ]))
      }
      for key in space.accessKeys.all {
        things.append(
          WorldThing("access key", place, ["description": .string(key.description)]))
      }
      for hub in space.hubs.compactMap({ state.hubs[$0] }) {
        add(hub, in: place, state, to: &things)
      }
      for topic in state.topics(of: space) {
        let log = state.streams[topic.stream]
        // What is read goes away while it is read.
        let unread = log?.readerCount == 0 ? log?.byteCount : nil
        things.append(
          WorldThing(
            "topic", place + ["topic \(topic.name)"],
            [
              "contentType": .string(topic.contentType),
              "bytes": unread.map(JSON.integer) ?? .null,
            ]))
      }
    }
    return things
  }

  private static func add(
    _ hub: Hub, in place: [String], _ state: borrowing ScramjetState,
    to things: inout [WorldThing]
  ) {
    let place = place + ["hub \(hub.id)"]
    things.append(
      WorldThing(
        "hub", place,
        ["connected": .bool(hub.isConnected), "tags": .array(hub.tags.map(JSON.string))]))
    for id in hub.sequenceOrder.texts {
      guard let sequence = hub.sequences[id] else { continue }
      let package = sequence.package.value
      things.append(
        WorldThing(
          "sequence", place + ["sequence \(sequence.alias ?? package.name)"],
          [
            "package": .string(package.name), "version": .string(package.version),
            "bytes": .integer(package.byteCount),
          ]))
    }
    for instance in hub.instanceOrder.compactMap({ state.instances[$0] }) {
      let sequence = instance.sequence.value.value
      let name = sequence["name"]?.stringValue ?? sequence["config"]?["name"]?.stringValue ?? ""
      things.append(
        WorldThing(
          "instance", place + ["instance of \(name)"],
          [
            "appConfig": instance.appConfig?.value ?? .null,
            "args": instance.arguments?.value ?? .null,
            "provides": instance.provides.isEmpty ? .null : .string(instance.provides),
            "requires": instance.requires.isEmpty ? .null : .string(instance.requires),
            "failed": instance.status == .errored ? true : .null,
          ]))
    }
  }
}
