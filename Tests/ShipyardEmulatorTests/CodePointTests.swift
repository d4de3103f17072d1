import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

/// Names of vessels, variables and fleets are told apart by code points.
@Suite struct CodePointTests {
  static let pairs = [
    ("caf\u{E9}", "cafe\u{301}"), ("\u{212A}elvin", "Kelvin"),
    ("a\u{301}\u{323}", "a\u{323}\u{301}"),
  ]

  @Test(
    "Vessels are two where their names differ by code points, each with its overrides",
    arguments: pairs)
  func vessels(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet([left, right])]))
    let override: JSON = [
      "vessel_overrides": [
        ["name": .string(left), "environment_variable_overrides": ["WHO": "left"]],
        ["name": .string(right), "environment_variable_overrides": ["WHO": "right"]],
      ]
    ]
    let run = try await harness.trigger(ShipyardDemo.runsPath, override.text)
    #expect(try harness.environment(of: left, in: run)["WHO"] == "left")
    #expect(try harness.environment(of: right, in: run)["WHO"] == "right")
  }

  @Test("Variables are two where their names differ by code points", arguments: pairs)
  func variables(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let override: JSON = [
      "vessel_overrides": [
        [
          "name": "Extract",
          "environment_variable_overrides": [left: "left", right: "right"],
        ]
      ]
    ]
    let run = try await harness.trigger(ShipyardDemo.runsPath, override.text)
    let voyage = try harness.described(run)["voyages"]?.arrayValue?
      .first { $0["vessel"]?.stringValue == "Extract" }
    let variables = voyage?["environment"]?.objectValue
    #expect(variables?[left] == "left" && variables?[right] == "right")
  }

  @Test("A fleet's connection leads to the vessel of its own code points", arguments: pairs)
  func connections(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(
          ["First", left, right],
          connections: ["First": [left: "SUCCESS", right: "ERRORED"]])
      ]))
    let run = try await harness.trigger()
    harness.advance(.seconds(3600))
    let rows = try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/voyages").rows
      .filter { $0["Fleet Log ID"] == run }
    #expect(rows.count == 3)
  }
}
