// SteamshipEmulator: the Steamship Engine, as its published clients see it.
//
// Owns: users, workspaces, packages, versions, instances and their invocation, tasks, files, blocks,
// tags and the query language over them, signed URLs, plugins, embedding indices, logs.
// Refuses to know: sockets, other services, wall time (the tenant's clock comes by parameter).
// Read next: `SteamshipEndpoints.swift` (the table of endpoints), `SteamshipService.swift` (the way of a
// request), `SteamshipState.swift` (the world), `Task/EngineTask.swift` (how background work proceeds).
