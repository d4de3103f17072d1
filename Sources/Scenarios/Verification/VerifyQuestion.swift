package import PayloadCodecs

/// What somebody wants to know of the journal: `{"match": …, "exactly": 2}`, `{"order": […]}`, or
/// everything that a scenario's `expect` can say. Empty: the scenario's own `expect`.
package struct VerifyQuestion: Sendable {
  package var expectation: Expectation
  package var isEmpty: Bool

  package static func read(
    _ json: JSON, catalog: ScenarioCatalog
  ) throws(ScenarioProblems) -> VerifyQuestion {
    try ScenarioReader.read(json) { root in
      root.object { object in
        var expectation = Expectation(readingMembers: object, catalog: catalog)
        let name = object.string("name")
        let count = CountExpectation(readingMembers: object)
        if let match = object.optional("match") {
          expectation.requests.append(
            .init(
              name: name,
              match: RequestMatch(reading: match, catalog: catalog) ?? RequestMatch(),
              count: count ?? CountExpectation(atLeast: 1)))
        } else if count != nil {
          object.problem("a count needs a \"match\"; {\"match\": {}} means every request")
        }
        return VerifyQuestion(expectation: expectation, isEmpty: object.keys.isEmpty)
      }
    }
  }
}
