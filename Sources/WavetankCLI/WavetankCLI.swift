// WavetankCLI: flags and commands.
//
// Owns: the command line (DESIGN §12), exit statuses, what is printed where.
// Refuses to know: how the emulator works; a running one is driven through its control API.
// Read next: `Command.swift` (the table of commands), `ServeCommand.swift`.

import CProcess
import Glibc
import HTTPTransport
import Wavetank

@main
struct WavetankCLI {
  @MainActor static func main() async {
    // While this is the only thread: with the second one the C library decides how many heaps there are.
    SystemCalls.giveBackFreeMemory()
    if MemoryLimits.countsMappings { SystemCalls.mapLess() }
    Terminal.occupyClosedStreams()
    guard ProcessMemory.descriptorsMax >= filesMin else {
      Terminal.complain("too few files may be open at once. Raise the limit (ulimit -n 1024).")
      exit(1)
    }
    let arguments = arguments
    async let status = Command.run(arguments)
    // Meanwhile, on this thread, which would wait.
    if Command.startsServer(arguments) { Emulator.makeTables() }
    let ended = await status
    // What was asked for did not arrive.
    exit(Terminal.complainOfLosses() && ended == 0 ? 1 : ended)
  }

  /// Of open files: with fewer there is no server, and not even the runtime's own pipes and threads.
  private static let filesMin = 16

  /// Without the program's name. Not by `CommandLine`, which reads /proc: that may not be mounted.
  private static var arguments: [String] {
    (0..<wavetank_argument_count()).dropFirst().compactMap { index in
      // SAFETY: the texts are the process's own and stay; each is copied.
      unsafe wavetank_argument(index).map { unsafe String(cString: $0) }
    }
  }
}
