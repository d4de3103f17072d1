import PayloadCodecs

/// What a package's `package.json` says, as a hub keeps it.
///
/// Source: transform-hub, `packages/utility` and `packages/types`: the decoder `SequencePackageJSON`.
struct SequencePackage: Codable, Sendable {
  var name: String
  var version: String
  var main: String
  var engines: JSONObject
  var description: String?
  var author: String?
  var keywords: JSON?
  var arguments: JSON?
  var repository: JSON?
  var ports: JSON?
  /// The key `emulator`: how its instances behave here.
  var emulator: JSON?
  var byteCount: Int
  /// Whether `main` is in the archive (taken for granted where its list of paths was cut).
  var hasMain: Bool

  /// Why a `package.json` is refused; `error` is the value of that member in the hub's answer.
  struct Refusal: Error, Sendable, Equatable {
    var error: JSON
    static func decoder(_ key: String, _ found: String, _ wanted: String) -> Refusal {
      Refusal(
        error: .string(
          "<SequencePackageJSON> decoder failed at key \"\(key)\" with error: "
            + "\(found) is not a valid \(wanted)"))
    }
  }

  init(
    manifest bytes: [UInt8], byteCount: Int, hasPath: (String) -> Bool
  ) throws(Refusal) {
    // A parse error has no members of its own to send: the hub's answer is an empty object.
    guard let manifest = try? JSON(parsing: bytes), case .object(let object) = manifest else {
      throw Refusal(error: [:])
    }
    try self.init(manifest: object, byteCount: byteCount, hasPath: hasPath)
  }

  init(
    manifest: JSONObject, byteCount: Int, hasPath: (String) -> Bool
  ) throws(Refusal) {
    name = try Self.text(manifest, "name") ?? ""
    version = try Self.text(manifest, "version") ?? ""
    guard let main = manifest["main"]?.stringValue else {
      throw .decoder("main", Self.shown(manifest["main"]), "string")
    }
    self.main = main
    description = try Self.text(manifest, "description")
    author = try Self.text(manifest, "author")
    engines = try Self.engines(manifest)
    keywords = try Self.keywords(manifest)
    arguments = try Self.arguments(manifest)
    repository = try Self.repository(manifest)
    ports = try Self.ports(manifest)
    emulator = manifest["emulator"]
    self.byteCount = byteCount
    let path = Self.normalized(main)
    hasMain = hasPath(path) || hasPath(path + ".js") || hasPath(path + "/index.js")
  }

  /// Source: transform-hub, the language detection of `packages/host` (`detectLanguage`).
  var language: String {
    if engines["python3"] != nil { return "py" }
    if engines["node"] != nil { return "js" }
    guard let dot = main.lastIndex(of: "."), !main[dot...].contains("/") else { return "unknown" }
    return String(main[main.index(after: dot)...])
  }

  /// Its name without the scope of the vendor's own packages: what behaviours are found by.
  var shortName: String {
    name.hasPrefix("@scramjet/") ? String(name.dropFirst("@scramjet/".count)) : name
  }

  private static func normalized(_ path: String) -> String {
    path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  // MARK: The decoder's checks

  private static func shown(_ value: JSON?) -> String {
    switch value {
    case nil: "undefined"
    case .array, .object: value?.text ?? ""
    case .string(let text): "\"\(text)\""
    case .some(let other): other.text
    }
  }

  /// An optional member: absent and null are the same.
  private static func member(_ object: JSONObject, _ key: String) -> JSON? {
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }

  private static func text(_ object: JSONObject, _ key: String) throws(Refusal) -> String? {
    guard let value = member(object, key) else { return nil }
    // npm allows an author to be an object; the hub does not.
    guard case .string(let text) = value else { throw .decoder(key, shown(value), "string") }
    return text
  }

  private static func engines(_ object: JSONObject) throws(Refusal) -> JSONObject {
    guard let value = member(object, "engines") else { return JSONObject() }
    guard case .object(let engines) = value else {
      throw .decoder("engines", shown(value), "object")
    }
    for (key, engine) in engines.members where engine.stringValue == nil {
      throw .decoder("engines.\(key)", shown(engine), "string")
    }
    return engines
  }

  private static func keywords(_ object: JSONObject) throws(Refusal) -> JSON? {
    guard let value = member(object, "keywords") else { return nil }
    guard case .array(let words) = value, words.allSatisfy({ $0.stringValue != nil }) else {
      throw .decoder("keywords", shown(value), "array")
    }
    return value
  }

  private static func arguments(_ object: JSONObject) throws(Refusal) -> JSON? {
    guard let value = member(object, "args") else { return nil }
    guard case .array = value else { throw .decoder("args", shown(value), "array") }
    return value
  }

  private static func repository(_ object: JSONObject) throws(Refusal) -> JSON? {
    guard let value = member(object, "repository") else { return nil }
    if case .string = value { return value }
    guard value["type"]?.stringValue != nil, value["url"]?.stringValue != nil else {
      throw .decoder("repository", shown(value), "string")
    }
    return value
  }

  private static func ports(_ object: JSONObject) throws(Refusal) -> JSON? {
    guard let scramjet = member(object, "scramjet"), let config = scramjet["config"],
      let value = config["ports"], !value.isNull
    else { return nil }
    guard case .array(let ports) = value, ports.allSatisfy(isPort) else {
      throw Refusal(
        error: .string(
          "<SequencePackageJSON> decoder failed at key \"scramjet\" with error: <scramjet> decoder "
            + "failed at key \"config\" with error: <config> decoder failed at key \"ports\" with "
            + "error: Invalid port format"))
    }
    return value
  }

  /// `8080/tcp`: three to five digits and a protocol.
  private static func isPort(_ value: JSON) -> Bool {
    guard let text = value.stringValue else { return false }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && (3...5).contains(parts[0].utf8.count)
      && parts[0].utf8.allSatisfy { $0 &- 0x30 < 10 } && (parts[1] == "tcp" || parts[1] == "udp")
  }
}
