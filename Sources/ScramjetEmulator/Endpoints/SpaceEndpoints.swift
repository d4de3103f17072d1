import EmulatorKernel
import HTTPModel

/// A space and its store.
extension Endpoint<ScramjetService> {
  static let space: [Row] = [
    Row(
      "space.version", .space, [.get("/version")], "Version of the space", .documented, .json,
      .json("Version"), SpaceHandlers.version),
    Row(
      "space.load", .space, [.get("/load"), .get("/load-check")], "Load of the space's machine",
      .documented, .json, .json("Load"), SpaceHandlers.load),
    Row(
      "space.loadStream", .space, [.get("/load-stream")], "One load object a second", .seenInClient,
      .streamOut, .stream("A load object a second, a line each."), SpaceHandlers.loadStream),
    Row(
      "space.list", .space, [.get("/list")], "The hubs of the space", .documented, .json,
      reachesMuch: true, .json("[ListedHub]", query: .page), SpaceHandlers.list),
    Row(
      "space.sequences", .space, [.get("/sequences")], "Ids of the sequences on all hubs",
      .documented, .json, reachesMuch: true, .json("[Id]"), SpaceHandlers.sequences),
    Row(
      "space.allSequences", .space, [.get("/all_sequences")],
      "The store's items and the sequences on all hubs", .seenInClient, .json, reachesMuch: true,
      .json("[Sequence]", query: .page), SpaceHandlers.allSequences),
    Row(
      "space.instances", .space, [.get("/instances")], "The instances on all hubs", .documented,
      .json, reachesMuch: true, .json("[SpaceInstance]", query: .page), SpaceHandlers.instances),
    Row(
      "space.log", .space, [.get("/log")], "The log of all hubs, live", .documented, .streamOut,
      .stream("Lines of the logs of all hubs."), SpaceHandlers.log),
    Row(
      "space.audit", .space, [.get("/audit")], "The audit records of all hubs, live", .seenInClient,
      .streamOut, .stream("Audit records of all hubs, a JSON object a line."), SpaceHandlers.audit),
    Row(
      "space.config", .space, [.get("/config")], "Configuration of the space", .seenInClient, .json,
      .json("{config: {id: string, …}}"), SpaceHandlers.config),
    Row(
      "space.entities", .space, [.get("/entities")], "Names and ids of everything", .seenInClient,
      .json, reachesMuch: true,
      .json(
        "{topics: [string], hubs: [string], sequences: [Id], instances: [Id]}"),
      SpaceHandlers.entities),
    Row(
      "space.health", .space, [.get("/health")], "Whether the space is well", .seenInClient, .json,
      .json("Health"), SpaceHandlers.health),
    Row(
      "space.topics", .space, [.get("/topics")],
      "The topics of the space, with who reads and writes them", .seenInClient, .json,
      reachesMuch: true, .json("[SpaceTopic]"), SpaceHandlers.topics),
    Row(
      "space.publish", .space, [.post("/topic/{name}")], "Write to a topic", .seenInClient, .free,
      content: .streamed, per: "name", .publishing, TopicHandlers.publish),
    Row(
      "space.subscribe", .space, [.get("/topic/{name}")], "Read a topic", .seenInClient, .free,
      per: "name", .stream("The topic's data.", [400, 415]), TopicHandlers.subscribe),
    Row(
      "space.disconnect", .space, [.post("/disconnect")], "Disconnect hubs", .seenInClient,
      .operation, reachesMuch: true, needsRoom: false,
      .json(
        "{managerId: string, disconnected: [{sthId: string, reason: string}]}", [404, 409],
        status: 202,
        takes: #"{id?: string = "sth-9", limit?: integer, accessKey?: string, …}"#),
      SpaceHandlers.disconnect),
    Row(
      "space.hubInfo", .space, [.get("/sth/{hub}/info")], "What the space knows of a hub",
      .documented, .json, per: "hub", .json("HubInfo", [404]), SpaceHandlers.hubInfo),
    Row(
      "space.deleteHub", .space, [.delete("/sth/{hub}")], "Remove a hub from the space",
      .seenInClient, .operation, per: "hub", reachesMuch: true,
      .json(
        "{}", [404, 409], status: 202,
        query: [.init(.header, "X-Force", "'true'|'false'", "Even while it is connected.")]),
      SpaceHandlers.deleteHub),
  ]

  static let store: [Row] = [
    Row(
      "store.list", .space, [.get("/s3")], "List the store", .documented, .json, reachesMuch: true,
      .json("[StoreItem]"), StoreHandlers.list),
    Row(
      "store.put", .space, [.put("/s3"), .put("/s3/{file}"), .put("/s3/{folder}/{file}")],
      "Store a package", .documented, .streamIn, per: "file",
      OperationDocumentation(
        content: [.package],
        answers: [.json(202, "It is kept.", "StoredItem")],
        refusals: [400, 422, 507]), StoreHandlers.put),
    Row(
      "store.get", .space, [.get("/s3/{file}"), .get("/s3/{folder}/{file}")], "Download a package",
      .documented, .streamOut, per: "file",
      OperationDocumentation(
        answers: [DocumentedAnswer(200, "The package.", [.package])], refusals: [404]),
      StoreHandlers.get),
    Row(
      "store.delete", .space, [.delete("/s3/{file}"), .delete("/s3/{folder}/{file}")],
      "Delete a package", .documented, .operation, per: "file",
      .json("{id: string}", [404], status: 202),
      StoreHandlers.delete),
    Row(
      "store.clear", .space, [.delete("/store")], "Empty the store", .seenInClient, .operation,
      reachesMuch: true, .json("{}", status: 202), StoreHandlers.clear),
  ]
}
