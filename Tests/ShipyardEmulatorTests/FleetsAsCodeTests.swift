import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Fleets as code")
struct FleetsAsCodeTests {
  static let path = "\(ShipyardDemo.projectPath)/fleets"

  static func id(_ reply: Reply) throws -> String {
    let line = try #require(reply.text.split(separator: "\n").first { $0.hasPrefix("_id: ") })
    return String(line.dropFirst(5))
  }

  /// The ids in generated YAML, replaced by letters in the order of their first appearance.
  static func withoutIDs(_ text: String) -> String {
    var letters: [String: String] = [:]
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let id = String(line.suffix(36))
      guard UUIDText.isUUID(id), line.dropLast(36).hasSuffix("_id: ") else { return String(line) }
      let letter = letters[id] ?? "ID\(letters.count + 1)"
      letters[id] = letter
      return line.dropLast(36) + letter
    }.joined(separator: "\n")
  }

  /// What PyYAML writes for the contract's example 6.8.
  static let asTheClientSendsIt = """
    connections:
      Extract:
        Load: SUCCESS
    name: Nightly load
    notifications: &id001
      after_error: true
      emails:
      - ops@example.com
    triggers:
      schedules:
      - at: '4:05'
        how_often: DAILY
    vessels:
      Extract:
        notifications: *id001
        source:
          environment:
          - name: REGION
            value: us
          file:
            content: 'import os

              print(os.environ["REGION"])

              '
            name: extract.py
          file_to_run: extract.py
          language: PYTHON
          type: CODE
      Load:
        source:
          blueprint: Warehouse - Upload File
          inputs:
            FILE_NAME: out.csv
            WAREHOUSE_PASSWORD: s3cret
          type: BLUEPRINT

    """

  static let asTheServiceAnswers = """
    name: Nightly load
    _id: ID1
    vessels:
        Extract:
            _id: ID2
            source:
                language: PYTHON
                file:
                    name: extract.py
                    content: |
                        import os
                        print(os.environ["REGION"])
                file_to_run: extract.py
                environment:
                    - name: REGION
                      value: us
                type: CODE
            guardrails:
                retry_count: 0
                retry_wait: 0s
                runtime_cutoff: 4h0m0s
            notifications:
                emails:
                    - ops@example.com
                after_error: true
                after_on_demand: false
        Load:
            _id: ID3
            source:
                blueprint: Warehouse - Upload File
                inputs:
                    FILE_NAME: out.csv
                    WAREHOUSE_PASSWORD: SHIPYARD_HIDDEN
                type: BLUEPRINT
            guardrails:
                retry_count: 0
                retry_wait: 0s
                runtime_cutoff: 4h0m0s
            notifications:
                emails: []
                after_error: true
                after_on_demand: false
    connections:
        Extract:
            Load: SUCCESS
    triggers:
        schedules:
            - how_often: DAILY
              at: "4:05"
    notifications:
        emails:
            - ops@example.com
        after_error: true
        after_on_demand: false

    """

  @Test("What is refused is refused again, and what comes again means the same")
  func again() async throws {
    let harness = try ServiceHarness(ShipyardService())
    var texts: [String] = []
    for _ in 0..<2 {
      #expect(try await harness.send(.put, Self.path, text: "name: [").status == 400)
      let reply = try await harness.send(.put, Self.path, text: Self.asTheClientSendsIt)
      texts.append(Self.withoutIDs(reply.text))
    }
    #expect(texts[0] == texts[1])
  }

  @Test(
    "The client's YAML comes back in the editor's layout, whatever its type (contract 6.8)",
    arguments: ["application/json", "application/yaml", "application/x-www-form-urlencoded"])
  func workedExample(type: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .put, Self.path, [("Content-Type", type), ("Accept", "application/json")],
      text: Self.asTheClientSendsIt)
    #expect(reply.status == 200, "\(reply.fields.pairs)")
    #expect(reply.field("Content-Type") == "application/yaml; charset=utf-8")
    #expect(Self.withoutIDs(reply.text) == Self.asTheServiceAnswers)
    let again = try await harness.send(.get, "\(Self.path)/\(try Self.id(reply))")
    #expect(again.body == reply.body)
  }

  @Test("A document whose root is a string is read again (contract 6.9, Q7)")
  func stringRoot() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .put, Self.path,
      text: #"""
        "name: tiny\nvessels:\n  only:\n    source:\n      type: CODE\n      language: BASH\n\
          \      file: {name: a.sh, content: echo hi}\n      file_to_run: a.sh\n"

        """#)
    #expect(reply.status == 200)
    #expect(reply.text.hasPrefix("name: tiny\n_id: "))
    #expect(reply.text.contains("content: echo hi\n"))
  }

  @Test("What GET answers can be PUT again and changes nothing but the version")
  func roundTrip() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let first = try await harness.send(.put, Self.path, text: Self.asTheClientSendsIt)
    let second = try await harness.send(.put, Self.path, body: first.body)
    #expect(second.body == first.body)
    let fleets = try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/fleets").json["data"]?
      .arrayValue
    #expect(fleets?.count == 2)
    #expect(fleets?.last?["version"] == 2)
    // The hidden password was kept: the vessel still sees it.
    let run = try await harness.trigger("\(Self.path)/\(try Self.id(first))/fleetruns")
    #expect(try harness.environment(of: "Load", in: run)["WAREHOUSE_PASSWORD"] == "s3cret")
  }

  @Test("Without _id a PUT always makes a fleet, an unknown _id makes one with it, the path too")
  func identity() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let yaml = FailureTests.yaml
    let one = try Self.id(try await harness.send(.put, Self.path, text: yaml))
    let two = try Self.id(try await harness.send(.put, Self.path, text: yaml))
    #expect(one != two)
    let wanted = "99999999-9999-4999-8999-999999999999"
    #expect(
      try Self.id(try await harness.send(.put, Self.path, text: "_id: \(wanted)\n\(yaml)"))
        == wanted)
    let other = "88888888-9999-4999-8999-999999999999"
    #expect(
      try Self.id(try await harness.send(.put, "\(Self.path)/\(other)", text: yaml)) == other)
    let clash = try await harness.send(
      .put, "\(Self.path)/\(other)", text: "_id: \(wanted)\n\(yaml)")
    #expect(clash.status == 400)
    #expect(try await harness.send(.put, "\(Self.path)/None", text: yaml).status == 400)
  }

  @Test("An update keeps vessel ids by name, drops missing vessels; old runs keep their names")
  func update() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger()
    harness.advance(.seconds(60))
    let before = try await harness.send(.get, ShipyardDemo.fleetPath).text
    let yaml = """
      _id: \(ShipyardDemo.fleet)
      name: Renamed
      vessels:
        Extract: {source: {type: CODE, language: BASH, file_to_run: a}}
        New: {source: {type: CODE, language: NODE, file_to_run: a}}
      """
    let after = try await harness.send(.put, Self.path, text: yaml).text
    func vesselID(_ text: String, _ name: String) -> Substring? {
      let lines = text.split(separator: "\n")
      return lines.firstIndex { $0 == "    \(name):" }.map { lines[$0 + 1] }
    }
    #expect(vesselID(before, "Extract") == vesselID(after, "Extract"))
    #expect(vesselID(after, "Load") == nil)
    let old = try await harness.row(of: run)
    #expect(old["Fleet Name"] == "Nightly")
    #expect(old["Fleet Version"] == "1")
    #expect(try await harness.voyages(of: run)["Load"]?["Vessel Status"] == "Success")
    let new = try await harness.row(of: try await harness.trigger())
    #expect(new["Fleet Name"] == "Renamed")
    #expect(new["Fleet Version"] == "2")
  }

  /// One member of a vessel's `source`, and how it is written back.
  @Test(
    "Every member of the schema is read and written back",
    arguments: [
      ("type: CODE\nlanguage: PYTHON\nversion: 3.9", ["version: \"3.9\""]),
      ("type: CODE\nlanguage: PYTHON\nversion: '3.7'", ["version: \"3.7\""]),
      (
        "type: CODE\nlanguage: NODE\ngit: {repository: o/r, checkout_point: main, clone_location: CWD}",
        ["repository: o/r", "checkout_point: main", "clone_location: CWD"]
      ),
      (
        "type: CODE\nlanguage: BASH\narguments: [{key: -a, value: 1}, {name: -b, value: x}, {'--c': z}]",
        ["- key: -a", "value: \"1\"", "- name: -b", "- --c: z"]
      ),
      (
        "type: CODE\nlanguage: BASH\nenvironment: [{name: A, value: yes}, {name: B, value:}]",
        ["- name: A", "value: \"yes\"", "value: \"\""]
      ),
      (
        "type: CODE\nlanguage: PYTHON\npackages: [{name: requests, version: ==2.0}, {name: p}]",
        ["- name: requests", "version: ==2.0", "- name: p"]
      ),
      ("type: CODE\nlanguage: PYTHON\nsystem_packages: [{name: curl}]", ["- name: curl"]),
      (
        "type: BLUEPRINT\nblueprint: Any One\ninputs: {B: null, A: '${X} #{G.K}', C: 007}",
        ["blueprint: Any One", "A: '${X} #{G.K}'", "B: null", "C: \"007\""]
      ),
    ])
  func members(source: String, lines: [String]) async throws {
    let indented = source.split(separator: "\n").map { "      \($0)\n" }.joined()
    let reply = try await ServiceHarness(ShipyardService()).send(
      .put, Self.path, text: "name: n\nvessels:\n  v:\n    source:\n\(indented)")
    #expect(reply.status == 200, "\(reply.field("X-Wavetank-Remark") ?? "")")
    for line in lines { #expect(reply.text.contains("\(line)\n"), "\(reply.text)") }
  }

  @Test(
    "Guardrails and schedules are read in all forms",
    arguments: [
      ("retry_wait: 5m", "retry_wait: 5m0s"), ("retry_wait: 0h5m0s", "retry_wait: 5m0s"),
      ("retry_wait: 1h", "retry_wait: 1h0m0s"), ("retry_wait: 0s", "retry_wait: 0s"),
      ("runtime_cutoff: 300s", "runtime_cutoff: 5m0s"),
      ("retry_count: '3'", "retry_count: 3"), ("exclude_exit_code_ranges:", "retry_count: 0"),
      ("exclude_exit_code_ranges: [3, '3-5', \"7\"]", "- 3-5"),
    ])
  func guardrails(line: String, written: String) async throws {
    let yaml = "name: n\nvessels:\n  v:\n    source: {type: CODE, language: BASH}\n"
    let reply = try await ServiceHarness(ShipyardService()).send(
      .put, Self.path, text: "\(yaml)    guardrails:\n      \(line)\n")
    #expect(reply.status == 200, "\(reply.field("X-Wavetank-Remark") ?? "")")
    #expect(reply.text.contains(written), "\(reply.text)")
  }

  @Test(
    "Times of schedules, also as PyYAML changes them (Q6)",
    arguments: [
      ("{how_often: DAILY, at: '2:00'}", "at: \"2:00\""),
      ("{how_often: DAILY, at: 120}", "at: \"2:00\""),
      ("{how_often: DAILY, at: 1350}", "at: \"22:30\""),
      ("{how_often: DAILY, at: 22:30}", "at: \"22:30\""),
      ("{how_often: DAILY, at: '04:05'}", "at: \"4:05\""),
      ("{how_often: HOURLY, at: ':25'}", "at: :25"),
      ("{how_often: WEEKLY, at: ':00', when: WEDNESDAY}", "when: WEDNESDAY"),
      ("{how_often: MONTHLY, at: '0:00', when: 31}", "when: 31"),
      ("{how_often: MONTHLY, at: '0:00', when: '1'}", "when: 1"),
    ])
  func schedules(schedule: String, written: String) async throws {
    let reply = try await ServiceHarness(ShipyardService()).send(
      .put, Self.path, text: "\(FailureTests.yaml)triggers: {schedules: [\(schedule)]}\n")
    #expect(reply.status == 200, "\(reply.field("X-Wavetank-Remark") ?? "")")
    #expect(
      reply.text.contains(written)
        || reply.text.contains(written.replacing("at: :25", with: "at: \":25\"")), "\(reply.text)")
  }

  /// Each stands alone or behind a valid fleet (`+`), or replaces the vessel's source (`@`).
  static let refusedTexts: [String] = [
    "", "null", "[]", "7", "just text", "name: n", "name: n\nvessels:", "name: n\nvessels: {}",
    "name: n\nvessels: []", "vessels: {v: {source: {type: CODE, language: BASH}}}",
    "name: ''\nvessels: {v: {source: {type: CODE, language: BASH}}}",
    "name: [n]\nvessels: {v: {source: {type: CODE, language: BASH}}}",
    "name: n\nvessels: {v: }", "name: n\nvessels: {v: {}}", "name: n\nname: m",
    "name: n\n\tvessels: {}", "name: !!python/object:os.system n", "a: &a [*a]", "{", "\"", "- - -",
    "--- a\n--- b", "name: *nothing",
    "+_id: x", "+_id: 7", "+surprise: 1", "+connections: {v: {v: SUCCESS}}",
    "+connections: {v: {w: SUCCESS}}", "+connections: {w: {v: SUCCESS}}",
    "+connections: {v: SUCCESS}", "+connections: [v]", "+triggers: []",
    "+triggers: {webhook: true}", "+triggers: {schedules: {}}",
    "+triggers: {schedules: [{how_often: YEARLY, at: '1:00'}]}",
    "+triggers: {schedules: [{how_often: DAILY}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: '2:03'}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: '24:00'}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: 1440}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: '2:60'}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: '-2:00'}]}",
    "+triggers: {schedules: [{how_often: DAILY, at: '2:00', when: MONDAY}]}",
    "+triggers: {schedules: [{how_often: HOURLY, at: '2:00'}]}",
    "+triggers: {schedules: [{how_often: WEEKLY, at: '2:00'}]}",
    "+triggers: {schedules: [{how_often: WEEKLY, at: '2:00', when: FUNDAY}]}",
    "+triggers: {schedules: [{how_often: MONTHLY, at: '2:00', when: 32}]}",
    "+notifications: {emails: x}", "+notifications: {after_error: maybe}",
    "@{type: BASH}", "@{language: BASH}", "@{type: CODE}", "@{type: CODE, language: RUBY}",
    "@{type: CODE, language: PYTHON, version: 2.7}", "@{type: CODE, language: BASH, version: 3.9}",
    "@{type: CODE, language: BASH, blueprint: x}", "@{type: BLUEPRINT}",
    "@{type: BLUEPRINT, blueprint: b, file: {name: a, content: b}}",
    "@{type: BLUEPRINT, blueprint: b, inputs: {A: [1]}}",
    "@{type: CODE, language: BASH, git: {repository: r, clone_location: HERE}}",
    "@{type: CODE, language: BASH, arguments: [{a: 1, b: 2}]}",
    "@{type: CODE, language: BASH, environment: [{value: 1}]}",
    "@{type: CODE, language: BASH, packages: [requests]}",
    "@{type: CODE, language: BASH}, guardrails: {retry_count: 25}",
    "@{type: CODE, language: BASH}, guardrails: {retry_count: -1}",
    "@{type: CODE, language: BASH}, guardrails: {retry_wait: 7m}",
    "@{type: CODE, language: BASH}, guardrails: {retry_wait: 65m}",
    "@{type: CODE, language: BASH}, guardrails: {retry_wait: 5}",
    "@{type: CODE, language: BASH}, guardrails: {retry_wait: 5s5m}",
    "@{type: CODE, language: BASH}, guardrails: {runtime_cutoff: 4h1s}",
    "@{type: CODE, language: BASH}, guardrails: {runtime_cutoff: 90s}",
    "@{type: CODE, language: BASH}, guardrails: {runtime_cutoff: 0s}",
    "@{type: CODE, language: BASH}, guardrails: {runtime_cutoff: 99999999999999999999h}",
    "@{type: CODE, language: BASH}, guardrails: {exclude_exit_code_ranges: [-1]}",
    "@{type: CODE, language: BASH}, guardrails: {exclude_exit_code_ranges: [65536]}",
    "@{type: CODE, language: BASH}, guardrails: {exclude_exit_code_ranges: ['99999999999999999999']}",
    "@{type: CODE, language: BASH}, guardrails: {exclude_exit_code_ranges: ['5-3']}",
    "@{type: CODE, language: BASH}, guardrails: {exclude_exit_code_ranges: ['1-2-3']}",
    "@{type: CODE, language: BASH}, _id: 33333333-3333-4333-8333-33333333333",
  ]

  @Test(
    "What is no fleet is 400, with the place and the reason, and nothing changes",
    arguments: refusedTexts)
  func refused(text: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let body =
      switch text.first {
      case "+": FailureTests.yaml + text.dropFirst()
      case "@": "name: n\nvessels: {v: {source: \(text.dropFirst())}}"
      default: text
      }
    let before = try await harness.send(.get, ShipyardDemo.fleetPath)
    let reply = try await harness.send(.put, ShipyardDemo.fleetPath, text: body)
    #expect(reply.status == 400, "\(reply.text)")
    #expect(reply.isFailureForm)
    #expect(reply.field("X-Wavetank-Remark")?.isEmpty == false)
    #expect(try await harness.send(.get, ShipyardDemo.fleetPath).body == before.body)
  }

  @Test("A loop in the graph is refused, however long")
  func loops() async throws {
    let harness = try ServiceHarness(ShipyardService())
    for length in [2, 3, 900] {
      var yaml = "name: n\nvessels:\n"
      for index in 0..<length {
        yaml += "  v\(index): {source: {type: CODE, language: BASH}}\n"
      }
      yaml += "connections:\n"
      for index in 0..<length { yaml += "  v\(index): {v\((index + 1) % length): COMPLETED}\n" }
      let reply = try await harness.send(.put, Self.path, text: yaml)
      #expect(reply.status == 400)
      #expect(reply.field("X-Wavetank-Remark")?.contains("loop") == true)
    }
  }
}
