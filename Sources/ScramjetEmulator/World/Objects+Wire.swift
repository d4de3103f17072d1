import EmulatorKernel
import PayloadCodecs

/// The JSON of sequences, instances, hubs and topics, keys in the order of hub 1.0.1.
extension ScramjetState {
  func write(_ sequence: borrowing Sequence, location: String, into json: inout JSONWriter) {
    json.object { json in
      json.member("id", sequence.id)
      json.member(ifPresent: "name", sequence.alias)
      json.key("config")
      sequence.package.value.writeConfig(id: sequence.id, runtime: settings.runtime, into: &json)
      json.member("location", location)
      json.array("instances") { json in
        for key in sequence.instances {
          if let id = instances.read(key, { $0.id }) { json.value(id) }
        }
      }
    }
  }

  func writeSequences(of hub: Hub?, into json: inout JSONWriter) {
    guard let hub else { return json.array { _ in } }
    json.array(hub.sequenceOrder, count: hub.sequences.count) { id, json in
      _ = hub.sequences.read(id.text) { write($0, location: hub.id, into: &json) }
    }
  }

  func writeInstances(of hub: Hub?, into json: inout JSONWriter) {
    let order = hub?.instanceOrder ?? OrderedSet()
    json.array(order, count: order.count) { key, json in
      _ = instances.read(key) { $0.write(into: &json) }
    }
  }

  /// A hub as its space tells of it.
  /// - Parameter more: the members behind its own.
  func write(
    _ hub: Hub, into json: inout JSONWriter, more: (inout JSONWriter) -> Void = { _ in }
  ) {
    json.object { json in
      json.member("id", hub.id)
      json.object("info") { json in
        json.member("created", hub.created, .milliseconds)
        json.member("lastConnected", hub.lastConnected, .milliseconds)
        json.member(ifPresent: "lastDisconnected", hub.lastDisconnected, .milliseconds)
      }
      json.member("healthy", hub.isHealthy && hub.isConnected)
      json.member("selfHosted", hub.isSelfHosted)
      json.member("isConnectionActive", hub.isConnected)
      json.member(ifPresent: "description", hub.description)
      json.array("tags") { json in for tag in hub.tags { json.value(tag) } }
      json.member(ifPresent: "disconnectReason", hub.disconnectReason)
      more(&json)
    }
  }

  /// An entry of the space's list.
  func writeListed(_ hub: Hub, into json: inout JSONWriter) {
    write(hub, into: &json) { json in
      json.array("topics") { json in
        _ = spaces.read(hub.space) { for name in $0.topicOrder { json.value(name.text) } }
      }
      json.array("sequences") { json in for id in hub.sequenceOrder { json.value(id.text) } }
      json.array("instances") { json in
        for key in hub.instanceOrder {
          if let id = instances.read(key, { $0.id }) { json.value(id) }
        }
      }
    }
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

  /// Looks at each in its place.
  func readTopics(of space: Space, _ body: (borrowing Topic) -> Void) {
    for name in space.topicOrder {
      _ = topics.read(TopicKey(space: space.serial, name: name.text), body)
    }
  }

  /// A topic as the space tells of it, with everybody who reads or writes it now.
  func write(_ topic: borrowing Topic, into json: inout JSONWriter) {
    func add(_ role: String, _ instance: InstanceKey?, _ json: inout JSONWriter) {
      json.object { json in
        json.member("role", role)
        json.member("type", instance == nil ? "api" : "host")
        json.member("stream", true)
        let hub = instance.flatMap { instances.read($0) { $0.hub } }
        json.member(ifPresent: "hostId", hub.flatMap { hubs.read($0) { $0.id } })
        json.member("retired", false)
      }
    }
    json.object { json in
      json.member("name", topic.name)
      json.member("contentType", topic.contentType)
      json.array("actors") { json in
        for writer in topic.writers {
          if case .instance(let key) = writer {
            add("provider", key, &json)
          } else {
            add("provider", nil, &json)
          }
        }
        for key in topic.consumers { add("consumer", key, &json) }
        let readers =
          (streams.read(topic.stream) { $0.readerCount } ?? 0) - topic.consumers.count
        for _ in 0..<max(0, min(readers, 1_000)) { add("consumer", nil, &json) }
      }
    }
  }
}

extension Topic {
  /// A topic as a hub tells of it.
  borrowing func writeForHub(into json: inout JSONWriter) {
    json.object { json in
      json.member("contentType", contentType)
      json.member("localProvider", "")
      json.member("topic", name)
      json.member("topicName", name)
    }
  }
}

extension Instance {
  /// - Parameter more: the members behind its own.
  borrowing func write(
    into json: inout JSONWriter, more: (inout JSONWriter) -> Void = { _ in }
  ) {
    json.object { json in
      json.member("id", id)
      if let appConfig { json.member("appConfig", appConfig.value) }
      if let arguments { json.member("args", arguments.value) }
      json.member("provides", provides)
      json.member("requires", requires)
      json.member("sequence", sequence.value)
      if let ports { json.member("ports", ports) }
      let isPythonProcess = isPythonProcess
      started.withISO8601(.milliseconds) { text in
        // The Python runner says nothing of when it was made (hub 1.0.1 on the wire).
        if isPythonProcess {
          json.member("created", JSON.null)
        } else if created == started {
          json.member(plain: "created", text)
        } else {
          json.member("created", created, .milliseconds)
        }
        json.member(plain: "started", text)
      }
      json.member(ifPresent: "ended", ended, .milliseconds)
      json.member("status", status.rawValue)
      if let terminated {
        json.object("terminated") { json in
          json.member("exitcode", terminated.code)
          json.member("reason", terminated.reason)
        }
      }
      more(&json)
    }
  }

  /// The same as a text by itself.
  var text: [UInt8] {
    var json = JSONWriter(reserving: 640)
    write(into: &json)
    return json.bytes
  }

  /// A stand-in's is plausible and always the same for the same instance.
  var processID: Int { process?.pid ?? 1_000 + serial.serial % 30_000 }

  /// What its own code reports besides stands first.
  borrowing func writeHealth(into json: inout JSONWriter) {
    let containerID = containerID
    if var report = process?.health, !report.isEmpty {
      // Of the same names, if it reports such, each keeps its place.
      report["healthy"] = .bool(isHealthy)
      report["processId"] = .integer(processID)
      report["containerId"] = .string(String(decoding: containerID, as: UTF8.self))
      return json.value(.object(report))
    }
    json.object { json in
      json.member("healthy", isHealthy)
      json.member("processId", processID)
      json.member("containerId", containerID.span)
    }
  }

  /// The first twelve characters of its id that are no hyphens.
  private var containerID: [UInt8] {
    var text: [UInt8] = []
    var count = 0
    for byte in id.utf8 where byte != UInt8(ascii: "-") {
      // What goes on with a character does not count.
      if byte & 0xC0 != 0x80 { count += 1 }
      guard count <= 12 else { break }
      text.append(byte)
    }
    return text
  }

  /// What stands behind it.
  var runtime: SequenceRuntime { process == nil ? .scripted : .process }
}
