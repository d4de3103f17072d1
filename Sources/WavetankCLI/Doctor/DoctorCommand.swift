import PayloadCodecs
import Wavetank

extension Command {
  static let doctor = Command(
    name: "doctor",
    summary:
      "Look for what is wrong on this machine: exit status 0, or 1 where something will not work.",
    operands: "",
    flags: [
      Flag("--host", value: "H", "The address that a server would have (127.0.0.1)."),
      Flag("--port", value: "N", "Its port (7070)."),
      Flag("--data", value: "DIR", "The directory that it would keep worlds in."),
      caFlag,
      Flag("--python", value: "PATH", "The Python whose SDKs are looked at (python3)."),
      Flag("--node", value: "PATH", "The Node (node)."),
      Flag("--json", "As JSON: {\"ok\", \"checks\": [{\"what\", \"status\", \"found\", \"do\"}]}."),
    ],
    examples: [
      "wavetank doctor", "wavetank doctor --data ./worlds --python .venv/bin/python",
      "wavetank doctor --json",
    ],
    run: { arguments throws(UsageError) in
      var configuration = Configuration()
      if let port = try arguments.integer("--port", in: 0...65_535) {
        configuration.port = UInt16(port)
      }
      if let host = arguments.value("--host") { configuration.host = host }
      configuration.dataDirectory = arguments.value("--data")
      configuration.caDirectory = arguments.value("--ca-dir")
      let machine = MachineChecks(configuration)
      let programs = ProgramChecks(
        python: arguments.value("--python"), node: arguments.value("--node"))
      var findings = [machine.version()]
      findings += await machine.port()
      findings += machine.data() + machine.authority() + machine.proxies() + machine.variables()
      findings += machine.limits() + machine.clock()
      findings.append(await machine.isolation())
      findings += await programs.all()
      let isWell = !findings.contains { $0.status == .wrong }
      if arguments.has("--json") {
        let json: JSON = ["ok": .bool(isWell), "checks": .array(findings.map(\.json))]
        Terminal.say(JSONLayout.text(json))
      } else {
        let style = Terminal.Style(1)
        for finding in findings { Terminal.put(finding.line(style)) }
        let bad = findings.filter { $0.status == .wrong }.count
        Terminal.say(isWell ? "Nothing is in the way." : "\(bad) of it will not work.")
      }
      return isWell ? 0 : 1
    })
}
