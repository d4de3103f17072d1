import Lab
import PayloadCodecs
import Testing

@Suite("Answers beside recorded ones")
struct AnswerComparisonTests {
  private func differences(
    _ recorded: String, _ found: String, _ correspondence: Correspondence = Correspondence()
  ) throws -> [String] {
    var comparison = AnswerComparison(correspondence)
    comparison.compare(
      try Recordings.one(Recordings.entry(answer: recorded)), with: Recordings.answer(found))
    return comparison.differences.map { "\($0.kind.rawValue) \($0.place)" }
  }

  @Test(
    "Shape and value, each with its place",
    arguments: [
      (#"{"a":1,"b":[1,2]}"#, #"{"b":[1,2],"a":1.0}"#, []),
      (#"{"a":1}"#, #"{}"#, ["missing /a"]), (#"{}"#, #"{"a/b":1}"#, ["surplus /a~1b"]),
      (#"{"a":"1"}"#, #"{"a":1}"#, ["type /a"]), (#"{"a":null}"#, #"{"a":1}"#, ["type /a"]),
      (#"{"a":null}"#, #"{}"#, ["missing /a"]), (#"{"a":true}"#, #"{"a":false}"#, ["value /a"]),
      (#"{"a":[1,2,3]}"#, #"{"a":[1,5]}"#, ["value /a/1", "missing /a/2"]),
      (#"{"a":[]}"#, #"{"a":[1]}"#, ["surplus /a/0"]), (#"[1]"#, #"{}"#, ["type "]),
      (#"{"a":{"b":{"c":"x"}}}"#, #"{"a":{"b":{"c":"y"}}}"#, ["value /a/b/c"]),
      // Ids, instants, what is measured.
      (#"{"id":"a1"}"#, #"{"id":"b2"}"#, []), (#"{"id":7}"#, #"{"id":9}"#, []),
      (#"{"ownerId":"x"}"#, #"{"ownerId":""}"#, ["value /ownerId"]),
      (#"{"at":"2026-01-01T00:00:00Z"}"#, #"{"at":"2027-02-02T00:00:00.123+01:00"}"#, []),
      (#"{"at":"2026-01-01T00:00:00Z"}"#, #"{"at":"yesterday"}"#, ["value /at"]),
      (#"{"at":1767225600000}"#, #"{"at":1798761600000}"#, []),
      (#"{"n":3}"#, #"{"n":4}"#, ["value /n"]),
      (#"{"durationSeconds":3}"#, #"{"durationSeconds":4}"#, []),
      (#"{"key":"***#12ab"}"#, #"{"key":"real"}"#, []),
      // One id stands for one thing.
      (#"{"id":"a","of":{"id":"a"}}"#, #"{"id":"b","of":{"id":"b"}}"#, []),
      (#"{"id":"a","of":{"id":"a"}}"#, #"{"id":"b","of":{"id":"c"}}"#, ["value /of/id"]),
      (#"{"id":"a","of":{"id":"c"}}"#, #"{"id":"b","of":{"id":"b"}}"#, ["value /of/id"]),
      // Work that the recording saw under way may be over here, and what comes with it is there then.
      (#"{"status":"running"}"#, #"{"status":"succeeded","output":1}"#, []),
      (#"{"status":"succeeded"}"#, #"{"status":"failed"}"#, ["value /status"]),
      (#"{"status":"succeeded"}"#, #"{"status":"running"}"#, ["value /status"]),
    ] as [(String, String, [String])])
  func shapes(_ recorded: String, _ found: String, _ wanted: [String]) throws {
    #expect(try differences(recorded, found) == wanted)
  }

  @Test("What the client chose must come back as it is")
  func clientsOwn() throws {
    var correspondence = Correspondence()
    correspondence.said(
      try Recordings.one(Recordings.entry("POST", sent: #"{"handle":"mine"}"#)))
    #expect(
      try differences(#"{"handle":"mine"}"#, #"{"handle":"yours"}"#, correspondence) == [
        "value /handle"
      ])
    #expect(try differences(#"{"handle":"made"}"#, #"{"handle":"other"}"#, correspondence) == [])
  }

  @Test("Ids that answers bring are put into what is asked next: path, query, fields, content")
  func translated() throws {
    let old = "11111111-aaaa-4aaa-8aaa-111111111111"
    let new = "22222222-bbbb-4bbb-8bbb-222222222222"
    var comparison = AnswerComparison(Correspondence())
    comparison.compare(
      try Recordings.one(
        Recordings.entry(
          answer: "{\"id\":\"\(old)\",\"n\":{\"id\":41},\"handle\":\"h one\",\"key\":\"***#00aa\"}")
      ),
      with: Recordings.answer(
        "{\"id\":\"\(new)\",\"n\":{\"id\":42},\"handle\":\"h/two\",\"key\":\"real\"}"))
    #expect(comparison.differences.isEmpty)
    let map = comparison.correspondence
    #expect(
      map.translated(target: "/a/\(old)/h%20one/b?id=\(old)&n=41&x=1")
        == "/a/\(new)/h%2Ftwo/b?id=\(new)&n=42&x=1")
    #expect(map.translated("Bearer ***#00aa") == "Bearer real")
    #expect(map.translated("see \(old).") == "see \(new).")
    let content: JSON = ["id": .string(old), "n": ["id": 41, "count": 41], "list": [.string(old)]]
    #expect(
      map.translated(content) == [
        "id": .string(new), "n": ["id": 42, "count": 41], "list": [.string(new)],
      ])
    #expect(map.placesOfIdentities(in: "/a/\(old)/b") == [2])
  }

  @Test("Elements of a list are told by their ids where those are known")
  func lists() throws {
    var comparison = AnswerComparison(Correspondence())
    comparison.compare(
      try Recordings.one(Recordings.entry(answer: #"{"id":"old-thing","name":"n"}"#)),
      with: Recordings.answer(#"{"id":"new-thing","name":"n"}"#))
    let list = try differences(
      #"[{"id":"before-us"},{"id":"old-thing","name":"n"}]"#, #"[{"id":"new-thing","name":"n"}]"#,
      comparison.correspondence)
    #expect(list == ["missing /0"])
  }

  @Test("Status and the fields that clients read")
  func fields() throws {
    var comparison = AnswerComparison(Correspondence())
    comparison.compare(
      try Recordings.one(
        Recordings.entry(
          status: 201, type: "application/json; charset=utf-8",
          fields: [
            ("Allow", "GET, PUT"), ("Retry-After", "5"), ("Location", "https://a/x/1"),
            ("X-Own", "1"),
          ])),
      with: Recordings.answer(
        "{}", fields: [("allow", "PUT,GET"), ("Location", "http://b/x/2"), ("Link", "<x>")]))
    #expect(
      comparison.differences.map(\.place) == [
        "status", "header/location", "header/retry-after", "header/link",
      ])
  }

  @Test("Texts, lines of JSON, bytes")
  func texts() throws {
    func places(_ recorded: String, _ found: String) throws -> [String] {
      var comparison = AnswerComparison(Correspondence())
      comparison.compare(
        try Recordings.one(Recordings.entry(type: "text/plain", answer: recorded)),
        with: Recordings.answer(found, type: "text/plain"))
      return comparison.differences.map(\.place)
    }
    #expect(try places("a\nb", "a\nc") == ["content/2"])
    #expect(try places("a\n", "a") == ["content/2"])
    #expect(
      try places("took 0.12s at 2026-01-01T00:00:00Z", "took 3s at 2026-05-05T01:02:03Z") == [])
    #expect(try places("{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}\n{\"b\":3}\n") == ["/1/b"])
  }
}
