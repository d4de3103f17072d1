package import PayloadCodecs

/// The members of one object while it is read. Asking for a key makes it a known one.
///
/// The short forms (`string("name")`) give nil for an absent key; `required…` leave a problem for it
/// and give a placeholder, since the decode will throw.
package final class ScenarioObject {
  private let members: JSONObject
  /// The object as a value at its place.
  package let reader: ScenarioReader
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

  /// Declares keys that are fine here but not read by this code.
  package func allow(_ keys: String...) {
    for key in keys where !known.contains(key) { known.append(key) }
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

  // MARK: Short forms

  package func string(_ key: String) -> String? { optional(key)?.string() }
  package func requiredString(_ key: String) -> String { required(key)?.nonEmptyString() ?? "" }
  package func bool(_ key: String) -> Bool? { optional(key)?.bool() }
  package func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
    optional(key)?.int(in: range)
  }
  package func double(
    _ key: String, in range: ClosedRange<Double> = -(.infinity) ... .infinity
  ) -> Double? { optional(key)?.double(in: range) }
  package func duration(_ key: String) -> Duration? { optional(key)?.duration() }
  package func size(_ key: String) -> Int? { optional(key)?.size() }
  package func glob(_ key: String) -> Glob? { optional(key)?.glob() }
  package func choice<Choice>(_ key: String, of type: Choice.Type = Choice.self) -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable { optional(key)?.choice(of: type) }
  package func json(_ key: String) -> JSON? { optional(key)?.json() }

  package func array<Element>(
    _ key: String, _ body: (ScenarioReader) -> Element?
  ) -> [Element]? { optional(key)?.array(body) }

  package func oneOrMore<Element>(
    _ key: String, _ body: (ScenarioReader) -> Element?
  ) -> [Element]? { optional(key)?.oneOrMore(body) }

  package func object<Value>(_ key: String, _ body: (ScenarioObject) -> Value?) -> Value? {
    optional(key)?.object(body)
  }

  // MARK: The end

  /// Reports the keys that nobody asked for, and those that came twice.
  func finish() {
    var seen: TextSet = []
    for key in members.keys {
      let place = ScenarioReader(
        value: .null, path: .key(reader.path, key), findings: reader.findings)
      if !seen.insert(key).inserted {
        place.problem("the key \"\(key)\" stands here twice")
      } else if !known.contains(key) {
        let _: Never? = place.unknown("key", key, of: known)
      }
    }
  }
}
