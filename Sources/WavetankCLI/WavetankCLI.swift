// WavetankCLI: flags and commands.
//
// Owns: the command line (DESIGN §12), exit statuses, what is printed where.
// Refuses to know: how the emulator works; a running one is driven through its control API.
// Read next: `Command.swift` (the table of commands), `ServeCommand.swift`.

import Glibc

@main
struct WavetankCLI {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    exit(await Command.run(arguments))
  }
}
