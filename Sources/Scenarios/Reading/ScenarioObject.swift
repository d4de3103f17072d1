import PayloadCodecs

/// The members of one object while it is read. Asking for a key makes it a known one.
package final class ScenarioObject {
  private let members: JSONObject
  /// The object as a value at its place.
  package let reader: ScenarioReader
  /// Keys that were asked for, some more than once.
  private var known: [String] = []

  init(_ members: JSONObject, reader: ScenarioReader) {
    self.members = members
    self.reader = reader
  }

  /// Whether the object has the key. Does not make it a known one.
  package func has(_ key: String) -> Bool { members[key] != nil }

  /// The keys that are there, in order, known or not.
  package var keys: [String] { members.keys }

  package func problem(_ message: String) { reader.problem(message) }

  private func allow(_ key: String) {
    if known.isEmpty { known.reserveCapacity(16) }
    known.append(key)
  }

  /// The value under a key; nil when it is absent.
  package func optional(_ key: String) -> ScenarioReader? {
    allow(key)
    return members[key].map { value in
      ScenarioReader(value: value, path: .key(reader.path, key), findings: reader.findings)
    }
  }

  /// The value under a key that must be there.
  package func required(_ key: String) -> ScenarioReader? {
    if let value = optional(key) { return value }
    problem("the key \"\(key)\" is missing")
    return nil
  }

  /// Not more than one of these keys may be there; gives the one that is.
  package func atMostOne(of keys: [String]) -> String? {
    for key in keys { allow(key) }
    let present = keys.filter(has)
    if present.count > 1 {
      let names = present.map { "\"\($0)\"" }
      problem("\(names.joined(separator: " and ")) exclude each other: keep one")
    }
    return present.first
  }

  // MARK: The end

  /// Reports the keys that nobody asked for, and those that came twice.
  func finish() {
    var seen: TextSet = []
    let all = members.members
    for (index, (key, _)) in all.enumerated() {
      // Few are compared faster than hashed.
      let isTwice =
        all.count > 8
        ? !seen.insert(key).inserted : all[..<index].contains { $0.key.isExactly(key) }
      guard isTwice || !known.contains(key) else { continue }
      let place = ScenarioReader(
        value: .null, path: .key(reader.path, key), findings: reader.findings)
      if isTwice {
        place.problem("the key \"\(key)\" stands here twice")
      } else {
        let _: Never? = place.unknown("key", key, of: knownOnce)
      }
    }
  }

  private var knownOnce: [String] {
    var seen: TextSet = []
    return known.filter { seen.insert($0).inserted }
  }
}
