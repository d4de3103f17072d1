import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A hub about itself.
enum HubHandlers {
  static func version(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try version(scope, of: "@scramjet/host")
  }

  static func version(
    _ scope: Scope, of service: String
  ) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.object { json in
        json.member("service", service)
        json.member("apiVersion", "v1")
        json.member("version", state.settings.version)
        json.member("build", "source")
      }
    }
  }

  static func load(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let given = scope.world.read { state in scope.hub(in: state)?.load }
    return scope.json(given ?? MachineLoad.object())
  }

  static func log(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try StreamHandlers.follow(scope, scope.world.read { state in scope.hub(in: state)?.log })
  }

  static func audit(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let hub = try scope.hubKey
    let stream = scope.world.mutate { state, step -> StreamKey? in
      guard let stream = state.hubs[hub]?.audit else { return nil }
      state.auditReaderCame(hub: hub, &step)
      return stream
    }
    guard let stream,
      let reader = StreamReader(
        stream, in: scope.world, hub: hub, onLeave: { state, _ in state.auditReaderLeft(hub: hub) })
    else { throw .notFound("there is no such hub any more") }
    return StreamHandlers.answer(scope, reader)
  }

  static func status(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.object { json in
        json.object("cpm") { json in
          guard let id = scope.space.flatMap({ state.spaces.read($0) { $0.id } }) else { return }
          json.member("connected", true)
          json.member("cpmId", id)
        }
      }
    }
  }

  static func entities(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    return try scope.asking(about: { state in scope.hub(in: state)?.instanceOrder.map(\.self) ?? []
    }) { state, json in
      json.object { json in
        guard let hub = scope.hub(in: state) else { return }
        json.key("sequences")
        state.writeSequences(of: hub, into: &json)
        json.key("instances")
        state.writeInstances(of: hub, into: &json)
      }
    }
  }

  static func config(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.json { state in
      guard let hub = scope.hub(in: state) else { return [:] }
      return .object(config(of: hub, space: state.spaces[hub.space]?.id ?? "", state.settings))
    }
  }

  /// The running configuration, without secrets.
  /// Source: hub 1.0.1 on the wire.
  private static func config(
    of hub: Hub, space: String, _ settings: ScramjetSettings
  ) -> JSONObject {
    let delay = Int(clamping: settings.lifetimeExtension.clampedNanoseconds / 1_000_000)
    var config: JSONObject = [
      "logLevel": "trace", "logColors": true, "customName": "",
      "description": .string(hub.description ?? ""), "tags": .array(hub.tags.map(JSON.string)),
      "cpmUrl": "", "cpmId": .string(space),
      "cpm": ["maxReconnections": 100, "reconnectionDelay": 2000], "debug": false,
      "docker": [
        "prerunner": ["image": "scramjetorg/pre-runner:1.0.1", "maxMem": 128],
        "runner": [
          "image": "", "maxMem": 512, "exposePortsRange": [30000, 32767], "hostIp": "0.0.0.0",
        ],
        "runnerImages": [
          "python3": "scramjetorg/runner-py:1.0.1", "node": "scramjetorg/runner:1.0.1",
        ],
      ],
      "identifyExisting": false,
      "host": [
        "apiBase": "/api/v1", "infoFilePath": "/tmp/sth-id.json", "instancesServerPort": 8001,
        "hostname": "127.0.0.1", "port": 8000, "federationControl": false, "id": .string(hub.id),
      ],
      "instanceRequirements": ["cpuLoad": 10, "freeMem": 256, "freeSpace": 128],
      "safeOperationLimit": 512, "runtimeAdapter": .string(settings.runtime),
      "startupConfig": "", "exitWithLastInstance": false,
      "timings": [
        "heartBeatInterval": 10000, "instanceLifetimeExtensionDelay": .integer(delay),
        "instanceAdapterExitDelay": 9000,
      ],
      "telemetry": [
        "status": false, "adapter": "loki", "environment": "",
        "loki": [
          "host": "", "replaceTimestamp": true, "labels": ["module": "sth", "job": "telemetry"],
        ],
      ],
      "platform": ["apiVersion": "v1"],
      "kubernetes": [
        "namespace": "default",
        "runnerImages": [
          "python3": "scramjetorg/runner-py:1.0.1", "node": "scramjetorg/runner:1.0.1",
        ],
        "timeout": "0",
      ],
    ]
    for (key, value) in hub.config?.objectValue?.members ?? [] { config[key] = value }
    return config
  }
}
