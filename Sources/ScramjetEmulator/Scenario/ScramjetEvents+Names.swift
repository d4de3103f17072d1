package import PayloadCodecs

extension ScramjetService {
  /// Hubs that events name and no space has: at the start, or by an event that adds one.
  package func unknownNames(
    in state: ScramjetState, emitted: [(place: String, event: JSON)]
  ) -> [String] {
    var known = TextSet(state.hubs.map { $0.value.id })
    known.formUnion(emitted.compactMap { $0.event["addHub"]?.stringValue })
    return emitted.flatMap { place, event -> [String] in
      ["crashHub", "recoverHub", "disconnectHub", "removeHub"].compactMap { kind in
        guard let name = event[kind]?.stringValue, !known.contains(name),
          name.firstRange(of: "{{") == nil
        else { return nil }
        return
          "\(place): there is no hub \"\(name)\"\(Nearest.hint(for: name, among: known.sorted()))"
      }
    }
  }
}
