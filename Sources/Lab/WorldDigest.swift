package import PayloadCodecs

/// A tenant's world as a multiset of lines, one for each thing: the same for two runs that did the
/// same, whatever ids they got and whenever they ran.
///
/// **Shape** of a line: `steamship block in workspace demo / file notes {"text":"hello"}`.
package struct WorldDigest: Sendable, Equatable {
  /// What makes two things the same.
  private struct Thing: Hashable, Comparable {
    var service: String
    var kind: String
    var place: [String]
    var content: String

    var line: String {
      let place = place.isEmpty ? "" : " in \(place.joined(separator: " / "))"
      return "\(service) \(kind)\(place)" + (content == "{}" ? "" : " \(content)")
    }

    static func < (left: Thing, right: Thing) -> Bool { left.line < right.line }

    /// The same under another name: what a client makes that tries again.
    var isNamedOtherwise: Thing {
      var thing = self
      if !thing.place.isEmpty { thing.place[thing.place.count - 1] = "" }
      return thing
    }
  }

  private var counts: [Thing: Int] = [:]

  /// - Parameter inventory: the answer to `GET /_wavetank/inventory`.
  package init(_ inventory: JSON) {
    for item in inventory["things"]?.arrayValue ?? [] {
      let place = item["place"]?.arrayValue?.compactMap(\.stringValue) ?? []
      let thing = Thing(
        service: item["service"]?.stringValue ?? "", kind: item["kind"]?.stringValue ?? "",
        place: place.map { PlainText.of($0) },
        content: Self.sorted(PlainText.of(item["content"] ?? [:])).text)
      counts[thing, default: 0] += 1
    }
  }

  /// Members by name: their order says nothing.
  private static func sorted(_ json: JSON) -> JSON {
    switch json {
    case .array(let elements): .array(elements.map(sorted))
    case .object(let object):
      .object(
        JSONObject(
          object.members.map { ($0.key, sorted($0.value)) }.sorted { $0.0 < $1.0 }))
    default: json
    }
  }

  package var lines: [String] {
    counts.flatMap { Array(repeating: $0.key.line, count: $0.value) }.sorted()
  }

  /// How a world differs from the one that it should be.
  package struct Difference: Sendable, Equatable {
    package var missing: [String] = []
    /// Things that are there in the other world, and here more often; or that differ from one of those
    /// by their name alone.
    package var twice: [String] = []
    /// Things that the other world does not know.
    package var strange: [String] = []

    package var isEmpty: Bool { missing.isEmpty && twice.isEmpty && strange.isEmpty }

    package var isOnlyTwice: Bool { missing.isEmpty && strange.isEmpty }

    /// One line for each, with what is wrong with it in front.
    package var lines: [String] {
      missing.map { "missing: \($0)" } + twice.map { "twice: \($0)" }
        + strange.map { "not in the clean world: \($0)" }
    }
  }

  package func difference(from clean: WorldDigest) -> Difference {
    var difference = Difference()
    let known = Set(clean.counts.keys.map(\.isNamedOtherwise))
    for thing in Set(counts.keys).union(clean.counts.keys).sorted() {
      let (here, there) = (counts[thing] ?? 0, clean.counts[thing] ?? 0)
      let line = thing.line
      if here < there {
        difference.missing += Array(repeating: line, count: there - here)
      } else if here > there {
        let isTwice = there > 0 || known.contains(thing.isNamedOtherwise)
        let lines = Array(repeating: line, count: here - there)
        if isTwice { difference.twice += lines } else { difference.strange += lines }
      }
    }
    return difference
  }
}
