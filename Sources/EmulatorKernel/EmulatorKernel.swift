// EmulatorKernel: what every emulated API stands on.
//
// Owns: tenants, the virtual clock, ids and seeded randomness, the state boxes of the services, the
// operations table, the pipeline (tenant → scenario → service → journal), the journal, the log, snapshots.
// Refuses to know: sockets, the syntax of HTTP, and any single API.
// Read next: `Operations/EmulatedService.swift` (the face of a service), `State/World.swift` (how a
// service reaches its state), `Pipeline/Pipeline.swift` (the way of a request).

// Who sees the kernel sees what it counts with (instants, seeded randomness) and what its faces speak
// of (a scenario's problems, the readers of a service's sections).
@_exported public import Determinism
@_exported public import Scenarios
