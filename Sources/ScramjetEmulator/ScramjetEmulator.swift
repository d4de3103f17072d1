/// The Scramjet Cloud Platform in one tenant's world.
///
/// Owns: spaces, hubs, the store, sequences, instances on a scripted runtime, topics with fan-out.
/// Refuses to know: sockets, other services, wall time, whose turn it is in the pipeline.
///
/// Where to read: `Endpoints/` holds the table of all endpoints; `Requests/ScopeFinder.swift`
/// finds space, hub and instance of a path; `Handlers` answer, a file for each part of the API;
/// `World/ScramjetState.swift` and its extensions hold the rules as synchronous mutations of plain
/// data; `Streams/StreamLog.swift` is the log behind every stream; `Runtime/Program.swift` says what
/// an instance's program is, `World/ScramjetState+Programs.swift` runs it.
enum ScramjetEmulator {}
