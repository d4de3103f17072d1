import EmulatorKernel
import Foundation
import Testing

extension SnapshotTests {
  private enum Colour: String, Codable { case red, green }

  private struct Sample: Codable {
    var list: [Int]?
    var map: [String: Int]?
    var flag: Bool?
    var name: String?
    var number: Double?
    var small: UInt8?
    var colour: Colour?
    var inner: [Inner]?
    struct Inner: Codable { var id: Int }
  }

  @Test(
    "What is wrong in a snapshot is said with its place, and in words that are no types of the program",
    arguments: [
      (#"{"list": {}}"#, "at /list: expected a list"),
      (#"{"map": []}"#, "at /map: expected an object"),
      (#"{"flag": 1}"#, "at /flag: expected true or false"),
      (#"{"name": 1}"#, "at /name: expected a text"),
      (#"{"number": ""}"#, "at /number: expected a number"), ("[]", "expected an object"),
      (#"{"list": ["a"]}"#, "at /list/0: expected a whole number"),
      (#"{"list": [null]}"#, "found null"),
      (#"{"colour": "blue"}"#, "at /colour: a word that is none of those known"),
      (#"{"inner": [{}]}"#, "at /inner/0: the key \"id\" is missing"),
      (#"{"small": 300}"#, "at /small: "),
      (#"{"small": 1.5}"#, "at /small: "), ("{", "JSON"), ("", "JSON"),
    ])
  func plainWords(_ text: String, _ words: String) {
    #expect {
      try SnapshotJSON.decode(Sample.self, from: Array(text.utf8), path: "state.json")
    } throws: { error in
      let types = [
        "Dictionary", "Array", "String", "Int", "Bool", "Double", "Any", "Colour", "Swift",
      ]
      guard case SnapshotError.invalid(_, let said) = error else { return false }
      return said.contains(words) && !types.contains { said.contains($0) }
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
