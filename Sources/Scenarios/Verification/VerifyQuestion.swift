package import PayloadCodecs

/// What somebody wants to know of the journal: `{"match": …, "exactly": 2}`, `{"order": […]}`, or
/// everything that a scenario's `expect` can say. Empty: the scenario's own `expect`.
package struct VerifyQuestion: Sendable {
  package var expectation = Expectation()
  package var isEmpty = true
  private var name: String?
  private var match: RequestMatch?
  private var count = CountExpectation.Draft()

  package static func read(
    _ json: JSON, catalog: ScenarioCatalog
  ) throws(ScenarioProblems) -> VerifyQuestion {
    try ScenarioReader.read(json, catalog: catalog, form.read)
  }

  private static let form = Form.object(
    "A question to the journal.", VerifyQuestion(),
    Expectation.fields.map { $0.at(\.expectation) } + [
      .optional("name", \.name, .text, "What to call it."),
      .optional("match", \.match, RequestMatch.form, "Which requests."),
    ] + CountExpectation.Draft.fields.map { $0.at(\.count) }
  ) { question, object in
    CountExpectation.Draft.check(&question.count, object)
    question.isEmpty = object.keys.isEmpty
    let count = question.count.count
    if let match = question.match {
      question.expectation.requests.append(
        .init(
          name: question.name, match: match, count: count ?? CountExpectation(atLeast: 1)))
    } else if count != nil {
      object.problem("a count needs a \"match\"; {\"match\": {}} means every request")
    }
  }
}
