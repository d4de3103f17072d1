import EmulatorKernel
import HTTPModel

/// The instances of a hub.
extension Endpoint<ScramjetService> {
  static let instances: [Row] = [
    Row(
      "instance.list", .hub, [.get("/instances")], "The instances of the hub",
      .recorded("instance-list"), .json, audit: 11_200, reachesMuch: true, .json("[Instance]"),
      InstanceHandlers.list),
    Row(
      "instance.get", .instance, [.get("/instance/{id}")], "One instance",
      .recorded("instance-accept"), .json, audit: 11_200, .json("Instance"), InstanceHandlers.get),
    Row(
      "instance.stop", .instance, [.post("/instance/{id}/_stop")], "Stop within a time",
      .recorded("stop-handler"), .operation, audit: 11_114, needsRoom: false,
      .json(
        "Instance", status: 202,
        takes: """
          {-- Milliseconds after which it is killed.
           timeout?: integer(0..) = 0,
           canCallKeepalive?: boolean, …}
          """), LifeHandlers.stop),
    Row(
      "instance.kill", .instance, [.post("/instance/{id}/_kill")], "Kill at once",
      .recorded("kill-remove"), .operation, audit: 11_115, needsRoom: false,
      .json(
        "Instance", status: 202, takes: "{removeImmediately?: boolean = false, …}"),
      LifeHandlers.kill),
    Row(
      "instance.health", .instance, [.get("/instance/{id}/health")], "The last monitoring message",
      .recorded("instance-health-early"), .json, audit: 11_208,
      .json(
        "{healthy: boolean, processId: integer, containerId: string}"), InstanceHandlers.health),
    Row(
      "instance.input", .instance, [.post("/instance/{id}/input")], "Data for its input",
      .recorded("input-after-end"), .free, content: .streamed, audit: 11_107,
      .taking(.input, [405, 406]), StreamHandlers.input),
    Row(
      "instance.stdin", .instance, [.post("/instance/{id}/stdin")], "Data for its stdin",
      .recorded("stdin-after-end"), .streamIn, audit: 11_103, .taking([.package]),
      StreamHandlers.stdin),
    Row(
      "instance.inout", .instance, [.post("/instance/{id}/inout")],
      "Data for its input, and its output in the reply", .recorded("inout"), .free,
      content: .streamed, audit: 11_100,
      OperationDocumentation(
        content: .input,
        answers: [DocumentedAnswer(200, "Its output, as it comes.")],
        refusals: [405, 406], isStreaming: true), StreamHandlers.both),
    Row(
      "instance.output", .instance, [.get("/instance/{id}/output")], "Its output",
      .recorded("output-ends-at-kill"), .streamOut, audit: 11_206, .stream("Its output."),
      StreamHandlers.out(\.output)),
    Row(
      "instance.stdout", .instance, [.get("/instance/{id}/stdout")], "Its stdout",
      .recorded("instance-head-streams"), .streamOut, audit: 11_201,
      .stream("Its standard output."), StreamHandlers.out(\.stdout)),
    Row(
      "instance.stderr", .instance, [.get("/instance/{id}/stderr")], "Its stderr",
      .recorded("stderr"), .streamOut, audit: 11_202, .stream("Its standard error."),
      StreamHandlers.out(\.stderr)),
    Row(
      "instance.log", .instance, [.get("/instance/{id}/log")], "Its log", .recorded("log-ends"),
      .streamOut, audit: 11_204, .stream("Its log."),
      StreamHandlers.out(\.log, endsHere: true)),
    Row(
      "instance.sendEvent", .instance, [.post("/instance/{id}/_event")], "Send it an event",
      .recorded("event-after-end"), .operation, audit: 11_113,
      .json(
        #"{accepted: 'OK'}"#,
        takes: #"[any] = [5001, {"eventName": "docked", "message": {"ship": "Aurora"}}]"#),
      EventHandlers.send),
    Row(
      "instance.anyEvents", .instance, [.get("/instance/{id}/event")], "All its events, live",
      .documented, .free, audit: 11_210, .stream("All its events, a JSON object a line."),
      EventHandlers.anyEvents),
    Row(
      "instance.event", .instance, [.get("/instance/{id}/event/{name}")],
      "The last event of a name, or the first to come", .recorded("event-after-end"), .json,
      audit: 11_210, .json("any", waits: true), EventHandlers.last),
    Row(
      "instance.anyOnce", .instance, [.get("/instance/{id}/once")], "The last event of any name",
      .documented, .json, audit: 11_211, .json("Event", waits: true), EventHandlers.anyOnce),
    Row(
      "instance.once", .instance, [.get("/instance/{id}/once/{name}")], "The next event of a name",
      .recorded("event-two-waiters"), .json, audit: 11_211, .json("any", waits: true),
      EventHandlers.once),
    Row(
      "instance.events", .instance, [.get("/instance/{id}/events/{name}")],
      "The events of a name, live", .recorded("event-two-waiters"), .streamOut, audit: 11_209,
      .stream("The events' messages, a JSON value a line."), EventHandlers.stream),
    Row(
      "instance.monitoringRate", .instance, [.post("/instance/{id}/_monitoring_rate")],
      "How often it reports its health", .seenInClient, .operation, audit: 11_112, needsRoom: false,
      .json(
        "{accepted: boolean}", [500], status: 202, takes: #"[any] = [4003, {"monitoringRate": 1}]"#),
      LifeHandlers.monitoringRate),
    Row(
      "instance.monitoring", .instance, [.get("/instance/{id}/monitoring")],
      "Its health reports, live", .seenInClient, .streamOut, audit: 11_205,
      .stream("Its health, a JSON object a line."), LifeHandlers.monitoring),
    Row(
      "instance.set", .instance, [.post("/instance/{id}/set")], "Change its log level",
      .seenInClient, .operation, audit: 11_100, needsRoom: false,
      .json("{}", takes: #"{logLevel?: string = "debug", …}"#), LifeHandlers.set),
    Row(
      "instance.unknownPath", .instance,
      unknownPaths,
      "A path that instances do not have", .documented, .free, isClaimed: true, audit: 11_200,
      needsRoom: false,
      OperationDocumentation(
        answers: [DocumentedAnswer(404, "There is nothing, without content.")], shownRoutes: 1),
      { scope in scope.refuse(.notFound("instances have no such path")) }),
  ]

  private static let unknownPaths: [Operation.Route] = [
    .get("/instance/{id}/{rest…}"), .post("/instance/{id}/{rest…}"),
    .put("/instance/{id}/{rest…}"), .delete("/instance/{id}/{rest…}"), .post("/instance/{id}"),
    .put("/instance/{id}"), .delete("/instance/{id}"),
  ]
}
