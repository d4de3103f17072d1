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
    guard case .bytes(let bytes) = ConsolePage([SampleService()]).response().body else { return "" }
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
    let folder = Self.root.appending(path: "Sources/ControlPlane/Console/Page")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(
      Set(names) == Set(ConsolePage.modules + ["page.html", "style.css"]), "each has its place")
    // The services' own tabs lie with them.
    let tabs = ["console/steamship.mjs", "console/scramjet.mjs", "console/shipyard.mjs"]
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
    let texts = ConsolePage.modules.map { name in
      (Resource.text("console/\(name)") ?? "").split(
        separator: "\n", omittingEmptySubsequences: false
      )
      .filter { !$0.hasPrefix("import ") }
      .map { $0.hasPrefix("export ") ? String($0.dropFirst(7)) : String($0) }
      .joined(separator: "\n")
    }
    #expect(!texts.contains(""))
    let tab = """
      {
      const service = { view: (state) => [pretty(state)] };
      addService("harbor", "harbor", service);
      }

      """
    #expect(script == texts.dropLast().joined() + tab + texts[texts.count - 1])
    #expect(Self.part(of: page, "<style>", "</style>") == Resource.text("console/style.css"))
    #expect(!page.contains("src="))
    #expect(page.components(separatedBy: "<link ").count == 2, "the icon, which is in the page")
    #expect(page.contains("<link rel=\"icon\" href=\"data:"))
  }

  @Test("Its policy allows the script and the style that are in it, and no others")
  func policy() {
    let page = Self.page()
    let policy = ConsolePage([SampleService()]).response().fields["content-security-policy"] ?? ""
    let parts = policy.components(separatedBy: "; ")
    for (name, text) in [
      ("script", Self.part(of: page, "<script type=\"module\">", "</script>")),
      ("style", Self.part(of: page, "<style>", "</style>")),
    ] {
      let digest = Base64.encode(SHA256.digest(Array(text.utf8)))
      #expect(parts.filter { $0.hasPrefix("\(name)-src ") } == ["\(name)-src 'sha256-\(digest)'"])
    }
    #expect(policy.hasPrefix("default-src 'none'; "))
    #expect(!policy.contains("unsafe"))
  }

  @Test("Packed it is the same page, and small")
  func packed() throws {
    let console = ConsolePage([SampleService()])
    let response = console.response(isPacked: true)
    #expect(response.fields["content-encoding"] == "gzip")
    guard case .bytes(let bytes) = response.body else {
      Issue.record("no bytes")
      return
    }
    #expect(bytes.count < 100_000)
    let inflater = try Inflater()
    var plain: [UInt8] = []
    try inflater.feed(bytes.span) { part in plain.append(contentsOf: part) }
    #expect(String(decoding: plain, as: UTF8.self) == Self.page())
    #expect(console.response().fields["content-encoding"] == nil)
  }
}
