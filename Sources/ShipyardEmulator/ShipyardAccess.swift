import PayloadCodecs
import EmulatorKernel
import HTTPModel

/// What the key of a call may see; nil: everything.
typealias ShipyardGrant = AccessKey?

extension ShipyardGrant {
  func maySee(_ organization: Organization) -> Bool {
    self?.organizations?.contains(organization.id) ?? true
  }
  func maySee(project id: ResourceID) -> Bool { self?.projects?.contains(id) ?? true }
}

extension ShipyardCall {
  /// The key first: 401 comes before any 400.
  /// Fidelity: 401 seen in client; the precedence and 403 assumed.
  func grant(by state: borrowing ShipyardState) throws(ShipyardError) -> ShipyardGrant {
    var grant: ShipyardGrant = nil
    guard let right else { return grant }
    var isAllowed = true
    switch call.credentialVerdict {
    case .missing: throw .refusedKey(status: 401, "the field X-Shipyard-API-Key is missing")
    case .refused(let status):
      throw .refusedKey(status: status, "the scenario refuses this key with \(status)")
    case .accepted(_, let rights):
      if let rights { isAllowed = rights.contains(right.rawValue) }
    }
    if let keys = state.keys {
      guard let key = call.credential.flatMap({ keys[$0] }) else {
        throw .refusedKey(status: 401, "the key is not among given.shipyard.keys")
      }
      grant = key
      isAllowed = isAllowed && key.rights.contains(right)
    }
    guard isAllowed else {
      throw .forbidden("the key lacks the right '\(right.rawValue)'")
    }
    return grant
  }

  /// The organization that the path names, and what the key may do in it.
  func organization(
    in state: borrowing ShipyardState
  ) throws(ShipyardError) -> (Organization, ShipyardGrant) {
    let grant = try grant(by: state)
    guard let id = id("org"), let organization = state.organizations[id] else {
      throw .badRequest("the path names no organization")
    }
    guard grant.maySee(organization) else {
      throw .forbidden("the key does not belong to this organization")
    }
    guard organization.hasAPIAccess else {
      throw .forbidden("the organization's plan has no API")
    }
    return (organization, grant)
  }

  /// Its id, so that nobody holds a copy of its lists while they grow.
  func organizationID(
    in state: borrowing ShipyardState
  ) throws(ShipyardError) -> ResourceID {
    try organization(in: state).0.id
  }

  func project(
    in state: borrowing ShipyardState
  ) throws(ShipyardError) -> (Organization, Project) {
    let (organization, grant) = try organization(in: state)
    guard let id = id("project"), let project = state.projects[id],
      project.organizationID == organization.id
    else {
      throw .badRequest("the path names no project of this organization")
    }
    guard grant.maySee(project: id) else {
      throw .forbidden("the key does not belong to this project")
    }
    return (organization, project)
  }

  /// - Returns: the fleet's id, so that nobody holds a copy of the fleet while it is changed.
  func fleet(
    in state: borrowing ShipyardState
  ) throws(ShipyardError) -> (Organization, Project, ResourceID) {
    let (organization, project) = try project(in: state)
    guard let id = id("fleet"), state.fleets[id]?.projectID == project.id else {
      throw .badRequest("the path names no fleet of this project")
    }
    return (organization, project, id)
  }
}
