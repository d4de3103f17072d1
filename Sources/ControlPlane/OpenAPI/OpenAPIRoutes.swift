import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// `GET /_wavetank/openapi/{service}.json`: made of the services' operations and what they say
/// about them, each time it is asked for.
enum OpenAPIRoutes {
  /// Which documents there are.
  static func list(_ call: AdminCall) -> Answer {
    let base = call.request.origin + call.urlPrefix
    let documents = call.pipeline.services.map { service -> JSON in
      [
        "service": .string(service.name),
        "url": .string("\(base)/_wavetank/openapi/\(service.name).json"),
      ]
    }
    return .now(.json(.ok, JSON.object(["documents": .array(documents)]).serialized()))
  }

  static func document(_ call: AdminCall) throws(Problem) -> Answer {
    let wanted = call.parameters["document"] ?? ""
    guard let service = call.pipeline.services.first(where: { "\($0.name).json" == wanted }) else {
      let valid = call.pipeline.services.map { "\($0.name).json" }
      throw Problem(
        404, "There is no OpenAPI document \"\(wanted)\"\(Nearest.hint(for: wanted, among: valid))")
    }
    do {
      let document = try OpenAPIDocument(
        service.documentation, operations: service.operations, version: call.options.version,
        serverURL: call.request.origin + call.urlPrefix)
      return .now(.json(.ok, document.json.serialized()))
    } catch {
      throw Problem(500, "\(error.message) (\(service.name))")
    }
  }
}

extension AdminCall {
  /// What stands in front of every path of the tenant that is meant.
  fileprivate var urlPrefix: String {
    if case .named(let name) = tenantChoice { "/_t/\(name)" } else { "" }
  }
}
