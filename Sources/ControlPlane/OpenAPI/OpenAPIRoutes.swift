import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// `GET /_wavetank/openapi/{service}.json`: made of the services' operations and what they say
/// about them when it is first asked for, and kept but for the server's URL.
enum OpenAPIRoutes {
  /// Which documents there are.
  static func list(_ call: AdminCall) -> Answer {
    let base = call.request.origin + call.urlPrefix
    let documents = names(call).map { name -> JSON in
      [
        "service": .string(name),
        "url": .string("\(base)/_wavetank/openapi/\(name).json"),
      ]
    }
    return .json(["documents": .array(documents)])
  }

  static func document(_ call: AdminCall) throws(Problem) -> Answer {
    let wanted = call.parameters["document"] ?? ""
    let valid = names(call).map { "\($0).json" }
    guard let subject = subject(wanted, call) else {
      throw Problem(
        404, "There is no OpenAPI document \"\(wanted)\"\(Nearest.hint(for: wanted, among: valid))")
    }
    do {
      var made: (start: [UInt8], end: [UInt8])?
      let parts = { () throws(ShapeError) -> (start: [UInt8], end: [UInt8]) in
        if let made { return made }
        let (documentation, operations) = subject()
        let document = try OpenAPIDocument(
          documentation, operations: operations, version: call.options.version, serverURL: "")
        let parts = Self.parts(of: document.json.serialized())
        made = parts
        return parts
      }
      // Between the two stands the server's URL.
      let rendered = call.pipeline.rendered
      var start = try rendered.text("openapi/\(wanted)/start") { () throws(ShapeError) in
        try parts().start
      }
      let end = try rendered.text("openapi/\(wanted)/end") { () throws(ShapeError) in
        try parts().end
      }
      start += JSON.string(call.request.origin + call.urlPrefix).serialized().dropLast()
      var response = Response.json(.ok, start)
      response.body = .chunks([start, end])
      return .now(response)
    } catch {
      throw Problem(500, "\(error.message) (\(wanted))")
    }
  }

  /// A document in front of its server's URL, for which it has an empty text, and from the end of that
  /// text on.
  private static func parts(of text: [UInt8]) -> (start: [UInt8], end: [UInt8]) {
    // Inside of a string no such quotes could stand.
    let place = Array(#""servers":[{"url":"#.utf8)
    guard let start = text.firstRange(of: place)?.upperBound else { return (text, []) }
    return (Array(text[..<start]), Array(text[(start + 1)...]))
  }

  /// The services and the control API itself.
  private static func names(_ call: AdminCall) -> [String] {
    call.pipeline.services.map(\.name) + [ControlDocumentation.name]
  }

  /// - Returns: what a document is made of, where there is such a one.
  private static func subject(
    _ wanted: String, _ call: AdminCall
  ) -> (() -> (ServiceDocumentation, [DocumentedOperation]))? {
    if wanted == "\(ControlDocumentation.name).json" {
      let service = call.pipeline.services.first?.name ?? "service"
      return { (ControlDocumentation.documentation(service), AdminRoute.all.map(\.documented)) }
    }
    let service = call.pipeline.services.first { "\($0.name).json" == wanted }
    return service.map { service in { (service.documentation, service.documentedOperations) } }
  }
}

extension AdminCall {
  /// What stands in front of every path of the tenant that is meant.
  fileprivate var urlPrefix: String {
    if case .named(let name) = tenantChoice { "/_t/\(name)" } else { "" }
  }
}
