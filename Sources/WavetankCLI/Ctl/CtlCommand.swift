import Wavetank

extension Command {
  static let urlFlag = Flag(
    "--url", value: "URL", "Where the server listens ($WAVETANK_URL, http://127.0.0.1:7070).")
  static let tokenFlag = Flag("--token", value: "T", "The control token ($WAVETANK_CONTROL_TOKEN).")
  private static let tenantFlag = Flag("--tenant", value: "NAME", "The tenant to act on (default).")
  private static let outputFlag = Flag(
    "--output", value: "FILE", "Write the answer there instead of on standard output.")

  /// What a command takes that asks a server about a tenant.
  static let serverFlags = [urlFlag, tokenFlag, caFlag, tenantFlag]

  /// What is about one tenant.
  private static let ofTenant = ofServer + [tenantFlag]
  /// What is about the server.
  private static let ofServer = [urlFlag, tokenFlag, caFlag, outputFlag]

  static let ctl = Command(
    name: "ctl", summary: "Drive a running server through its control API.",
    operands: "WHAT …", flags: flags(of: ctlWords), words: ctlWords,
    examples: [
      "wavetank ctl reset --tenant blue",
      "wavetank ctl clock --by 90s",
      "wavetank ctl clock --mode manual --by 1h",
      "wavetank ctl journal --operation 'steamship.*' --status 4xx",
      "wavetank ctl journal 17                     why exchange 17 came out so",
      "wavetank ctl verify --operation shipyard.fleetRun.create --exactly 1",
      "wavetank ctl verify                         what the scenario itself expects",
      "wavetank ctl scenario put flaky.json",
      "wavetank ctl scenario put rate-limited      one of “wavetank scenarios”",
      "wavetank ctl snapshot get --output world.tar.gz",
      "wavetank ctl openapi scramjet --output scramjet.json",
      "wavetank ctl emit '{\"advance\": \"5s\"}'",
    ],
    run: { arguments throws(UsageError) in
      let request = try ControlRequest(arguments)
      return await request.run(try ControlClient(arguments), output: arguments.value("--output"))
    })

  private static let ctlWords = [
    CommandWord(
      "reset", "The tenant as at its start.",
      flags: [Flag("--keep-journal", "Leave the journal as it is.")] + ofTenant),
    CommandWord(
      "clock", "The tenant's time: show it, set its mode, move it.",
      flags: [
        Flag("--mode", value: "MODE", "real, manual, skip or xN."),
        Flag(
          "--by", value: "DURATION",
          "Forward by, such as 5s or 1h30m; with --mode, after it is set."
        ),
        Flag("--to", value: "INSTANT", "Forward to, such as 2026-01-01T00:00:00Z."),
        Flag("--next", "Forward to the next thing due."),
      ] + ofTenant),
    CommandWord(
      "journal", "What happened; with a number, why that exchange came out so.",
      operands: "[NUMBER]", operandsMax: 1, flags: journalFlags + ofTenant),
    CommandWord(
      "verify", "Whether a question, or what the scenario expects, holds: exit status 0 or 1.",
      operands: "[JSON|@FILE|-]", operandsMax: 1,
      flags: [
        operationFlag,
        Flag("--exactly", value: "N", "So often."),
        Flag("--at-least", value: "N", "So often or more."),
        Flag("--at-most", value: "N", "So often or less."),
      ] + ofTenant),
    CommandWord(
      "scenario",
      "What is in force: get shows it; put FILE, a shipped NAME or - replaces it; add JSON, @FILE or - adds rules; remove RULE takes one away.",
      operands: "[VERB [WHAT]]", operandsMax: 2,
      flags: ofTenant),
    CommandWord(
      "state", "The world, readable.", operands: "[SERVICE]", operandsMax: 1, flags: ofTenant),
    CommandWord(
      "snapshot", "The whole tenant as one tar.gz: get; put FILE or -.",
      operands: "[get | put FILE]",
      operandsMax: 2, flags: ofTenant),
    CommandWord(
      "emit", "Make something happen.", operands: "JSON|@FILE|-", operandsMax: 1, flags: ofTenant),
    CommandWord(
      "tenants", "List them, or drop one.", operands: "[drop NAME]", operandsMax: 2,
      flags: ofServer),
    CommandWord("operations", "What is emulated.", flags: ofServer),
    CommandWord("listeners", "Services with a port of their own, and how it is.", flags: ofServer),
    CommandWord(
      "openapi", "The OpenAPI document of a service.", operands: "SERVICE", operandsMax: 1,
      flags: ofServer),
    CommandWord("metrics", "Counters, as Prometheus reads them.", flags: ofServer),
    CommandWord("schema", "The JSON Schema of scenarios.", flags: ofServer),
  ]

  private static let operationFlag = Flag("--operation", value: "GLOB", "Of these operations.")

  private static let journalFlags = [
    Flag("--service", value: "S", "Of this service."),
    operationFlag,
    Flag("--status", value: "N", "With this status, or 4xx."),
    Flag("--rule", value: "GLOB", "Struck by these rules."),
    Flag("--request", value: "ID", "With this X-Request-Id."),
    Flag("--parent", value: "N", "Made by code while it worked on that exchange."),
    Flag("--since", value: "N", "After this exchange or instant."),
    Flag("--limit", value: "N", "So many at most."),
    Flag("--follow", "The server's log of exchanges, as it goes on."),
    Flag("--log", value: "FORM", "With --follow: lines of text or json (text)."),
    Flag("--har", "As HTTP Archive."),
    Flag("--whole", "With fields and contents, as report reads it."),
    Flag("--clear", "Forget it."),
  ]
}
