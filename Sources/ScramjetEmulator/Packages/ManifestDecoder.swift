import PayloadCodecs

/// Reads the members of a `package.json` as the hub does, and refuses in its words.
///
/// An object there may be a list, as in JavaScript, and of a list of objects the first wrong element
/// is told.
/// Source: transform-hub, the decoder `SequencePackageJSON`; hub 1.0.1 on the wire.
struct ManifestDecoder {
  private let manifest: JSONObject

  init(_ manifest: JSONObject) { self.manifest = manifest }

  private static func failure(_ key: String, _ error: String) -> SequencePackage.Refusal {
    SequencePackage.Refusal(
      error: .string("<SequencePackageJSON> decoder failed at key \"\(key)\" with error: \(error)"))
  }

  private static func notValid(_ value: JSON?, _ kind: String) -> String {
    "\(shown(value)) is not a valid \(kind)"
  }

  private static func shown(_ value: JSON?) -> String {
    switch value {
    case nil: "undefined"
    case .string(let text): "\"\(text)\""
    case .some(let other): other.text
    }
  }

  /// An optional member: absent and null are the same.
  private static func member(_ value: JSON?, _ key: String) -> JSON? {
    guard let member = value?[key], !member.isNull else { return nil }
    return member
  }

  private func member(_ key: String) -> JSON? { Self.member(.object(manifest), key) }

  // MARK: Texts

  func requiredText(_ key: String) throws(SequencePackage.Refusal) -> String {
    guard let text = manifest[key]?.stringValue else {
      throw Self.failure(key, Self.notValid(manifest[key], "string"))
    }
    return text
  }

  /// npm allows an author to be an object; the hub does not.
  func text(_ key: String) throws(SequencePackage.Refusal) -> String? {
    member(key) == nil ? nil : try requiredText(key)
  }

  // MARK: Lists and objects

  func engines() throws(SequencePackage.Refusal) -> JSONObject {
    let key = "engines"
    let members: [(key: String, value: JSON)]
    switch member(key) {
    case nil: return JSONObject()
    case .object(let object): members = object.members
    case .array(let elements):
      members = elements.enumerated().map { (key: String($0), value: $1) }
    case let other: throw Self.failure(key, Self.notValid(other, "dictionary"))
    }
    for (name, engine) in members where engine.stringValue == nil {
      throw Self.failure(
        key,
        "<EnginesDecoder> dictionary decoder failed at key \"\(name)\" with error: "
          + Self.notValid(engine, "string"))
    }
    return JSONObject(members)
  }

  func keywords() throws(SequencePackage.Refusal) -> JSON? {
    let key = "keywords"
    guard let value = member(key) else { return nil }
    guard case .array(let words) = value else {
      throw Self.failure(key, Self.notValid(value, "array"))
    }
    for (index, word) in words.enumerated() where word.stringValue == nil {
      throw Self.failure(
        key,
        "<keywordsDecoder> decoder failed at index \"\(index)\" with error: "
          + Self.notValid(word, "string"))
    }
    return value
  }

  func arguments() throws(SequencePackage.Refusal) -> JSON? {
    guard let value = member("args") else { return nil }
    guard case .array = value else { throw Self.failure("args", Self.notValid(value, "array")) }
    return value
  }

  func repository() throws(SequencePackage.Refusal) -> JSON? {
    guard let value = member("repository") else { return nil }
    if case .string = value { return value }
    guard value["type"]?.stringValue != nil, value["url"]?.stringValue != nil else {
      throw Self.failure("repository", Self.notValid(value, "string"))
    }
    return value
  }

  /// `scramjet.config.ports`.
  func ports() throws(SequencePackage.Refusal) -> JSON? {
    var context = ""
    var value = member("scramjet")
    for (name, key) in [("ScramjetSectionDecoder", "config"), ("ConfigDecoder", "ports")] {
      guard let object = value else { return nil }
      guard object.objectValue != nil || object.arrayValue != nil else {
        throw Self.failure("scramjet", context + Self.notValid(object, name))
      }
      context += "<\(name)> decoder failed at key \"\(key)\" with error: "
      value = Self.member(object, key)
    }
    guard let ports = value else { return nil }
    guard case .array(let elements) = ports else {
      throw Self.failure("scramjet", context + Self.notValid(ports, "array"))
    }
    if let index = elements.firstIndex(where: { !Self.isPort($0) }) {
      throw Self.failure(
        "scramjet",
        context + "<PortsDecoder> decoder failed at index \"\(index)\" with error: "
          + "Invalid port format")
    }
    return ports
  }

  /// `8080/tcp`: three to five digits and a protocol.
  private static func isPort(_ value: JSON) -> Bool {
    guard let text = value.stringValue else { return false }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && (3...5).contains(parts[0].utf8.count)
      && parts[0].utf8.allSatisfy { $0 &- 0x30 < 10 } && (parts[1] == "tcp" || parts[1] == "udp")
  }
}
