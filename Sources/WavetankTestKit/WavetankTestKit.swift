// WavetankTestKit: for tests, ours and other people's.
//
// Owns: a server in the test's own process (`WavetankServer`), a tenant for one test (`TestTenant`), a peer
// that sends exactly the bytes it is told to (`RawPeer`).
// Refuses to know: how the emulator works inside; it asks the control API, as everybody may.
// Read next: `WavetankServer.swift`, `TestTenant.swift`; `Tests/Examples/swift` shows them at work.
