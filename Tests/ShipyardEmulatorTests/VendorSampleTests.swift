import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

/// What stands on the vendor's own documentation pages, and how its editor writes a fleet back.
@Suite("The vendor's samples")
struct VendorSampleTests {
  static let path = FleetsAsCodeTests.path

  static func blueprintFleet(inputs: String = "", guardrails: String = "{}") -> String {
    """
    name: n
    vessels:
      v:
        source:
          type: BLUEPRINT
          blueprint: Any One
          inputs: {\(inputs)}
        guardrails: \(guardrails)

    """
  }

  @Test(
    "Exit codes that cannot be meant are kept with a remark, and refused in strict mode",
    arguments: [
      ("['0']", "- 0"), ("[0]", "- 0"), ("['0-255']", "- 0-255"), ("['299']", "- 299"),
      ("[3, '250-299']", "- 250-299"),
    ])
  func exitCodes(ranges: String, written: String) async throws {
    let yaml = Self.blueprintFleet(guardrails: "{exclude_exit_code_ranges: \(ranges)}")
    let reply = try await ServiceHarness(ShipyardService()).send(.put, Self.path, text: yaml)
    #expect(reply.status == 200)
    #expect(reply.text.contains("\(written)\n"), "\(reply.text)")
    let remark = try #require(reply.field("X-Wavetank-Remark"))
    #expect(remark.contains("vessels.v.guardrails.exclude_exit_code_ranges"))
    let strict = try ServiceHarness(ShipyardService(), isStrict: true)
    #expect(try await strict.send(.put, Self.path, text: yaml).status == 400)
    #expect(
      try await strict.send(.get, "/orgs/\(ShipyardDemo.org)/fleets").text.contains("\"n\"")
        == false)
  }

  @Test("An input of {} is passed on with a remark, and refused in strict mode")
  func emptyMap() async throws {
    let yaml = Self.blueprintFleet(inputs: "EXTRA: {}")
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.put, Self.path, text: yaml)
    #expect(reply.status == 200)
    #expect(reply.text.contains("EXTRA: {}\n"), "\(reply.text)")
    #expect(reply.field("X-Wavetank-Remark")?.contains("inputs.EXTRA") == true)
    let fleet = "\(Self.path)/\(try FleetsAsCodeTests.id(reply))"
    #expect(try await harness.send(.put, fleet, text: reply.text).text == reply.text)
    let run = try await harness.trigger("\(fleet)/fleetruns")
    harness.advance(.seconds(1))
    #expect(try harness.environment(of: "v", in: run)["EXTRA"] == "{}")
    #expect(
      try await ServiceHarness(ShipyardService(), isStrict: true).send(.put, Self.path, text: yaml)
        .status == 400)
  }

  @Test("A document without anything odd has no remark")
  func noRemark() async throws {
    let yaml = Self.blueprintFleet(guardrails: "{exclude_exit_code_ranges: [1, '3-255']}")
    let reply = try await ServiceHarness(ShipyardService()).send(.put, Self.path, text: yaml)
    #expect(reply.field("X-Wavetank-Remark") == nil)
  }

  @Test("Hundreds of odd places give a few remarks")
  func manyRemarks() async throws {
    let inputs = (0..<500).map { "I\($0): {}" }.joined(separator: ", ")
    let reply = try await ServiceHarness(ShipyardService()).send(
      .put, Self.path, text: Self.blueprintFleet(inputs: inputs))
    #expect(reply.status == 200)
    #expect(reply.fields.pairs.filter { $0.name == "X-Wavetank-Remark" }.count <= 8)
  }

  @Test(
    "A tab as indentation is refused, and the answer says so, as in the documentation's long sample",
    arguments: [
      "name: n\nvessels:\n\tv: {source: {type: CODE, language: BASH}}\n",
      "name: n\nvessels:\n  v:\n    source:\n      type: CODE\n\t\t\tlanguage: BASH\n",
      "name: n\nnotifications:\n    emails:\n    - a@b.c\n\t- d@e.f\n",
      "name: n\nvessels:\n  v:\n    guardrails:\n      exclude_exit_code_ranges:\n      - 2\n\t  - '3-5'\n",
    ])
  func tabs(yaml: String) async throws {
    let reply = try await ServiceHarness(ShipyardService()).send(.put, Self.path, text: yaml)
    #expect(reply.status == 400)
    #expect(reply.field("X-Wavetank-Remark")?.contains("tab") == true, "\(reply.fields)")
  }

  @Test(
    "Booleans and numbers of inputs keep their type, texts their quotes",
    arguments: [
      ("true", "true", "true"), ("False", "false", "false"), ("'true'", "\"true\"", "true"),
      ("587", "587", "587"), ("'587'", "\"587\"", "587"), ("\"587\"", "\"587\"", "587"),
      ("-3", "-3", "-3"), ("3.9", "3.9", "3.9"), ("'3.9'", "\"3.9\"", "3.9"),
      ("007", "\"007\"", "007"), ("0x10", "\"0x10\"", "0x10"), ("tls", "tls", "tls"),
      ("yes", "\"yes\"", "yes"), ("1e3", "1e3", "1e3"),
      ("99999999999999999999", "99999999999999999999", "99999999999999999999"),
    ])
  func types(value: String, written: String, seen: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .put, Self.path, text: Self.blueprintFleet(inputs: "A: \(value)"))
    #expect(reply.text.contains("A: \(written)\n"), "\(reply.text)")
    let fleet = "\(Self.path)/\(try FleetsAsCodeTests.id(reply))"
    #expect(try await harness.send(.get, fleet).text == reply.text)
    let run = try await harness.trigger("\(fleet)/fleetruns")
    harness.advance(.seconds(1))
    #expect(try harness.environment(of: "v", in: run)["A"] == seen)
  }

  /// As Go's yaml.v3 orders them.
  static let orderedKeys: [String] = [
    "_", "1", "2", "10", "A", "A 1", "A_B", "A1", "A2", "A10", "AB", "EMAIL_SEND_METHOD",
    "EMAIL_SENDER_ADDRESS", "Vessel 2", "Vessel 10", "Vessel 010", "Vessel A", "a", "a1b2", "a1b10",
    "a1bb", "a1_", "a10b", "b", "é",
  ]

  @Test("Vessels and inputs come back in the order of yaml.v3: letters last, digits by value")
  func keyOrder() async throws {
    let names = Self.orderedKeys
    var random = SeededRandom(seed: 7, ["key order"], count: 0)
    for _ in 0..<20 {
      var shuffled = names
      for index in shuffled.indices.dropFirst() {
        shuffled.swapAt(index, Int(random.next() % UInt64(index + 1)))
      }
      let inputs = shuffled.map { "'\($0)': x" }.joined(separator: ", ")
      let reply = try await ServiceHarness(ShipyardService()).send(
        .put, Self.path, text: Self.blueprintFleet(inputs: inputs))
      let written = reply.text.split(separator: "\n").filter { $0.hasSuffix(": x") }.map { line in
        line.drop { $0 == " " }.dropLast(3).trimmingPrefix("\"").split(
          separator: "\"", omittingEmptySubsequences: true
        ).first.map(String.init) ?? ""
      }
      #expect(written == names)
    }
  }

  @Test(
    "Schedules come back with `when` before `at`, midnight without its hour",
    arguments: [
      (
        "{how_often: WEEKLY, at: '4:05', when: FRIDAY}",
        ["how_often: WEEKLY", "when: FRIDAY", "at: \"4:05\""]
      ),
      (
        "{how_often: WEEKLY, at: '0:00', when: FRIDAY}",
        ["how_often: WEEKLY", "when: FRIDAY", "at: :00"]
      ),
      ("{how_often: MONTHLY, at: ':30', when: 1}", ["how_often: MONTHLY", "when: 1", "at: :30"]),
      ("{how_often: DAILY, at: '00:00'}", ["how_often: DAILY", "at: :00"]),
    ])
  func scheduleLayout(schedule: String, lines: [String]) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .put, Self.path, text: "\(FailureTests.yaml)triggers: {schedules: [\(schedule)]}\n")
    let written = reply.text.split(separator: "\n").map { line in
      String(line.drop { $0 == " " || $0 == "-" }).replacing("\"", with: "")
    }
    let expected = lines.map { $0.replacing("\"", with: "") }
    let start = try #require(written.firstIndex(of: expected[0]))
    #expect(Array(written[start...].prefix(lines.count)) == expected)
    let fleet = "\(Self.path)/\(try FleetsAsCodeTests.id(reply))"
    #expect(try await harness.send(.put, fleet, text: reply.text).text == reply.text)
  }

  @Test("Vessels take over the guardrails of their blueprint, unless they have their own")
  func blueprintGuardrails() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let blueprint = """
      {"name": "Any One", "pallet_type": 2, "runtime_timeout": 600,
       "retry_strategy": {"number_of_retries": 2, "ttr": 300},
       "exclude_exit_code_ranges": [[3, 5], [9, 9]]}
      """
    let made = try await harness.send(
      .post, "/orgs/\(ShipyardDemo.org)/blueprints", text: blueprint)
    #expect(made.status == 201, "\(made.text)")
    let inherited = try await harness.send(.put, Self.path, text: Self.blueprintFleet())
    for line in ["retry_count: 2", "retry_wait: 5m0s", "runtime_cutoff: 10m0s", "- 3-5", "- 9"] {
      #expect(inherited.text.contains("\(line)\n"), "\(inherited.text)")
    }
    let own = try await harness.send(
      .put, Self.path, text: Self.blueprintFleet(guardrails: "{retry_count: 0}"))
    for line in ["retry_count: 0", "retry_wait: 5m0s"] {
      #expect(own.text.contains("\(line)\n"), "\(own.text)")
    }
    let code = try await harness.send(.put, Self.path, text: FailureTests.yaml)
    #expect(code.text.contains("retry_count: 0\n"))
  }
}
