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
    flags: serverFlags, examples: ["wavetank healthcheck --url http://127.0.0.1:7070"],
    run: { arguments throws(UsageError) in
      let client = try ControlClient(arguments)
      do {
        guard try await client.isReady() else {
          Terminal.complain("the server at \(client.baseURL) is not ready")
          return 1
        }
        return 0
      } catch {
        Terminal.complain("\(error)")
        return 1
      }
    })

  static let wait = Command(
    name: "wait", summary: "Wait until a server is ready: exit status 0, or 1 when time is up.",
    operands: "",
    flags: serverFlags + [
      Flag("--timeout", value: "DURATION", "Give up after it, such as 250ms or 1m (30s).")
    ],
    examples: ["wavetank & wavetank wait --timeout 10s && npm test"],
    run: { arguments throws(UsageError) in
      let client = try ControlClient(arguments)
      guard let limit = Emulator.duration(arguments.value("--timeout") ?? "30s") else {
        throw UsageError("--timeout must be a duration such as 250ms, 10s or 1m30s.")
      }
      let clock = ContinuousClock()
      let deadline = clock.now + limit
      while true {
        if (try? await client.isReady()) == true { return 0 }
        guard clock.now < deadline else {
          Terminal.complain("no server became ready at \(client.baseURL)")
          return 1
        }
        // The one place that polls: nobody tells when another process has bound its port.
        try? await clock.sleep(for: .milliseconds(20))
      }
    })
}
