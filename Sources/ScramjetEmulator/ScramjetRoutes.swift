import EmulatorKernel
import HTTPModel

extension Endpoint {
  /// Every operation of the service, by level. Their order is their index: add at the end of a part
  /// only when no snapshot or journal has to be read again.
  static let all: [Endpoint] = platform + space + store + hub + topics + sequences + instances

  private static let platform: [Endpoint] = [
    Endpoint(
      "platform.spaces", .platform, [(.get, "/spaces")], .json, .seenInClient,
      "The spaces of the account", PlatformHandlers.spaces),
    Endpoint(
      "platform.listKeys", .platform, [(.get, "/space/{space}/apikey")], .json, .seenInClient,
      per: "space", "The access keys of a space", PlatformHandlers.listKeys),
    Endpoint(
      "platform.createKey", .platform, [(.post, "/space/{space}/apikey")], .operation, .assumed,
      per: "space", "Make an access key", PlatformHandlers.createKey),
    Endpoint(
      "platform.revokeKeys", .platform, [(.delete, "/space/{space}/apikey")], .operation,
      .seenInClient, per: "space", "Revoke one access key, or all", PlatformHandlers.revokeKeys),
    Endpoint(
      "platform.list", .hub, [(.get, "/list")], .json, .seenInClient,
      "The spaces of a multi-manager", PlatformHandlers.list),
    Endpoint(
      "platform.info", .hub, [(.get, "/info")], .json, .seenInClient,
      "A multi-manager, or a hub where the path names one", PlatformHandlers.info),
    Endpoint(
      "platform.load", .hub, [(.get, "/load")], .json, .seenInClient,
      "Load of the machine", HubHandlers.load),
    Endpoint(
      "platform.health", .hub, [(.get, "/health")], .json, .seenInClient,
      "Whether the server is well", SpaceHandlers.health),
    Endpoint(
      "platform.startSpace", .platform, [(.post, "/start")], .operation, .seenInClient,
      "Add a space to a multi-manager", PlatformHandlers.startSpace),
    Endpoint(
      "platform.stopSpace", .platform, [(.post, "/cpm/{space}/stop")], .operation, .seenInClient,
      per: "space", "Remove a space from a multi-manager", PlatformHandlers.stopSpace),
    Endpoint(
      "preflight", .platform,
      [
        (.options, "/spaces"), (.options, "/space/{rest…}"), (.options, "/cpm/{rest…}"),
        (.options, "/version"), (.options, "/config"), (.options, "/load-check"),
        (.options, "/log"), (.options, "/audit"), (.options, "/status"), (.options, "/entities"),
        (.options, "/topics"), (.options, "/topics/{rest…}"), (.options, "/topic/{rest…}"),
        (.options, "/sequences"), (.options, "/sequence"), (.options, "/sequence/{rest…}"),
        (.options, "/instances"), (.options, "/instance/{rest…}"), (.options, "/list"),
        (.options, "/info"), (.options, "/load"), (.options, "/health"), (.options, "/start"),
      ],
      .free, .recorded, "What a browser asks before it sends anything", PlatformHandlers.preflight
    ),
  ]

  private static let space: [Endpoint] = [
    Endpoint(
      "space.version", .space, [(.get, "/version")], .json, .documented,
      "Version of the space", SpaceHandlers.version),
    Endpoint(
      "space.load", .space, [(.get, "/load"), (.get, "/load-check")], .json, .documented,
      "Load of the space's machine", SpaceHandlers.load),
    Endpoint(
      "space.loadStream", .space, [(.get, "/load-stream")], .streamOut, .seenInClient,
      "One load object a second", SpaceHandlers.loadStream),
    Endpoint(
      "space.list", .space, [(.get, "/list")], .json, .documented, "The hubs of the space",
      SpaceHandlers.list),
    Endpoint(
      "space.sequences", .space, [(.get, "/sequences")], .json, .documented,
      "Ids of the sequences on all hubs", SpaceHandlers.sequences),
    Endpoint(
      "space.allSequences", .space, [(.get, "/all_sequences")], .json, .seenInClient,
      "The store's items and the sequences on all hubs", SpaceHandlers.allSequences),
    Endpoint(
      "space.instances", .space, [(.get, "/instances")], .json, .documented,
      "The instances on all hubs", SpaceHandlers.instances),
    Endpoint(
      "space.log", .space, [(.get, "/log")], .streamOut, .documented,
      "The log of all hubs, live", SpaceHandlers.log),
    Endpoint(
      "space.audit", .space, [(.get, "/audit")], .streamOut, .seenInClient,
      "The audit records of all hubs, live", SpaceHandlers.audit),
    Endpoint(
      "space.config", .space, [(.get, "/config")], .json, .seenInClient,
      "Configuration of the space", SpaceHandlers.config),
    Endpoint(
      "space.entities", .space, [(.get, "/entities")], .json, .seenInClient,
      "Names and ids of everything", SpaceHandlers.entities),
    Endpoint(
      "space.health", .space, [(.get, "/health")], .json, .seenInClient,
      "Whether the space is well", SpaceHandlers.health),
    Endpoint(
      "space.topics", .space, [(.get, "/topics")], .json, .seenInClient,
      "The topics of the space, with who reads and writes them", SpaceHandlers.topics),
    Endpoint(
      "space.publish", .space, [(.post, "/topic/{name}")], .free, .seenInClient,
      content: .streamed, per: "name", "Write to a topic", TopicHandlers.publish),
    Endpoint(
      "space.subscribe", .space, [(.get, "/topic/{name}")], .free, .seenInClient, per: "name",
      "Read a topic", TopicHandlers.subscribe),
    Endpoint(
      "space.disconnect", .space, [(.post, "/disconnect")], .operation, .seenInClient,
      "Disconnect hubs", SpaceHandlers.disconnect),
    Endpoint(
      "space.hubInfo", .space, [(.get, "/sth/{hub}/info")], .json, .documented, per: "hub",
      "What the space knows of a hub", SpaceHandlers.hubInfo),
    Endpoint(
      "space.deleteHub", .space, [(.delete, "/sth/{hub}")], .operation, .seenInClient, per: "hub",
      "Remove a hub from the space", SpaceHandlers.deleteHub),
  ]

  private static let store: [Endpoint] = [
    Endpoint(
      "store.list", .space, [(.get, "/s3")], .json, .documented, "List the store",
      StoreHandlers.list),
    Endpoint(
      "store.put", .space, [(.put, "/s3"), (.put, "/s3/{file}"), (.put, "/s3/{folder}/{file}")],
      .streamIn, .documented, content: .streamed, per: "file", "Store a package", StoreHandlers.put),
    Endpoint(
      "store.get", .space, [(.get, "/s3/{file}"), (.get, "/s3/{folder}/{file}")], .streamOut,
      .documented, per: "file", "Download a package", StoreHandlers.get),
    Endpoint(
      "store.delete", .space, [(.delete, "/s3/{file}"), (.delete, "/s3/{folder}/{file}")],
      .operation, .documented, per: "file", "Delete a package", StoreHandlers.delete),
    Endpoint(
      "store.clear", .space, [(.delete, "/store")], .operation, .seenInClient, "Empty the store",
      StoreHandlers.clear),
  ]

  private static let hub: [Endpoint] = [
    Endpoint(
      "hub.version", .hub, [(.get, "/version")], .json, .recorded, "Version of the hub",
      HubHandlers.version),
    Endpoint(
      "hub.config", .hub, [(.get, "/config")], .json, .recorded, "Configuration of the hub",
      HubHandlers.config),
    Endpoint(
      "hub.loadCheck", .hub, [(.get, "/load-check")], .json, .recorded,
      "Load of the hub's machine", HubHandlers.load),
    Endpoint(
      "hub.log", .hub, [(.get, "/log")], .streamOut, .documented, "The hub's log, live",
      HubHandlers.log),
    Endpoint(
      "hub.status", .hub, [(.get, "/status")], .json, .recorded,
      "Whether the hub is connected to its space", HubHandlers.status),
    Endpoint(
      "hub.entities", .hub, [(.get, "/entities")], .json, .recorded,
      "All sequences and instances of the hub", HubHandlers.entities),
    Endpoint(
      "hub.audit", .hub, [(.get, "/audit")], .streamOut, .recorded,
      "The hub's audit records, live", HubHandlers.audit),
  ]

  private static let topics: [Endpoint] = [
    Endpoint(
      "topic.list", .hub, [(.get, "/topics")], .json, .recorded, "The topics",
      TopicHandlers.list),
    Endpoint(
      "topic.create", .hub, [(.post, "/topics")], .operation, .recorded, "Make a topic",
      TopicHandlers.create),
    Endpoint(
      "topic.delete", .hub, [(.delete, "/topics/{name}")], .operation, .recorded, per: "name",
      "Remove a topic", TopicHandlers.delete),
    Endpoint(
      "topic.publish", .hub, [(.post, "/topic/{name}")], .free, .recorded, content: .streamed,
      per: "name", "Write to a topic", TopicHandlers.publish),
    Endpoint(
      "topic.subscribe", .hub, [(.get, "/topic/{name}")], .free, .recorded, per: "name",
      "Read a topic", TopicHandlers.subscribe),
  ]

  private static let sequences: [Endpoint] = [
    Endpoint(
      "sequence.list", .hub, [(.get, "/sequences")], .json, .recorded,
      "The sequences of the hub", SequenceHandlers.list),
    Endpoint(
      "sequence.get", .hub, [(.get, "/sequence/{id}")], .json, .recorded, per: "id",
      "One sequence", SequenceHandlers.get),
    Endpoint(
      "sequence.instances", .hub, [(.get, "/sequence/{id}/instances")], .json, .recorded,
      per: "id", "Ids of a sequence's instances", SequenceHandlers.instances),
    Endpoint(
      "sequence.create", .hub, [(.post, "/sequence")], .streamIn, .recorded, content: .streamed,
      "Upload a package as a new sequence", SequenceHandlers.create),
    Endpoint(
      "sequence.update", .hub, [(.put, "/sequence/{id}")], .streamIn, .recorded,
      content: .streamed, per: "id", "Upload a package over a sequence", SequenceHandlers.update),
    Endpoint(
      "sequence.start", .hub, [(.post, "/sequence/{id}/start")], .operation, .recorded, per: "id",
      "Start an instance", SequenceHandlers.start),
    Endpoint(
      "sequence.delete", .hub, [(.delete, "/sequence/{id}")], .operation, .recorded, per: "id",
      "Delete a sequence", SequenceHandlers.delete),
  ]

  private static func instance(
    _ name: String, _ method: Method, _ path: String, _ check: EndpointClass, _ fidelity: Fidelity,
    content: ContentPolicy = .ignored, _ summary: String,
    _ handler: @escaping @Sendable (Scope) throws(ScramjetError) -> ServiceAnswer
  ) -> Endpoint {
    Endpoint(
      "instance." + name, .instance, [(method, "/instance/{id}" + path)], check, fidelity,
      content: content, per: "id", summary, handler)
  }

  private static let instances: [Endpoint] = [
    Endpoint(
      "instance.list", .hub, [(.get, "/instances")], .json, .recorded,
      "The instances of the hub", InstanceHandlers.list),
    instance("get", .get, "", .json, .recorded, "One instance", InstanceHandlers.get),
    instance(
      "stop", .post, "/_stop", .operation, .recorded, "Stop within a time", LifeHandlers.stop),
    instance("kill", .post, "/_kill", .operation, .recorded, "Kill at once", LifeHandlers.kill),
    instance(
      "health", .get, "/health", .json, .recorded, "The last monitoring message",
      InstanceHandlers.health),
    instance(
      "input", .post, "/input", .free, .recorded, content: .streamed, "Data for its input",
      StreamHandlers.input),
    instance(
      "stdin", .post, "/stdin", .streamIn, .recorded, content: .streamed, "Data for its stdin",
      StreamHandlers.stdin),
    instance(
      "inout", .post, "/inout", .free, .recorded, content: .streamed,
      "Data for its input, and its output in the reply", StreamHandlers.both),
    instance(
      "output", .get, "/output", .streamOut, .recorded, "Its output", StreamHandlers.output),
    instance(
      "stdout", .get, "/stdout", .streamOut, .recorded, "Its stdout", StreamHandlers.stdout),
    instance(
      "stderr", .get, "/stderr", .streamOut, .recorded, "Its stderr", StreamHandlers.stderr),
    instance("log", .get, "/log", .streamOut, .recorded, "Its log", StreamHandlers.log),
    instance(
      "sendEvent", .post, "/_event", .operation, .recorded, "Send it an event",
      EventHandlers.send),
    instance(
      "anyEvents", .get, "/event", .free, .documented, "All its events, live",
      EventHandlers.anyEvents),
    instance(
      "event", .get, "/event/{name}", .free, .recorded,
      "The last event of a name, or the first to come", EventHandlers.last),
    instance(
      "anyOnce", .get, "/once", .json, .documented, "The last event of any name",
      EventHandlers.anyOnce),
    instance(
      "once", .get, "/once/{name}", .json, .recorded, "The next event of a name",
      EventHandlers.once),
    instance(
      "events", .get, "/events/{name}", .streamOut, .recorded, "The events of a name, live",
      EventHandlers.stream),
    instance(
      "monitoringRate", .post, "/_monitoring_rate", .operation, .seenInClient,
      "How often it reports its health", LifeHandlers.monitoringRate),
    instance(
      "monitoring", .get, "/monitoring", .streamOut, .seenInClient, "Its health reports, live",
      LifeHandlers.monitoring),
    instance(
      "set", .post, "/set", .operation, .seenInClient, "Change its log level", LifeHandlers.set),
    Endpoint(
      "instance.unknownPath", .instance,
      [
        (.get, "/instance/{id}/{rest…}"), (.post, "/instance/{id}/{rest…}"),
        (.put, "/instance/{id}/{rest…}"), (.delete, "/instance/{id}/{rest…}"),
        (.post, "/instance/{id}"), (.put, "/instance/{id}"), (.delete, "/instance/{id}"),
      ],
      .free, .documented, per: "id", isClaimed: true, "A path that instances do not have",
      { scope in scope.empty(.notFound) }),
  ]
}
