import HTTPModel
import PayloadCodecs
import TestSupport
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Which requests a rule is about")
struct RequestMatchTests {
  /// POST /ships/a%20b/cargo?kind=heavy&kind=wet&n=5 with JSON content.
  private func subject(_ content: RuleSubject.Content? = nil) -> RuleSubject {
    let body = #"{"name":"Ann","size":{"l":10,"w":2.5},"tags":["a",{"k":1}],"none":null,"ok":true}"#
    return RuleSubject(
      request: Request(
        .post, "/ships/a%20b/cargo?kind=heavy&kind=wet&n=5&empty",
        fields: Fields([
          "Content-Type": "application/json", "Accept": "a", "accept": "b", "X-N": "7",
        ])),
      tenant: "blue", service: "harbor", operation: "harbor.cargo.put", credential: "key-1",
      content: content ?? .whole(Array(body.utf8)), mask: CredentialMask())
  }

  private func match(_ json: JSON) throws -> RequestMatch {
    try ScenarioReader.read(json, RequestMatch.form.read)
  }

  static let matching: [JSON] = [
    [:], ["service": "harbor"], ["service": ["x", "harbor"]], ["operation": "harbor.cargo.put"],
    ["operation": "harbor.*"], ["operation": "*.put"],
    ["operation": ["no.op", "harbor.cargo.put"]],
    ["method": "POST"], ["method": "post"], ["method": ["GET", "POST"]],
    ["path": "/ships/a%20b/cargo"], ["path": "/ships/a b/cargo"], ["path": "/ships/*"],
    ["path": "*/cargo"], ["path": "/ships/{ship}/cargo"], ["path": "/ships/{rest…}"],
    ["path": "/{a}/{b}/{c}"], ["path": ["/x", "/ships/{id}/cargo"]],
    ["tenant": "blue"], ["tenant": ["glob": "bl*"]], ["credential": "key-1"],
    ["credential": ["regex": "^key-[0-9]$"]], ["credential": ["present": true]],
    ["query": ["kind": "heavy"]], ["query": ["kind": "wet"]], ["query": ["n": 5]],
    ["query": ["n": ["gt": 4, "lt": 6]]], ["query": ["n": ["gte": 5, "lte": 5]]],
    ["query": ["empty": ""]], ["query": ["empty": ["present": true]]],
    ["query": ["gone": ["present": false]]], ["query": ["gone": ["not": "x"]]],
    ["query": ["kind": ["all": ["wet", "heavy"]]]], ["query": ["kind": ["any": ["dry", "wet"]]]],
    ["query": ["kind": ["not": "dry"]]], ["query": ["kind": ["contains": "ea"]]],
    ["header": ["content-type": "application/json"]], ["header": ["ACCEPT": "b"]],
    ["header": ["x-n": 7]], ["header": ["x-n": ["gt": 6.5]]],
    ["header": ["content-type": ["glob": "application/*"]]],
    ["header": ["content-type": ["regex": "json$"]]],
    ["body": ["json": ["name": "Ann"]]], ["body": ["json": ["size": ["l": 10]]]],
    ["body": ["json": ["size": ["l": 10.0]]]], ["body": ["json": ["tags": ["a"]]]],
    ["body": ["json": ["tags": [["k": 1]]]]], ["body": ["json": ["none": nil]]],
    ["body": ["pointer": ["/name": "Ann"]]], ["body": ["pointer": ["/size/w": ["lt": 3]]]],
    ["body": ["pointer": ["/tags": ["contains": "a"]]]], ["body": ["pointer": ["/ok": true]]],
    ["body": ["pointer": ["/tags/1": ["equal": ["k": 1]]]]],
    ["body": ["pointer": ["/gone": ["present": false]]]],
    ["body": ["pointer": ["/none": ["present": true]]]],
    ["body": ["text": ["contains": "Ann"]]], ["body": ["text": ["regex": #""l":\d+"#]]],
    ["service": "harbor", "method": "POST", "query": ["n": 5], "body": ["json": ["ok": true]]],
  ]

  @Test("A match that holds", arguments: matching)
  func holds(_ json: JSON) throws {
    #expect(try match(json).firstFailure(for: subject()) == nil)
  }

  static let failing: [(JSON, String, String)] = [
    (["service": "shipyard"], "match.service", #""harbor""#),
    (["operation": "harbor.ship.*"], "match.operation", #""harbor.cargo.put""#),
    (["method": "GET"], "match.method", #""POST""#),
    (["path": "/ships"], "match.path", #""/ships/a%20b/cargo""#),
    (["path": "/ships/{id}"], "match.path", #""/ships/a%20b/cargo""#),
    (["path": "/ships/{id}/cargo/{x}"], "match.path", #""/ships/a%20b/cargo""#),
    (["tenant": "red"], "match.tenant", #""blue""#),
    (["credential": "other"], "match.credential", ""),
    (["query": ["kind": "dry"]], "match.query.kind", #""heavy", "wet""#),
    (["query": ["gone": "x"]], "match.query.gone", "nothing"),
    (["query": ["n": ["gt": 5]]], "match.query.n", #""5""#),
    (["query": ["kind": ["not": "wet"]]], "match.query.kind", #""heavy", "wet""#),
    (["query": ["kind": ["all": ["wet", "dry"]]]], "match.query.kind", #""heavy", "wet""#),
    (
      ["header": ["content-type": "text/plain"]], "match.header.content-type",
      #""application/json""#
    ),
    (["header": ["x-gone": ["present": true]]], "match.header.x-gone", "nothing"),
    (["header": ["x-n": ["present": false]]], "match.header.x-n", #""7""#),
    (["body": ["json": ["name": "Bob"]]], "match.body.json", #""Ann" at /name"#),
    (["body": ["json": ["size": ["h": 1]]]], "match.body.json", "nothing at /size/h"),
    (["body": ["json": ["tags": ["z"]]]], "match.body.json", #""a" at /tags/0"#),
    (["body": ["json": ["n/a": 1]]], "match.body.json", "nothing at /n~1a"),
    (["body": ["pointer": ["/name": "Bob"]]], "match.body.pointer./name", #""Ann""#),
    (["body": ["pointer": ["/size/w": "2.5"]]], "match.body.pointer./size/w", "2.5"),
    (["body": ["pointer": ["/gone": "x"]]], "match.body.pointer./gone", "nothing"),
    (["body": ["text": "Ann"]], "match.body.text", ""),
    // What is no text stands in none.
    (
      ["header": ["content-type": ["contains": ["a": 1]]]], "match.header.content-type",
      #""application/json""#
    ),
    (["query": ["kind": ["contains": nil]]], "match.query.kind", #""heavy", "wet""#),
    (["body": ["pointer": ["/name": ["contains": ["A"]]]]], "match.body.pointer./name", #""Ann""#),
  ]

  @Test("The first criterion that fails is named, and what was found", arguments: failing)
  func fails(_ json: JSON, _ key: String, _ found: String) throws {
    let match = try match(json)
    let index = try #require(match.firstFailure(for: subject()))
    #expect(match.criteria[index].key == key)
    let finding = match.criteria[index].finding(in: subject())
    #expect(found.isEmpty || finding == found)
  }

  @Test("Content that is missing, cut or no JSON fails, and says why")
  func contents() throws {
    let match = try match(["body": ["json": ["name": "Ann"]]])
    for (content, why) in [
      (RuleSubject.Content.unavailable, "no content that could be read before the answer"),
      (.whole([]), "no content"), (.whole(Array("{".utf8)), "content that is no JSON"),
      (.prefix(Array("{".utf8)), "content of which only the beginning was kept"),
    ] {
      #expect(match.firstFailure(for: subject(content)) == 0)
      #expect(match.criteria[0].finding(in: subject(content)) == why)
    }
  }

  @Test("A path fits a template where its parameters have values, however it is written")
  func pathsThatFit() {
    var random = SeededNoise(SeededNoise.runSeed)
    let words = ["a", "b", "ab", "a%62", "%61", "%zz", "\u{E9}", "%C3%A9", "", "%2F", "a b"]
    let parts = ["a", "b", "ab", "\u{E9}", "{x}", "{y}", "a b"]
    func some(_ texts: [String]) -> [String] {
      (0..<random.below(5)).map { _ in texts[random.below(texts.count)] }
    }
    for _ in 0..<5_000 {
      let rest = random.below(3) == 0 ? ["{rest…}"] : []
      let template = some(parts) + ["{z}"] + some(parts) + rest
      let pattern = PathPattern("/" + template.joined(separator: "/"))
      let path = "/" + some(words).joined(separator: "/") + ["", "/"][random.below(2)]
      let wanted = Self.captured(template, path)
      #expect(pattern.captures(path) == wanted, "\(pattern.text) \(path)")
      #expect(pattern.matches(path) == (wanted != nil), "\(pattern.text) \(path)")
    }
  }

  /// As one would say it: part by part.
  private static func captured(_ template: [String], _ path: String) -> TextMap<String>? {
    var parts = path.split(separator: "/").map(String.init)
    var captured: TextMap<String> = [:]
    for wanted in template {
      if wanted == "{rest…}" {
        captured["rest"] = PercentCoding.decode(parts.joined(separator: "/"))
        return captured
      }
      guard !parts.isEmpty else { return nil }
      let part = PercentCoding.decode(parts.removeFirst())
      if wanted.hasPrefix("{") {
        captured[String(wanted.dropFirst().dropLast())] = part
      } else if part != wanted {
        return nil
      }
    }
    return parts.isEmpty ? captured : nil
  }

  static let refused: [(JSON, String, String)] = [
    (["opperation": "x"], "/opperation", #"unknown key "opperation"; did you mean "operation"?"#),
    (["query": ["a": ["containz": "x"]]], "/query/a/containz", #"did you mean "contains"?"#),
    (["query": ["a": ["regex": "("]]], "/query/a/regex", "does not compile"),
    (["query": ["a": [1, 2]]], "/query/a", #"for a choice write {"any": […]}"#),
    (["query": ["a": [:]]], "/query/a", "at least one condition"),
    (["header": 5], "/header", "expected an object, found 5"),
    (["body": [:]], "/body", #"needs "json", "pointer" or "text""#),
    (["body": ["pointer": ["name": 1]]], "/body/pointer/name", "is no JSON Pointer"),
    (["path": "ships"], "/path", "expected a path that begins with /"),
    (["method": 5], "/method", "expected a string"),
  ]

  @Test("A malformed match is refused with its place", arguments: refused)
  func isRefused(_ json: JSON, _ pointer: String, _ message: String) {
    do {
      _ = try match(json)
      Issue.record("nothing was thrown")
    } catch {
      let problems = (error as? ScenarioProblems)?.problems ?? []
      #expect(
        problems.contains { $0.pointer == pointer && $0.message.contains(message) }, "\(problems)")
    }
  }
}
