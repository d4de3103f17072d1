import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A space about itself and its hubs.
enum SpaceHandlers {
  static func version(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try HubHandlers.version(scope, of: "@scramjet/manager")
  }

  static func load(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try HubHandlers.load(scope) { state in
      scope.space.flatMap { state.spaces.read($0) { $0.hubs.first } ?? nil }
    }
  }

  /// One load object a second, a line each.
  static func loadStream(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let stream = scope.world.mutate { state, step -> StreamKey in
      let stream = state.makeStream(.history(chunks: 16, bytes: 64 * 1024))
      state.reportLoad(to: stream, &step)
      return stream
    }
    guard
      let reader = StreamReader(
        stream, in: scope.world, onLeave: { state, step in state.remove(stream, &step) })
    else { throw .notFound("there is no such space any more") }
    return StreamHandlers.answer(scope, reader)
  }

  static func health(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let now = scope.world.now
    let created = scope.world.read { state in scope.space(in: state)?.created ?? now }
    return scope.json([
      "uptime": JSON((now - created).inSeconds), "timestamp": .integer(Int(now.epochMilliseconds)),
      "modules": ["sthServer": true],
    ])
  }

  // MARK: Lists

  /// `?offset=&limit=`; whatever is out of range counts as the default. Only what is shown is told.
  /// - Parameter first: the first so many things.
  private static func writePage<Thing>(
    _ scope: Scope, of first: (Int) -> [Thing], into json: inout JSONWriter,
    _ write: (Thing, inout JSONWriter) -> Void
  ) {
    let target = scope.call.request.target
    let offset = target.queryValue("offset").flatMap { Int($0) } ?? 0
    let limit = target.queryValue("limit").flatMap { Int($0) } ?? 100
    let (start, count) = (min(max(0, offset), 1 << 40), (1...100).contains(limit) ? limit : 100)
    let things = first(start + count).dropFirst(start)
    json.array(things, count: things.count, write)
  }

  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      let hubs = scope.space(in: state).map { state.hubs(of: $0) } ?? []
      writePage(scope, of: { Array(hubs.prefix($0)) }, into: &json) { hub, json in
        state.writeListed(hub, into: &json)
      }
    }
  }

  static func sequences(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.array { json in
        for hub in scope.space(in: state)?.hubs ?? [] {
          _ = state.hubs.read(hub) { for id in $0.sequenceOrder { json.value(id.text) } }
        }
      }
    }
  }

  static func allSequences(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      guard let space = scope.space(in: state) else { return json.array { _ in } }
      let hubs = space.hubs.compactMap { state.hubs[$0] }
      writePage(scope, of: { Listed.first($0, in: space, hubs) }, into: &json) { listed, json in
        switch listed {
        case .stored(let fileName):
          guard let item = space.store.item(fileName: fileName.text) else { return json.null() }
          json.object { json in
            json.member("id", item.id)
            json.key("config")
            item.package.value.writeConfig(id: item.id, directory: "", into: &json)
            json.member("location", "store")
            json.array("instances") { _ in }
          }
        case .uploaded(let id, let index):
          let location = hubs[index].id
          let isThere: Void? = hubs[index].sequences.read(id.text) { sequence in
            state.write(sequence, location: location, into: &json)
          }
          if isThere == nil { json.null() }
        }
      }
    }
  }

  /// A sequence of a space: in its store, or on one of its hubs.
  private enum Listed {
    case stored(fileName: ExactText)
    case uploaded(ExactText, hub: Int)

    static func first(_ count: Int, in space: Space, _ hubs: [Hub]) -> [Listed] {
      var listed = space.store.fileNames.prefix(count).map { stored(fileName: $0) }
      for (index, hub) in hubs.enumerated() {
        let more = hub.sequenceOrder.prefix(count - listed.count)
        listed += more.map { uploaded($0, hub: index) }
      }
      return listed
    }
  }

  static func instances(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.asking(about: { state in instances(.max, scope, state) }) { state, json in
      writePage(scope, of: { instances($0, scope, state) }, into: &json) { serial, json in
        // In its place: an instance refers to much, all of which a copy would count.
        let isThere: Void? = state.instances.read(serial) { instance in
          let hub = state.hubs.read(instance.hub) { $0.id } ?? ""
          let sequence = instance.sequenceID
          instance.write(into: &json) { json in
            json.member("hubId", hub)
            json.member("location", hub)
            json.member("sequenceId", sequence)
          }
        }
        if isThere == nil { json.null() }
      }
    }
  }

  /// The first so many of all hubs of the space.
  private static func instances(
    _ count: Int, _ scope: Scope, _ state: borrowing ScramjetState
  ) -> [InstanceKey] {
    var first: [InstanceKey] = []
    for hub in scope.space(in: state)?.hubs ?? [] {
      guard let order = state.hubs.read(hub, { $0.instanceOrder }) else { continue }
      first += order.prefix(count - first.count)
    }
    return first
  }

  static func entities(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.object { json in
        guard let space = scope.space(in: state) else { return }
        let hubs = space.hubs.compactMap { state.hubs[$0] }
        // An id and what stands around it.
        let ids = hubs.reduce(0) { $0 + $1.sequenceOrder.count + $1.instanceOrder.count }
        json.reserve(ids * 40 + space.topicOrder.count * 24)
        json.array("topics") { json in for name in space.topicOrder { json.value(name.text) } }
        json.array("hubs") { json in for hub in hubs { json.value(hub.id) } }
        json.array("sequences") { json in
          for hub in hubs { for id in hub.sequenceOrder { json.value(id.text) } }
        }
        json.array("instances") { json in
          for key in hubs.flatMap(\.instanceOrder) {
            if let id = state.instances.read(key, { $0.id }) { json.value(id) }
          }
        }
      }
    }
  }

  static func topics(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      guard let space = scope.space(in: state) else { return json.array { _ in } }
      json.array { json in
        state.readTopics(of: space) { topic in state.write(topic, into: &json) }
      }
    }
  }

  static func config(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      let id = scope.space.flatMap { state.spaces.read($0) { $0.id } } ?? ""
      let limit = state.settings.storeByteLimit
      json.object { json in
        json.object("config") { json in
          json.member("id", id)
          json.member("logLevel", "trace")
          json.member("logColors", true)
          json.member("apiBase", "/api/v1")
          json.member("sthServerPort", 7070)
          json.object("s3Config") { json in
            json.member("bucket", id)
            json.member("accessKey", "********")
            json.member("secretKey", "********")
            json.member("bucketLimit", limit)
          }
        }
      }
    }
  }

  // MARK: Streams

  static func log(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try StreamHandlers.follow(scope, scope.world.read { state in scope.space(in: state)?.log })
  }

  static func audit(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try StreamHandlers.follow(scope, scope.world.read { state in scope.space(in: state)?.audit })
  }

  // MARK: Hubs

  static func hubInfo(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let id = scope.parameter("hub")
    return try scope.writing { state, json throws(ScramjetError) in
      state.write(try hub(id, scope, state), into: &json)
    }
  }

  private static func hub(
    _ id: String, _ scope: Scope, _ state: borrowing ScramjetState
  ) throws(ScramjetError) -> Hub {
    guard let space = scope.space(in: state), let hub = state.hub(id, in: space) else {
      throw ScramjetError(404, "STH with a given ID was not found")
    }
    return hub
  }

  static func deleteHub(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let id = scope.parameter("hub")
    let isForced = scope.fields["x-force"] == "true"
    try scope.world.mutate { state, step throws(ScramjetError) in
      let hub = try Self.hub(id, scope, state)
      if !hub.isSelfHosted { throw ScramjetError(400, "Unable to delete native hub") }
      if hub.isConnected, !isForced {
        throw ScramjetError(409, "Cannot delete selected hub as it is still connected")
      }
      state.removeHub(hub.serial, &step)
    }
    return scope.json([:], .accepted)
  }

  /// Content: `{"id"}`, `{"limit"}` or `{"accessKey"}`.
  static func disconnect(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    guard let body = try RequestChecks.json(scope.call), body.objectValue?.isEmpty == false
    else { throw ScramjetError(400, "Received empty request body") }
    let (space, gone) = try scope.world.mutate {
      state, step throws(ScramjetError) -> (String, [(String, String)]) in
      guard let space = scope.space(in: state) else { throw .notFound("there is no space") }
      let chosen = try choose(body, in: space, state)
      for (hub, reason) in chosen {
        state.disconnectHub(hub.serial, reason: reason, by: "disconnected by a request", &step)
      }
      return (space.id, chosen.map { ($0.0.id, $0.1) })
    }
    let list: [JSON] = gone.map { ["sthId": .string($0.0), "reason": .string($0.1)] }
    return scope.json(["managerId": .string(space), "disconnected": .array(list)], .accepted)
  }

  private static func choose(
    _ body: JSON, in space: Space, _ state: borrowing ScramjetState
  ) throws(ScramjetError) -> [(Hub, String)] {
    let hubs = space.hubs.compactMap { state.hubs[$0] }
    if let id = body["id"]?.stringValue {
      guard let hub = hubs.first(where: { $0.id == id }) else {
        throw ScramjetError(404, "Couldn't find STH with a given ID")
      }
      guard hub.isConnected else {
        throw ScramjetError(409, "STH with a given id is already disconnected")
      }
      guard hub.isSelfHosted else { throw ScramjetError(400, "Unable to disconnect native hub") }
      return [(hub, "id_drop")]
    }
    let own = hubs.filter { $0.isSelfHosted && $0.isConnected }
    if let limit = body["limit"]?.intValue {
      return own.dropFirst(max(0, limit)).map { ($0, "limit_exceeded") }
    }
    if let key = body["accessKey"]?.stringValue {
      let chosen = own.filter { $0.accessKey == key }
      guard !chosen.isEmpty else {
        throw ScramjetError(404, "Couldn't find any STH connected with that Access Key")
      }
      return chosen.map { ($0, "key_revoked") }
    }
    throw ScramjetError(400, "Received empty request body")
  }
}

extension ScramjetState {
  mutating func reportLoad(to stream: StreamKey, _ step: inout Step) {
    guard streams[stream] != nil else { return }
    write(MachineLoad.written + [UInt8(ascii: "\n")], to: stream, &step)
    agenda.add(.loadReport(stream: stream), at: step.now + .seconds(1))
  }
}
