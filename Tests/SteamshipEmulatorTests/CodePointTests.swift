import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

/// The engine tells names apart by code points, as its database does; Swift's own comparison would
/// take these for equal.
@Suite struct CodePointTests {
  static let pairs = [
    ("caf\u{E9}", "cafe\u{301}"), ("\u{212A}elvin", "Kelvin"),
    ("a\u{301}\u{323}", "a\u{323}\u{301}"),
  ]

  /// Handles are ASCII; the Kelvin sign is a `K` to those who normalise.
  @Test(
    "A handle is found by its own code points alone",
    arguments: ["workspace", "package", "plugin", "file"])
  func handles(_ kind: String) async throws {
    let harness = try ServiceHarness(SteamshipService())
    func body(_ handle: String) -> JSON {
      kind == "file"
        ? ["handle": .string(handle), "content": "x"]
        : [
          "handle": .string(handle), "type": "tagger", "transport": "jsonOverHttp",
          "isPublic": true,
        ]
    }
    let id = try await harness.data("\(kind).create", body("Kelvin"))[kind]?["id"]
    for name in ["\u{212A}elvin", "Kelv\u{131}n", "Kelvin\u{301}"] {
      for operation in ["create", "get"] {
        let reply = try await harness.json("\(kind).\(operation)", body(name))
        #expect(reply["status"]?["state"] == "failed", "\(operation) of \(name)")
      }
    }
    #expect(try await harness.data("\(kind).get", body("Kelvin"))[kind]?["id"] == id)
  }

  @Test("Signed URLs of two names are two objects", arguments: pairs)
  func signedURLs(_ left: String, _ right: String) {
    let workspace = Key<Workspace>(serial: 1)
    let names = [left, right].map {
      StoredObjectName(workspace: workspace, bucket: "userData", path: $0)
    }
    #expect(names[0] != names[1])
    #expect(Set(names).count == 2)
  }

  @Test("A tag query finds the tags of its own code points", arguments: pairs)
  func tags(_ left: String, _ right: String) async throws {
    let harness = try ServiceHarness(SteamshipService())
    for name in [left, right] {
      _ = try await harness.data(
        "file.create",
        [
          "blocks": [["text": "x", "tags": [["kind": .string(name), "name": .string(name)]]]],
          "tags": [["kind": .string(name), "name": .string(name)]],
        ])
    }
    for name in [left, right] {
      for query in [
        "kind \"\(name)\" and filetag", "name \"\(name)\" and filetag",
        "kind \"\(name)\" and name \"\(name)\" and filetag",
      ] {
        let found = try await harness.data("tag.query", ["tagFilterQuery": .string(query)])
        let tags = found["tags"]?.arrayValue ?? []
        #expect(tags.count == 1, "\(query)")
        #expect(tags.first?["kind"]?.stringValue?.isExactly(name) == true)
      }
    }
    // The state goes through a snapshot whole.
    let (state, _) = harness.world.box.contents
    let text = try StateEncoder.encode(state).serialized()
    let back = try JSONDecoder().decode(SteamshipState.self, from: Data(text))
    #expect(try StateEncoder.encode(back).serialized() == text)
    for index in back.workspaces.all.map(\.tagIndex)
    where !index.byKind.isEmpty {
      #expect(index.byKind[left]?.keys.count == 2 && index.byKind[right]?.keys.count == 2)
      #expect(index.byName.count == 2 && index.byBoth.count == 2)
    }
  }

  @Test("Keys of users are told apart by code points", arguments: pairs)
  func credentials(_ left: String, _ right: String) async throws {
    var harness = try ServiceHarness(SteamshipService())
    var ids: [String] = []
    for key in [left, right, left] {
      harness.key = key
      let user = try await harness.data("account.current")
      ids.append(user["user"]?["id"]?.stringValue ?? user["id"]?.stringValue ?? "")
    }
    #expect(ids[0] != ids[1] && ids[0] == ids[2])
  }
}
