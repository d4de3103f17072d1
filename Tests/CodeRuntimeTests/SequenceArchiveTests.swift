import Foundation
import PayloadCodecs
import Synchronization
import Testing

@testable import CodeRuntime

@Suite("Archives of sequences are unpacked")
struct SequenceArchiveTests {
  private static let count = Atomic(0)

  struct Entry: Sendable {
    var path: String
    var content = ""
    var type = "0"
    var target = ""
    var mode = "0000644"
  }

  private static func tar(_ entries: [Entry]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ place: Int) {
        header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
      }
      put(entry.path, 0)
      put(entry.mode, 100)
      put(String(String(entry.content.utf8.count + (1 << 33), radix: 8).suffix(11)), 124)
      put("        ", 148)
      put(entry.type, 156)
      put(entry.target, 157)
      put("ustar", 257)
      let sum = header.reduce(0) { $0 + Int($1) }
      put(String(String(sum + (1 << 18), radix: 8).suffix(6)), 148)
      header[154] = 0
      bytes += header + Array(entry.content.utf8)
      bytes += [UInt8](repeating: 0, count: (512 - entry.content.utf8.count % 512) % 512)
    }
    return try Gzip.compress(bytes + [UInt8](repeating: 0, count: 1024))
  }

  private func unpacked(_ entries: [Entry], _ body: (String) -> Void) async throws {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let folder =
      "\(NSTemporaryDirectory())wavetank-unpacked-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/in", withIntermediateDirectories: true)
    try await SequenceArchive.unpack([Self.tar(entries)], into: folder + "/in")
    body(folder + "/in")
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  @Test("Files and folders are there, a later one of the same name stands, programs can be run")
  func files() async throws {
    try await unpacked([
      Entry(path: "./index.js", content: "old"), Entry(path: "node_modules/a/b.js", content: "b"),
      Entry(path: "index.js", content: "new"), Entry(path: "bin/run", mode: "0000755"),
      Entry(path: "empty/", type: "5"),
    ]) { folder in
      #expect(text(folder + "/index.js") == "new")
      #expect(text(folder + "/node_modules/a/b.js") == "b")
      #expect(FileManager.default.isExecutableFile(atPath: folder + "/bin/run"))
      #expect(FileManager.default.fileExists(atPath: folder + "/empty"))
    }
  }

  @Test(
    "What leads outside is left out, and nothing is written through a link",
    arguments: [
      [Entry(path: "../outside", content: "x")], [Entry(path: "/tmp/wt-outside", content: "x")],
      [Entry(path: "link", type: "2", target: "../outside")],
      [Entry(path: "link", type: "2", target: "/etc/passwd")],
      [Entry(path: "link", type: "1", target: "../outside")],
      [Entry(path: "a", type: "2", target: "."), Entry(path: "a/../../outside", content: "x")],
      [Entry(path: "pipe", type: "6")],
    ])
  func hazards(_ entries: [Entry]) async throws {
    try await unpacked([Entry(path: "index.js", content: "x")] + entries) { folder in
      let outside = (folder as NSString).deletingLastPathComponent + "/outside"
      #expect(!FileManager.default.fileExists(atPath: outside))
      #expect(!FileManager.default.fileExists(atPath: "/tmp/wt-outside"))
      for name in ["link", "pipe"] {
        #expect((try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")) == nil)
      }
      #expect(text(folder + "/index.js") == "x")
    }
  }

  @Test("A link inside stays one, made when all is written")
  func links() async throws {
    try await unpacked([
      Entry(path: "bin/tool", type: "2", target: "../lib/tool.js"),
      Entry(path: "lib/tool.js", content: "tool"),
    ]) { folder in
      #expect(text(folder + "/bin/tool") == "tool")
    }
  }

  @Test("Bytes that are no archive are refused with a reason")
  func refused() async throws {
    let folder = NSTemporaryDirectory()
    await #expect(throws: CodeError.self) {
      try await SequenceArchive.unpack([Array("nothing".utf8)], into: folder)
    }
  }
}
