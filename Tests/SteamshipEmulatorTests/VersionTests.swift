import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("What is deployed, and what it may be called")
struct VersionTests {
  /// A zip archive with one empty, stored file.
  static func archive(_ name: String) -> [UInt8] {
    let count = UInt8(truncatingIfNeeded: name.utf8.count)
    let zeros = { [UInt8](repeating: 0, count: $0) }
    let file = [0x50, 0x4B, 3, 4] + zeros(22) + [count, 0, 0, 0] + Array(name.utf8)
    let directory = [0x50, 0x4B, 1, 2] + zeros(24) + [count] + zeros(17) + Array(name.utf8)
    let size = UInt8(truncatingIfNeeded: directory.count)
    let start = UInt8(truncatingIfNeeded: file.count)
    return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
      + [size, 0, 0, 0, start, 0, 0, 0, 0, 0]
  }

  private func upload(
    _ harness: ServiceHarness, _ kind: String, _ id: JSON?, _ file: [UInt8], handle: String = "1.0"
  ) async throws -> (status: Int, answer: JSON) {
    let form = multipart(
      ["\(kind)Id": id?.stringValue ?? "", "handle": handle, "type": "file"], file: file)
    let response = try await harness.send(
      "\(kind).version.create", fields: [form.type], content: form.content)
    return (response.status, try JSON(parsing: response.body))
  }

  private func make(_ harness: ServiceHarness, _ kind: String) async throws -> JSON {
    let made = try await harness.data(
      "\(kind).create", ["handle": "mine", "type": "tagger", "transport": "jsonOverHttp"])
    return made[kind]?["id"] ?? .null
  }

  static let uploads: [(file: [UInt8], isGood: Bool)] = [
    (archive("api.py"), true), (archive("./api.py"), true),
    (Array("#!/bin/sh\n".utf8) + archive("api.py"), true),
    (archive("src/api.py"), false), (archive("API.PY"), false), (archive("main.py"), false),
    ([], false), (Array("no archive at all".utf8), false),
    (Array(archive("api.py").dropLast(1)), false),
  ]

  @Test(
    "An upload without the main file is refused in the product's words, and nothing of it is kept",
    arguments: ["package", "plugin"], uploads.indices)
  func mainFile(kind: String, index: Int) async throws {
    let (file, isGood) = Self.uploads[index]
    let harness = try ServiceHarness(SteamshipService())
    let id = try await make(harness, kind)
    let (status, answer) = try await upload(harness, kind, id, file)
    if isGood {
      #expect(status == 200)
      #expect(answer["data"]?["\(kind)Version"]?["handle"] == "1.0")
    } else {
      #expect(status == 400)
      #expect(
        answer["status"]?["statusMessage"]
          == "There was an error loading the main file (it must be named api.py)")
      #expect(answer["status"]?["statusSuggestion"]?.stringValue?.isEmpty == false)
    }
    #expect(harness.storedBytes == (isGood ? file.count : 0))
    // The same handle is free for another try.
    #expect(
      try await upload(harness, kind, id, Self.archive("api.py")).status == (isGood ? 409 : 200))
  }

  @Test(
    "An instance of what has no version is refused in the product's words",
    arguments: [("package", "Package"), ("plugin", "Plugin")])
  func withoutVersions(kind: String, type: String) async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await make(harness, kind)
    let answer = try await harness.json("\(kind).instance.create", ["\(kind)Id": id])
    #expect(
      answer["status"]?["statusMessage"]
        == .string(
          "Unable to find an appropriate \(type)Version of the \(type) you are trying to create an "
            + "instance of."))
    _ = try await upload(harness, kind, id, Self.archive("api.py"))
    let made = try await harness.data("\(kind).instance.create", ["\(kind)Id": id])
    #expect(made["\(kind)Instance"]?["\(kind)VersionHandle"] == "1.0")
  }

  // MARK: Handles

  static let good = ["a", "A-1_b.c", "..a", "1.0", "-", String(repeating: "h", count: 100)]
  static let bad = [
    "a?b", "a#b", "a/b", "a b", "a%62", "a:b", "ä", "你好", ".", "..", "a\u{0}", "a\n", "a\"", "a+b",
    "a&b", "a@b", "a;b", "a\\b", "~a", String(repeating: "h", count: 10_000),
  ]

  /// Where a client names something new: the operation, and what else it needs.
  static let places: [(operation: String, fields: JSONObject)] = [
    ("workspace.create", [:]), ("package.create", [:]),
    ("plugin.create", ["type": "tagger", "transport": "jsonOverHttp"]),
    ("package.instance.create", ["packageHandle": "hello-world"]),
    ("plugin.instance.create", ["pluginHandle": "test-tagger"]),
    ("file.create", ["type": "none"]), ("file.create", ["type": "value", "value": "v"]),
    ("file.create", ["type": "fileImporter", "pluginInstance": "test-importer-1.0"]),
    ("embeddingIndex.create", ["pluginInstance": "test-embedder-1.0"]),
  ]

  @Test(
    "A handle is letters, digits, `-`, `_` and `.`, wherever one is given (contract §3.4)",
    arguments: places.indices)
  func handles(_ index: Int) async throws {
    let (operation, fields) = Self.places[index]
    let harness = try ServiceHarness(SteamshipService())
    for (handles, isGood) in [(Self.good, true), (Self.bad, false)] {
      for handle in handles {
        var body = fields
        body["handle"] = .string(handle)
        let response = try await harness.send(operation, .object(body))
        #expect(
          response.status == (isGood ? 200 : 400),
          "\(operation) \(handle.prefix(20).debugDescription)")
      }
    }
  }

  @Test("The same for new names of what is there, and for versions")
  func renaming() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let workspace = try await harness.data("workspace.create", ["handle": "w"])
    let package = try await make(harness, "package")
    for (operation, id) in [
      ("workspace.update", workspace["workspace"]?["id"] ?? ""), ("package.update", package),
    ] {
      for handle in Self.bad {
        let answer = try await harness.send(operation, ["id": id, "handle": .string(handle)])
        #expect(answer.status == 400, "\(operation) \(handle.prefix(20))")
      }
    }
    for handle in ["a?b", "ä", ".."] {
      let made = try await upload(
        harness, "package", package, Self.archive("api.py"), handle: handle)
      #expect(made.status == 400)
    }
    #expect(harness.storedBytes == 0)
  }
}
