// Determinism: the values that make every run of the emulator repeatable.
//
// Owns: points in time and durations as texts, streams of seeded randomness, hashes and logarithms
// that are the same on every machine, the form of UUIDs, arithmetic that never traps.
// Refuses to know: wall time, tenants, HTTP.
// Read next: `VirtualInstant.swift`, `SeededRandom.swift`.
