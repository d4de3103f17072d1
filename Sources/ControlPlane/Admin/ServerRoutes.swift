import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What concerns the server as a whole.
enum ServerRoutes {
  static func health(_ call: AdminCall) -> Answer {
    .now(health(with: call.isTrusted ? call.pipeline.tenants.storageProblems : []))
  }

  /// The server answers, whatever is wrong with its disk: 200, and `degraded` with what is wrong.
  static func health(with problems: [String]) -> Response {
    let isHealthy = problems.isEmpty
    var json: JSONObject = ["status": .string(isHealthy ? "ok" : "degraded")]
    if !isHealthy { json["problems"] = .array(problems.map { .string($0) }) }
    return .json(.ok, JSON.object(json).serialized())
  }

  static func ready(_ call: AdminCall) -> Answer {
    call.options.isReady()
      ? .now(.json(.ok, Array(#"{"status":"ready"}"#.utf8)))
      : .now(Problem(503, "The server is starting or stopping.").response)
  }

  /// Once there is a certificate, it is the same for as long as the server runs.
  static func authority(_ call: AdminCall) throws(Problem) -> Answer {
    let text = try call.pipeline.rendered.text(certificateName) { () throws(Problem) in
      switch call.options.authority() {
      case .none(let reason): throw Problem(503, reason)
      case .certificate(let pem): return pem
      }
    }
    var response = Response(.ok, body: .bytes(text))
    response.fields.append("Content-Type", "application/x-pem-file")
    return .now(response)
  }

  /// Among the rendered texts.
  static let certificateName = "ca.pem"

  static func version(_ call: AdminCall) -> Answer {
    .json(["name": "wavetank", "version": .string(call.options.version)])
  }

  static func listeners(_ call: AdminCall) -> Answer {
    let views = call.pipeline.listeners.views.map { view -> JSON in
      [
        "service": .string(view.service), "port": .integer(Int(view.port)),
        "state": .string(view.state.rawValue),
        "wanted": .array(
          view.wanted.map {
            ["tenant": .string($0.tenant), "state": .string($0.state.rawValue)]
          }),
      ]
    }
    return .json(["listeners": .array(views)])
  }

  static func operations(_ call: AdminCall) throws(Problem) -> Answer {
    let table = call.pipeline.operations
    let wanted = call.query("service")
    if let wanted, !table.serviceNames.contains(wanted) {
      throw .noService(wanted, among: table.serviceNames)
    }
    // They are the same for as long as the server runs.
    let text = call.pipeline.rendered.text("operations/\(wanted ?? "")") {
      var json = JSONWriter(reserving: 16_384)
      json.object { json in
        json.array("operations") { json in
          for entry in table.entries {
            let service = table.serviceNames[entry.serviceIndex]
            guard wanted == nil || wanted == service else { continue }
            write(entry.operation, service, into: &json)
          }
        }
      }
      return json.bytes
    }
    return .now(.json(.ok, text))
  }

  private static func write(
    _ operation: EmulatorKernel.Operation, _ service: String, into json: inout JSONWriter
  ) {
    json.object { json in
      json.member("name", operation.name)
      json.member("service", service)
      json.member(ifPresent: "method", operation.routes.first?.method.name)
      json.member(ifPresent: "path", operation.routes.first?.template.text)
      if operation.routes.count > 1 {
        json.array("aliases") { json in
          for route in operation.routes.dropFirst() {
            json.object { json in
              json.member("method", route.method.name)
              json.member("path", route.template.text)
            }
          }
        }
      }
      json.member("summary", operation.summary)
      if operation.content == .streamed { json.member("streamed", true) }
      json.member("fidelity", operation.fidelity.rawValue)
      json.member(ifPresent: "source", operation.source)
      json.member(ifPresent: "resource", operation.resourceParameter)
      json.member(ifPresent: "right", operation.right.flatMap { $0.isEmpty ? nil : $0 })
    }
  }
}
