import HTTPModel
package import PayloadCodecs

/// One scenario text, parsed: JSON, JSON5 or YAML, with the places of its values.
package struct ScenarioDocument: Sendable {
  /// As a message names it: a file's path as it was given.
  package let name: String
  package var value: JSON
  private let places: Places

  /// A scenario is written by people; beyond this somebody mistook another file for one.
  package static let byteLimit = 8 << 20

  /// - Parameter name: its ending chooses the form; without a known one the text does.
  package init(_ bytes: [UInt8], name: String) throws(ScenarioLoadError) {
    self.name = name
    guard bytes.count <= Self.byteLimit else {
      throw ScenarioLoadError(name, Self.tooLarge(bytes.count))
    }
    if Self.isYAML(bytes, name: name) {
      do {
        let node = try YAMLNode(yaml: bytes)
        value = node.json
        places = Places(node.sourceMap)
      } catch {
        throw ScenarioLoadError(name, Self.words(error.reason), at: error.position)
      }
    } else if let plain = Self.plain(bytes) {
      value = plain
      places = Places(of: bytes)
    } else {
      do {
        let document = try JSON5Document(parsing: bytes, bytesMax: Self.byteLimit)
        value = document.value
        places = Places(document.sourceMap)
      } catch {
        throw ScenarioLoadError(name, Self.words(error.reason), at: error.position)
      }
    }
  }

  /// JSON that JSON5 reads as the same, which takes ten times as long; nil: it is to be read as that.
  private static func plain(_ bytes: [UInt8]) -> JSON? {
    guard bytes.count <= 64 << 10,
      let value = try? JSON(parsing: bytes, depthLimit: JSON5Document.depthMax),
      value.isAlikeInJSON5
    else { return nil }
    return value
  }

  private static func words(_ failure: some SourceFailure) -> String {
    "the text cannot be read: \(failure.sentence)"
  }

  static func tooLarge(_ count: Int) -> String {
    "\(count) bytes are too many for a scenario: at most \(byteLimit >> 20) MiB; "
      + "large contents belong into files of their own, named by \"file\""
  }

  private static func isYAML(_ bytes: [UInt8], name: String) -> Bool {
    let lower = name.asciiLowercased
    if lower.hasSuffix(".yaml") || lower.hasSuffix(".yml") { return true }
    if lower.hasSuffix(".json") || lower.hasSuffix(".json5") { return false }
    // JSON5 begins with a brace or a comment; a YAML mapping can begin with neither.
    let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    return
      !(first == nil || first == UInt8(ascii: "{") || first == UInt8(ascii: "/")
      || first == UInt8(ascii: "["))
  }

  /// A problem with its place in the text.
  package func located(_ problem: ScenarioProblem) -> ScenarioLoadProblem {
    let position = places.map.nearest(problem.pointer)
    return ScenarioLoadProblem(
      file: name, line: position?.line, column: position?.column, pointer: problem.pointer,
      message: problem.message)
  }
}

/// Where the values of a text stand; of plain JSON found out when something is wrong.
private final class Places: Sendable {
  private final class Made: Sendable {
    let map: SourceMap
    init(_ map: SourceMap) { self.map = map }
  }

  private let bytes: [UInt8]
  private let made = OnceReference<Made>()

  init(of bytes: [UInt8]) { self.bytes = bytes }

  init(_ map: SourceMap) {
    bytes = []
    made.storeIfNil(Made(map))
  }

  var map: SourceMap {
    if let made = made.load() { return made.map }
    let map = (try? JSON5Document(parsing: bytes))?.sourceMap ?? SourceMap()
    return made.storeIfNil(Made(map)).map
  }
}

extension JSON {
  /// No key stands twice in an object, which JSON5 refuses here, and no number is one that it writes
  /// otherwise.
  fileprivate var isAlikeInJSON5: Bool {
    switch self {
    case .object(let object):
      let keys = object.keys
      let isOnce =
        keys.count > 8
        ? TextSet(keys).count == keys.count
        : keys.indices.allSatisfy { last in !keys[..<last].contains(where: keys[last].isExactly) }
      return isOnce && object.members.allSatisfy(\.value.isAlikeInJSON5)
    case .array(let elements): return elements.allSatisfy(\.isAlikeInJSON5)
    case .decimal(let text): return !text.utf8.contains(UInt8(ascii: "E"))
    case .null, .bool, .integer, .string: return true
    }
  }
}

/// One thing wrong with the scenarios that were given.
package struct ScenarioLoadProblem: Sendable, Equatable {
  package var file: String
  package var line: Int?
  package var column: Int?
  package var pointer: String
  package var message: String

  /// `Scenarios/x.json:12:5: /rules/0/tims: unknown key "tims"; did you mean "times"?`
  package var text: String {
    var text = file
    if let line { text += ":\(line)" }
    if line != nil, let column { text += ":\(column)" }
    if !pointer.isEmpty { text += ": \(pointer)" }
    return text + ": " + message
  }
}

/// Everything that is wrong, all in one go.
package struct ScenarioLoadError: Error, Sendable, Equatable {
  package var problems: [ScenarioLoadProblem]

  package init(_ problems: [ScenarioLoadProblem]) { self.problems = problems }

  init(_ file: String, _ message: String, at position: SourcePosition? = nil) {
    problems = [
      ScenarioLoadProblem(
        file: file, line: position?.line, column: position?.column, pointer: "", message: message)
    ]
  }
}
