import Foundation
import Testing
import Wavetank

@Suite("Rules that can never strike are warned of (DESIGN §12)")
struct RuleWarningAcceptanceTests {
  static let cases: [(rules: String, words: String?)] = [
    (#"{"match": {"operation": "steamship.file.*"}, "error": 503}"#, nil),
    (#"{"match": {"service": "shipyard", "method": "GET"}, "error": 503}"#, nil),
    (#"{"match": {"service": "shipyard", "operation": "steamship.*"}, "error": 503}"#, "service"),
    (#"{"match": {"operation": "shipyard.voyage.list", "method": "PUT"}, "error": 503}"#, "method"),
    (#"{"match": {"method": "BREW"}, "error": 503}"#, "BREW"),
    (#"{"match": {"method": "HEAD"}, "error": 503}"#, nil),
    (#"{"match": {"path": "/_t/blue/orgs"}, "error": 503}"#, "tenant"),
    (#"{"match": {"path": "/orgs?limit=3"}, "error": 503}"#, "query"),
    (#"{"match": {"path": "/org?"}, "error": 503}"#, nil),
    (#"{"match": {"path": "/files/{id}.json"}, "error": 503}"#, "whole segment"),
    (#"{"match": {"path": ["/a{b", "/files/{id}"]}, "error": 503}"#, nil),
    (#"{"times": 0, "error": 503}"#, "0 times"),
    (#"{"error": 503}, {"match": {"method": "GET"}, "error": 500}"#, "in front of it"),
    (
      #"{"match": {"method": "GET"}, "error": 503}, {"match": {"method": "GET", "service": "shipyard"}, "error": 500}"#,
      "in front"
    ),
    (
      #"{"match": {"method": "GET"}, "error": 503}, {"match": {"method": "POST"}, "error": 500}"#,
      nil
    ),
    (#"{"times": 1, "error": 503}, {"error": 500}"#, nil),
    (#"{"continue": true, "delay": "1s"}, {"error": 500}"#, nil),
    (#"{"where": {"phase": "x"}, "error": 503}, {"error": 500}"#, nil),
    (#"{"limit": {"requests": 1, "window": "1m"}}, {"error": 500}"#, nil),
    (#"{"error": 503}, {"match": {"host": "a.example"}, "fault": {"tls": "expired"}}"#, nil),
    (#"{"error": 503}, {"match": {"method": "POST"}, "fault": {"stall": {"on": "request"}}}"#, nil),
    (#"{"match": {"header": {"x y": "1"}}, "error": 503}"#, "no field"),
    (#"{"match": {"header": {"X-A": null}}, "error": 503}"#, "present"),
    (#"{"match": {"query": {"a": {"any": [null, {"contains": [1]}]}}}, "error": 503}"#, "query.a"),
    (#"{"match": {"query": {"a": {"any": [null, "b"]}}}, "error": 503}"#, nil),
    (#"{"match": {"body": {"pointer": {"/a": null}}}, "error": 503}"#, nil),
  ]

  @Test("Each kind is told, with the rule's name, and nothing else", arguments: cases.indices)
  func warnings(index: Int) throws {
    let (rules, words) = Self.cases[index]
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent(
        "wavetank-warning-\(index)-\(ProcessInfo.processInfo.processIdentifier).json")
    try Data(#"{"wavetank": 1, "variables": {"phase": "y"}, "rules": [\#(rules)]}"#.utf8).write(
      to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(Scenarios.problems(in: [file.path]) == [])
    let warnings = Scenarios.findings(in: [file.path]).warnings
    #expect(warnings.count == (words == nil ? 0 : 1), "\(warnings)")
    if let words { #expect(warnings.first?.contains(words) == true, "\(warnings)") }
  }

  @Test("No shipped scenario has any")
  func shipped() {
    for (name, _) in Scenarios.shipped {
      #expect(Scenarios.findings(in: [name]).warnings == [], "\(name)")
    }
  }
}
