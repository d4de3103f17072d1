package import PayloadCodecs

/// One scenario text, parsed: JSON, JSON5 or YAML, with the places of its values.
package struct ScenarioDocument: Sendable {
  /// As a message names it: a file's path as it was given.
  package let name: String
  package var value: JSON
  package let sourceMap: SourceMap

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
        sourceMap = node.sourceMap
      } catch {
        throw ScenarioLoadError(name, Self.words(error.reason), at: error.position)
      }
    } else {
      do {
        let document = try JSON5Document(parsing: bytes, bytesMax: Self.byteLimit)
        value = document.value
        sourceMap = document.sourceMap
      } catch {
        throw ScenarioLoadError(name, Self.words(error.reason), at: error.position)
      }
    }
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
    let position = sourceMap.nearest(problem.pointer)
    return ScenarioLoadProblem(
      file: name, line: position?.line, column: position?.column, pointer: problem.pointer,
      message: problem.message)
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
