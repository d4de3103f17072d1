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
