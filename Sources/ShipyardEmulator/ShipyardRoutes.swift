import EmulatorKernel
import HTTPModel

/// The operations of the API, in the order of `ShipyardService.operations`.
package enum ShipyardOperation: Int, CaseIterable, Sendable {
  case fleetRunCreate
  case fleetRunList
  case fleetRunExport
  case voyageList
  case fleetUpsert
  case fleetGet
  case organizationList
  case fleetList
  case externalFileCreate
  case blueprintCreate
  case blueprintUpdate
  case webhookReceive
  case fleetRunPage

  /// Source: shipyard contract §5, "size limits": 10 MB.
  static let contentLimit = 10_000_000
  private static let collected = ContentPolicy.collected(limit: contentLimit)

  /// Its path would match anything of two segments, so the world decides whether it is meant.
  private var webhook: Operation {
    var operation = Operation(
      "shipyard.webhook.receive", [.init(.post, "/{webhook}/{token}")], content: Self.collected,
      fidelity: .documented, summary: "Triggers the fleet that owns the webhook.",
      resourceParameter: "webhook", firstSecretSegment: 1)
    operation.isClaimed = true
    return operation
  }

  var operation: Operation {
    switch self {
    case .fleetRunCreate:
      Operation(
        "shipyard.fleetRun.create",
        [.init(.post, "/orgs/{org}/projects/{project}/fleets/{fleet}/fleetruns")],
        content: Self.collected, fidelity: .documented,
        summary: "Triggers a run of a fleet, with overrides for its vessels.",
        resourceParameter: "fleet", isLenientPath: true)
    case .fleetRunList:
      Operation(
        "shipyard.fleetRun.list",
        [.init(.get, "/orgs/{org}/projects/{project}/fleets/{fleet}/fleetruns")],
        content: .ignored, fidelity: .seenInClient,
        summary: "The runs of a fleet as CSV, as clients poll them for a status.",
        resourceParameter: "fleet", isLenientPath: true)
    case .fleetRunExport:
      Operation(
        "shipyard.fleetRun.export",
        [.init(.get, "/orgs/{org}/projects/{project}/fleets/{fleet}/runs")],
        content: .ignored, fidelity: .documented,
        summary: "The runs of a fleet as CSV; as JSON with `?format=json`.",
        resourceParameter: "fleet", isLenientPath: true)
    case .voyageList:
      Operation(
        "shipyard.voyage.list", [.init(.get, "/orgs/{org}/voyages")],
        content: .ignored, fidelity: .documented,
        summary: "The voyages of all fleets of an organization as CSV.",
        resourceParameter: "org", isLenientPath: true)
    case .fleetUpsert:
      Operation(
        "shipyard.fleet.upsert",
        [
          .init(.put, "/orgs/{org}/projects/{project}/fleets"),
          .init(.put, "/orgs/{org}/projects/{project}/fleets/{fleet}"),
        ],
        content: Self.collected, fidelity: .documented,
        summary: "Creates or updates a fleet from YAML.",
        resourceParameter: "project", isLenientPath: true)
    case .fleetGet:
      Operation(
        "shipyard.fleet.get", [.init(.get, "/orgs/{org}/projects/{project}/fleets/{fleet}")],
        content: .ignored, fidelity: .documented, summary: "A fleet as YAML.",
        resourceParameter: "fleet", isLenientPath: true)
    case .organizationList:
      Operation(
        "shipyard.organization.list", [.init(.get, "/orgs")],
        content: .ignored, fidelity: .documented,
        summary: "The organizations that the key can see.", isLenientPath: true)
    case .fleetList:
      Operation(
        "shipyard.fleet.list", [.init(.get, "/orgs/{org}/fleets")],
        content: .ignored, fidelity: .documented, summary: "The fleets of an organization.",
        resourceParameter: "org", isLenientPath: true)
    case .externalFileCreate:
      Operation(
        "shipyard.externalFile.create", [.init(.post, "/orgs/{org}/temporary_external_files")],
        content: Self.collected, fidelity: .documented,
        summary: "Uploads a file that a blueprint will use.",
        resourceParameter: "org", isLenientPath: true)
    case .blueprintCreate:
      Operation(
        "shipyard.blueprint.create", [.init(.post, "/orgs/{org}/blueprints")],
        content: Self.collected, fidelity: .documented, summary: "Creates a blueprint.",
        resourceParameter: "org", isLenientPath: true)
    case .blueprintUpdate:
      Operation(
        "shipyard.blueprint.update", [.init(.post, "/orgs/{org}/blueprints/{blueprint}")],
        content: Self.collected, fidelity: .documented,
        summary: "Changes the given members of a blueprint.",
        resourceParameter: "blueprint", isLenientPath: true)
    case .webhookReceive:
      webhook
    case .fleetRunPage:
      Operation(
        "shipyard.fleetRun.page",
        [.init(.get, "/{org}/projects/{project}/fleets/{fleet}/logs/{run}")],
        content: .ignored, fidelity: .assumed,
        summary: "The page that a trigger's `log` points to.",
        resourceParameter: "run", isLenientPath: true)
    }
  }
}
