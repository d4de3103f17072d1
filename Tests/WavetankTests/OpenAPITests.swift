import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

@Suite("OpenAPI: every operation of the table is documented")
struct OpenAPITests {
  private static let services = ["steamship", "scramjet", "shipyard"]
  private static let documents = services + ["wavetank"]

  private struct Item {
    var path: String
    var method: String
    var json: JSON
    var id: String { json["operationId"]?.stringValue ?? "" }
  }

  private static func items(_ document: JSON) -> [Item] {
    (document["paths"]?.objectValue?.members ?? []).flatMap { path, item in
      (item.objectValue?.members ?? []).map { Item(path: path, method: $0.key, json: $0.value) }
    }
  }

  @Test("It has a summary, what it answers, and what it refuses", arguments: services)
  func complete(service: String) async throws {
    let sea = try await Sea()
    let document = try await sea.control(.get, "/openapi/\(service).json").json
    let table = try await sea.control(.get, "/operations?service=\(service)").json
    await sea.stop()
    #expect(document["openapi"] == "3.1.0")
    let items = Self.items(document)
    let ids = items.map(\.id)
    #expect(Set(ids).count == ids.count, "an operationId stands for one operation")
    let operations = table["operations"]?.arrayValue ?? []
    #expect(operations.count > 10)
    for operation in operations {
      let name = operation["name"]?.stringValue ?? ""
      let item = try #require(items.first { $0.id == name }, "\(name) is not documented")
      #expect(item.json["summary"] == operation["summary"])
      #expect(item.json["x-wavetank-fidelity"] == operation["fidelity"])
      #expect(item.json["x-wavetank-source"] == operation["source"])
      #expect(operation["source"]?.stringValue?.isEmpty == false, "\(operation.text)")
      #expect(item.method.uppercased() == operation["method"]?.stringValue)
      Self.check(item)
    }
  }

  @Test("The control API documents every route of its own")
  func control() async throws {
    let sea = try await Sea()
    let document = try await sea.control(.get, "/openapi/wavetank.json").json
    let routes = try await sea.control(.get, "").json["control"]?.arrayValue ?? []
    await sea.stop()
    #expect(routes.count > 30)
    let items = Self.items(document)
    #expect(items.count == routes.count)
    for route in routes {
      let item = try #require(
        items.first {
          .string($0.path) == route["path"] && .string($0.method.uppercased()) == route["method"]
        }, "\(route.text) is not documented")
      #expect(item.json["summary"] == route["summary"])
      Self.check(item)
    }
  }

  private static func check(_ item: Item) {
    let responses = item.json["responses"]?.objectValue?.members ?? []
    let statuses = responses.compactMap { Int($0.key) }
    let refusesNothing = [
      "scramjet.preflight", "scramjet.platform.spaces", "wavetank.console.get",
      "wavetank.health.get",
    ].contains(item.id)
    #expect(statuses.contains { $0 >= 400 } || refusesNothing, "\(item.id) refuses nothing")
    for (status, response) in responses {
      let place = "\(item.id) \(status)"
      #expect(response["description"]?.stringValue?.isEmpty == false, "\(place): no description")
      for (type, media) in response["content"]?.objectValue?.members ?? [] {
        #expect(media["schema"]?.objectValue != nil, "\(place) \(type): no schema")
        let isAnything =
          ["*/*", "application/octet-stream", "application/gzip"].contains(type)
          || media["schema"] == [:] || status == "200" && type == "text/plain"
        #expect(media["example"] != nil || isAnything, "\(place) \(type): no example")
      }
    }
    let parameters = item.json["parameters"]?.arrayValue ?? []
    let names = parameters.filter { $0["in"] == "path" }.compactMap { $0["name"]?.stringValue }
    #expect(names == PathTemplate(item.path).parameterNames, "\(item.id)")
    for parameter in parameters {
      #expect(parameter["description"] != nil, "\(item.id): \(parameter.text)")
      #expect(parameter["schema"] != nil)
    }
  }

  @Test("Every $ref leads to a component, and every component is used", arguments: documents)
  func references(service: String) async throws {
    let sea = try await Sea()
    let document = try await sea.control(.get, "/openapi/\(service).json").json
    await sea.stop()
    var found: Set<String> = []
    Self.collect(document, into: &found)
    let components = document["components"]?["schemas"]?.objectValue?.keys ?? []
    #expect(found == Set(components.map { "#/components/schemas/\($0)" }))
  }

  private static func collect(_ json: JSON, into found: inout Set<String>) {
    switch json {
    case .object(let object):
      for (key, value) in object.members {
        if key == "$ref", let text = value.stringValue { found.insert(text) }
        collect(value, into: &found)
      }
    case .array(let elements): for element in elements { collect(element, into: &found) }
    default: break
    }
  }

  @Test("An example fits its shape", arguments: documents)
  func examples(service: String) async throws {
    let sea = try await Sea()
    let document = try await sea.control(.get, "/openapi/\(service).json").json
    await sea.stop()
    var count = 0
    for item in Self.items(document) {
      var media = item.json["requestBody"]?["content"]?.objectValue?.members ?? []
      for (_, response) in item.json["responses"]?.objectValue?.members ?? [] {
        media += response["content"]?.objectValue?.members ?? []
      }
      for (type, content) in media where type == "application/json" {
        guard let schema = content["schema"], let example = content["example"] else { continue }
        let problem = Schema(document: document).problem(with: example, by: schema)
        #expect(problem == nil, "\(item.id) \(type): \(problem ?? "")")
        count += 1
      }
    }
    #expect(count > 20)
  }

  @Test("An unknown document gets 404 with the ones there are")
  func unknown() async throws {
    let sea = try await Sea()
    let reply = try await sea.control(.get, "/openapi/harbor.json")
    let list = try await sea.control(.get, "/openapi").json
    let near = try await sea.control(.get, "/openapi/scramjt.json")
    let tenant = try await sea.send(.get, "/_t/blue/_wavetank/openapi/shipyard.json")
    await sea.stop()
    let names = list["documents"]?.arrayValue?.compactMap { $0["service"]?.stringValue }
    #expect(names == Self.documents)
    #expect(reply.status == 404)
    for service in Self.documents {
      #expect(reply.json["detail"]?.stringValue?.contains("\(service).json") == true)
    }
    #expect(near.json["detail"]?.stringValue?.contains("did you mean \"scramjet.json\"") == true)
    let url = tenant.json["servers"]?[0]?["url"]?.stringValue
    #expect(url == "http://127.0.0.1:\(sea.emulator.port)/_t/blue")
  }
}

/// As much of JSON Schema as the documents use.
private struct Schema {
  let document: JSON

  /// Nil when the value fits.
  func problem(with value: JSON, by schema: JSON) -> String? {
    if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
      guard let component = document["components"]?["schemas"]?[String(name)] else {
        return "\(name) is not there"
      }
      return problem(with: value, by: component)
    }
    if let alternatives = schema["anyOf"]?.arrayValue {
      let problems = alternatives.map { problem(with: value, by: $0) }
      return problems.contains(nil) ? nil : problems.compactMap { $0 }.joined(separator: " / ")
    }
    if let word = schema["const"] { return word == value ? nil : "\(value.text) ≠ \(word.text)" }
    if let words = schema["enum"]?.arrayValue, !words.contains(value) { return "\(value.text)" }
    switch (schema["type"]?.stringValue, value) {
    case ("object", .object(let object)): return self.problem(with: object, by: schema)
    case ("array", .array(let elements)):
      return elements.lazy.compactMap { problem(with: $0, by: schema["items"] ?? [:]) }.first
    case ("string", .string(let text)):
      let low = schema["minLength"]?.intValue ?? 0
      let high = schema["maxLength"]?.intValue ?? .max
      return (low...high).contains(text.count) ? nil : "the length of \(text)"
    case ("integer", .integer), ("number", .integer), ("number", .decimal):
      let number = value.doubleValue ?? 0
      let low = schema["minimum"]?.doubleValue ?? -.infinity
      let high = schema["maximum"]?.doubleValue ?? .infinity
      return (low...high).contains(number) ? nil : "\(number) is out of bounds"
    case (nil, _), ("boolean", .bool), ("null", .null): return nil
    default: return "\(value.text) is not \(schema["type"]?.text ?? "")"
    }
  }

  private func problem(with object: JSONObject, by schema: JSON) -> String? {
    for name in schema["required"]?.arrayValue ?? [] {
      guard let name = name.stringValue, object[name] != nil else { return "no \(name.text)" }
    }
    for (name, value) in object.members {
      if let member = schema["properties"]?[name] {
        if let problem = problem(with: value, by: member) { return "\(name): \(problem)" }
      } else if schema["additionalProperties"] == false {
        return "\(name) is unknown"
      } else if let others = schema["additionalProperties"], others.objectValue != nil {
        if let problem = problem(with: value, by: others) { return "\(name): \(problem)" }
      }
    }
    return nil
  }
}
