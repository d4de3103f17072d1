import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// A refusal of the control API. Source: RFC 9457.
package struct Problem: Error, Sendable {
  package var status: Status
  /// One sentence on this occurrence.
  package var detail: String
  /// Further members, such as `problems` with a list of places.
  package var members: JSONObject
  package var fields: Fields

  package init(
    _ status: Int, _ detail: String, members: JSONObject = JSONObject(), fields: Fields = Fields()
  ) {
    self.status = Status(status)
    self.detail = detail
    self.members = members
    self.fields = fields
  }

  /// Nothing was done.
  static let noRoom = Problem(
    507,
    "There is no memory left for this: drop tenants or what they hold, or give more by --memory.")

  static func noService(_ name: String, among known: [String], status: Int = 404) -> Problem {
    Problem(status, "No service \"\(name)\"\(Nearest.hint(for: name, among: known))")
  }

  static func noTenantName(_ name: String) -> Problem {
    Problem(400, "\"\(name)\" is no tenant's name: expected [a-z0-9][a-z0-9-]{0,62}")
  }

  package var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.member("type", "about:blank")
      json.member("title", status.reason)
      json.member("status", status.code)
      json.member("detail", detail)
      for (name, value) in members.members { json.member(named: name, value) }
    }
    var response = Response(status, fields: fields, body: .bytes(json.bytes))
    response.fields.append("Content-Type", "application/problem+json")
    return response
  }
}
