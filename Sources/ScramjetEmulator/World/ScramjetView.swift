import EmulatorKernel
import PayloadCodecs

/// The world as people want to see it: `GET /_wavetank/state/scramjet`.
enum ScramjetView {
  static func describe(_ state: borrowing ScramjetState) -> JSON {
    var spaces: [JSON] = []
    for space in state.spaceOrder.compactMap({ state.spaces[$0] }) {
      var hubs: [JSON] = []
      for hub in space.hubs.compactMap({ state.hubs[$0] }) {
        hubs.append(.object(describe(hub, state)))
      }
      var topics: [JSON] = []
      for topic in state.topics(of: space) { topics.append(describe(topic, state)) }
      spaces.append([
        "id": .string(space.id), "hubs": .array(hubs), "topics": .array(topics),
        "store": .array(space.store.all.map { item in JSON { item.writeListed(into: &$0) } }),
      ])
    }
    return [
      "spaces": .array(spaces), "streams": .integer(state.streams.count),
      "nextDue": JSON(state.nextDue?.iso8601(.milliseconds)),
    ]
  }

  private static func describe(_ hub: Hub, _ state: borrowing ScramjetState) -> JSONObject {
    var object = JSON { state.write(hub, into: &$0) }.objectValue ?? [:]
    object["sequences"] = JSON { state.writeSequences(of: hub, into: &$0) }
    var instances: [JSON] = []
    for instance in hub.instanceOrder.compactMap({ state.instances[$0] }) {
      var view = JSON { instance.write(into: &$0) }.objectValue ?? [:]
      view["runtime"] = .string(instance.runtime.rawValue)
      view["streams"] = [
        "output": buffered(instance.output, state), "stdout": buffered(instance.stdout, state),
        "stderr": buffered(instance.stderr, state), "log": buffered(instance.log, state),
      ]
      view["input"] = .object(waiting(instance.input))
      view["stdin"] = .object(waiting(instance.stdin))
      instances.append(.object(view))
    }
    object["instances"] = .array(instances)
    return object
  }

  private static func describe(_ topic: Topic, _ state: borrowing ScramjetState) -> JSON {
    [
      "name": .string(topic.name), "contentType": .string(topic.contentType),
      "writers": .integer(topic.writers.count), "stream": buffered(topic.stream, state),
      "consumers": .array(topic.consumers.compactMap { JSON(state.instances[$0]?.id) }),
      "providers": .array(
        topic.writers.compactMap { writer in
          if case .instance(let key) = writer { JSON(state.instances[key]?.id) } else { nil }
        }),
    ]
  }

  private static func waiting(_ queue: InputQueue) -> JSONObject {
    [
      "bytes": .integer(queue.byteCount), "mark": .integer(InputQueue.mark),
      "writerWaits": .bool(queue.hasWaitingWriter),
    ]
  }

  private static let lagsShownMax = 32

  private static func buffered(_ stream: StreamKey, _ state: borrowing ScramjetState) -> JSON {
    guard let log = state.streams[stream]?.written else { return .null }
    return [
      "bytes": .integer(log.byteCount), "readers": .integer(log.readerCount),
      "ended": .bool(log.isEnded), "written": .integer(log.bytesWritten),
      "chunks": .integer(log.end),
      "mark": log.mark == StreamLog.noMark ? .null : .integer(log.mark),
      "writerWaits": .bool(log.hasWaitingWriter || !log.blocked.isEmpty),
      "lags": .array(log.lags(limit: lagsShownMax).map { .integer($0) }),
    ]
  }
}
