import PayloadCodecs

/// One thing wrong with a scenario.
package struct ScenarioProblem: Sendable, Equatable {
  /// Where in the document, as a JSON Pointer relative to what was decoded: `/packages/0/handle`.
  package var pointer: String
  /// What was expected, what was found, the nearest valid key.
  package var message: String

  package init(_ pointer: String, _ message: String) {
    self.pointer = pointer
    self.message = message
  }

  /// With its place, unless that is the whole.
  package var text: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
}

/// Everything that is wrong, all in one go.
package struct ScenarioProblems: Error, Sendable, Equatable {
  package var problems: [ScenarioProblem]
  package init(_ problems: [ScenarioProblem]) { self.problems = problems }
  package init(_ message: String, at pointer: String = "") {
    problems = [ScenarioProblem(pointer, message)]
  }

  /// Nothing is wrong with the scenario, but no memory is left for another tenant.
  package static let noRoom = ScenarioProblems("there is no room left for another tenant")
}

extension ScenarioProblems {
  /// All problems in one line.
  package var text: String { problems.map(\.text).joined(separator: "; ") }
}
