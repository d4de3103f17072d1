import Foundation
import PayloadCodecs
import TestSupport
import Testing

@Suite("JSON written member by member")
struct JSONWriterTests {
  /// Each with what the writer makes of it (RFC 8259 §7); the last two need no escape.
  static let characters: [(text: String, written: String)] = [
    ("\"", #"\""#), ("\\", #"\\"#), ("\u{0}", #"\u0000"#), ("\u{1f}", #"\u001f"#), ("\n", #"\n"#),
    ("é", "é"), ("\u{7f}", "\u{7f}"),
  ]

  @Test(
    "An escape is written wherever it is due, in texts of every length", arguments: characters)
  func escapes(character: (text: String, written: String)) {
    for before in 0...36 {
      for behind in [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 20, 33] {
        let (start, end) = (
          String(repeating: "a", count: before), String(repeating: "z", count: behind)
        )
        let text = start + character.text + end
        var json = JSONWriter()
        json.object { json in
          json.member("name", text)
          json.member(named: text, 1)
          json.member(named: text, start)
          json.member(named: end, text)
          json.array("list") { $0.value(text) }
        }
        let quoted = "\"" + start + character.written + end + "\""
        #expect(
          String(decoding: json.bytes, as: UTF8.self)
            == #"{"name":\#(quoted),\#(quoted):1,\#(quoted):"\#(start)","#
            + #""\#(end)":\#(quoted),"list":[\#(quoted)]}"#)
      }
    }
  }

  /// Texts of which nothing, some or everything needs an escape, of two bytes or of six.
  @Test(
    "As many escapes as there may be are written as one by one",
    arguments: [0, 1, 2, 3, 7, 8, 9, 40, 1_023, 1_024, 1_025, 3_000], 0...3)
  func manyEscapes(length: Int, kind: Int) throws {
    let characters: [(text: String, written: String)] =
      switch kind {
      case 0: [("a", "a"), ("\"", #"\""#), ("é", "é")]
      case 1: [("\\", #"\\"#)]
      case 2: [("\u{1}", #"\u0001"#)]
      default:
        [
          ("\u{8}", #"\b"#), ("\t", #"\t"#), ("\n", #"\n"#), ("\u{c}", #"\f"#), ("\r", #"\r"#),
          ("\u{1a}", #"\u001a"#), ("x ~", "x ~"), ("\u{7f}", "\u{7f}"),
        ]
      }
    var random = SeededNoise(UInt64(length * 4 + kind))
    let chosen = (0..<length).map { _ in characters.randomElement(using: &random) ?? ("", "") }
    let text = chosen.map(\.text).joined()
    var json = JSONWriter()
    json.array { json in
      json.value(text)
      json.value(text)
    }
    let quoted = "\"" + chosen.map(\.written).joined() + "\""
    #expect(String(decoding: json.bytes, as: UTF8.self) == "[\(quoted),\(quoted)]")
    #expect(try JSON(parsing: json.bytes)[1]?.stringValue == text)
  }

  @Test("A name of the source and the same one found while the program runs are written alike")
  func names() {
    let found = ["a", "b", "c", "d", "e", "f"]
    var one = JSONWriter()
    one.object { json in
      json.member("a", "text")
      json.member("b", -7)
      json.member("c", true)
      json.member("d", JSON.null)
      json.object("e") { $0.member("x", "") }
      json.array("f") { json in json.value(1) }
    }
    var other = JSONWriter()
    other.object { json in
      json.member(named: found[0], "text")
      json.member(named: found[1], -7)
      json.member(named: found[2], true)
      json.member(named: found[3], JSON.null)
      json.object(named: found[4]) { $0.member("x", "") }
      json.array(named: found[5]) { json in json.value(1) }
    }
    #expect(one.bytes == other.bytes)
    #expect(
      String(decoding: one.bytes, as: UTF8.self)
        == #"{"a":"text","b":-7,"c":true,"d":null,"e":{"x":""},"f":[1]}"#)
  }

  @Test("What is nil or null leaves no trace where it is asked for so")
  func absent() {
    var json = JSONWriter()
    json.object { json in
      json.member(ifPresent: "text", String?.none)
      json.member(ifPresent: "number", Int?.none)
      json.member(ifPresent: "value", JSON?.none)
      json.member(ifPresent: "null", JSON.null)
      json.member(ifPresent: "there", 0)
      json.members(of: ["more": [:], "most": nil])
    }
    #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"there":0,"more":{},"most":null}"#)
  }

  static let numbers = [0, 9, 10, -1, -9, -10, 99, 100, 123_456_789, .max, .min]

  @Test("A text in pieces is as one that was put together", arguments: characters)
  func pieces(character: (text: String, written: String)) {
    var json = JSONWriter()
    json.object { json in
      json.member("a", 1)
      json.member("text") { json in
        json.piece("x")
        json.piece(character.text)
        json.piece("")
        json.piece("longer than eight bytes")
      }
      json.member("b", 2)
    }
    let text = "x" + character.written + "longer than eight bytes"
    let whole = #"{"a":1,"text":""# + text + #"","b":2}"#
    #expect(String(decoding: json.bytes, as: UTF8.self) == whole)
  }

  @Test("Text that is JSON already stands as it is, of every length")
  func raw() {
    for length in 0...80 {
      let text = String(repeating: "1", count: length)
      var json = JSONWriter()
      json.array { json in
        json.raw(text)
        json.raw(text.utf8.span)
        json.object("a") { $0.key("b") }
      }
      #expect(String(decoding: json.bytes, as: UTF8.self) == #"[\#(text),\#(text),"a":{"b":}]"#)
    }
  }

  @Test("A line that was written is taken up again with more members")
  func reopenedLine() {
    var json = JSONWriter()
    json.plain("hub: ".utf8.span)
    json.object { $0.member("a", 1) }
    json.endLine()
    json.reopenLine()
    json.member("b", 2)
    json.endObject()
    json.endLine()
    #expect(String(decoding: json.bytes, as: UTF8.self) == "hub: {\"a\":1,\"b\":2}\n")
  }

  @Test("Whole numbers of every size", arguments: numbers)
  func number(_ number: Int) {
    var json = JSONWriter()
    json.array { json in
      json.value(number)
      json.value(number)
      json.object { json in
        json.member("a", number)
        json.member("b", number)
      }
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"[\#(number),\#(number),{"a":\#(number),"b":\#(number)}]"#)
  }

  @Test("What is written comes back as a tree")
  func tree() {
    let tree = JSON { json in
      json.object { json in
        json.member("a", 1)
        json.array("b") { json in json.value("c\n") }
      }
    }
    #expect(tree == ["a": 1, "b": ["c\n"]])
  }

  @Test("So does what is more, and lies deeper, than anybody may send")
  func largeTree() throws {
    // Three bytes each, of which a request may bring three quarters of a million.
    let many = JSON { json in
      json.array { json in for _ in 0..<800_000 { json.raw("{}") } }
    }
    #expect(many.arrayValue?.count == 800_000)
    let deepest = try JSON(
      parsing: String(repeating: "[", count: JSON.depthLimit)
        + String(repeating: "]", count: JSON.depthLimit))
    let deeper = JSON { json in
      json.object { json in json.array("tags") { json in json.value(deepest) } }
    }
    #expect(deeper == ["tags": [deepest]])
    // And from a snapshot.
    let saved = try JSONEncoder().encode(deeper)
    #expect(try JSONDecoder().decode(JSON.self, from: saved) == deeper)
  }
}
