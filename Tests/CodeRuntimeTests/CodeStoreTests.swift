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

  @Test("What a killed server has left goes; what is locked, or is no server's own, stays")
  func left() throws {
    let files = FileManager.default
    let place = files.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? files.removeItem(at: place) }
    var locks: [Int32] = []
    for (name, marks) in [
      ("wavetank-code-killed", [".lock", ".temporary"]), ("wavetank-code-mine", [".lock"]),
      ("wavetank-code-atwork", [".lock", ".temporary"]), ("another", [".lock", ".temporary"]),
    ] {
      let folder = place.appendingPathComponent(name)
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      for mark in marks { try Data().write(to: folder.appendingPathComponent(mark)) }
      if name.hasSuffix("atwork") {
        locks.append(unsafe open(folder.path + "/.lock", O_RDWR | O_CLOEXEC))
        #expect(flock(locks[0], LOCK_EX | LOCK_NB) == 0)
      }
    }
    CodeStore.sweep(place.path)
    let left = try files.contentsOfDirectory(atPath: place.path).sorted()
    #expect(left == ["another", "wavetank-code-atwork", "wavetank-code-mine"])
    for lock in locks { close(lock) }
  }
}
