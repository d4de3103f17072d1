import Foundation
import PayloadCodecs
import TestSupport
import Testing

/// PyYAML as the measure. The committed cases always run; more are generated, and what we write is
/// read back, when `WAVETANK_PYTHON` names an interpreter that has PyYAML.
@Suite("YAML against PyYAML")
struct YAMLOracleTests {
  static let python = ProcessInfo.processInfo.environment["WAVETANK_PYTHON"]

  static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.split(separator: 0x0a).map { Array($0) }
  }

  static func run(_ arguments: [String], input: [UInt8] = []) throws -> [[UInt8]] {
    let script = try #require(Bundle.module.url(forResource: "yaml_oracle", withExtension: "py"))
    let directory = FileManager.default.temporaryDirectory
    let inputFile = directory.appending(
      path: "yaml-oracle-\(ProcessInfo.processInfo.processIdentifier)")
    try Data(input).write(to: inputFile)
    defer { try? FileManager.default.removeItem(at: inputFile) }
    let process = Process()
    process.executableURL = URL(filePath: try #require(python))
    process.arguments = [script.path] + arguments
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return lines(bytes)
  }

  /// Reads each case's text and compares with what PyYAML's base loader made of it. Where PyYAML
  /// refuses, we may be more lenient (tabs between tokens, a question mark in brackets) but must say
  /// no or give a value.
  static func check(_ cases: [[UInt8]]) throws -> (
    compared: Int, bothRefuse: Int, onlyWeAccept: Int
  ) {
    var counts = (compared: 0, bothRefuse: 0, onlyWeAccept: 0)
    for line in cases {
      let example = try JSON(parsing: line)
      let text = try #require(example["yaml"]?.stringValue)
      let read = Result { () throws(YAMLError) in try YAMLNode(yaml: text) }
      if let expected = example["texts"] {
        counts.compared += 1
        switch read {
        case .success(let node):
          #expect(node.textualJSON == expected, "\(text)")
        case .failure(let error): Issue.record("\(error)\n\(text)")
        }
      } else if case .success = read {
        counts.onlyWeAccept += 1
      } else {
        counts.bothRefuse += 1
      }
    }
    return counts
  }

  @Test("Documents written by PyYAML, and mutations of them, are read as PyYAML reads them")
  func committed() throws {
    let url = try #require(
      Bundle.module.url(forResource: "yaml-cases", withExtension: "jsonl", subdirectory: "Fixtures")
    )
    let counts = try Self.check(Self.lines([UInt8](Data(contentsOf: url))))
    #expect(counts.compared > 400)
    #expect(counts.bothRefuse > counts.onlyWeAccept * 5)
  }

  @Test("The same for fresh documents", .enabled(if: python != nil))
  func generated() throws {
    let seed = SeededNoise.runSeed
    let counts = try Self.check(Self.run(["generate", String(seed), "6000"]))
    #expect(counts.compared > 4000, "SEED=\(seed)")
    #expect(counts.bothRefuse > counts.onlyWeAccept * 5, "\(counts) SEED=\(seed)")
  }

  @Test("What we write PyYAML reads back equal", .enabled(if: python != nil))
  func written() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    let values = YAMLTests.awkward.map { JSON.string($0) } + (0..<4000).map { _ in random.json(4) }
    let texts = values.map { JSON.string(YAMLWriter.text($0)).serialized() }
    let answers = try Self.run(["load"], input: Array(texts.joined(separator: [0x0a])) + [0x0a])
    try #require(answers.count == values.count)
    for (value, answer) in zip(values, answers) {
      let back = try JSON(parsing: answer)
      #expect(back["value"] == value, "\(value.text)\n\(YAMLWriter.text(value))\n\(back.text)")
    }
  }
}

extension SeededNoise {
  /// A value without fractions, which texts of numbers would make incomparable.
  mutating func json(_ depth: Int) -> JSON {
    switch below(depth > 0 ? 9 : 6) {
    case 0: return [JSON.null, .bool(true), .bool(false)][below(3)]
    case 1: return .integer(below(1 << 40) - 1000)
    case 2: return .string(YAMLTests.awkward[below(YAMLTests.awkward.count)])
    case 3...5: return .string(text(below(12)))
    case 6: return .array((0..<below(4)).map { _ in json(depth - 1) })
    default:
      var object = JSONObject()
      for _ in 0..<below(5) {
        let key = below(3) == 0 ? YAMLTests.awkward[below(YAMLTests.awkward.count)] : text(below(9))
        object[key] = json(depth - 1)
      }
      return .object(object)
    }
  }
}
