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
    try load(scope) { _ in scope.hub }
  }

  /// What a scenario says, else the machine's own.
  static func load(
    _ scope: Scope, of hub: (borrowing ScramjetState) -> HubKey?
  ) throws(ScramjetError) -> ServiceAnswer {
    let machine = MachineLoad.written
    return try scope.writing { state, json in
      if let given = hub(state).flatMap({ state.hubs.read($0) { $0.load } }) ?? nil {
        json.value(given)
      } else {
        json.raw(machine.span)
      }
    }
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

  /// The running configuration, without secrets.
  /// Source: hub 1.0.1 on the wire.
  static func config(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      guard let hub = scope.hub(in: state) else { return json.object { _ in } }
      let space = state.spaces.read(hub.space) { $0.id } ?? ""
      let settings = state.settings
      guard let given = hub.config?.objectValue else {
        return write(of: hub, space: space, settings, into: &json)
      }
      var config = JSON { write(of: hub, space: space, settings, into: &$0) }.objectValue ?? [:]
      for (key, value) in given.members { config[key] = value }
      json.value(.object(config))
    }
  }

  private static func write(
    of hub: Hub, space: String, _ settings: ScramjetSettings, into json: inout JSONWriter
  ) {
    let delay = Int(clamping: settings.lifetimeExtension.clampedNanoseconds / 1_000_000)
    json.object { json in
      json.member("logLevel", "trace")
      json.member("logColors", true)
      json.member("customName", "")
      json.member("description", hub.description ?? "")
      json.array("tags") { json in for tag in hub.tags { json.value(tag) } }
      json.member("cpmUrl", "")
      json.member("cpmId", space)
      json.key("cpm")
      json.raw(#"{"maxReconnections":100,"reconnectionDelay":2000}"#)
      json.member("debug", false)
      json.key("docker")
      json.raw(docker)
      json.member("identifyExisting", false)
      json.object("host") { json in
        json.member("apiBase", "/api/v1")
        json.member("infoFilePath", "/tmp/sth-id.json")
        json.member("instancesServerPort", 8001)
        json.member("hostname", "127.0.0.1")
        json.member("port", 8000)
        json.member("federationControl", false)
        json.member("id", hub.id)
      }
      json.key("instanceRequirements")
      json.raw(#"{"cpuLoad":10,"freeMem":256,"freeSpace":128}"#)
      json.member("safeOperationLimit", 512)
      json.member("runtimeAdapter", settings.runtime)
      json.member("startupConfig", "")
      json.member("exitWithLastInstance", false)
      json.object("timings") { json in
        json.member("heartBeatInterval", 10000)
        json.member("instanceLifetimeExtensionDelay", delay)
        json.member("instanceAdapterExitDelay", 9000)
      }
      json.key("telemetry")
      json.raw(telemetry)
      json.key("platform")
      json.raw(#"{"apiVersion":"v1"}"#)
      json.key("kubernetes")
      json.raw(kubernetes)
    }
  }

  private static let docker =
    #"{"prerunner":{"image":"scramjetorg/pre-runner:1.0.1","maxMem":128},"#
    + #""runner":{"image":"","maxMem":512,"exposePortsRange":[30000,32767],"hostIp":"0.0.0.0"},"#
    + #""runnerImages":{"python3":"scramjetorg/runner-py:1.0.1","node":"scramjetorg/runner:1.0.1"}}"#

  private static let telemetry =
    #"{"status":false,"adapter":"loki","environment":"","loki":{"host":"","#
    + #""replaceTimestamp":true,"labels":{"module":"sth","job":"telemetry"}}}"#

  private static let kubernetes =
    #"{"namespace":"default","runnerImages":{"python3":"scramjetorg/runner-py:1.0.1","#
    + #""node":"scramjetorg/runner:1.0.1"},"timeout":"0"}"#
}
