import Wavetank

extension Command {
  static let env = Command(
    name: "env", summary: "Print the variables that point the SDKs here.", operands: "",
    flags: [
      Flag("--shell", value: "SHELL", "sh, fish, powershell or json (sh)."),
      urlFlag,
      Flag("--tenant", value: "NAME", "The tenant to use."),
      Flag(
        "--port", value: "SERVICE=N",
        "The port that the service has for itself there; repeatable.", isRepeated: true),
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
      var configuration = Configuration()
      if let text = arguments.all("--port").first(where: { !$0.contains("=") }) {
        throw UsageError("--port must be SERVICE=N here, not “\(text)”; --url has the other.")
      }
      try ownPorts(arguments, &configuration)
      let environment = ClientEnvironment(
        baseURL: place.base, tenant: try arguments.tenant() ?? place.tenant,
        ports: configuration.servicePorts)
      Terminal.put(environment.text(for: shell))
      return 0
    })
}
