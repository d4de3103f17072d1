import Foundation
import Testing
import Wavetank

@Suite("Names of hubs, fleets and vessels that are not there are warned of (DESIGN §12)")
struct UnknownNameWarningTests {
  static let cases: [(members: String, words: String?)] = [
    (#""rules": [{"emit": {"crashHub": "sth-0"}}]"#, nil),
    (#""rules": [{"emit": {"crashHub": "sth-9"}}]"#, "no hub \"sth-9\""),
    (#""rules": [{"emit": [{"addHub": "sth-9"}, {"crashHub": "sth-9"}]}]"#, nil),
    (#""rules": [{"emit": {"recoverHub": "{{vars.hub}}"}, "set": {"hub": "x"}}]"#, nil),
    (
      #""at": {"after": "10s", "emit": {"disconnectHub": "east"}, "until": "15s"}"#,
      "no hub \"east\""
    ),
    (
      #""given": {"scramjet": {"hubs": ["east"]}}, "at": {"after": "10s", "emit": {"disconnectHub": "east"}, "until": "15s"}"#,
      nil
    ),
    (#""behaviors": {"shipyard": [{"when": {"vessel": "Load"}, "attempts": [{}]}]}"#, nil),
    (
      #""behaviors": {"shipyard": [{"when": {"vessel": "Laod"}, "attempts": [{}]}]}"#,
      "no vessel \"Laod\""
    ),
    (
      #""behaviors": {"shipyard": [{"when": {"fleet": "Weekly"}, "attempts": [{}]}]}"#,
      "no fleet \"Weekly\""
    ),
    (#""rules": [{"emit": {"runFleet": "Nightly"}}]"#, nil),
    (#""rules": [{"emit": {"runFleet": "Daily"}}]"#, "no fleet \"Daily\""),
    (
      #""rules": [{"emit": {"terminateVessel": {"run": "Nightly", "vessel": "Laod"}}}]"#,
      "no vessel \"Laod\""
    ),
  ]

  @Test("Each is told with its place", arguments: cases.indices)
  func warnings(index: Int) throws {
    let (members, words) = Self.cases[index]
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent(
        "wavetank-names-\(index)-\(ProcessInfo.processInfo.processIdentifier).json")
    try Data(#"{"wavetank": 1, \#(members)}"#.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(Scenarios.problems(in: [file.path]) == [])
    let warnings = Scenarios.findings(in: [file.path]).warnings
    let named = warnings.filter { $0.contains("there is no") }
    #expect(named.isEmpty == (words == nil), "\(warnings)")
    if let words { #expect(named.first?.contains(words) == true, "\(warnings)") }
  }
}
