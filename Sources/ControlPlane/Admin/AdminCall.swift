package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs
import Synchronization

/// One request to the control API, with what its handler may use.
package struct AdminCall: Sendable {
  package let request: Request
  package let parameters: PathParameters
  package let content: [UInt8]
  let console: ConsolePage
  let written: WrittenWorlds
  let tenantChoice: Addressee.TenantChoice
  private let used = UsedTenant()
  /// Whether the caller may use the control API: a probe and the console's page answer others too.
  let isTrusted: Bool
  package let pipeline: Pipeline
  package let options: AdminOptions

  /// The tenant that is meant; made if there is none, as by any other request. It stays in memory
  /// until the call and what it answers are over.
  package func liveTenant() throws(Problem) -> LiveTenant {
    if let live = used.live { return live }
    let changes = request.method != .get && request.method != .head
    switch tenantChoice {
    case .byDefault: return used.hold(pipeline.tenants.useDefault(), changes: changes)
    case .named(let name):
      do {
        return used.hold(try pipeline.tenants.use(name), changes: changes)
      } catch  where error == .noRoom {
        throw .noRoom
      } catch {
        throw Problem(500, "The scenario does not start in a new tenant.", members: error.member)
      }
    case .malformed(let name):
      throw .noTenantName(name)
    }
  }

  /// Whether finding the tenant means reading its file.
  var mustLoad: Bool {
    if case .named(let name) = tenantChoice { pipeline.tenants.mustLoad(name) } else { false }
  }

  /// The content as JSON; an empty content is an empty object.
  private func json() throws(Problem) -> JSON {
    guard !content.isEmpty else { return .object(JSONObject()) }
    do {
      return try JSON(parsing: content)
    } catch {
      throw Problem(400, "The content is no JSON: \(error)")
    }
  }

  /// The content as a JSON object, or a list of them.
  func objects() throws(Problem) -> [JSONObject] {
    let json = try json()
    guard let list = json.arrayValue else { return [try object()] }
    var objects: [JSONObject] = []
    for (index, element) in list.enumerated() {
      guard let object = element.objectValue else {
        throw Problem(422, "/\(index): expected a JSON object, found \(element.kindName).")
      }
      objects.append(object)
    }
    return objects
  }

  /// The content as a JSON object; an empty content is an empty object.
  package func object() throws(Problem) -> JSONObject {
    let json = try json()
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

  /// One of a few words of the query; nil when it is not there.
  func query(_ name: String, of words: String...) throws(Problem) -> String? {
    guard let word = query(name), !words.contains(word) else { return query(name) }
    throw Problem(400, "\(name)=\(word) is unknown; valid: \(words.joined(separator: ", "))")
  }
}

/// The tenant that a call has in hand, until the call is let go of.
private final class UsedTenant: Sendable {
  private let held = Mutex<(live: LiveTenant, changes: Bool)?>(nil)

  var live: LiveTenant? { held.withLock { $0?.live } }

  func hold(_ live: LiveTenant, changes: Bool) -> LiveTenant {
    held.withLock { $0 = (live, changes) }
    return live
  }

  deinit {
    guard let (live, changes) = held.withLock({ $0 }) else { return }
    // Rules, variables and keys have no revision of their own: what may have changed is saved.
    if changes { live.changed() }
    live.tenant.uses.end()
  }
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
