import Wavetank

extension Command {
  static let demo = Command(
    name: "demo",
    summary: "Serve a world that lives: three services busy, a failure and a recovery.",
    operands: "",
    flags: [
      Flag(
        "--host", value: "H",
        "Address to listen on; repeatable. localhost is 127.0.0.1 and ::1 (localhost).",
        isRepeated: true),
      portFlag,
      Flag(
        "--clock", value: "MODE",
        "real, manual, skip, or xN for N times wall time (x5: ten minutes pass in two)."),
      Flag(
        "--seed", value: "N", "Seed of ids and of every random choice, the story's, too (2027)."),
      Flag(
        "--control-token", value: "T",
        "The control API asks for this bearer token ($WAVETANK_CONTROL_TOKEN)."),
      Flag("--control-token-file", value: "F", "The token stands in that file."),
    ] + logFlags + greetingFlags,
    examples: [
      "wavetank demo", "wavetank demo --port 0 --clock x20",
      "wavetank demo --clock manual   # the story goes on when the clock is stepped",
    ],
    run: { arguments throws(UsageError) in
      var wanted = try configuration(arguments)
      wanted.scenarios = [Emulator.demoScenario]
      let seed = wanted.seed
      return try await serve(
        arguments, wanted, logsUnasked: false, begin: { await $0.startDemo(seed: seed) },
        greet: { emulator in
          let console = "\(emulator.baseURL)/_wavetank/console"
          Terminal.say(
            "# The story lasts ten minutes of the tenant's time; then the world lives on.")
          Terminal.say("# Console: \(console)")
          Terminal.say("# Presenter's view: \(console)?present")
        })
    })
}
