import Foundation
import KernelTestKit
import HTTPModel
import PayloadCodecs
import Resources
import Testing

@testable import ControlPlane

@Suite("The console's page")
struct ConsolePageTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func page() -> String {
    guard case .bytes(let bytes) = ConsolePage.response([SampleService()]).body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What stands between two texts that stand there once each.
  private static func part(of page: String, _ before: String, _ after: String) -> String {
    let behind = page.components(separatedBy: before)
    #expect(behind.count == 2)
    let parts = behind.last?.components(separatedBy: after) ?? []
    #expect(parts.count == 2)
    return parts.first ?? ""
  }

  @Test("Each of its files is part of the program, as it stands")
  func files() throws {
    let folder = Self.root.appending(path: "Sources/ControlPlane/Console")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { !$0.hasSuffix(".swift") }
    // The services' own tabs lie with them.
    let tabs = ["console/steamship.js", "console/scramjet.js", "console/shipyard.js"]
    #expect(
      Set(names.map { "console/\($0)" } + tabs)
        == Set(Resource.all.map(\.name).filter { $0.hasPrefix("console/") }))
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(Resource.text("console/\(name)") == text, "\(name)")
    }
  }

  @Test("Style and script stand in it, once and in order, and nothing is asked for elsewhere")
  func whole() {
    let page = Self.page()
    let script = Self.part(of: page, "<script type=\"module\">", "</script>")
    let texts = ["core.js", "views.js", "live.js"].map { Resource.text("console/\($0)") ?? "" }
    #expect(!texts.contains(""))
    let tab = """
      {
      const view = (state) => [pretty(state)];
      views["harbor"] = ["harbor", async () => view(await get("state/harbor"))];
      }

      """
    #expect(script == texts[0] + texts[1] + tab + texts[2])
    #expect(Self.part(of: page, "<style>", "</style>") == Resource.text("console/style.css"))
    #expect(!page.contains("src="))
    #expect(page.components(separatedBy: "<link ").count == 2, "the icon, which is in the page")
    #expect(page.contains("<link rel=\"icon\" href=\"data:"))
  }

  @Test("Its policy allows the script that is in it, and no other")
  func policy() {
    let script = Self.part(of: Self.page(), "<script type=\"module\">", "</script>")
    let digest = Base64.encode(SHA256.digest(Array(script.utf8)))
    let policy = ConsolePage.response([SampleService()]).fields["content-security-policy"] ?? ""
    let scripts = policy.components(separatedBy: "; ").filter { $0.hasPrefix("script-src ") }
    #expect(scripts == ["script-src 'sha256-\(digest)'"])
    #expect(policy.hasPrefix("default-src 'none'; "))
  }
}
