import CodeRuntime
import Foundation
import Testing

@Suite("The folder of code")
struct CodeStoreTests {
  @Test(
    "Folders of somebody else's are not swept, whatever they are called",
    arguments: ["programs", "homes"])
  func foreign(_ name: String) throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? files.removeItem(at: folder) }
    let kept = folder.appendingPathComponent(name + "/kept")
    try files.createDirectory(at: kept, withIntermediateDirectories: true)
    #expect(throws: CodeError.foreignFolder(folder.path)) { try CodeStore(folder: folder.path) }
    #expect(files.fileExists(atPath: kept.path))
  }

  @Test("What an earlier server left there goes, and what lies beside it stays")
  func own() throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? files.removeItem(at: folder) }
    let beside = folder.appendingPathComponent("beside")
    try files.createDirectory(at: beside, withIntermediateDirectories: true)
    _ = try CodeStore(folder: folder.path)
    let left = folder.appendingPathComponent("programs/1")
    try files.createDirectory(at: left, withIntermediateDirectories: true)
    _ = try CodeStore(folder: folder.path)
    #expect(!files.fileExists(atPath: left.path))
    #expect(files.fileExists(atPath: beside.path))
  }
}
