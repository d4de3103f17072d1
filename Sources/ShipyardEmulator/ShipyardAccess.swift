import PayloadCodecs
import EmulatorKernel
import HTTPModel

/// What the key of a call may do here.
struct ShipyardGrant: Sendable {
  var organizations: Set<ResourceID>?
  var projects: Set<ResourceID>?

  func maySee(_ organization: Organization) -> Bool {
    organizations?.contains(organization.id) ?? true
  }
  func maySee(project id: ResourceID) -> Bool { projects?.contains(id) ?? true }
}

extension ShipyardState {
  /// The key first: 401 comes before any 400.
  /// Fidelity: 401 seen in client; the precedence and 403 assumed.
  func grant(_ call: Call, needs right: AccessKey.Right) throws(ShipyardError) -> ShipyardGrant {
    var grant = ShipyardGrant()
    var isAllowed = true
    switch call.credentialVerdict {
    case .missing: throw .refusedKey(status: 401, "the field X-Shipyard-API-Key is missing")
    case .refused(let status):
      throw .refusedKey(status: status, "the scenario refuses this key with \(status)")
    case .accepted(_, let rights):
      if let rights { isAllowed = rights.contains(right.rawValue) }
    }
    if let keys {
      guard let key = call.credential.flatMap({ keys[$0] }) else {
        throw .refusedKey(status: 401, "the key is not among given.shipyard.keys")
      }
      grant.organizations = key.organizations
      grant.projects = key.projects
      isAllowed = isAllowed && key.rights.contains(right)
    }
    guard isAllowed else {
      throw .forbidden("the key lacks the right '\(right.rawValue)'")
    }
    return grant
  }

  func organization(
    _ id: ResourceID?, _ grant: ShipyardGrant
  ) throws(ShipyardError) -> Organization {
    guard let id, let organization = organizations[id] else {
      throw .badRequest("the path names no organization")
    }
    guard grant.maySee(organization) else {
      throw .forbidden("the key does not belong to this organization")
    }
    guard organization.hasAPIAccess else {
      throw .forbidden("the organization's plan has no API")
    }
    return organization
  }

  func project(
    _ id: ResourceID?, of organization: Organization, _ grant: ShipyardGrant
  ) throws(ShipyardError) -> Project {
    guard let id, let project = projects[id], project.organizationID == organization.id else {
      throw .badRequest("the path names no project of this organization")
    }
    guard grant.maySee(project: id) else {
      throw .forbidden("the key does not belong to this project")
    }
    return project
  }

  /// - Returns: the fleet's id, so that nobody holds a copy of the fleet while it is changed.
  func fleetID(
    _ id: ResourceID?, of project: Project
  ) throws(ShipyardError) -> ResourceID {
    guard let id, fleets[id]?.projectID == project.id else {
      throw .badRequest("the path names no fleet of this project")
    }
    return id
  }
}
