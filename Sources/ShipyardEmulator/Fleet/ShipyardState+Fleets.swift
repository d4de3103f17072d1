import EmulatorKernel
import PayloadCodecs

/// Saving fleets: every save makes a new version, all or nothing.
extension ShipyardState {
  /// Gives the vessels of a document their ids and restores hidden passwords.
  ///
  /// - Parameter previous: the version that is replaced; nil for a new fleet.
  func definition(
    _ document: FleetDocument, replacing previous: FleetVersion?, in organization: Organization,
    _ ids: inout IDSource
  ) -> FleetDefinition {
    let known = previous?.definition.vessels ?? []
    let idsByName = TextMap(known.lazy.map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
    var taken = Set(document.vessels.compactMap(\.id))
    var vessels: [Vessel] = []
    for written in document.vessels {
      var id = written.id
      if id == nil, let kept = idsByName[written.name], taken.insert(kept).inserted { id = kept }
      let vesselID = id ?? ResourceID(&ids, "shipyard.vessel")
      let stored = known.first { $0.id == vesselID } ?? known.first { $0.name == written.name }
      let base = blueprint(named: written.source.blueprint, in: organization)?.guardrails
      vessels.append(
        Vessel(
          name: written.name, id: vesselID,
          source: source(written.source, keeping: stored?.source, in: organization),
          guardrails: written.guardrails.resolved(over: base ?? Guardrails()),
          notifications: written.notifications))
    }
    return FleetDefinition(
      name: document.name, vessels: vessels, connections: document.connections,
      schedules: document.schedules, notifications: document.notifications)
  }

  /// `SHIPYARD_HIDDEN` sent back for a password keeps the stored value.
  /// Fidelity: assumed; the documentation says only that passwords come back as that word.
  private func source(
    _ source: VesselSource, keeping stored: VesselSource?, in organization: Organization
  ) -> VesselSource {
    guard let stored, stored.blueprint == source.blueprint else { return source }
    let passwords = passwordInputs(ofBlueprint: source.blueprint, in: organization)
    var source = source
    for (index, input) in source.inputs.enumerated()
    where input.value == FleetSecrets.hidden && passwords.contains(input.name) {
      source.inputs[index].value = stored.inputs.first { $0.name == input.name }?.value ?? .null
    }
    return source
  }

  /// The inputs that a blueprint declares as passwords.
  func passwordInputs(ofBlueprint name: String?, in organization: Organization) -> TextSet {
    let blueprint = blueprint(named: name, in: organization)
    return TextSet(blueprint?.inputs.filter { $0.type == .password }.map(\.name) ?? [])
  }

  /// The ids of the blueprints that a version's vessels name, by name.
  func blueprintIDs(
    of organization: Organization, for version: FleetVersion
  ) -> TextMap<ResourceID> {
    let names = TextSet(version.definition.vessels.compactMap(\.source.blueprint))
    guard !names.isEmpty else { return [:] }
    let named = organization.blueprintIDs.compactMap { blueprints[$0] }.filter {
      names.contains($0.name)
    }
    return TextMap(named.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
  }

  private func blueprint(named name: String?, in organization: Organization) -> Blueprint? {
    guard let name else { return nil }
    return organization.blueprintIDs.lazy.compactMap { blueprints[$0] }.first { $0.name == name }
  }

  /// Stores a definition as the next version of a fleet, or as a new fleet.
  mutating func saveFleet(
    _ id: ResourceID, _ definition: FleetDefinition, in project: Project, _ step: inout Step
  ) {
    let previousKey = fleets[id]?.versionKey
    let number = previousKey.flatMap { versions.read($0) { $0.number } } ?? 0
    lastVersionKey += 1
    versions[lastVersionKey] = FleetVersion(
      fleetID: id, number: number + 1, definition: definition, savedAt: step.now)
    if let previousKey {
      fleets[id]?.versionKey = lastVersionKey
      fleets[id]?.updatedAt = step.now
      forgetVersionIfUnused(previousKey)
    } else {
      fleets[id] = Fleet(
        id: id, organizationID: project.organizationID, projectID: project.id,
        createdAt: step.now, updatedAt: step.now, versionKey: lastVersionKey)
      organizations[project.organizationID]?.fleetIDs.append(id)
    }
    replanSchedules(of: id, &step)
  }

  /// Gives a fleet a webhook in place of the one it has; the old URL stops working.
  mutating func setWebhook(_ webhook: Webhook?, of fleetID: ResourceID) {
    if let old = fleets[fleetID]?.webhook { webhooks[old.id] = nil }
    fleets[fleetID]?.webhook = webhook
    if let webhook { webhooks[webhook.id] = fleetID }
  }

  /// A new URL. Fidelity: seen in a screenshot: version 7 UUID, 32 letters of base64url.
  func makeWebhook(_ step: inout Step) -> Webhook? {
    ResourceID(step.ids.timeUUID("shipyard.webhook", at: step.now)).map {
      Webhook(id: $0, token: step.ids.token("shipyard.webhookToken", count: 32))
    }
  }
}

enum FleetSecrets {
  /// What stands in YAML in place of a password.
  static let hidden: JSON = "SHIPYARD_HIDDEN"
}
