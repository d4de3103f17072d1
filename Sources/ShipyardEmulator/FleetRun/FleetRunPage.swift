import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `GET /<org name>/projects/…/logs/<run>`: a small page for people who follow a trigger's `log`.
  /// Needs no key, since a browser sends none. Fidelity: assumed.
  func showRunPage() throws(ShipyardError) -> ServiceAnswer {
    let position = try world.read { state throws(ShipyardError) in try namedRun(state) }
    return try asking(aboutRuns: [position]) { () throws(ShipyardError) in try runPage() }
  }

  private func namedRun(_ state: borrowing ShipyardState) throws(ShipyardError) -> Int {
    guard let runID = id("run"), let position = state.runPositions[runID],
      state.runs.contains(position), !state.runs[position].isWithdrawn,
      let fleet = state.fleets[state.runs[position].fleetID], fleet.id == id("fleet"),
      fleet.projectID == id("project"),
      state.organizations[fleet.organizationID]?.name == parameters["org"]
    else { throw .badRequest("the path names no run") }
    return position
  }

  private func runPage() throws(ShipyardError) -> Response {
    let page = try world.read { state throws(ShipyardError) -> String in
      let run = state.runs[try namedRun(state)]
      guard let version = state.versions[run.versionKey] else {
        throw .badRequest("the path names no run")
      }
      let outputs = run.voyages.indices.map { state.output(of: run, $0, version) }
      return FleetRunPage(run: run, version: version, outputs: outputs).html
    }
    var response = Response(.ok, body: .bytes(Array(page.utf8)))
    response.fields.append("Content-Type", "text/html; charset=utf-8")
    return response
  }
}

private struct FleetRunPage {
  let run: FleetRun
  let version: FleetVersion
  /// By vessel.
  let outputs: [String]

  var html: String {
    let title = Self.escape("\(version.definition.name): \(run.status.rawValue)")
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
      <style>body{font-family:sans-serif;margin:2em}td,th{padding:.2em 1em;text-align:left}</style>
      </head><body><h1>\(title)</h1>
      <p>Fleet log \(run.id), version \(version.number), trigger \(run.trigger.rawValue),
      created \(run.createdAt.iso8601()).</p>
      <table><tr><th>Vessel</th><th>Status</th><th>Retries</th><th>Exit code</th><th>Start</th>
      <th>End</th></tr>
      \(zip(version.definition.vessels, run.voyages).map(row).joined(separator: "\n"))
      </table>
      \(zip(version.definition.vessels, outputs).map(output).joined(separator: "\n"))
      </body></html>

      """
  }

  private func row(_ vessel: Vessel, _ voyage: Voyage) -> String {
    let cells = [
      vessel.name, voyage.status.rawValue, "\(voyage.retries)",
      voyage.exitCode.map(String.init) ?? "", voyage.startedAt?.iso8601() ?? "",
      voyage.endedAt?.iso8601() ?? "",
    ]
    let color = "border-left:.4em solid \(Self.color(of: voyage.status))"
    return "<tr style=\"\(color)\">"
      + cells.map { "<td>\(Self.escape($0))</td>" }.joined() + "</tr>"
  }

  private func output(_ vessel: Vessel, _ text: String) -> String {
    text.isEmpty
      ? "" : "<h2>\(Self.escape(vessel.name))</h2><pre>\(Self.escape(text))</pre>"
  }

  /// The colours of the web application's icons.
  private static func color(of status: RunStatus) -> String {
    switch status {
    case .scheduled, .incomplete: "#595959"
    case .running, .retrying: "#faad14"
    case .success: "#0fbf5e"
    case .errored, .terminated: "#f74040"
    }
  }

  private static func escape(_ text: String) -> String {
    text.escaped {
      switch $0 {
      case "<": "&lt;"
      case ">": "&gt;"
      case "&": "&amp;"
      case "\"": "&quot;"
      default: nil
      }
    }
  }
}
