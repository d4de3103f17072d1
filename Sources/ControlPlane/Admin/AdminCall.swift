package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// One request to the control API, with what its handler may use.
package struct AdminCall: Sendable {
  package let request: Request
  package let parameters: PathParameters
  package let content: [UInt8]
  let tenantChoice: Addressee.TenantChoice
  package let pipeline: Pipeline
  package let options: AdminOptions

  /// The tenant that is meant; made if there is none, as by any other request.
  package func cloud() throws(Problem) -> Cloud {
    switch tenantChoice {
    case .byDefault: return pipeline.tenants.default
    case .named(let name):
      do {
        return try pipeline.tenants.cloud(named: name)
      } catch {
        throw Problem(500, "The scenario does not start in a new tenant.", members: error.member)
      }
    case .malformed(let name):
      throw Problem(
        400, "\"\(name)\" is no tenant's name: expected [a-z0-9][a-z0-9-]{0,62}")
    }
  }

  /// The content as a JSON object; an empty content is an empty object.
  package func object() throws(Problem) -> JSONObject {
    guard !content.isEmpty else { return JSONObject() }
    let json: JSON
    do {
      json = try JSON(parsing: content)
    } catch {
      throw Problem(400, "The content is no JSON: \(error)")
    }
    guard let object = json.objectValue else {
      throw Problem(422, "Expected a JSON object, found \(json.kindName).")
    }
    return object
  }

  /// The content as a JSON object that has no other keys than these.
  package func object(keys: [String]) throws(Problem) -> JSONObject {
    let object = try object()
    for key in object.keys where !keys.contains(key) {
      throw Problem(422, "Unknown key \"\(key)\"\(Nearest.hint(for: key, among: keys))")
    }
    return object
  }

  package func query(_ name: String) -> String? { request.target.queryValue(name) }
}

extension ScenarioProblems {
  /// The places as a member of a problem: `{"problems": [{"pointer": …, "message": …}]}`.
  package var member: JSONObject {
    let list = problems.map { problem -> JSON in
      .object(["pointer": .string(problem.pointer), "message": .string(problem.message)])
    }
    return ["problems": .array(list)]
  }
}
