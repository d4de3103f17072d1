// The lab: what the commands `sweep`, `report`, `parity` and `import` think with (DESIGN §15).
//
// It owns the plan of a sweep, the digest of worlds, the judgement of a run, what a client did as its
// journal tells it, recordings and how answers differ from them, and the reports. It knows values only:
// no server, no process, no file and no clock; `WavetankCLI` brings what servers answer, what files hold and
// what a program left behind.
//
// Read next: `Sweep/SweepPlan.swift`, `Sweep/RunJudgement.swift`, `Report/SweepReport.swift`,
// `Recording/AnswerComparison.swift`.
