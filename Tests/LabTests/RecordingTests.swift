import Lab
import PayloadCodecs
import Testing

/// Source: "HAR 1.2 Spec", and the files of those who write them.
@Suite("HTTP Archives of all kinds")
struct RecordingTests {
  @Test("A file that is no archive is said, with the place")
  func noArchive() {
    let cases: [(String, String)] = [
      ("", "is no JSON"), ("{\n\n]", "line 3"), ("{}", "no object \"log\""),
      ("{\"log\": 3}", "no object \"log\""), ("{\"log\": {\"entries\": {}}}", "\"/log/entries\""),
    ]
    for (text, words) in cases {
      #expect {
        try Recording(Array(text.utf8), isServed: { _ in true })
      } throws: { error in
        "\(error)".contains(words)
      }
    }
  }

  @Test(
    "An answer that was cut is known by its length or an error, unless it is coded or none is sent",
    arguments: [
      ("GET", 200, [("Content-Length", "10")], "3 of 10 bytes"),
      ("GET", 200, [("content-length", "3")], nil),
      ("GET", 200, [("Content-Length", "10"), ("Content-Encoding", "gzip")], nil),
      ("GET", 200, [("Content-Length", "10"), ("Content-Encoding", "identity")], "3 of 10 bytes"),
      ("HEAD", 200, [("Content-Length", "10")], nil),
      ("GET", 200, [("Content-Length", "ten")], nil),
      ("GET", 200, [], nil),
    ] as [(String, Int, [(String, String)], String?)])
  func cut(_ method: String, _ status: Int, _ fields: [(String, String)], _ words: String?) throws {
    let entry = try Recordings.one(
      Recordings.entry(method, status: .integer(status), answer: "abc", fields: fields))
    #expect(entry.cut?.contains(words ?? "") ?? (words == nil), "\(entry.cut ?? "")")
    #expect((entry.cut == nil) == (words == nil))
    let failed = try Recordings.one(
      Recordings.entry(method, answer: "abc", fields: []) { entry in
        var response = entry["response"]?.objectValue ?? [:]
        response["_error"] = "gone"
        entry["response"] = .object(response)
      })
    #expect(failed.cut == (method == "HEAD" ? nil : "gone"))
  }

  @Test(
    "What cannot be used of a file is told, with why",
    arguments: [
      ("[]", "no object"), ("{}", "no request"),
      (#"{"request": {"method": "GET", "url": "https://api.example/"}}"#, "no response"),
      (#"{"request": {"url": "https://api.example/"}, "response": {}}"#, "no method"),
      (#"{"request": {"method": "GET"}, "response": {}}"#, "no URL"),
      (
        #"{"request": {"method": "GET", "url": "wss://api.example/"}, "response": {}}"#, "WebSocket"
      ),
      (#"{"request": {"method": "GET", "url": "data:x"}, "response": {}}"#, "http or https"),
      (#"{"request": {"method": "GET", "url": "https://"}, "response": {}}"#, "no host"),
      (
        #"{"request": {"method": "GET", "url": "https://else.example/"}, "response": {}}"#,
        "no host of"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/_wavetank/x"}, "response": {}}"#,
        "control API"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/"}, "response": {"status": 0, "_error": "gone"}}"#,
        "(gone)"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/"}, "response": {"status": 304}}"#,
        "cache"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/a b"}, "response": {"status": 200}}"#,
        "spaces"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/"}, "response": {"status": 101}}"#,
        "101"
      ),
      (
        #"{"request": {"method": "GET", "url": "https://api.example/"}, "response": {"status": 999}}"#,
        "999"
      ),
      (
        #"{"_fromCache": "disk", "request": {"method": "GET", "url": "https://api.example/"}, "response": {"status": 200}}"#,
        "cache"
      ),
      (
        #"{"request": {"method": "POST", "url": "https://api.example/", "bodySize": 9}, "response": {"status": 200}}"#,
        "9 bytes, is not there"
      ),
      (
        #"{"request": {"method": "POST", "url": "https://api.example/", "bodySize": 9, "postData": {"text": "abc"}}, "response": {"status": 200}}"#,
        "3 of 9"
      ),
      (
        #"{"request": {"method": "POST", "url": "https://api.example/", "postData": {"text": "*", "_encoding": "base64"}}, "response": {"status": 200}}"#,
        "no base64"
      ),
    ])
  func unusable(_ entry: String, _ words: String) throws {
    let file = Array("{\"log\": {\"entries\": [\(entry)]}}".utf8)
    let recording = try Recording(file, isServed: { $0 == "api.example" })
    #expect(recording.entries.isEmpty)
    let reason = try #require(recording.unusable.first?.reason)
    #expect(reason.contains(words), "\(reason)")
    #expect(recording.unusable.first?.number == 1)
  }

  @Test("Pseudo fields of HTTP/2 and a tenant's prefix are left out, joined lines are taken apart")
  func dialects() throws {
    let entry = try Recordings.one(
      Recordings.entry(
        "get", "https://me@API.example:443/_t/blue/v1/a?b=c#d",
        answer: "{\"url\":\"http://h/_t/blue/x\"}",
        fields: [(":status", "200"), ("Set-Cookie", "a=1\nb=2")]))
    #expect(entry.responseJSON == ["url": "http://h/x"])
    #expect(entry.method == "GET")
    #expect(entry.target == "/v1/a?b=c")
    #expect((entry.host, entry.authority) == ("api.example", "API.example:443"))
    #expect(entry.responseFields.map(\.value) == ["application/json", "a=1", "b=2"])
  }

  @Test("A form's content is made of its params where the text is missing")
  func forms() throws {
    let plain = try Recordings.one(
      Recordings.entry("POST", type: "application/x-www-form-urlencoded") { entry in
        entry["request"] = [
          "method": "POST", "url": "https://api.example/",
          "postData": [
            "mimeType": "application/x-www-form-urlencoded",
            "params": [["name": "a b", "value": "c&d"], ["name": "e"]],
          ],
        ]
      })
    #expect(String(decoding: plain.requestContent, as: UTF8.self) == "a+b=c%26d&e=")
    let parts = try Recordings.one(
      Recordings.entry { entry in
        entry["request"] = [
          "method": "POST", "url": "https://api.example/",
          "postData": [
            "mimeType": "multipart/form-data; boundary=q",
            "params": [
              ["name": "f", "value": "x", "fileName": "a.txt", "contentType": "text/plain"]
            ],
          ],
        ]
      })
    let form = try MultipartForm.parse(
      parts.requestContent, boundary: MultipartBoundary("q"))
    #expect(form["f"]?.text == "x")
    #expect(form["f"]?.part.filename == "a.txt")
  }

  @Test("Entries are in the order in which they began")
  func order() throws {
    let recording = try Recordings.read([
      Recordings.entry(at: "2026-01-01T10:00:02Z"),
      Recordings.entry(at: "2026-01-01T12:00:00.5+02:00"),
    ])
    #expect(recording.entries.map(\.number) == [2, 1])
  }

  @Test("Of looks at work that goes on the last one counts, in whatever words the work is told")
  func looks() throws {
    func look(_ answer: String, status: JSON = 200) -> JSON {
      Recordings.entry(
        "POST", "https://api.example/task/status", status: status, sent: "{\"id\":1}",
        answer: answer)
    }
    let recording = try Recordings.read([
      look("{\"status\":{\"state\":\"waiting\"}}"), look("{\"status\":\"In Progress\"}"),
      look("{}", status: 429), Recordings.entry("PUT"),
      look("{\"data\":{\"attributes\":{\"status\":\"running\"}}}"),
      look("{\"status\":{\"state\":\"succeeded\"}}"),
      look("{\"status\":{\"state\":\"succeeded\"}}"),
      Recordings.entry("GET", "https://api.example/new", status: 404),
      Recordings.entry("POST", "https://api.example/new"),
      Recordings.entry("GET", "https://api.example/new"),
    ])
    // What was not there before somebody made it is no look too early.
    #expect(recording.supersededLooks.keys.sorted() == [1, 2, 5])
  }
}
