import Wavetank

extension Command {
  static let version = Command(
    name: "version", summary: "Print the version.", operands: "", flags: [], examples: [],
    run: { _ in
      Terminal.say("wavetank \(Emulator.version)")
      return 0
    })

  static let healthcheck = Command(
    name: "healthcheck", summary: "Whether a server is ready: exit status 0 or 1.", operands: "",
    flags: [
      urlFlag, caFlag,
      Flag("--timeout", value: "DURATION", "Not ready when it has said nothing for so long (5s)."),
    ],
    examples: ["wavetank healthcheck --url http://127.0.0.1:7070"],
    run: { arguments throws(UsageError) in
      let client = try ControlClient(arguments)
      let limit = try timeLimit(arguments, ControlClient.silenceMax)
      do {
        if try await client.isReady(within: limit) { return 0 }
        Terminal.complain("the server at \(client.baseURL) is not ready")
      } catch {
        Terminal.complain("\(error)")
      }
      return 1
    })

  static let wait = Command(
    name: "wait", summary: "Wait until a server is ready: exit status 0, or 1 when time is up.",
    operands: "",
    flags: [
      urlFlag, caFlag,
      Flag("--timeout", value: "DURATION", "Give up after it, such as 250ms or 1m (30s)."),
    ],
    examples: ["wavetank & wavetank wait --timeout 10s && npm test"],
    run: { arguments throws(UsageError) in
      let client = try ControlClient(arguments)
      let limit = try timeLimit(arguments, .seconds(30))
      let clock = ContinuousClock()
      let deadline = clock.now + limit
      while true {
        // One that accepts and says nothing may be a server on its way, or a proxy in front of one:
        // it is asked anew.
        let probe = min(.seconds(2), max(.milliseconds(1), deadline - clock.now))
        if (try? await client.isReady(within: probe)) == true { return 0 }
        guard clock.now < deadline else {
          Terminal.complain(
            "no server became ready at \(client.baseURL) in time. Start one with “wavetank serve”, name it with --url URL, or give it longer by --timeout."
          )
          return 1
        }
        // The one place that polls: nobody tells when another process has bound its port.
        try? await clock.sleep(for: .milliseconds(20))
      }
    })

  private static func timeLimit(
    _ arguments: CommandLineArguments, _ otherwise: Duration
  ) throws(UsageError) -> Duration {
    guard let text = arguments.value("--timeout") else { return otherwise }
    guard let limit = Emulator.duration(text) else {
      throw UsageError("--timeout must be a duration such as 250ms, 10s or 1m30s.")
    }
    return limit
  }
}
