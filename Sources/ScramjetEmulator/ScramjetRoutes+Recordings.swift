import EmulatorKernel
import PayloadCodecs

/// What the fidelity of the operations rests on.
extension Endpoint {
  static let sources: [Fidelity: String] = [
    .documented: "the API reference of the Scramjet Cloud Platform",
    .seenInClient: "transform-hub 1.0.1, the Python client 1.1.1, the JavaScript clients or `si`",
    .assumed: "no source",
  ]

  /// Recorded operations, each with one of the recordings that show it doing its work.
  /// Source: the flows of `Tests/Conformance/scramjet/parity`, of the published hub 1.0.1.
  static let recordings: TextMap<String> = [
    "hub.audit": "hub-audit",
    "hub.config": "hub-config",
    "hub.entities": "hub-empty",
    "hub.loadCheck": "hub-head",
    "hub.status": "hub-empty",
    "hub.version": "hub-head",
    "instance.event": "event-after-end",
    "instance.events": "event-two-waiters",
    "instance.get": "instance-accept",
    "instance.health": "instance-health-early",
    "instance.inout": "inout",
    "instance.input": "input-after-end",
    "instance.kill": "kill-remove",
    "instance.list": "instance-list",
    "instance.log": "log-ends",
    "instance.once": "event-two-waiters",
    "instance.output": "output-ends-at-kill",
    "instance.sendEvent": "event-after-end",
    "instance.stderr": "stderr",
    "instance.stdin": "stdin-after-end",
    "instance.stdout": "instance-head-streams",
    "instance.stop": "stop-handler",
    "preflight": "hub-options",
    "sequence.create": "sequence-alias",
    "sequence.delete": "sequence-delete-by-force",
    "sequence.get": "sequence-alias",
    "sequence.instances": "sequence-life",
    "sequence.list": "sequence-life",
    "sequence.start": "start-appconfig",
    "sequence.update": "sequence-put-in-use",
    "topic.create": "topic-create",
    "topic.delete": "topic-create",
    "topic.list": "topic-consumer",
    "topic.publish": "topic-back-pressure",
    "topic.subscribe": "topic-back-pressure",
  ]

  static func recording(of name: String) -> String? {
    recordings[name].map { "the published hub 1.0.1, recording \($0)" }
  }
}
