// Scenarios: the language in which a scenario is written, and the engine of its rules.
//
// Owns: reading files (JSON, JSON5, YAML) with the place of every mistake, matchers, templates,
// effects, the rules' counts and decisions, expectations, the JSON Schema of all that.
// Refuses to know: tenants, services, the journal, the pipeline: who drives the engine says what it
// must know of a request (`RuleSubject`) and carries out what it decides (`RuleOutcome`).
// Read next: `Model/Scenario.swift` (a scenario), `Engine/ScenarioEngine.swift` (what decides),
// `Reading/ScenarioReader.swift` (how it is read).
