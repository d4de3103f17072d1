import PayloadCodecs
import TestSupport
import Testing

@Suite("multipart/form-data")
struct MultipartTests {
  struct Part: Equatable {
    var part: MultipartPart
    var content: [UInt8] = []
    var isComplete = false
  }

  static func read(
    _ pieces: [[UInt8]], boundary: String = "x7q", limits: MultipartLimits = MultipartLimits()
  ) throws(MultipartError) -> [Part] {
    var parser = try MultipartParser(boundary: MultipartBoundary(boundary), limits: limits)
    var parts: [Part] = []
    for piece in pieces {
      for event in try parser.feed(piece) {
        switch event {
        case .partBegan(let part): parts.append(Part(part: part))
        case .content(let bytes):
          #expect(!bytes.isEmpty)
          parts[parts.count - 1].content += bytes
        case .partEnded: parts[parts.count - 1].isComplete = true
        case .formEnded: #expect(parts.allSatisfy { $0.isComplete })
        }
      }
    }
    try parser.finish()
    return parts
  }

  static func lines(_ lines: String...) -> [UInt8] { Array(lines.joined(separator: "\r\n").utf8) }

  /// The Shipyard contract's upload of a script.
  static let script = lines(
    "--x7q", #"Content-Disposition: form-data; name="file"; filename="script.py""#,
    "Content-Type: application/octet-stream", "", "print(\"hi\")\n", "--x7q--", "")

  /// As the Steamship SDK sends: a filename with every part, the file anywhere.
  static let steamship = lines(
    "--x7q", #"Content-Disposition: form-data; name="handle"; filename="handle""#, "", "h-1",
    "--x7q", #"Content-Disposition: form-data; name="file"; filename="file-part""#,
    "Content-Type: multipart/form-data", "", "\r\n--x7\r\n--x7Q\r-\n--x7q\r", "--x7q",
    #"Content-Disposition: form-data; name="tags[0][kind]"; filename="tags[0][kind]""#, "", "",
    "--x7q--")

  @Test("Parts, names and contents are read, whole, byte by byte and at every pair of cuts")
  func cuts() throws {
    let whole = try Self.read([Self.steamship])
    #expect(whole.map(\.part.name) == ["handle", "file", "tags[0][kind]"])
    #expect(whole[0].content == Array("h-1".utf8))
    #expect(whole[1].content == Array("\r\n--x7\r\n--x7Q\r-\n--x7q\r".utf8))
    #expect(whole[1].part.contentType == "multipart/form-data")
    #expect(whole[2].content.isEmpty)
    for bytes in [Self.steamship, Self.script] {
      let whole = try Self.read([bytes])
      #expect(try Self.read(bytes.pieces(of: 1)) == whole)
      for first in 0..<bytes.count {
        #expect(try Self.read(bytes.pieces(cutAt: [first])) == whole)
        #expect(try Self.read(bytes.pieces(cutAt: [first, first + 1, first + 7])) == whole)
      }
    }
  }

  @Test("Random contents full of near-boundaries survive, at random cuts")
  func random() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    let crumbs = ["\r", "\n", "-", "--", "x", "x7", "x7q", "\r\n", "\r\n--", "\r\n--x7", "a"]
    for _ in 0..<400 {
      var contents: [[UInt8]] = []
      var body: [UInt8] = []
      for _ in 0..<random.below(4) {
        var content: [UInt8] = []
        for _ in 0..<random.below(30) {
          let next = content + Array(crumbs[random.below(crumbs.count)].utf8)
          let text = "\r\n" + String(decoding: next, as: UTF8.self)
          if text.utf8.firstRange(of: Array("\r\n--x7q".utf8)) == nil { content = next }
        }
        contents.append(content)
        body += Self.lines("--x7q", "Content-Disposition: form-data; name=n", "", "")
        body += content + [13, 10]
      }
      body += Array("--x7q--\r\nepilogue\r\n--x7q\r\n".utf8)
      let cuts = (0..<random.below(9)).map { _ in random.below(body.count) }
      let parts = try Self.read(body.pieces(cutAt: cuts))
      #expect(parts.map(\.content) == contents)
    }
  }

  @Test("A preamble and padding after the boundary are passed over (RFC 2046 §5.1.1)")
  func preamble() throws {
    let bytes = Self.lines(
      "This is a message.", "--x7qnot", "--x7q \t", "content-disposition: FORM-DATA; NAME=a", "",
      "v", "--x7q--")
    #expect(throws: MultipartError.badDelimiter(offset: 25)) { try Self.read([bytes]) }
    let good = Self.lines(
      "This is a message.", "--x7q \t", "content-disposition: FORM-DATA; NAME=a", "", "v", "--x7q--"
    )
    #expect(try Self.read([good]).map(\.part.name) == ["a"])
    #expect(try Self.read([Array("--x7q--".utf8)]).isEmpty)
  }

  @Test("Every strict prefix of a form is refused")
  func prefixes() throws {
    for end in 0..<Self.steamship.count {
      let error = #expect(throws: MultipartError.self) {
        try Self.read([Array(Self.steamship[..<end])])
      }
      switch error {
      case .truncated(let offset): #expect(offset == UInt64(end) && end >= 5)
      case .boundaryNotFound: #expect(end < 5)
      default: Issue.record("\(end): \(String(describing: error))")
      }
    }
  }

  struct Broken: Sendable, CustomTestStringConvertible {
    let text: String
    let error: MultipartError
    var testDescription: String { text }
  }
  static let broken = [
    Broken(text: "no boundary\r\n--x7\r\n", error: .boundaryNotFound),
    Broken(text: "--x7q\n\r\n", error: .badDelimiter(offset: 5)),
    Broken(text: "--x7q-\r\n", error: .badDelimiter(offset: 6)),
    Broken(text: "--x7q\rx", error: .badDelimiter(offset: 6)),
    Broken(text: "--x7qx\r\n", error: .badDelimiter(offset: 5)),
    Broken(text: "--x7q\r\n\r\nv\r\n--x7q--", error: .missingName(offset: 7)),
    Broken(text: "--x7q\r\nA: b\r\n\r\nv\r\n--x7q--", error: .missingName(offset: 7)),
    Broken(
      text: "--x7q\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x7q--",
      error: .missingName(offset: 7)),
    Broken(
      text: "--x7q\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--x7q--",
      error: .missingName(offset: 7)),
    Broken(text: "--x7q\r\nno colon\r\n\r\nv\r\n--x7q--", error: .badFields(offset: 7)),
    Broken(text: "--x7q\r\na b: c\r\n\r\nv\r\n--x7q--", error: .badFields(offset: 7)),
    Broken(text: "--x7q\r\na: c\r\n folded\r\n\r\nv\r\n--x7q--", error: .badFields(offset: 7)),
    Broken(text: "--x7q\r\na: c\nb: d\r\n\r\nv\r\n--x7q--", error: .badFields(offset: 7)),
  ]

  @Test("A malformed form has a typed error with its place", arguments: broken)
  func refuses(_ example: Broken) {
    for size in [1, 3, 1000] {
      #expect(throws: example.error) { try Self.read(Array(example.text.utf8).pieces(of: size)) }
    }
  }

  @Test("Limits: parts, field section, collected fields")
  func limits() throws {
    var limits = MultipartLimits()
    limits.partsMax = 2
    #expect(throws: MultipartError.tooManyParts(limit: 2)) {
      try Self.read([Self.steamship], limits: limits)
    }
    limits = MultipartLimits()
    limits.fieldSectionBytesMax = 70
    for size in [1, 10_000] {
      #expect(throws: MultipartError.fieldSectionTooLarge(limit: 70)) {
        try Self.read(Self.steamship.pieces(of: size), limits: limits)
      }
    }
    let boundary = try MultipartBoundary("x7q")
    limits = MultipartLimits()
    limits.fieldBytesMax = 20
    #expect(throws: MultipartError.fieldTooLarge(name: "file", limit: 20)) {
      try MultipartForm.parse(Self.steamship, boundary: boundary, limits: limits)
    }
    limits = MultipartLimits()
    limits.collectedBytesMax = 20
    #expect(throws: MultipartError.contentTooLarge(limit: 20)) {
      try MultipartForm.parse(Self.steamship, boundary: boundary, limits: limits)
    }
  }

  @Test("Small fields are collected while the part named file streams by, at any cut")
  func streams() throws {
    for size in [1, 5, 50, 5000] {
      var reader = MultipartFormReader(boundary: try MultipartBoundary("x7q"))
      var content: [UInt8] = []
      var marks: [String] = []
      for piece in Self.steamship.pieces(of: size) {
        for event in try reader.feed(piece) {
          switch event {
          case .began(let part): marks.append("began \(part.name) \(part.filename ?? "-")")
          case .content(let bytes): content += bytes
          case .ended: marks.append("ended")
          }
        }
      }
      let form = try reader.finish()
      #expect(marks == ["began file file-part", "ended"])
      #expect(content == Array("\r\n--x7\r\n--x7Q\r-\n--x7q\r".utf8))
      #expect(form.texts.map { "\($0.name)=\($0.value)" } == ["handle=h-1", "tags[0][kind]="])
      #expect(form["handle"]?.text == "h-1")
    }
  }

  struct Disposition: Sendable {
    let text: String
    let name: String?
    let filename: String?
  }
  static let dispositions = [
    Disposition(
      text: #"form-data; name="a\"b\\c"; filename="C:\dir\f.txt""#, name: #"a"b\c"#,
      filename: #"C:\dir\f.txt"#),
    Disposition(text: "form-data;name=tok;filename=f.txt", name: "tok", filename: "f.txt"),
    Disposition(
      text: "form-data; name=\"é;=\" ; filename*=UTF-8''%e2%82%ac%20rates", name: "é;=",
      filename: "€ rates"),
    Disposition(
      text: "form-data; name=a; filename=\"plain\"; filename*=iso-8859-1'en'%A3", name: "a",
      filename: "£"),
    Disposition(
      text: "form-data; name*=utf-8''x%41; filename*=bogus''a; filename=b", name: "xA",
      filename: "b"),
    Disposition(
      text: "form-data; name*=utf-8''%ff; name=b; filename*=utf-8''%4; filename=c", name: "b",
      filename: "c"),
    Disposition(text: "form-data; NAME=a; name=b", name: "a", filename: nil),
    Disposition(text: "form-data; ; name; name=\"\"; x=\"unclosed", name: "", filename: nil),
    Disposition(text: "form-data", name: nil, filename: nil),
  ]

  @Test(
    "Parameters: quoted strings, tokens, extended values (RFC 7578 §4.2, RFC 8187)",
    arguments: dispositions)
  func parameters(_ example: Disposition) {
    let parameters = FieldParameters(example.text)
    #expect(parameters.head == "form-data")
    #expect(parameters["name"] == example.name)
    #expect(parameters["filename"] == example.filename)
  }

  @Test("The boundary comes from the content type (RFC 2046 §5.1.1)")
  func boundary() throws {
    func read(_ text: String) throws(MultipartError) -> String {
      try MultipartBoundary(contentType: text).text
    }
    #expect(try read("multipart/form-data; boundary=x7q") == "x7q")
    #expect(try read("Multipart/Form-Data; charset=utf-8; Boundary=\"a b'c:\"") == "a b'c:")
    #expect(
      try read("multipart/form-data;boundary=----WebKitFormBoundaryA1")
        == "----WebKitFormBoundaryA1")
    #expect(throws: MultipartError.wrongMediaType) { try read("multipart/mixed; boundary=a") }
    #expect(throws: MultipartError.wrongMediaType) { try read("") }
    for bad in [
      "", "; boundary=", "; boundary=\"\"", "; boundary=\"a \"", "; boundary=é",
      "; boundary=" + String(repeating: "a", count: 71),
    ] {
      #expect(throws: MultipartError.badBoundary) { try read("multipart/form-data" + bad) }
    }
  }

  @Test("Mutated forms end in a typed error or in parts, whole and cut alike, and never trap")
  func fuzz() {
    var random = SeededNoise(SeededNoise.runSeed)
    for _ in 0..<3000 {
      let bytes = random.mutate([Self.steamship, Self.script][random.below(2)])
      let whole = Result { try Self.read([bytes]) }
      let cut = Result { try Self.read(bytes.pieces(of: 1 + random.below(40))) }
      #expect((try? whole.get()) == (try? cut.get()))
    }
  }
}
