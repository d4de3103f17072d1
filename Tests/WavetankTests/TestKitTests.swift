import Foundation
import HTTPModel
import Testing
import WavetankTestKit

@Suite("The kit for Swift's tests")
struct TestKitTests {
  /// The program of this build.
  static let binary: String = {
    let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return own.deletingLastPathComponent().appending(path: "wavetank").path
  }()

  private func sweep(
    _ command: [String], _ change: (inout SweepOptions) -> Void = { _ in }
  ) async throws -> Sweep {
    var options = SweepOptions(faults: ["500"])
    options.binary = Self.binary
    change(&options)
    return try await WavetankTestKit.sweep(command, options)
  }

  /// Asks once and gives up with a word, or takes any answer for a good one.
  private static func program(isCareful: Bool) -> [String] {
    let ask =
      #"curl -s -o /dev/null -w '%{http_code}' -H 'X-Shipyard-API-Key: k' "$WAVETANK_URL/orgs""#
    return ["sh", "-c", isCareful ? "[ $(\(ask)) = 200 ] || exit 3" : "\(ask) > /dev/null"]
  }

  @Test("A sweep from a test: nothing in a careful program, and what a careless one does")
  func sweeps() async throws {
    let careful = try await sweep(Self.program(isCareful: true))
    try careful.verify()
    #expect(careful.runs.map(\.id) == ["shipyard.organization.list@1:500"])
    #expect(careful.runs.first?.exit == 3)
    let empty = try await sweep(["sh", "-c", "\(Self.program(isCareful: true)[2]); echo $WORD"]) {
      $0.environment = ["WORD": "told"]
      $0.directory = "/"
    }
    #expect(empty.findings.isEmpty)
  }

  /// What it throws, in words.
  private func words<Result>(_ body: () async throws -> Result) async -> String {
    do {
      _ = try await body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  @Test("Where there is nothing to compare with, it says why in a sentence")
  func obstacles() async throws {
    let broken = await words { try await sweep(["sh", "-c", "echo broken >&2; exit 4"]) }
    #expect(broken.contains("without any fault the command ends with 4"), "\(broken)")
    #expect(broken.contains("broken"))
    let silent = await words { try await sweep(["true"]) }
    #expect(silent.contains("nothing to sweep"), "\(silent)")
    let missing = await words { try await sweep(["true"]) { $0.binary = "/nowhere/wavetank" } }
    #expect(
      missing.contains("/nowhere/wavetank cannot be run (No such file or directory)"), "\(missing)")
    let wrong = await words { try await sweep(["true"]) { $0.faults = ["flood"] } }
    #expect(wrong.contains("flood"), "\(wrong)")
  }

  @Test("A tenant for a body: what its scenario expects is verified, a failure tells its story")
  func withTenant() async throws {
    let server = try await WavetankServer.start()
    let scenario =
      #"{"wavetank": 1, "rules": [{"name": "once", "match": {"operation": "shipyard.organization.list"}, "times": 1, "error": 503}], "expect": {"rules": {"once": 1}}}"#
    func ask(_ tenant: TestTenant) async throws -> Int {
      try await tenant.send(.get, "/orgs", fields: ["X-Shipyard-API-Key": "k"]).status
    }
    let status = try await server.withTenant("held") { tenant in
      try await tenant.scenario(scenario)
      return try await ask(tenant)
    }
    #expect(status == 503)
    let vain = await words {
      try await server.withTenant("not held") { try await $0.scenario(scenario) }
    }
    #expect(vain.contains("exactly 1 strike"), "\(vain)")
    let thrown = await words {
      try await server.withTenant("thrown") { tenant in
        try await tenant.scenario(scenario)
        _ = try await ask(tenant)
        throw CancellationError()
      }
    }
    #expect(thrown.contains("(shipyard.organization.list)"), "\(thrown)")
    #expect(thrown.contains("rules that struck: once"), "\(thrown)")
    let tenant = server.tenant("events")
    try await tenant.emit(#"{"crashHub": "sth-0"}"#)
    let story = try await tenant.story()
    #expect(story.contains("no request has reached this tenant"), "\(story)")
    await server.stop()
  }
}
