import EmulatorKernel
import PayloadCodecs

/// What the endpoints take and answer, by name.
/// Source: the contract of hub 1.0.1 and what its handlers answer here.
extension ScramjetDocumentation {
  static let notes: TextMap<ScramjetNote> = [
    platform, space, store, hub, topics, sequences, instances,
  ].reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }

  private static let page: [DocumentedParameter] = [
    .init(.query, "offset", "integer(0..)", "How many to leave out."),
    .init(.query, "limit", "integer(1..100)", "At most so many; else 100."),
  ]

  private static let platform: TextMap<ScramjetNote> = [
    "platform.spaces": .json(#"[{id: string = "demo"}]"#),
    "platform.listKeys": .json("{accessKeys: [{created: integer, description: string}]}"),
    "platform.createKey": .json(
      "{accessKey: string, description: string, created: integer}",
      takes: #"{description?: string = "for the harbor", …}"#),
    "platform.revokeKeys": .json(
      "{message: string, keysRevoked?: integer(0..)}",
      query: [
        .init(.header, "X-Revoke", "string", "The key."),
        .init(.header, "X-Revoke-All", "'true'", "All keys."),
      ]),
    "platform.list": .json(#"[{id: string = "demo"}]"#),
    "platform.info": .json(
      "{apiBase: string, apiPort: integer, id: Id, managersCount: integer(0..)} | HubInfo"),
    "platform.load": .json("Load"),
    "platform.health": .json("Health"),
    "platform.startSpace": .json(
      "{id: string}", [409], status: 202, takes: #"{id?: string(1..256) = "harbor", …}"#),
    "platform.stopSpace": .json("{id: string}"),
    "preflight": ScramjetNote(
      answers: [
        DocumentedAnswer(
          200, "What a browser may send.",
          fields: [
            ("Access-Control-Allow-Origin", "`*`"), ("Access-Control-Allow-Headers", "`*`"),
            ("Access-Control-Allow-Methods", "The methods."),
          ])
      ]),
  ]

  private static let space: TextMap<ScramjetNote> = [
    "space.version": .json("Version"),
    "space.load": .json("Load"),
    "space.loadStream": .stream("A load object a second, a line each."),
    "space.list": .json("[ListedHub]", query: page),
    "space.sequences": .json("[Id]"),
    "space.allSequences": .json("[Sequence]", query: page),
    "space.instances": .json("[SpaceInstance]", query: page),
    "space.log": .stream("Lines of the logs of all hubs."),
    "space.audit": .stream("Audit records of all hubs, a JSON object a line."),
    "space.config": .json("{config: {id: string, …}}"),
    "space.entities": .json(
      "{topics: [string], hubs: [string], sequences: [Id], instances: [Id]}"),
    "space.health": .json("Health"),
    "space.topics": .json("[SpaceTopic]"),
    "space.publish": publish,
    "space.subscribe": .stream("The topic's data.", [400, 415]),
    "space.disconnect": .json(
      "{managerId: string, disconnected: [{sthId: string, reason: string}]}", [409], status: 202,
      takes: #"{id?: string = "sth-9", limit?: integer, accessKey?: string, …}"#),
    "space.hubInfo": .json("HubInfo"),
    "space.deleteHub": .json(
      "{}", [409], status: 202,
      query: [.init(.header, "X-Force", "'true'|'false'", "Even while it is connected.")]),
  ]

  private static let store: TextMap<ScramjetNote> = [
    "store.list": .json("[StoreItem]"),
    "store.put": ScramjetNote(
      content: [package],
      answers: [DocumentedAnswer(202, "It is kept.", [.init(json, "StoredItem")])],
      errors: [400, 422, 507]),
    "store.get": ScramjetNote(
      answers: [DocumentedAnswer(200, "The package.", [.init(bytes, "bytes")])]),
    "store.delete": .json("{id: string}", status: 202),
    "store.clear": .json("{}", status: 202),
  ]

  private static let hub: TextMap<ScramjetNote> = [
    "hub.version": .json("Version"),
    "hub.config": .json("{host?: {id: string, …}, …}"),
    "hub.loadCheck": .json("Load"),
    "hub.log": .stream("Lines of the log."),
    "hub.status": .json("{cpm: {connected?: boolean, cpmId?: string}}"),
    "hub.entities": .json("{sequences: [Sequence], instances: [Instance]}"),
    "hub.audit": .stream("Audit records, a JSON object a line."),
  ]

  private static let publish = ScramjetNote(
    parameters: [
      .init(
        .header, "X-End-Stream", "'true'|'false'", "Whether 200 is wanted for 202.")
    ],
    content: ["application/x-ndjson", "text/x-ndjson", "text/plain", bytes].map {
      DocumentedContent($0, "string", example: "{\"ship\":\"Aurora\"}\n")
    },
    answers: [200, 202].map {
      DocumentedAnswer($0, "All of it has been taken.", [.init(json, "{}")])
    }, errors: [400, 415])

  private static let topics: TextMap<ScramjetNote> = [
    "topic.list": .json("[Topic]"),
    "topic.create": .json(
      "{id: string, origin: {id: string, type: 'hub'}, state: 'flowing', contentType: TopicType}",
      takes: #"{id: string(1..) = "cargo", "content-type": TopicType, …}"#),
    "topic.delete": .json("{message: string}", [404]),
    "topic.publish": publish,
    "topic.subscribe": .stream("The topic's data.", [400, 415]),
  ]

  /// A tar.gz with a `package.json`.
  private static let package = DocumentedContent(bytes, "bytes")
  private static let alias = DocumentedParameter(
    .header, "X-Name", "string", "A name for the sequence.")

  private static let sequences: TextMap<ScramjetNote> = [
    "sequence.list": .json("[Sequence]"),
    "sequence.get": .json("Sequence", [404]),
    "sequence.instances": .json("[Id]", [404]),
    "sequence.create": ScramjetNote(
      parameters: [alias], content: [package],
      answers: [DocumentedAnswer(200, "It is there.", [.init(json, "{id: Id}")])],
      errors: [400, 405, 422, 507]),
    "sequence.update": ScramjetNote(
      parameters: [alias], content: [package],
      answers: [DocumentedAnswer(200, "It is there.", [.init(json, "{id: Id}")])],
      errors: [400, 404, 409, 422, 507]),
    "sequence.start": .json(
      #"{message: string = "Sequence … starting", id: Id}"#, [404, 409, 419, 422],
      takes: """
        {appConfig?: object, args?: any, outputTopic?: string, inputTopic?: string,
         instanceId?: string(36..36), limits?: object, …}
        """),
    "sequence.delete": .json(
      "{id: Id}", [404, 409],
      query: [
        .init(.header, "X-Seq-Kill-Inst", "'true'", "Kill its instances first, and wait for it.")
      ]),
  ]

  private static let input: [DocumentedContent] = [
    "application/x-ndjson", "text/plain", bytes,
  ].map { DocumentedContent($0, "string", example: "{\"ship\":\"Aurora\"}\n") }
  private static let endOfStream = DocumentedParameter(
    .header, "X-End-Stream", "'true'|'false'", "Whether this is all; else it is.")

  /// The end of the answer comes when all has been taken.
  private static func taking(
    _ content: [DocumentedContent], _ errors: [Int]
  ) -> ScramjetNote {
    ScramjetNote(
      parameters: [endOfStream], content: content,
      answers: [
        DocumentedAnswer(200, "The stream is ended with this."),
        DocumentedAnswer(202, "More may come."),
      ], errors: errors, isStreaming: true)
  }

  private static let instances: TextMap<ScramjetNote> = [
    "instance.list": .json("[Instance]"),
    "instance.get": .json("Instance"),
    "instance.stop": .json(
      "Instance", status: 202,
      takes: """
        {-- Milliseconds after which it is killed.
         timeout?: integer(0..) = 0,
         canCallKeepalive?: boolean, …}
        """),
    "instance.kill": .json(
      "Instance", status: 202, takes: "{removeImmediately?: boolean = false, …}"),
    "instance.health": .json(
      "{healthy: boolean, processId: integer, containerId: string}"),
    "instance.input": taking(input, [405, 406]),
    "instance.stdin": taking([DocumentedContent(bytes, "bytes")], []),
    "instance.inout": ScramjetNote(
      content: input,
      answers: [DocumentedAnswer(200, "Its output, as it comes.")],
      errors: [405, 406], isStreaming: true),
    "instance.output": .stream("Its output."),
    "instance.stdout": .stream("Its standard output."),
    "instance.stderr": .stream("Its standard error."),
    "instance.log": .stream("Its log."),
    "instance.sendEvent": .json(
      #"{accepted: 'OK'}"#,
      takes: #"[any] = [5001, {"eventName": "docked", "message": {"ship": "Aurora"}}]"#),
    "instance.anyEvents": .stream("All its events, a JSON object a line."),
    "instance.event": .json("any", waits: true),
    "instance.anyOnce": .json("Event", waits: true),
    "instance.once": .json("any", waits: true),
    "instance.events": .stream("The events' messages, a JSON value a line."),
    "instance.monitoringRate": .json(
      "{accepted: boolean}", [500], status: 202, takes: #"[any] = [4003, {"monitoringRate": 1}]"#),
    "instance.monitoring": .stream("Its health, a JSON object a line."),
    "instance.set": .json("{}", takes: #"{logLevel?: string = "debug", …}"#),
    "instance.unknownPath": ScramjetNote(
      answers: [DocumentedAnswer(404, "There is nothing, without content.")]),
  ]
}
