import HTTPModel
import TestSupport
import Testing

@Suite("Fields (RFC 9110 §5)") struct FieldsTests {
  @Test("Names are compared without regard to case, values are kept as they are (§5.1)")
  func names() {
    let fields: Fields = Fields(["X-One": "Value", "x-two": ""])
    for name in ["X-One", "x-one", "X-ONE"] {
      #expect(fields[name] == "Value")
      #expect(fields.contains(name))
      #expect(fields.valueBytes(name).map(Array.init) == Array("Value".utf8))
    }
    #expect(fields["x-two"] == "", "an empty value is a value (§5.5)")
    #expect(fields["x-on"] == nil && fields["x-ones"] == nil && fields[""] == nil)
    // Letters alone are folded: `[` is no `{`, and no letter outside of ASCII is another one.
    #expect(Fields(["a[": "1"])["a{"] == nil)
    #expect(Fields(["é": "1"])["É"] == nil)
    // The same at each place of names that are compared eight letters at a time.
    let long = "X-Wavetank-Exchange-Of"
    for count in 1...long.count {
      let name = String(long.prefix(count))
      let fields = Fields([name: "v"])
      #expect(fields[name.uppercased()] == "v" && fields[name.lowercased()] == "v")
      for index in 0..<count {
        var other = Array(name.utf8)
        other[index] = other[index] == 0x2D ? 0x0D : other[index] ^ 0x40
        #expect(fields[String(decoding: other, as: UTF8.self)] == nil)
      }
    }
  }

  @Test("No byte of a name or value ends its line or controls anything, wherever it stands (§5.5)")
  func framing() {
    for count in 1...20 {
      for place in 0..<count {
        for byte in Array(UInt8.min...0x20) + [0x7E, 0x7F] {
          var bytes = [UInt8](repeating: 0x61, count: count)
          bytes[place] = byte
          let kept = byte < 0x20 && byte != 0x09 || byte == 0x7F ? 0x20 : byte
          let text = String(decoding: bytes, as: UTF8.self)
          bytes[place] = kept
          let expected = String(decoding: bytes, as: UTF8.self)
          var fields = Fields()
          fields.append(text, "v")
          fields.append("n", text)
          #expect(fields.pairs.map(\.name) == [expected, "n"])
          #expect(fields.pairs.map(\.value) == ["v", expected])
          #expect(fields.bytes == Array("\(expected): v\r\nn: \(expected)\r\n".utf8))
        }
      }
    }
  }

  @Test("The engine's own fields are known as they are appended, others of their lengths are not")
  func engineFields() {
    let cases: [(name: String, Fields.EngineFields)] = [
      ("Date", .date), ("date", .date), ("ETag", []), ("Keep-Alive", .keepAlive),
      ("Connection", .framing), ("content-LENGTH", .framing), ("Transfer-Encoding", .framing),
      ("X-Wavetank-Tenant", []), ("Accept-Charset", []), ("Set-Cookie", []), ("", []),
    ]
    var all = Fields()
    for (name, expected) in cases {
      let fields = Fields([name: "v"])
      #expect(fields.engineFields == expected && fields.wereAppended, "\(name)")
      all.append(fields)
    }
    #expect(all.engineFields == [.date, .keepAlive, .framing])
    all.remove("Date")
    #expect(!all.wereAppended, "and is looked at line by line")
  }

  @Test("Lines of one name are kept apart and in order (§5.3)")
  func order() {
    var fields: Fields = Fields(["A": "1", "B": "2", "a": "3"])
    fields.append("b", "4")
    #expect(fields.count == 4)
    #expect(fields.all("a") == ["1", "3"])
    #expect(fields["a"] == "1", "the first")
    #expect(fields.pairs.map { "\($0.name)=\($0.value)" } == ["A=1", "B=2", "a=3", "b=4"])
    fields.set("A", "5")
    #expect(fields.pairs.map { "\($0.name)=\($0.value)" } == ["B=2", "b=4", "A=5"])
    fields.remove("B")
    #expect(fields.pairs.map(\.value) == ["5"])
    fields.remove("none")
    #expect(fields.count == 1 && !fields.isEmpty)
    #expect(Fields().isEmpty)
  }

  @Test(
    "A number goes behind what the last of the added lines says",
    arguments: [0, 7, 10, 12_345, .max] as [UInt64])
  func number(number: UInt64) {
    var fields = Fields(["A": "1"])
    fields.append(Fields(["B": "2", "N": "no. "]), number: number)
    #expect(fields.pairs.map { "\($0.name)=\($0.value)" } == ["A=1", "B=2", "N=no. \(number)"])
  }

  @Test("Lists are read over all lines of a name; empty members are none (§5.6.1)")
  func lists() {
    let fields: Fields = Fields([
      "Allow": "GET, PUT", "allow": " \tPOST\t,, ,DELETE,", "Other": "x,y", "Empty": " , ",
    ])
    #expect(fields.list("allow") == ["GET", "PUT", "POST", "DELETE"])
    #expect(fields.list("empty") == [])
    #expect(fields.list("none") == [])
  }

  @Test("What would break the framing of a message becomes a space (RFC 9112 §11.1)")
  func splitting() {
    var fields = Fields()
    fields.append("X-A\r\nEvil", "v\r\nSet-Cookie: a\0b\nc")
    #expect(fields.pairs.map(\.name) == ["X-A  Evil"])
    #expect(fields.pairs.map(\.value) == ["v  Set-Cookie: a b c"])
    let text = "X-A  Evil: v  Set-Cookie: a b c\r\n"
    #expect(String(decoding: fields.bytes, as: UTF8.self) == text)
  }

  @Test("Lines of others are taken over as they stand")
  func joining() {
    var fields: Fields = Fields(["A": "1"])
    let others: Fields = Fields(["B": "2", "A": "3"])
    fields.append(others)
    fields.append(Fields())
    #expect(fields.pairs.map { "\($0.name)=\($0.value)" } == ["A=1", "B=2", "A=3"])
    fields.remove("b")
    var fresh = Fields()
    fresh.append(fields)
    #expect(fresh.all("a") == ["1", "3"])
  }

  @Test("Random changes leave what they leave of a plain list of pairs")
  func model() {
    var random = SeededNoise(SeededNoise.runSeed)
    let names = ["a", "A", "b-c", "B-C", "d"]
    for _ in 0..<100 {
      var fields = Fields()
      var model: [(name: String, value: String)] = []
      for step in 0..<30 {
        let name = names[random.below(names.count)]
        switch random.below(4) {
        case 0, 1:
          fields.append(name, "\(step)")
          model.append((name, "\(step)"))
        case 2:
          fields.remove(name)
          model.removeAll { $0.name.lowercased() == name.lowercased() }
        default:
          fields.set(name, "\(step)")
          model.removeAll { $0.name.lowercased() == name.lowercased() }
          model.append((name, "\(step)"))
        }
        #expect(fields.pairs.map(\.name) == model.map(\.name))
        #expect(fields.pairs.map(\.value) == model.map(\.value))
        #expect(fields.count == model.count)
      }
    }
  }
}
