// ShipyardEmulator: the data orchestration service Shipyard — fleets, runs, voyages.
//
// Owns: organizations, projects, fleets with their versions, runs and voyages on the tenant's
// clock, webhooks, schedules, blueprints, the CSV exports, fleets as code.
// Refuses to know: sockets, other services, wall time.
// Read next: `ShipyardEndpoints.swift` (the table), `ShipyardHandler.swift` (how it is answered),
// `ShipyardState.swift` (what is kept), `FleetRun/ShipyardState+Runs.swift` (how a run proceeds).
