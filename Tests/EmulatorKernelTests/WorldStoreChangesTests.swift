import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import TestSupport
import Testing

@Suite("The log of changes beside a tenant's file (--durable)")
struct WorldStoreChangesTests {
  private typealias Directory = WorldStoreTests.Directory
  private typealias Server = WorldStoreTests.Server

  private let directory: Directory
  init() throws { directory = try Directory() }

  /// What lies there now, as a crash would leave it.
  private func copy(_ change: (Directory) throws -> Void = { _ in }) throws -> Directory {
    let copy = try Directory()
    try FileManager.default.copyItem(atPath: directory.path, toPath: copy.path)
    try change(copy)
    return copy
  }

  @Test("It is cut anywhere: all whole changes are there, and nothing is told")
  func cut() async throws {
    let server = try Server(directory, keepsChanges: true)
    var lengths: [Int] = []
    for name in ["a", "b", "c", "d"] {
      await server.add(name)
      server.store.saveChanged()
      // The first one is in the file itself.
      lengths.append((try? directory.read("default.changes").count) ?? 0)
    }
    #expect(directory.files == [".lock", "default.changes", "default.tar.gz"])
    let whole = try directory.read("default.changes")
    var noise = SeededNoise(9)
    for length in lengths + (0..<40).map({ _ in noise.below(whole.count + 1) }) {
      let crashed = try copy { try $0.write("default.changes", whole.prefix(length)) }
      let restored = try Server(crashed, keepsChanges: true)
      let kept = zip(["a", "b", "c", "d"], lengths).filter { $0.1 <= length }.map { "\"\($0.0)\"" }
      #expect(await restored.ships() == "[\(kept.joined(separator: ","))]", "\(length)")
      #expect(restored.reports.all == [.restored(tenant: "default")])
      await restored.add("e")
      restored.store.stop()
      #expect(crashed.files == [".lock", "default.tar.gz"])
    }
  }

  @Test("It is damaged anywhere: nothing breaks, and what is not in force is kept and told of")
  func damaged() async throws {
    let server = try Server(directory, keepsChanges: true)
    for name in ["a", "b", "c"] {
      await server.add(name)
      server.store.saveChanged()
    }
    let whole = try directory.read("default.changes")
    var noise = SeededNoise(4)
    for _ in 0..<60 {
      let damaged = Data(noise.mutate(Array(whole)))
      let crashed = try copy { try $0.write("default.changes", damaged) }
      let restored = try Server(crashed, keepsChanges: true)
      let ships = await restored.ships()
      #expect(#"["a","b","c"]"#.hasPrefix(ships.dropLast()), "\(ships)")
      if restored.reports.all.contains(where: \.isProblem) {
        #expect(try crashed.read("default.changes.damaged-1") == damaged)
      }
      restored.store.stop()
    }
  }

  @Test("A log whose changes are in the file already is of no use any more; another file's is kept")
  func folded() async throws {
    let server = try Server(directory, keepsChanges: true)
    for name in ["a", "b"] {
      await server.add(name)
      server.store.saveChanged()
    }
    let log = try directory.read("default.changes")
    server.store.stop()
    #expect(directory.files == [".lock", "default.tar.gz"])
    // A crash between the file and the end of its log: `WTCW` and the mark of the file, see `ChangeFile`.
    let file = try directory.read("default.tar.gz")
    let count = UInt64(file.count)
    let mark = (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) } + file.suffix(8)
    for (ends, isKept) in [(true, false), (false, true)] {
      let crashed = try copy {
        try $0.write("default.changes", ends ? log + Data("WTCW".utf8) + mark : log)
      }
      let restored = try Server(crashed, keepsChanges: true)
      #expect(await restored.ships() == #"["a","b"]"#)
      #expect(crashed.files.contains("default.changes.damaged-1") == isKept)
      #expect(!crashed.files.contains("default.changes"))
    }
  }

  @Test("A crash while a tenant is removed leaves all of it or nothing, and nothing is told")
  func removedHalfway() async throws {
    let server = try Server(directory, keepsChanges: true)
    for name in ["a", "b"] {
      await server.add(name, "blue")
      server.store.saveChanged()
    }
    // With the mark of an empty file: see `ChangeFile`.
    let log = try directory.read("blue.changes") + Data("WTCW".utf8) + Data(count: 16)
    for isThere in [true, false] {
      let crashed = try copy {
        try $0.write("blue.changes", log)
        if !isThere { try FileManager.default.removeItem(atPath: $0.path + "/blue.tar.gz") }
      }
      let restored = try Server(crashed, keepsChanges: true)
      #expect(await restored.ships("blue") == (isThere ? #"["a","b"]"# : "[]"))
      #expect(restored.reports.all.filter(\.isProblem) == [])
      #expect(
        crashed.files.filter { $0.hasPrefix("blue.changes") } == (isThere ? ["blue.changes"] : []))
    }
  }

  @Test("A log of whatever size takes no memory for what is not there")
  func large() async throws {
    let server = try Server(directory, keepsChanges: true)
    for name in ["a", "b"] {
      await server.add(name)
      server.store.saveChanged()
    }
    let size = UInt64(1) << 34
    let crashed = try copy {
      let log = try FileHandle(forWritingTo: URL(filePath: $0.path + "/default.changes"))
      try log.truncate(atOffset: size)
      try log.close()
    }
    let restored = try Server(crashed, keepsChanges: true)
    #expect(await restored.ships() == #"["a","b"]"#)
    #expect(restored.reports.all.filter(\.isProblem).count == 1)
    #expect(crashed.files.contains("default.changes.damaged-1"))
  }

  @Test("A tenant that is dropped from memory comes back with its changes, and goes on")
  func evicted() async throws {
    let server = try Server(directory, tenantLimit: 3, keepsChanges: true)
    for round in 0..<3 {
      for tenant in ["t0", "t1", "t2", "t3", "t4", "t5"] {
        await server.add("s\(round)", tenant)
        server.store.saveChanged()
        await server.add("x\(round)", tenant)
        server.store.saveChanged()
      }
    }
    #expect(server.pipeline.tenants.count <= 4)
    let expected = #"["s0","s1","s2","x0","x1","x2"]"#
    for tenant in ["t0", "t1", "t2", "t3", "t4", "t5"] {
      #expect(await server.ships(tenant) == expected, "\(tenant)")
    }
    let folder = try copy()
    let crashed = try Server(folder, tenantLimit: 3, keepsChanges: true)
    for tenant in ["t0", "t3", "t5"] { #expect(await crashed.ships(tenant) == expected) }
    #expect(crashed.reports.all.filter(\.isProblem) == [])
  }

  @Test("A log that somebody else changed is not added to: the world is written whole")
  func foreign() async throws {
    let server = try Server(directory, keepsChanges: true)
    for name in ["a", "b"] {
      await server.add(name)
      server.store.saveChanged()
    }
    try directory.write("default.changes", Data("mine".utf8))
    await server.add("c")
    server.store.saveChanged()
    let folder = try copy()
    let restored = try Server(folder)
    #expect(await restored.ships() == #"["a","b","c"]"#)
    #expect(restored.reports.all == [.restored(tenant: "default")])
  }

  @Test("A world put back, reset, or stored content that comes and goes")
  func replaced() async throws {
    let server = try Server(directory, keepsChanges: true)
    await server.add("a")
    server.store.saveChanged()
    let live = server.pipeline.tenants.default
    let archive = try Snapshot(of: live).archive()
    for round in 0..<6 {
      switch round {
      case 0, 3: _ = await server.peer.send(.put, "/ships/a/cargo", body: "cargo \(round)")
      case 1: await server.add("b")
      case 2: try SnapshotTests.restore(archive, into: server.pipeline)
      case 4: try live.reset()
      default: await server.add("z")
      }
      server.store.saveChanged()
      let folder = try copy()
      let restored = try Server(folder)
      #expect(
        try Snapshot(of: restored.pipeline.tenants.default).archive()
          == Snapshot(of: live).archive(), "round \(round)")
    }
  }
}
