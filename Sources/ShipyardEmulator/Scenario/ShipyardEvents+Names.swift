import EmulatorKernel
package import PayloadCodecs

extension ShipyardService {
  /// Fleets and vessels that behaviors and events name and no project has at the start.
  package func unknownNames(
    in state: ShipyardState, emitted: [(place: String, event: JSON)]
  ) -> [String] {
    let fleets = state.fleets.values.compactMap { state.versions[$0.versionKey]?.definition }
    let behaviors = state.behaviors.enumerated().compactMap { index, behavior -> String? in
      let place = "/behaviors/shipyard/\(index)/when"
      let meant = fleets.filter { behavior.fleet.matches($0.name) }
      guard !meant.isEmpty else {
        return "\(place)/fleet: there is no fleet \"\(behavior.fleet)\""
          + Nearest.hint(for: behavior.fleet.text, among: fleets.map(\.name).sorted())
      }
      let vessels = meant.flatMap { $0.vessels.map(\.name) }
      guard !vessels.contains(where: { behavior.vessel.matches($0) }) else { return nil }
      return "\(place)/vessel: there is no vessel \"\(behavior.vessel)\""
        + Nearest.hint(for: behavior.vessel.text, among: vessels.sorted())
    }
    let known = TextSet(fleets.map(\.name) + state.fleets.keys.map(\.text))
    let vessels = TextSet(fleets.flatMap { $0.vessels.map(\.name) })
    let events = emitted.flatMap { place, event -> [String] in
      let fleets = ["runFleet", "replaceWebhook", "removeWebhook"].compactMap { kind in
        Self.unknown("fleet", event[kind]?["fleet"] ?? event[kind], among: known)
      }
      let vessel = Self.unknown("vessel", event["terminateVessel"]?["vessel"], among: vessels)
      return (fleets + [vessel].compactMap(\.self)).map { "\(place): \($0)" }
    }
    return behaviors + events
  }

  /// - Parameter name: names by id are known to be ids, and not looked for.
  private static func unknown(_ kind: String, _ name: JSON?, among known: TextSet) -> String? {
    guard let name = name?.stringValue, !known.contains(name), !UUIDText.isUUID(name),
      name.firstRange(of: "{{") == nil
    else { return nil }
    return "there is no \(kind) \"\(name)\"\(Nearest.hint(for: name, among: known.sorted()))"
  }
}
