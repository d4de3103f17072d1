// Wavetank: the whole emulator as a library.
//
// Owns: configuration and its defaults, the composition of engine, kernel, services and control
// plane, and the life cycle. The only module that knows everybody.
// Refuses to know: flags and terminals (WavetankCLI).
// Read next: `Emulator.swift`, then `Configuration.swift`.
