import EmulatorKernel
import PayloadCodecs

/// What a package's `package.json` says, as a hub keeps it.
///
/// Source: transform-hub, `packages/utility` and `packages/types`: the decoder `SequencePackageJSON`.
struct SequencePackage: Codable, Sendable {
  let name: String
  let version: String
  let main: String
  let engines: JSONObject
  let description: String?
  let author: String?
  let keywords: JSON?
  let arguments: JSON?
  let repository: JSON?
  let ports: JSON?
  /// The key `emulator`: how its instances behave here.
  var emulator: JSON?
  let byteCount: Int
  /// Whether `main` is in the archive (taken for granted where its list of paths was cut).
  let hasMain: Bool
  /// What each description of it says, in the hub's order.
  private(set) var text = Text()

  /// Members of an object, written once.
  struct Text: Sendable, Weighed {
    /// In front of the id that it has somewhere.
    fileprivate(set) var front: [UInt8] = []
    /// Behind that.
    fileprivate(set) var rest: [UInt8] = []
    /// Where in `rest` that begins which stands behind the ports.
    fileprivate(set) var end = 0

    var heapBytes: Int { front.spineBytes + rest.spineBytes }
  }

  /// Why a `package.json` is refused; `error` is the value of that member in the hub's answer.
  struct Refusal: Error, Sendable, Equatable {
    var error: JSON
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
    // In the decoder's own order: the first that fails is told.
    let decoder = ManifestDecoder(manifest)
    name = try decoder.text("name") ?? ""
    version = try decoder.text("version") ?? ""
    main = try decoder.requiredText("main")
    engines = try decoder.engines()
    ports = try decoder.ports()
    description = try decoder.text("description")
    author = try decoder.text("author")
    keywords = try decoder.keywords()
    arguments = try decoder.arguments()
    repository = try decoder.repository()
    emulator = manifest["emulator"]
    self.byteCount = byteCount
    let path = Self.normalized(main)
    let isPython = engines["python3"] != nil
    hasMain = hasPath(isPython ? path : Self.runnerPath(path))
    text = written()
  }

  /// The JavaScript runner adds `.js` to whatever it is given, unless it stands there: `index` finds
  /// `index.js`; `dist` with an `index.js` in it, `index.mjs` and `index.ts` find nothing.
  /// Source: hub 1.0.1 on the wire.
  private static func runnerPath(_ path: String) -> String {
    path.hasSuffix(".js") ? path : path + ".js"
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
}

extension SequencePackage {
  private enum CodingKeys: String, CodingKey {
    case name, version, main, engines, description, author, keywords, arguments, repository, ports
    case emulator, byteCount, hasMain
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    version = try values.decode(String.self, forKey: .version)
    main = try values.decode(String.self, forKey: .main)
    engines = try values.decode(JSONObject.self, forKey: .engines)
    description = try values.decodeIfPresent(String.self, forKey: .description)
    author = try values.decodeIfPresent(String.self, forKey: .author)
    keywords = try values.decodeIfPresent(JSON.self, forKey: .keywords)
    arguments = try values.decodeIfPresent(JSON.self, forKey: .arguments)
    repository = try values.decodeIfPresent(JSON.self, forKey: .repository)
    ports = try values.decodeIfPresent(JSON.self, forKey: .ports)
    emulator = try values.decodeIfPresent(JSON.self, forKey: .emulator)
    byteCount = try values.decode(Int.self, forKey: .byteCount)
    hasMain = try values.decode(Bool.self, forKey: .hasMain)
    text = written()
  }

  private func written() -> Text {
    let front = Self.members { json in
      json.member("engines", .object(engines))
      json.member("entrypointPath", main)
      json.member("version", version)
      json.member("name", name)
    }
    var rest = Self.members { json in
      json.member(ifPresent: "description", description)
      json.member(ifPresent: "author", author)
      json.member(ifPresent: "keywords", keywords)
      json.member(ifPresent: "args", arguments)
      json.member(ifPresent: "repository", repository)
    }
    if !rest.isEmpty { rest.append(UInt8(ascii: ",")) }
    let end = rest.count
    rest += Self.members { json in
      json.member("language", language)
      json.member("packageSize", byteCount)
    }
    return Text(front: front, rest: rest, end: end)
  }

  private static func members(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter(reserving: 128)
    json.object(write)
    return Array(json.bytes.dropFirst().dropLast())
  }
}
