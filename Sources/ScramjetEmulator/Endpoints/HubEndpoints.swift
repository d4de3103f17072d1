import EmulatorKernel
import HTTPModel

/// A hub, its topics and its sequences.
extension Endpoint<ScramjetService> {
  static let hub: [Row] = [
    Row(
      "hub.version", .hub, [.get("/version")], "Version of the hub", .recorded("hub-head"), .json,
      .json("Version"), HubHandlers.version),
    Row(
      "hub.config", .hub, [.get("/config")], "Configuration of the hub", .recorded("hub-config"),
      .json, .json("{host?: {id: string, …}, …}"), HubHandlers.config),
    Row(
      "hub.loadCheck", .hub, [.get("/load-check")], "Load of the hub's machine",
      .recorded("hub-head"), .json, .json("Load"), HubHandlers.load),
    Row(
      "hub.log", .hub, [.get("/log")], "The hub's log, live", .documented, .streamOut,
      .stream("Lines of the log."), HubHandlers.log),
    Row(
      "hub.status", .hub, [.get("/status")], "Whether the hub is connected to its space",
      .recorded("hub-empty"), .json, .json("{cpm: {connected?: boolean, cpmId?: string}}"),
      HubHandlers.status),
    Row(
      "hub.entities", .hub, [.get("/entities")], "All sequences and instances of the hub",
      .recorded("hub-empty"), .json, reachesMuch: true,
      .json("{sequences: [Sequence], instances: [Instance]}"), HubHandlers.entities),
    Row(
      "hub.audit", .hub, [.get("/audit")], "The hub's audit records, live", .recorded("hub-audit"),
      .streamOut, .stream("Audit records, a JSON object a line."), HubHandlers.audit),
  ]

  static let topics: [Row] = [
    Row(
      "topic.list", .hub, [.get("/topics")], "The topics", .recorded("topic-consumer"), .json,
      audit: 12_200, reachesMuch: true, .json("[Topic]"), TopicHandlers.list),
    Row(
      "topic.create", .hub, [.post("/topics")], "Make a topic", .recorded("topic-create"),
      .operation, audit: 12_100,
      .json(
        "{id: string, origin: {id: string, type: 'hub'}, state: 'flowing', contentType: TopicType}",
        takes: #"{id: string(1..) = "cargo", "content-type": TopicType, …}"#), TopicHandlers.create),
    Row(
      "topic.delete", .hub, [.delete("/topics/{name}")], "Remove a topic",
      .recorded("topic-create"), .operation, per: "name", audit: 12_400,
      .json("{message: string}", [404]), TopicHandlers.delete),
    Row(
      "topic.publish", .hub, [.post("/topic/{name}")], "Write to a topic",
      .recorded("topic-back-pressure"), .free, content: .streamed, per: "name", audit: 12_100,
      .publishing, TopicHandlers.publish),
    Row(
      "topic.subscribe", .hub, [.get("/topic/{name}")], "Read a topic",
      .recorded("topic-back-pressure"), .free, per: "name", audit: 12_200,
      .stream("The topic's data.", [400, 415]), TopicHandlers.subscribe),
  ]

  static let sequences: [Row] = [
    Row(
      "sequence.list", .hub, [.get("/sequences")], "The sequences of the hub",
      .recorded("sequence-life"), .json, audit: 10_200, reachesMuch: true, .json("[Sequence]"),
      SequenceHandlers.list),
    Row(
      "sequence.get", .hub, [.get("/sequence/{id}")], "One sequence", .recorded("sequence-alias"),
      .json, per: "id", audit: 10_200, reachesMuch: true, .json("Sequence", [404]),
      SequenceHandlers.get),
    Row(
      "sequence.instances", .hub, [.get("/sequence/{id}/instances")],
      "Ids of a sequence's instances", .recorded("sequence-life"), .json, per: "id", audit: 10_216,
      reachesMuch: true, .json("[Id]", [404]), SequenceHandlers.instances),
    Row(
      "sequence.create", .hub, [.post("/sequence")], "Upload a package as a new sequence",
      .recorded("sequence-alias"), .streamIn, audit: 10_100,
      .upload([400, 405, 422, 507]), SequenceHandlers.create),
    Row(
      "sequence.update", .hub, [.put("/sequence/{id}")], "Upload a package over a sequence",
      .recorded("sequence-put-in-use"), .streamIn, per: "id", audit: 10_300,
      .upload([400, 404, 409, 422, 507]), SequenceHandlers.update),
    Row(
      "sequence.start", .hub, [.post("/sequence/{id}/start")], "Start an instance",
      .recorded("start-appconfig"), .operation, per: "id", audit: 10_117,
      .json(
        #"{message: string = "Sequence … starting", id: Id}"#, [404, 409, 419, 422],
        takes: """
          {appConfig?: object, args?: any, outputTopic?: string, inputTopic?: string,
           instanceId?: string(36..36), limits?: object, …}
          """), SequenceHandlers.start),
    Row(
      "sequence.delete", .hub, [.delete("/sequence/{id}")], "Delete a sequence",
      .recorded("sequence-delete-by-force"), .operation, per: "id", audit: 10_400,
      reachesMuch: true,
      .json(
        "{id: Id}", [404, 409],
        query: [
          .init(
            .header, "X-Seq-Kill-Inst", "'true'|'false'",
            "Whether its instances are killed first, and waited for.")
        ]), SequenceHandlers.delete),
  ]
}
