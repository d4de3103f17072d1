import PayloadCodecs
import TestSupport
import Testing

@Suite("Form encodings")
struct FormTests {
  static func read(_ text: String) throws -> [String] {
    try FormURLEncoded.read(Array(text.utf8)).map { "\($0.name)|\($0.value)" }
  }

  @Test("URL-encoded forms are read as the URL standard says")
  func reading() throws {
    #expect(try Self.read("a=1&b=x+y&c=%C3%A9") == ["a|1", "b|x y", "c|é"])
    #expect(try Self.read("a&=v&&b=&c==1=") == ["a|", "|v", "b|", "c|=1="])
    #expect(try Self.read("l=1&l=2&%6c=3") == ["l|1", "l|2", "l|3"])
    #expect(try Self.read("a=%&b=%4&c=%zz&d=%2") == ["a|%", "b|%4", "c|%zz", "d|%2"])
    #expect(try Self.read("a=%ff").first == "a|\u{fffd}")
    #expect(try Self.read("") == [])
    #expect(throws: FormURLEncoded.ReadError.tooManyPairs(limit: 2)) {
      try FormURLEncoded.read(Array("a=1&b=2&c=3".utf8), pairsMax: 2)
    }
  }

  @Test("What is written reads back, for every scalar value in small texts")
  func roundTrip() throws {
    var random = SeededNoise(4)
    for _ in 0..<500 {
      let pairs = (0..<random.below(4)).map { _ in
        (name: random.text(random.below(6)), value: random.text(random.below(6)))
      }
      let text = FormURLEncoded.write(pairs)
      #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
      let back = try FormURLEncoded.read(Array(text.utf8))
      #expect(back.elementsEqual(pairs) { $0 == $1 })
    }
    #expect(FormURLEncoded.write([("a b", "1&2=3/*~é")]) == "a+b=1%262%3D3%2F*%7E%C3%A9")
  }

  struct Names: Sendable {
    let pairs: [(name: String, value: String)]
    let json: JSON
  }
  static let names = [
    Names(pairs: [("a", "1"), ("b", "2")], json: ["a": "1", "b": "2"]),
    Names(pairs: [("a", "1"), ("a", "2")], json: ["a": "2"]),
    Names(
      pairs: [
        ("tags[0][kind]", "k"), ("tags[0][value][some-key]", "v"),
        ("tags[0][value][list][1]", "y"), ("tags[0][value][list][0]", "x"), ("tags[1][kind]", "l"),
      ],
      json: [
        "tags": [["kind": "k", "value": ["some-key": "v", "list": ["x", "y"]]], ["kind": "l"]]
      ]),
    Names(pairs: [("a[1]", "x")], json: ["a": ["1": "x"]]),
    Names(
      pairs: [("a[00]", "x"), ("b[0]", "y"), ("b[x]", "z")],
      json: ["a": ["00": "x"], "b": ["0": "y", "x": "z"]]),
    Names(pairs: [("a[]", "x"), ("a[]", "y")], json: ["a": ["x", "y"]]),
    Names(
      pairs: [("a[b", "1"), ("[c]", "2"), ("d]e", "3"), ("f[g]h", "4"), ("", "5")],
      json: ["a[b": "1", "[c]": "2", "d]e": "3", "f[g]h": "4", "": "5"]),
    Names(pairs: [], json: [:]),
  ]

  @Test("Bracketed names rebuild lists and objects (Steamship SDK, multipart)", arguments: names)
  func rebuild(_ example: Names) throws {
    #expect(try BracketedNames.rebuild(example.pairs) == example.json)
  }

  @Test("Names that contradict each other or nest without end are refused")
  func conflicts() {
    for names in [["a", "a[b]"], ["a[b]", "a"], ["a[b][c]", "a[b]"], ["a[0]", "a[0][x]"]] {
      #expect(throws: BracketedNames.RebuildError.conflict(name: names[1])) {
        try BracketedNames.rebuild(names.map { (name: $0, value: "v") })
      }
    }
    let deep = "a" + String(repeating: "[b]", count: 5000)
    #expect(throws: BracketedNames.RebuildError.tooDeep(name: deep, limit: 32)) {
      try BracketedNames.rebuild([(name: deep, value: "v")])
    }
  }
}

extension SeededNoise {
  /// Text of `count` scalars from all planes, rich in the ones that formats care about.
  mutating func text(_ count: Int) -> String {
    let special = Array(
      "\u{0}\u{1}\u{7}\t\n\r \u{7f}\u{85}\u{a0}\u{2028}\u{feff}\u{fffd}\"'\\/&=+%[]{}#:-?,|>*!@`é€😀"
        .unicodeScalars)
    var scalars = String.UnicodeScalarView()
    while scalars.count < count {
      let scalar: Unicode.Scalar? =
        switch below(4) {
        case 0: special[below(special.count)]
        case 1: Unicode.Scalar(UInt32(below(0x300)))
        case 2: Unicode.Scalar(UInt32(below(0x11_0000)))
        default: Unicode.Scalar(UInt32(0x61 + below(26)))
        }
      if let scalar { scalars.append(scalar) }
    }
    return String(scalars)
  }
}
