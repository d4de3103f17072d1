package import PayloadCodecs

/// What somebody wants to know of the journal: `{"match": …, "exactly": 2}`, `{"order": […]}`, or
/// everything that a scenario's `expect` can say. Empty: the scenario's own `expect`.
package struct VerifyQuestion: Sendable {
  package var expectation = Expectation()
  package var isEmpty = true
  private var single = Expectation.Requests.Draft()

  package static func read(
    _ json: JSON, catalog: ScenarioCatalog
  ) throws(ScenarioProblems) -> VerifyQuestion {
    try ScenarioReader.read(json, catalog: catalog, form.read)
  }

  private static let form = Form.object(
    "A question to the journal.", VerifyQuestion(),
    Expectation.fields.map { $0.at(\.expectation) }
      + Expectation.Requests.Draft.fields.map { $0.at(\.single) }
  ) { question, object in
    Expectation.Requests.Draft.settle(&question.single, object)
    question.isEmpty = object.keys.isEmpty
    if object.has("match") {
      question.expectation.requests.append(question.single.requests)
    } else if question.single.count.count != nil {
      object.problem("a count needs a \"match\"; {\"match\": {}} means every request")
    }
  }
}
