import Lab
import PayloadCodecs
import Testing

@Suite("Scenarios of recordings")
struct RecordingScenarioTests {
  @Test("An answer for each entry, in order; the last to a question stays")
  func whole() throws {
    let scenario = RecordingScenario([
      try Recordings.read([
        Recordings.entry(answer: #"{"n":1}"#), Recordings.entry("PUT", answer: nil),
        Recordings.entry(
          "GET", "https://api.example/v1/things?a=1&k=***%23ab", answer: "{{x}} \\ {"),
        Recordings.entry(
          answer: #"{"n":2}"#,
          fields: [("Date", "x"), ("X-A", "1"), ("x-a", "2"), ("bad name", "3")]),
      ])
    ])
    #expect(scenario.rules.count == 4)
    #expect(scenario.rules[0]["times"] == 1)
    #expect(scenario.rules[3]["times"] == nil)
    #expect(scenario.rules[2]["match"]?["query"] == ["a": ["equal": "1"]])
    #expect(scenario.rules[2]["respond"]?["text"] == "{{{{x}} \\ {")
    #expect(
      scenario.rules[3]["respond"]?["header"] == [
        "Content-Type": "application/json", "X-A": ["1", "2"],
      ])
    #expect(scenario.rules[3]["respond"]?["json"] == ["n": 2])
  }

  @Test("An answer whose fields name no type gets none; where there are no fields it may")
  func untyped() throws {
    for (fields, header): ([JSON], JSON?) in [
      ([["name": "X-A", "value": "1"]], ["X-A": "1", "Content-Type": nil]), ([], .none),
    ] {
      let entry = Recordings.entry { entry in
        var response = entry["response"]?.objectValue ?? [:]
        response["headers"] = .array(fields)
        entry["response"] = .object(response)
      }
      let rule = try #require(RecordingScenario([try Recordings.read([entry])]).rules.first)
      #expect(rule["respond"]?["header"] == header)
    }
  }

  private func played(
    _ number: Int, _ recorded: String, _ found: String, path: String = "/v1/things"
  ) throws -> PlayedExchange {
    var entry = try Recordings.one(
      Recordings.entry("GET", "https://api.example" + path, answer: recorded))
    entry.number = number
    let answer = Recordings.answer(found)
    var comparison = AnswerComparison(Correspondence())
    comparison.compare(entry, with: answer)
    return PlayedExchange(
      file: "f.har", entry: entry, looks: 1, answer: answer, differences: comparison.differences,
      correspondence: comparison.correspondence)
  }

  @Test(
    "Only what differs is patched; ids and times stay the emulator's",
    arguments: [
      (#"{"id":"r","a":1}"#, #"{"id":"e","a":2}"#, #"{"a":1}"#),
      (#"{"a":{"b":1,"c":2}}"#, #"{"a":{"b":1,"d":2}}"#, #"{"a":{"d":null,"c":2}}"#),
      (#"{"l":[{"id":"r","x":1}]}"#, #"{"l":[{"id":"e","x":2}]}"#, #"{"l":[{"id":"e","x":1}]}"#),
      (#"{"t":"{{a}}"}"#, #"{"t":"b"}"#, #"{"t":"{{{{a}}"}"#),
    ])
  func patches(_ recorded: String, _ found: String, _ patch: String) throws {
    let rules = DifferenceRules([try played(1, recorded, found)]).rules
    #expect(rules.count == 1)
    #expect(rules[0]["patch"]?["json"] == (try JSON(parsing: patch)))
    #expect(rules[0]["times"] == nil)
  }

  @Test(
    "A null that must be there is beyond a merge patch: the answer is replaced, the work is done")
  func nulls() throws {
    let rules = DifferenceRules([try played(1, #"{"a":null}"#, "{}")]).rules
    #expect(rules[0]["after"] == true)
    #expect(rules[0]["respond"]?["json"] == ["a": nil])
  }

  @Test("Where one of several answers to a question differs, its turn is counted")
  func turns() throws {
    let rules = DifferenceRules([
      try played(1, #"{"a":1}"#, #"{"a":1}"#), try played(2, #"{"a":2}"#, #"{"a":1}"#),
      try played(3, #"{"a":1}"#, #"{"a":1}"#), try played(4, #"{"a":4}"#, #"{"a":1}"#),
    ]).rules
    #expect(rules.map { $0["skip"] } == [1, 3])
    #expect(rules.allSatisfy { $0["times"] == 1 && $0["continue"] == true })
  }

  @Test("A difference is accepted by what is said of it, and what is not found any more is told")
  func accepted() throws {
    let exchange = try played(3, #"{"a":1,"b":{"c":2}}"#, #"{"a":2,"b":{}}"#)
    let text = """
      {"accepted": [{"reason": "r", "path": "/v1/*", "place": "/b/*", "kind": "missing"},
                    {"reason": "old", "exchange": 9}]}
      """
    let report = ParityReport(
      [exchange], leftOut: [], superseded: 0, try Acceptances(Array(text.utf8)))
    #expect(report.findings.count == 2)
    #expect(report.news.map(\.difference.place) == ["/a"])
    #expect(report.unused.map(\.reason) == ["old"])
    #expect(!report.holds)
  }
}
