package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

extension ScramjetService {
  /// A topic (`topic=NAME`, in `space=ID` where there are several) or a stream of an instance
  /// (`instance=ID`, `stream=output|stdout|stderr|log`) as it passes.
  package func tap(
    _ query: [(name: String, value: String)], in world: World<ScramjetState>
  ) -> Response? {
    let values = TextMap(query.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    let stream = world.read { state in
      values["topic"].map { Self.topicStream($0, in: values["space"], state) }
        ?? Self.instanceStream(values["instance"], values["stream"] ?? "output", state)
    }
    guard let stream, let watcher = StreamWatcher(stream, in: world) else { return nil }
    return .following(
      watcher, fields: Fields(["Content-Type": "application/octet-stream"]))
  }

  private static func topicStream(
    _ name: String, in space: String?, _ state: borrowing ScramjetState
  ) -> StreamKey? {
    for key in state.spaceOrder {
      guard let found = state.spaces[key], space.map(found.id.isExactly) ?? true else { continue }
      if let topic = state.topics[TopicKey(space: found.serial, name: name)] { return topic.stream }
    }
    return nil
  }

  private static func instanceStream(
    _ id: String?, _ stream: String, _ state: borrowing ScramjetState
  ) -> StreamKey? {
    guard let id, let key = state.instance(withID: id), let instance = state.instances[key] else {
      return nil
    }
    let streams: TextMap = [
      "output": instance.output, "stdout": instance.stdout, "stderr": instance.stderr,
      "log": instance.log,
    ]
    return streams[stream]
  }
}
