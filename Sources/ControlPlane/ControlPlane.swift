// ControlPlane: the control API under `/_wavetank`, in front of the pipeline.
//
// Owns: who may call it (loopback, token, no cross-site browser requests), its routes, problem+json,
// the texts of journal, HAR and metrics, the console.
// Refuses to know: any single API (it sees services through `EmulatedService` and `ServiceSlot`),
// sockets, scenario syntax.
// Read next: `Admin/AdminResponder.swift` (what is whose), `Admin/AdminRoutes.swift` (the table).
