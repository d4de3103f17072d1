import Foundation
import PayloadCodecs
import TestSupport
import Testing

@Suite struct ExactTextTests {
  /// Pairs that Swift takes for equal.
  static let pairs = [
    ("caf\u{E9}", "cafe\u{301}"), ("\u{212A}", "K"), ("\u{C5}", "\u{212B}"),
    ("a\u{301}\u{323}", "a\u{323}\u{301}"), ("\u{AC00}", "\u{1100}\u{1161}"), ("\u{37E}", ";"),
  ]

  @Test("Texts of different code points are different keys", arguments: pairs)
  func keys(_ left: String, _ right: String) throws {
    #expect(Set([left, right]).count == 1)
    #expect(left != right)
    #expect(!left.isExactly(right))
    #expect(left.isExactly(String(decoding: Array(left.utf8), as: UTF8.self)))
    #expect(left.comesBefore(right) != right.comesBefore(left))
    var map: TextMap<Int> = [left: 1, right: 2]
    #expect(map.count == 2)
    #expect(map[left] == 1 && map[right] == 2)
    map[left] = nil
    #expect(map[left] == nil && map[right] == 2)
    let set: TextSet = [left]
    #expect(set.contains(left) && !set.contains(right))
  }

  @Test("JSON texts and members are told apart by code points (RFC 8259 §8.3)", arguments: pairs)
  func json(_ left: String, _ right: String) throws {
    #expect(JSON.string(left) != JSON.string(right))
    #expect(JSON.array([.string(left)]) != JSON.array([.string(right)]))
    var object: JSONObject = [left: 1]
    #expect(object[right] == nil)
    object[right] = 2
    #expect(object.count == 2 && object[left] == 1)
    object[left] = nil
    #expect(object.count == 1 && object[right] == 2)
    #expect(JSON.object([left: 1]) != JSON.object([right: 1]))
    #expect(JSONObject([(left, 1), (right, 2)]).valuesByName.count == 2)
    var merged: JSONObject = [left: 1]
    merged.merge([right: 2])
    #expect(merged.count == 2)
    // The long way, with a table.
    let many = JSONObject((0..<20).map { ("k\($0)", JSON.integer($0)) })
    var long = many
    long[left] = 1
    long.merge(JSONObject(many.members + [(right, 2)]))
    #expect(long.count == 22)
  }

  @Test("A map is written so that every reader gets all of it back", arguments: pairs)
  func coding(_ left: String, _ right: String) throws {
    for map in [[left: 1, right: 2], [left: 1], [right: 2], [:]] as [TextMap<Int>] {
      let data = try JSONEncoder().encode(map)
      #expect(try JSONDecoder().decode(TextMap<Int>.self, from: data) == map)
    }
    // As a dictionary of earlier snapshots, too.
    let old = try JSONEncoder().encode(["a": 1, left: 2])
    #expect(try JSONDecoder().decode(TextMap<Int>.self, from: old) == ["a": 1, left: 2])
  }

  @Test("Of two names in one document neither is lost, or refused as a second", arguments: pairs)
  func documents(_ left: String, _ right: String) throws {
    func expectBoth(_ json: JSON) {
      #expect(json.objectValue?.count == 2)
      #expect(json[left] == 1 && json[right] == 2)
    }
    let text = "{\"\(left)\": 1, \"\(right)\": 2}"
    expectBoth(try JSON(parsing: text))
    expectBoth(try JSON5Document(parsing: text).value)
    expectBoth(try YAMLNode(yaml: text).json)
    #expect(throws: JSON5Error.self) {
      try JSON5Document(parsing: "{\"\(left)\": 1, \"\(left)\": 2}")
    }
  }

  @Test("Names of a form are told apart by code points", arguments: pairs)
  func forms(_ left: String, _ right: String) throws {
    let pairs = [(name: "a[\(left)]", value: "1"), (name: "a[\(right)]", value: "2")]
    let json = try BracketedNames.rebuild(pairs)
    #expect(json["a"]?[left] == "1" && json["a"]?[right] == "2")
    let parameters = FieldParameters("form-data; x\(left)=1; x\(right)=2".asciiLowercased)
    #expect(parameters["x\(left)".asciiLowercased] == (left.contains(";") ? nil : "1"))
    #expect(parameters["x\(right)".asciiLowercased] == (right.contains(";") ? nil : "2"))
  }

  @Test("Text is a list of code points, whatever stands behind a mark")
  func codePoints() {
    let text = "/\u{301}e\u{301}=\u{301}x/y\r\nz "
    let scalars = Array(text.unicodeScalars)
    #expect(text.count == scalars.count)
    #expect(text.first?.unicodeScalars.first == scalars.first && text.first == "/")
    #expect("xe\u{301}".last == "\u{301}" && "x\r\n".last == "\n" && "".first == nil)
    #expect(text.split(separator: "/").map(\.count) == [6, 5])
    #expect(text.split(separator: "\n").count == 2)
    #expect(text.split(separator: "=", maxSplits: 1)[1].utf8.starts(with: [0xCC, 0x81]))
    #expect("/a//".split(separator: "/", omittingEmptySubsequences: false).count == 4)
    #expect("a…\u{301}b…c".split(separator: "…").count == 3)
    #expect(text.contains("=") && text.contains("=\u{301}x/") && !text.contains("ex"))
    #expect("aab".contains("ab") && "abc".contains("") && !"".contains("a"))
    #expect(text.dropFirst().count == scalars.count - 1 && text.dropFirst(99).isEmpty)
    #expect(text.dropLast(3).last == "\r" && text.prefix(2) == "/\u{301}")
    #expect(text.suffix(2) == "z " && text.prefix(99) == text[...])
    let slash = text.lastIndex(of: "/") ?? text.endIndex
    #expect(text[text.index(after: slash)] == "y" && text[text.index(before: slash)] == "x")
    #expect(text.firstIndex(of: "/") == text.startIndex)
    #expect("\u{301}x".hasPrefix("\u{301}") && "/\u{301}".hasPrefix("/"))
    #expect("x\u{301}".hasSuffix("\u{301}") && "\r\n".hasSuffix("\n"))
  }

  @Test("Only letters of ASCII change their case")
  func letterCase() {
    #expect("AzK\u{212A}\u{17F}\u{131}é".asciiLowercased.isExactly("azk\u{212A}\u{17F}\u{131}é"))
    #expect("aZk\u{212A}\u{17F}\u{131}é".asciiUppercased.isExactly("AZK\u{212A}\u{17F}\u{131}é"))
  }

  @Test("Texts of any length are found again, and those that differ in one byte are others")
  func lengths() {
    var texts: [[UInt8]] = []
    for length in 0...70 {
      let text = [UInt8](repeating: 0x61, count: length)
      texts.append(text)
      for place in 0..<length {
        var other = text
        other[place] = 0x62
        texts.append(other)
      }
    }
    var map: TextMap<Int> = [:]
    for (number, text) in texts.enumerated() { map[String(decoding: text, as: UTF8.self)] = number }
    #expect(map.count == texts.count)
    let isFound = texts.enumerated().allSatisfy { number, text in
      map[String(decoding: text, as: UTF8.self)] == number
    }
    #expect(isFound)
  }

  @Test("A map does what a dictionary does")
  func model() {
    var random = SeededNoise(5)
    var map: TextMap<Int> = [:]
    var model: [String: Int] = [:]
    for step in 0..<2_000 {
      let key = "k\(Int.random(in: 0..<40, using: &random))"
      switch Int.random(in: 0..<5, using: &random) {
      case 0: #expect(map.removeValue(forKey: key) == model.removeValue(forKey: key))
      case 1:
        map[key, default: 7] += 1
        model[key, default: 7] += 1
      default:
        map[key] = step
        model[key] = step
      }
      #expect(map.count == model.count && map[key] == model[key])
    }
    #expect(map.sortedByKey.map(\.key) == model.keys.sorted())
    #expect(Dictionary(uniqueKeysWithValues: map.map { ($0.key, $0.value) }) == model)
    #expect(map.filter { $0.value % 2 == 0 }.count == model.filter { $0.value % 2 == 0 }.count)
  }
}
