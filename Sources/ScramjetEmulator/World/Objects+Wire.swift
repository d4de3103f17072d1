import EmulatorKernel
import PayloadCodecs

/// The JSON of sequences, instances, hubs and topics, keys in the order of hub 1.0.1.
extension ScramjetState {
  func object(of sequence: Sequence, location: String) -> JSON {
    JSON(withoutNulls: [
      "id": .string(sequence.id), "name": JSON(sequence.alias),
      "config": .object(sequence.package.value.config(id: sequence.id, runtime: settings.runtime)),
      "location": .string(location),
      "instances": .array(instanceIDs(of: sequence).map(JSON.string)),
    ])
  }

  func instanceIDs(of sequence: Sequence) -> [String] {
    sequence.instances.compactMap { instances[$0]?.id }
  }

  func sequenceObjects(of hub: Hub) -> [JSON] {
    hub.sequenceOrder.compactMap { id in
      hub.sequences[id.text].map { object(of: $0, location: hub.id) }
    }
  }

  func instanceObjects(of hub: Hub) -> [JSON] {
    hub.instanceOrder.compactMap { instances[$0].map { .object($0.object) } }
  }

  /// A hub as its space tells of it.
  func info(of hub: Hub) -> JSONObject {
    JSONObject(withoutNulls: [
      "id": .string(hub.id),
      "info": JSON(withoutNulls: [
        "created": .string(hub.created.iso8601(.milliseconds)),
        "lastConnected": .string(hub.lastConnected.iso8601(.milliseconds)),
        "lastDisconnected": JSON(hub.lastDisconnected?.iso8601(.milliseconds)),
      ]),
      "healthy": .bool(hub.isHealthy && hub.isConnected),
      "selfHosted": .bool(hub.isSelfHosted), "isConnectionActive": .bool(hub.isConnected),
      "description": JSON(hub.description), "tags": .array(hub.tags.map(JSON.string)),
      "disconnectReason": JSON(hub.disconnectReason),
    ])
  }

  /// An entry of the space's list.
  func listed(_ hub: Hub) -> JSON {
    var object = info(of: hub)
    object["topics"] = .array((spaces[hub.space]?.topicOrder.texts ?? []).map(JSON.string))
    object["sequences"] = .array(hub.sequenceOrder.texts.map(JSON.string))
    object["instances"] = .array(
      hub.instanceOrder.compactMap { instances[$0].map { .string($0.id) } })
    return .object(object)
  }

  /// Hubs of a space: those that are there and well first, else as they joined.
  func hubs(of space: Space) -> [Hub] {
    let all = space.hubs.compactMap { hubs[$0] }
    return all.filter { $0.isConnected && $0.isHealthy }
      + all.filter { !($0.isConnected && $0.isHealthy) }
  }

  func topics(of space: Space) -> [Topic] {
    space.topicOrder.compactMap { topics[TopicKey(space: space.serial, name: $0.text)] }
  }

  /// A topic as the space tells of it, with everybody who reads or writes it now.
  func spaceObject(of topic: Topic) -> JSON {
    var actors: [JSON] = []
    func add(_ role: String, _ instance: InstanceKey?) {
      actors.append(
        JSON(withoutNulls: [
          "role": .string(role), "type": instance == nil ? "api" : "host", "stream": true,
          "hostId": JSON(instance.flatMap { instances[$0] }.flatMap { hubs[$0.hub]?.id }),
          "retired": false,
        ]))
    }
    for writer in topic.writers {
      if case .instance(let key) = writer { add("provider", key) } else { add("provider", nil) }
    }
    for key in topic.consumers { add("consumer", key) }
    let readers = (streams[topic.stream]?.readerCount ?? 0) - topic.consumers.count
    for _ in 0..<max(0, min(readers, 1_000)) { add("consumer", nil) }
    return [
      "name": .string(topic.name), "contentType": .string(topic.contentType),
      "actors": .array(actors),
    ]
  }
}

extension Topic {
  /// A topic as a hub tells of it.
  var hubObject: JSON {
    [
      "contentType": .string(contentType), "localProvider": "", "topic": .string(name),
      "topicName": .string(name),
    ]
  }
}

extension Instance {
  var object: JSONObject {
    var object: JSONObject = ["id": .string(id)]
    if let appConfig { object["appConfig"] = appConfig.value }
    if let arguments { object["args"] = arguments.value }
    object["provides"] = .string(provides)
    object["requires"] = .string(requires)
    object["sequence"] = sequence.value
    if let ports { object["ports"] = ports }
    // The Python runner says nothing of when it was made (hub 1.0.1 on the wire).
    object["created"] = isPythonProcess ? .null : .string(created.iso8601(.milliseconds))
    object["started"] = .string(started.iso8601(.milliseconds))
    if let ended { object["ended"] = .string(ended.iso8601(.milliseconds)) }
    object["status"] = .string(status.rawValue)
    if let terminated {
      object["terminated"] = [
        "exitcode": .integer(terminated.code), "reason": .string(terminated.reason),
      ]
    }
    return object
  }

  /// A stand-in's is plausible and always the same for the same instance.
  var processID: Int { process?.pid ?? 1_000 + serial.serial % 30_000 }

  /// What its own code reports besides stands first.
  var health: JSON {
    var report = process?.health ?? JSONObject()
    report["healthy"] = .bool(isHealthy)
    report["processId"] = .integer(processID)
    report["containerId"] = .string(
      String(String.UnicodeScalarView(id.unicodeScalars.lazy.filter { $0 != "-" }.prefix(12))))
    return .object(report)
  }

  /// What stands behind it.
  var runtime: SequenceRuntime { process == nil ? .scripted : .process }
}
