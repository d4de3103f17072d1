import Wavetank

extension Command {
  static let env = Command(
    name: "env", summary: "Print the variables that point the SDKs here.", operands: "",
    flags: [
      Flag("--shell", value: "SHELL", "sh, fish, powershell or json (sh)."),
      urlFlag,
      Flag("--tenant", value: "NAME", "The tenant to use."),
    ],
    examples: [
      "eval \"$(wavetank env)\"", "wavetank env --shell fish | source",
      "wavetank env --tenant blue --shell json",
    ],
    run: { arguments throws(UsageError) in
      let shell: ClientEnvironment.Shell = try arguments.choice("--shell") ?? .sh
      let place = ServerURL(arguments.value("--url"))
      guard place.base.hasPrefix("http://") || place.base.hasPrefix("https://") else {
        let origin = arguments.has("--url") ? "--url" : "WAVETANK_URL"
        throw UsageError("\(origin) must begin with http:// or https://, not “\(place.base)”.")
      }
      let environment = ClientEnvironment(
        baseURL: place.base, tenant: try arguments.tenant() ?? place.tenant)
      Terminal.put(environment.text(for: shell))
      return 0
    })
}
