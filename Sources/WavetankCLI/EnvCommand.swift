import Wavetank

extension Command {
  static let env = Command(
    name: "env", summary: "Print the variables that point the SDKs here.", operands: "",
    flags: [
      Flag("--shell", value: "SHELL", "sh, fish, powershell or json (sh)."),
      Flag("--url", value: "URL", "Where the server listens (http://127.0.0.1:7070)."),
      Flag("--tenant", value: "NAME", "The tenant to use."),
    ],
    examples: [
      "eval \"$(wavetank env)\"", "wavetank env --shell fish | source",
      "wavetank env --tenant blue --shell json",
    ],
    run: { arguments throws(UsageError) in
      let shell: ClientEnvironment.Shell = try arguments.choice("--shell") ?? .sh
      var url = arguments.value("--url") ?? "http://127.0.0.1:7070"
      while url.hasSuffix("/") { url.removeLast() }
      guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
        throw UsageError("--url must begin with http:// or https://, not “\(url)”.")
      }
      let environment = ClientEnvironment(baseURL: url, tenant: try arguments.tenant())
      Terminal.put(environment.text(for: shell))
      return 0
    })
}
