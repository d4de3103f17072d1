package import EmulatorKernel
import HTTPModel
package import PayloadCodecs

/// An OpenAPI 3.1 document of one service.
///
/// - Errors: `ShapeError` when a service's shape is not written well; a test reads them all.
/// - Source: OpenAPI Specification 3.1.1, §4.8.
package struct OpenAPIDocument {
  package let json: JSON

  package init(
    _ documentation: ServiceDocumentation, operations: [DocumentedOperation], version: String,
    serverURL: String
  ) throws(ShapeError) {
    let components = try ShapeParser.components(documentation.components)
    let writer = Writer(
      documentation: documentation, example: ShapeExample(components: components))
    var paths = JSONObject()
    for documented in operations {
      let operation = documented.operation
      let shown = operation.routes.prefix(documented.about.shownRoutes ?? .max)
      for (index, route) in shown.enumerated() {
        let path = Self.path(route.template)
        var item = paths[path]?.objectValue ?? JSONObject()
        item[route.method.name.asciiLowercased] = .object(
          try writer.operation(operation, documented.about, route, index))
        paths[path] = .object(item)
      }
    }
    var parts: JSONObject = ["schemas": .object(components)]
    if let security = documentation.security {
      parts["securitySchemes"] = .object(JSONObject([(security.name, security.scheme)]))
    }
    json = [
      "openapi": "3.1.0",
      "info": [
        "title": .string(documentation.title), "version": .string(version),
        "description": .string(documentation.description),
      ],
      "servers": [["url": .string(serverURL)]],
      "tags": .array(Self.tags(operations.map(\.operation))),
      "paths": .object(paths),
      "components": .object(parts),
    ]
  }

  /// `{path…}` has no counterpart: one parameter that may hold slashes.
  private static func path(_ template: PathTemplate) -> String {
    template.text.replacing("…}", with: "}")
  }

  private static func tags(_ operations: [EmulatorKernel.Operation]) -> [JSON] {
    var names: [String] = []
    for operation in operations where !names.contains(operation.tag) { names.append(operation.tag) }
    return names.map { ["name": .string($0)] }
  }
}

extension EmulatorKernel.Operation {
  /// The resource: `topic` of `scramjet.topic.publish`.
  fileprivate var tag: String {
    let words = name.split(separator: ".")
    return words.count > 1 ? String(words[1]) : name
  }
}

private struct Writer {
  let documentation: ServiceDocumentation
  let example: ShapeExample

  func operation(
    _ operation: EmulatorKernel.Operation, _ about: OperationDocumentation,
    _ route: EmulatorKernel.Operation.Route, _ index: Int
  ) throws(ShapeError) -> JSONObject {
    var object: JSONObject = [
      "operationId": .string(index == 0 ? operation.name : "\(operation.name).\(index + 1)"),
      "summary": .string(operation.summary), "tags": [.string(operation.tag)],
    ]
    var parameters: [JSON] = []
    for name in route.template.parameterNames {
      let known = documentation.parameters[name]
      parameters.append(
        try parameter(known ?? DocumentedParameter(.path, name, "string", "")))
    }
    for one in about.parameters { parameters.append(try parameter(one)) }
    if !parameters.isEmpty { object["parameters"] = .array(parameters) }
    if !about.content.isEmpty {
      var body: JSONObject = ["content": try content(about.content)]
      if about.isContentRequired { body["required"] = true }
      object["requestBody"] = .object(body)
    }
    var responses = JSONObject()
    for answer in about.answers { responses["\(answer.status)"] = try response(answer) }
    object["responses"] = .object(responses)
    if let security = documentation.security {
      object["security"] = .array(requirements(security, operation.right))
    }
    object["x-wavetank-fidelity"] = .string(operation.fidelity.rawValue)
    if let source = operation.source { object["x-wavetank-source"] = .string(source) }
    if about.isStreaming { object["x-wavetank-streaming"] = true }
    let others = operation.routes.dropFirst(about.shownRoutes ?? .max)
    if index == 0, !others.isEmpty {
      object["x-wavetank-aliases"] = .array(
        others.map { .string("\($0.method.name) \($0.template.text)") })
    }
    return object
  }

  /// Roles of a key that is no OAuth token are allowed since OpenAPI 3.1 (§4.8.30).
  private func requirements(_ security: ServiceDocumentation.Security, _ right: String?) -> [JSON] {
    let none = JSON.object(JSONObject())
    guard let right else { return [none] }
    let roles = right.isEmpty ? [] : [JSON.string(right)]
    let key = JSON.object(JSONObject([(security.name, .array(roles))]))
    return security.isOptional ? [key, none] : [key]
  }

  private func parameter(_ parameter: DocumentedParameter) throws(ShapeError) -> JSON {
    var object: JSONObject = [
      "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
    ]
    if !parameter.meaning.isEmpty { object["description"] = .string(parameter.meaning) }
    if parameter.isRequired { object["required"] = true }
    let schema = try ShapeParser.schema(parameter.shape)
    object["schema"] = schema
    if parameter.isRequired, let value = example.value(of: schema) { object["example"] = value }
    return .object(object)
  }

  private func response(_ answer: DocumentedAnswer) throws(ShapeError) -> JSON {
    var object: JSONObject = ["description": .string(answer.meaning)]
    if !answer.fields.isEmpty {
      object["headers"] = .object(
        JSONObject(
          answer.fields.map { field in
            (field.name, ["description": .string(field.meaning), "schema": ["type": "string"]])
          }))
    }
    if !answer.content.isEmpty { object["content"] = try content(answer.content) }
    return .object(object)
  }

  private func content(_ contents: [DocumentedContent]) throws(ShapeError) -> JSON {
    var object = JSONObject()
    for content in contents {
      let schema = try ShapeParser.schema(content.shape, isTolerant: content.isTolerant)
      var media: JSONObject = ["schema": schema]
      if let value = content.example ?? example.value(of: schema) { media["example"] = value }
      object[content.type] = .object(media)
    }
    return .object(object)
  }
}
