// WavetankCLI: flags and commands.
//
// Owns: the command line (DESIGN §12), exit statuses, what is printed where.
// Refuses to know: how the emulator works; a running one is driven through its control API.
// Read next: `Command.swift` (the table of commands), `ServeCommand.swift`.

import Glibc
import HTTPTransport

@main
struct WavetankCLI {
  @MainActor static func main() async {
    // While this is the only thread: with the second one the C library decides how many heaps there are.
    SystemCalls.giveBackFreeMemory()
    if MemoryLimits.countsMappings { SystemCalls.mapLess() }
    Terminal.keepStreams()
    let arguments = Array(CommandLine.arguments.dropFirst())
    exit(await Command.run(arguments))
  }
}
