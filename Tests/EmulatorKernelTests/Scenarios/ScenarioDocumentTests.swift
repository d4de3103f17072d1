import PayloadCodecs
import Testing

@testable import Scenarios

@Suite("A document of plain JSON is read as JSON5 reads it")
struct ScenarioDocumentTests {
  static let texts: [String] = [
    "{}", "[]", " {\n\t\"a\": [1, -2, true, null, \"x\"]\r\n}\n",
    #"{"a": 1.50, "b": -0, "c": 1e5, "d": 0.1, "e": 123456789012345678901234567890}"#,
    #"{"a": 1E5}"#, #"{"a": [0.1E-2, 1.5E+3]}"#, #"{"a": -0.0}"#,
    #"{"a": "\u0041\ud83d\ude00 \ud800x\n\"\\\/"}"#, #"{"é": "ü\u00e9"}"#,
    #"{"a": 1, "a": 2}"#, #"{"a": {"b": [{"c": 1, "c": 2}]}}"#,
    "{" + (0..<12).map { "\"k\($0)\": \($0)" }.joined(separator: ",") + "}",
    "{" + (0..<12).map { "\"k\($0)\": \($0)" }.joined(separator: ",") + ", \"k3\": 1}",
    #"{a: 1, /* c */ 'b': 0x10,}"#, "// c\n{\"a\": 1}", "\u{FEFF}{\"a\": 1}",
    String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
    String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    #"{"a": 01}"#, #"{"a": "#, #"{"a": "\#u{1}"}"#, "", "3",
    "[" + String(repeating: " ", count: 70_000) + "1]",
  ]

  @Test("The same values, in the same places, or the same words about it", arguments: texts)
  func same(_ text: String) throws {
    let bytes = Array(text.utf8)
    do {
      let expected = try JSON5Document(parsing: bytes)
      let found = try ScenarioDocument(bytes, name: "x.json")
      #expect(found.value == expected.value)
      #expect(found.value.text == expected.value.text)
      for pointer in ["", "/a", "/a/1", "/a/b/0/c", "/k3", "/none/x"] {
        let problem = found.located(ScenarioProblem(pointer, "p"))
        #expect(problem.line == expected.sourceMap.nearest(pointer)?.line)
        #expect(problem.column == expected.sourceMap.nearest(pointer)?.column)
      }
    } catch let error as JSON5Error {
      let found = #expect(throws: ScenarioLoadError.self) {
        try ScenarioDocument(bytes, name: "x.json")
      }
      #expect(found?.problems.first?.line == error.position.line)
      #expect(found?.problems.first?.column == error.position.column)
      #expect(found?.problems.first?.message.hasSuffix(error.reason.sentence) == true)
    }
  }

  @Test("Bytes that are no UTF-8 are refused")
  func invalid() {
    let inside = Array("{\"a\": \"".utf8) + [0xC3, 0x28, 0x22, 0x7D]
    for bytes: [UInt8] in [[0x22, 0xFF, 0x22], inside] {
      #expect(throws: ScenarioLoadError.self) { try ScenarioDocument(bytes, name: "x.json") }
    }
  }
}
