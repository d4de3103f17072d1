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
    guard let (documentation, operations) = subject(wanted, call) else {
      throw Problem(
        404, "There is no OpenAPI document \"\(wanted)\"\(Nearest.hint(for: wanted, among: valid))")
    }
    do {
      let text = try call.pipeline.rendered.text("openapi/\(wanted)") { () throws(ShapeError) in
        try OpenAPIDocument(
          documentation, operations: operations, version: call.options.version, serverURL: ""
        ).json.serialized()
      }
      return .now(.json(.ok, Self.text(text, at: call.request.origin + call.urlPrefix)))
    } catch {
      throw Problem(500, "\(error.message) (\(wanted))")
    }
  }

  /// A document with its server's URL, for which `text` has left an empty place.
  private static func text(_ text: [UInt8], at url: String) -> [UInt8] {
    // Inside of a string no such quotes could stand.
    let place = Array(#""servers":[{"url":""#.utf8)
    guard let start = text.firstRange(of: place)?.upperBound else { return text }
    let quoted = JSON.string(url).serialized()
    var whole: [UInt8] = []
    whole.reserveCapacity(text.count + quoted.count)
    whole.append(contentsOf: text[..<start])
    whole.append(contentsOf: quoted.dropFirst().dropLast())
    whole.append(contentsOf: text[start...])
    return whole
  }

  /// The services and the control API itself.
  private static func names(_ call: AdminCall) -> [String] {
    call.pipeline.services.map(\.name) + [ControlDocumentation.name]
  }

  private static func subject(
    _ wanted: String, _ call: AdminCall
  ) -> (ServiceDocumentation, [DocumentedOperation])? {
    if wanted == "\(ControlDocumentation.name).json" {
      let service = call.pipeline.services.first?.name ?? "service"
      return (ControlDocumentation.documentation(service), AdminRoute.all.map(\.documented))
    }
    let service = call.pipeline.services.first { "\($0.name).json" == wanted }
    return service.map { ($0.documentation, $0.documentedOperations) }
  }
}

extension AdminCall {
  /// What stands in front of every path of the tenant that is meant.
  fileprivate var urlPrefix: String {
    if case .named(let name) = tenantChoice { "/_t/\(name)" } else { "" }
  }
}
