import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing

@testable import Wavetank

@Suite("What stands in a recording")
struct RecordingTextTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var rule: String
    var content: String
    var type = "application/json"
    /// As it came: its end is missing.
    var isCut = false
    var shown: String
    var testDescription: String { rule }
  }

  static let cases = [
    Case(
      rule: "As JSON", content: #"{"apiKey": "swordfish", "n": 1}"#,
      shown: #"{"apiKey":"***","n":1}"#),
    Case(
      rule: "JSON without its end", content: #"{"apiKey": "swordfish", "n": [1"#, isCut: true,
      shown: #"{"apiKey": "***", "n": [1"#),
    Case(
      rule: "JSON that ends inside of the secret", content: #"{"n": 1, "password":"sword"#,
      isCut: true, shown: #"{"n": 1, "password":"***"#),
    Case(
      rule: "A value a line, and one that is none",
      content: "{\"token\": \"a\\\"b\"}\n5\" and {\"n\": 1\n{\"secret\" :\t\"c\"}",
      shown: "{\"token\": \"***\"}\n5\" and {\"n\": 1\n{\"secret\" :\t\"***\"}"),
    Case(
      rule: "A name with escapes", content: #"{"to\u006ben": "a"} {"#,
      shown: #"{"to\u006ben": "***"} {"#),
    Case(
      rule: "What only looks like it", content: #"["token", "a", {"n": "token", "m": "b"} "#,
      shown: #"["token", "a", {"n": "token", "m": "b"} "#),
    Case(
      rule: "Events", content: "event: x\ndata: {\"token\":\"a\"}\n\n", type: "text/event-stream",
      shown: "event: x\ndata: {\"token\":\"***\"}\n\n"),
    Case(
      rule: "A short secret of a form in parts, and the same text elsewhere in it",
      content: part("api_key", "abc") + part("note", "abc") + "--b--\r\n",
      type: "multipart/form-data; boundary=b",
      shown: part("api_key", "***") + part("note", "abc") + "--b--\r\n"),
    Case(
      rule: "A form in parts that ends inside of the secret",
      content: part("password", "swordf", end: ""), type: "multipart/form-data; boundary=b",
      isCut: true, shown: part("password", "***", end: "")),
  ]

  private static func part(_ name: String, _ value: String, end: String = "\r\n") -> String {
    "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\(end)"
  }

  @Test("Secrets in contents are masked, whatever became of the rest", arguments: cases)
  func masked(_ sample: Case) throws {
    let (text, _) = try recorded(
      Array(sample.content.utf8), sample.type, isCut: sample.isCut)
    #expect(text.replacing(/\*\*\*#[0-9a-f]{4}/, with: "***") == sample.shown)
  }

  @Test("What was packed and is cut is told as far as it can be unpacked, and is masked")
  func packed() throws {
    let rest = String(repeating: "xy", count: 200)
    let packed = try Gzip.compress(Array(#"{"apiKey": "swordfish", "rest": "\#(rest)"}"#.utf8))
    let (text, comment) = try recorded(packed.dropLast(8), coding: "gzip", isCut: true)
    #expect(text.hasPrefix(#"{"apiKey":"***#"#))
    #expect(!text.contains("swordfish"))
    #expect(comment.hasPrefix("the first "))
  }

  /// The content of an answer as the archive has it, and what is said of it.
  private func recorded(
    _ content: some Collection<UInt8>, _ type: String = "application/json",
    coding: String? = nil, isCut: Bool = false
  ) throws -> (text: String, comment: String) {
    var exchange = RecordedExchange.State(
      began: .now, started: VirtualInstant(seconds: 0), method: .get,
      url: "http://api.steamship.com/", version: .http11, requestFields: Fields(),
      connectionID: 1)
    exchange.status = .ok
    exchange.responseFields = Fields(["Content-Type": type])
    if let coding { exchange.responseFields.append("Content-Encoding", coding) }
    exchange.response.append(Array(content), RecordingRoom())
    if isCut { exchange.failure = "the service ended the answer before its end" }
    let archive = RecordingText([exchange], CredentialMask()).text([exchange], version: "1")
    let written = try JSON(parsing: archive)["log"]?["entries"]?[0]?["response"]?["content"]
    return (written?["text"]?.stringValue ?? "", written?["comment"]?.stringValue ?? "")
  }
}
