// CodeRuntime: runs the user's own code.
//
// Owns: processes with limits, a network in which only this server is, and no rights, ended with the
// server however that ends; unpacked archives and environments; the runners, which are small programs
// in the code's own language.
// Refuses to know: any API. Services hand over archives, requests and streams, and get answers.
// Read next: `Steamship/InvocableHost.swift` (packages and plugins), `Scramjet/SequenceProcess.swift`
// (sequences), `Processes/Launcher.swift` (how a process begins).
