import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

/// What may lie in a data directory, and what may happen to it: nothing there is written over or
/// taken away that is not ours, and no removed tenant comes back.
@Suite struct WorldStoreHazardTests {
  private typealias Server = WorldStoreTests.Server

  let directory: WorldStoreTests.Directory
  init() throws {
    directory = try WorldStoreTests.Directory()
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  /// Things that cannot be read as a file, by what makes them.
  static let unreadableThings: [(kind: String, make: @Sendable (String) -> Bool)] = [
    ("a FIFO", { unsafe mkfifo($0, 0o600) == 0 }),
    ("a directory", { unsafe mkdir($0, 0o700) == 0 }),
    ("a symbolic link to itself", { unsafe symlink("blue.tar.gz", $0) == 0 }),
    ("a symbolic link to nothing", { unsafe symlink("/nowhere", $0) == 0 }),
    ("a symbolic link to a file", { unsafe symlink("/etc/hostname", $0) == 0 }),
    ("a symbolic link to a device", { unsafe symlink("/dev/zero", $0) == 0 }),
    (
      "a socket",
      { path in
        let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < 107 else { return false }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
          unsafe bytes.copyBytes(from: path.utf8)
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
            unsafe bind(file, rebound, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
          }
        }
      }
    ),
  ]

  /// What a name stands for, without following it.
  static func kind(_ path: String) -> UInt32 {
    var found = stat()
    return unsafe lstat(path, &found) == 0 ? found.st_mode & S_IFMT : 0
  }

  @Test(
    "What cannot be read is reported and stays as it is, at the start and on first use",
    arguments: unreadableThings.indices, [true, false])
  func unreadable(_ index: Int, _ isThereAtStart: Bool) async throws {
    let (kind, make) = Self.unreadableThings[index]
    let path = path("blue.tar.gz")
    func put() { #expect(make(path), "\(kind): \(errno)") }
    if isThereAtStart { put() }
    let server = try Server(directory)
    if !isThereAtStart { put() }
    let before = Self.kind(path)
    await server.add("a", "blue")
    #expect(await server.ships("blue") == #"["a"]"#)
    server.store.saveChanged()
    #expect(server.reports.all.contains { $0.isProblem && $0.text.contains("tenant blue") })
    #expect(server.pipeline.tenants.storageProblems.first?.contains("tenant blue") == true)
    #expect(!server.store.hasLost)
    server.store.stop()
    #expect(server.store.hasLost)
    #expect(server.reports.all.last?.text.contains("is lost") == true)
    #expect(Self.kind(path) == before)
    #expect(!directory.files.contains { $0.hasSuffix(".tmp") })
    // The others were not held up.
    #expect(directory.files.contains("default.tar.gz"))
  }

  @Test("A tenant whose file cannot be read is not lost where nothing happened in it")
  func untouched() async throws {
    #expect(unsafe mkfifo(path("blue.tar.gz"), 0o600) == 0)
    let server = try Server(directory)
    server.store.stop()
    #expect(!server.store.hasLost)
  }

  @Test("A file that there is no room for is kept, and read when there is room again")
  func noRoom() async throws {
    do {
      let server = try Server(directory)
      await server.add("a", "blue")
      _ = await server.peer.send(
        .put, "/_t/blue/ships/a/cargo", body: String(repeating: "x", count: 5000))
      server.store.stop()
    }
    let whole = try directory.read("blue.tar.gz")
    do {
      let server = try Server(directory, storageLimit: 1000)
      #expect(server.reports.all.contains { $0.text.contains("no room") })
      await server.add("b", "blue")
      server.store.stop()
      #expect(try directory.read("blue.tar.gz") == whole)
      #expect(directory.files == [".lock", "blue.tar.gz", "default.tar.gz"])
    }
    #expect(await (try Server(directory)).ships("blue") == #"["a"]"#)
  }

  @Test("Files of other names stay as they are")
  func otherNames() async throws {
    let names = [
      "Blue.tar.gz", "-x.tar.gz", "é.tar.gz", ".tar.gz", "notes.txt", ".notes.tmp",
      ".Blue.tar.gz.tmp",
      "blue.tar.gz.damaged-1", "blue.tar", "\(String(repeating: "x", count: 64)).tar.gz",
    ]
    for name in names { try directory.write(name, Data(name.utf8)) }
    let server = try Server(directory)
    await server.add("a", "blue")
    server.store.stop()
    for name in names { #expect(try directory.read(name) == Data(name.utf8)) }
    #expect(server.reports.all.filter { if case .ignored = $0 { true } else { false } }.count == 5)
    #expect(!server.reports.all.contains { $0.isProblem })
  }

  @Test("An archive of somebody's own in the place of a tenant's file stays, and is told of")
  func notOurs() async throws {
    let theirs = Data(try Gzip.compress(TarWriter.archive([("package/index.js", [1, 2, 3])])))
    for name in ["default", "blue"] { try directory.write("\(name).tar.gz", theirs) }
    let server = try Server(directory)
    for tenant in ["default", "blue"] {
      await server.add("new", tenant)
      #expect(await server.ships(tenant) == #"["new"]"#)
    }
    server.store.stop()
    #expect(directory.files == [".lock", "blue.tar.gz", "default.tar.gz"])
    for name in ["default", "blue"] { #expect(try directory.read("\(name).tar.gz") == theirs) }
    let told = server.reports.all.filter { $0.text.contains("package/index.js") }
    // Of each, when it is read and when the server ends.
    #expect(told.count == 4 && server.store.hasLost)
  }

  @Test("A file that somebody else changes while the server runs is kept under another name")
  func changedMeanwhile() async throws {
    do {
      let server = try Server(directory)
      await server.add("a", "blue")
      server.store.saveChanged()
      for round in 1...2 {
        let theirs = Data("theirs \(round)".utf8)
        try FileManager.default.removeItem(atPath: path("blue.tar.gz"))
        try directory.write("blue.tar.gz", theirs)
        await server.add("b\(round)", "blue")
        server.store.saveChanged()
        #expect(try directory.read("blue.tar.gz.changed-\(round)") == theirs)
      }
      #expect(server.reports.all.count { if case .foreign = $0 { true } else { false } } == 2)
      server.store.stop()
    }
    #expect(await (try Server(directory)).ships("blue") == #"["a","b1","b2"]"#)
  }

  @Test("A symbolic link put in the place of a file is not replaced")
  func linkedMeanwhile() async throws {
    let server = try Server(directory)
    await server.add("a", "blue")
    server.store.saveChanged()
    try FileManager.default.removeItem(atPath: path("blue.tar.gz"))
    #expect(unsafe symlink("/nowhere", path("blue.tar.gz")) == 0)
    await server.add("b", "blue")
    server.store.saveChanged()
    #expect(Self.kind(path("blue.tar.gz")) == S_IFLNK)
    #expect(server.reports.all.last?.isProblem == true)
    #expect(unsafe unlink(path("blue.tar.gz")) == 0)
    server.store.saveChanged()
    #expect(server.reports.all.last == .savedAgain(tenant: "blue"))
  }

  @Test("A hard link to a saved file keeps what it has")
  func hardLink() async throws {
    let server = try Server(directory)
    await server.add("a", "blue")
    server.store.saveChanged()
    #expect(unsafe link(path("blue.tar.gz"), path("backup")) == 0)
    let backup = try directory.read("backup")
    await server.add("b", "blue")
    server.store.saveChanged()
    #expect(try directory.read("backup") == backup)
    #expect(try directory.read("blue.tar.gz") != backup)
  }

  @Test("A FIFO in the temporary file's place does not hold up a save")
  func temporaryFIFO() async throws {
    let server = try Server(directory)
    await server.add("a")
    #expect(unsafe mkfifo(path(".default.tar.gz.tmp"), 0o600) == 0)
    server.store.saveChanged()
    #expect(directory.files == [".lock", "default.tar.gz"])
  }

  @Test("A directory that cannot be listed keeps the server from starting")
  func notListed() throws {
    try FileManager.default.removeItem(atPath: directory.path)
    try Data().write(to: URL(filePath: directory.path))
    #expect(throws: FileError.self) { try Server(directory) }
  }

  // MARK: Removed tenants

  @Test(
    "A tenant that is removed while it is being saved does not come back",
    arguments: [InterruptedService.Place.encode, .nextDue])
  func removedWhileSaving(_ place: InterruptedService.Place) async throws {
    let interruption = InterruptedService.Interruption()
    let pipeline = try Pipeline(
      services: [InterruptedService(interruption)], configuration: .init())
    let store = try WorldStore(directory: directory.path, pipeline: pipeline) { _ in }
    store.restoreAll()
    for isSavedBefore in [false, true] {
      #expect(await TestClient(pipeline).send(.post, "/_t/blue/entries/a").status == 201)
      if isSavedBefore {
        store.saveChanged()
        #expect(await TestClient(pipeline).send(.post, "/_t/blue/entries/b").status == 201)
      }
      interruption.arm(place) { _ = try? pipeline.tenants.remove("blue") }
      store.saveChanged()
      #expect(interruption.count > 0)
      interruption.arm(nil)
      #expect(directory.files == [".lock", "default.tar.gz"])
      #expect(pipeline.tenants.overview.sleeping.isEmpty)
      #expect(await TestClient(pipeline).send(.get, "/_t/blue/entries").text == "[]")
      _ = try pipeline.tenants.remove("blue")
    }
    store.stop()
    #expect(directory.files == [".lock", "default.tar.gz"])
  }

  @Test("Tenants removed while all of them are saved stay removed, and come back new")
  func removedDuringPass() async throws {
    let server = try Server(directory)
    for round in 0..<8 {
      let names = (0..<24).map { "t\(round)-\($0)" }
      for name in names { await server.add("a", name) }
      await withTaskGroup(of: Void.self) { group in
        group.addTask { server.store.saveChanged() }
        for name in names.dropFirst(12) {
          group.addTask { #expect((try? server.pipeline.tenants.remove(name)) == true) }
        }
      }
      for name in names.dropFirst(12) {
        #expect(!directory.files.contains("\(name).tar.gz"))
      }
      #expect(await server.ships(names[12]) == "[]")
      _ = try server.pipeline.tenants.remove(names[12])
    }
    server.store.stop()
    #expect(directory.files.count == 8 * 12 + 2)
    #expect(!directory.files.contains { $0.hasSuffix(".tmp") })
  }

  @Test("A tenant that waits in its file can be removed; one without is not there")
  func removedAsleep() async throws {
    do {
      let server = try Server(directory)
      for index in 0..<40 { await server.add("a", "t\(index)") }
      server.store.stop()
    }
    let server = try Server(directory)
    #expect(server.pipeline.tenants.overview.sleeping.count == 9)
    let name = try #require(server.pipeline.tenants.overview.sleeping.first)
    #expect(server.reports.all.last == .sleeping(count: 9))
    #expect(try server.pipeline.tenants.remove(name))
    #expect(try !server.pipeline.tenants.remove(name))
    #expect(!directory.files.contains("\(name).tar.gz"))
    #expect(server.pipeline.tenants.overview.sleeping.count == 8)
    for sleeping in server.pipeline.tenants.overview.sleeping {
      #expect(await server.ships(sleeping) == #"["a"]"#)
    }
    #expect(await server.ships(name) == "[]")
  }
}
