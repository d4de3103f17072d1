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
      if let extra = arguments.positionals.first {
        throw UsageError("env takes no operand, but “\(extra)” was given.")
      }
      let shell: ClientEnvironment.Shell = try choice("--shell", arguments) ?? .sh
      var url = arguments.value("--url") ?? "http://127.0.0.1:7070"
      while url.hasSuffix("/") { url.removeLast() }
      guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
        throw UsageError("--url must begin with http:// or https://, not “\(url)”.")
      }
      let tenant = arguments.value("--tenant")
      if let tenant, !ClientEnvironment.isTenantName(tenant) {
        throw UsageError("--tenant must match [a-z0-9][a-z0-9-]{0,62}, not “\(tenant)”.")
      }
      Terminal.put(ClientEnvironment(baseURL: url, tenant: tenant).text(for: shell))
      return 0
    })
}
