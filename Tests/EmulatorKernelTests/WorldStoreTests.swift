import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import Synchronization
import Testing

@Suite struct WorldStoreTests {
  /// A directory of its own, taken away at the end.
  final class Directory: Sendable {
    let path: String

    init() throws {
      path =
        FileManager.default.temporaryDirectory
        .appending(path: "wavetank-store-\(ProcessInfo.processInfo.globallyUniqueString)").path
    }

    var files: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func read(_ name: String) throws -> Data {
      try Data(contentsOf: URL(filePath: "\(path)/\(name)"))
    }
    func write(_ name: String, _ data: Data) throws {
      try data.write(to: URL(filePath: "\(path)/\(name)"))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// A server's part of it: made, restored, used, stopped.
  struct Server {
    let pipeline: Pipeline
    let store: WorldStore
    let reports: Reports
    var peer: TestClient { TestClient(pipeline) }

    init(
      _ directory: Directory, tenantLimit: Int = 100, storageLimit: UInt64 = 4 << 30,
      keepsChanges: Bool = false
    ) throws {
      let reports = Reports()
      self.reports = reports
      pipeline = try Pipeline(
        services: [SampleService()],
        configuration: PipelineConfiguration(
          blueprint: TenantBlueprint(
            seed: 2, clock: .init(.manual, start: VirtualInstant(seconds: 1_767_225_600))),
          storageLimit: storageLimit, tenantLimit: tenantLimit))
      store = try WorldStore(
        directory: directory.path, pipeline: pipeline, keepsChanges: keepsChanges
      ) { reports.add($0) }
      store.restoreAll()
    }

    func ships(_ tenant: String = "default") async -> String {
      await peer.send(.get, "/_t/\(tenant)/ships").text
    }

    func add(_ name: String, _ tenant: String = "default") async {
      _ = await peer.send(.post, "/_t/\(tenant)/ships", body: #"{"name":"\#(name)"}"#)
    }
  }

  final class Reports: Sendable {
    private let list = Mutex<[WorldStore.Report]>([])
    func add(_ report: WorldStore.Report) { list.withLock { $0.append(report) } }
    var all: [WorldStore.Report] { list.withLock { $0 } }
  }

  let directory: Directory
  init() throws { directory = try Directory() }

  @Test("Tenants survive a restart (DESIGN §12)")
  func restart() async throws {
    do {
      let server = try Server(directory)
      await server.add("a")
      await server.add("b", "blue")
      server.store.stop()
    }
    #expect(directory.files == [".lock", "blue.tar.gz", "default.tar.gz"])
    let server = try Server(directory)
    #expect(server.reports.all == [.restored(tenant: "blue"), .restored(tenant: "default")])
    #expect(server.pipeline.tenants.count == 2)
    #expect(await server.ships() == #"["a"]"#)
    #expect(await server.ships("blue") == #"["b"]"#)
  }

  @Test("A directory has one server at a time")
  func lock() throws {
    let first = try Server(directory)
    #expect(throws: FileError.self) { try Server(directory) }
    withExtendedLifetime(first) {}
  }

  @Test("Only what has changed is saved")
  func unchanged() async throws {
    let server = try Server(directory)
    await server.add("a")
    server.store.saveChanged()
    let sentinel = Data("not touched".utf8)
    try directory.write("default.tar.gz", sentinel)
    server.store.saveChanged()
    #expect(try directory.read("default.tar.gz") == sentinel)
    await server.add("b")
    server.store.saveChanged()
    #expect(try directory.read("default.tar.gz") != sentinel)
  }

  @Test(
    "A damaged file is set aside with its reason, and never overwritten", arguments: [0, 1, 9, 100])
  func damaged(_ length: Int) async throws {
    do {
      let server = try Server(directory)
      await server.add("a")
      server.store.stop()
    }
    let damaged = try directory.read("default.tar.gz").prefix(length)
    for round in 1...2 {
      try directory.write("default.tar.gz", damaged)
      let server = try Server(directory)
      #expect(server.reports.all.count == 1)
      #expect(server.reports.all.first?.isProblem == true)
      #expect(server.reports.all.first?.text.contains("damaged-\(round)") == true)
      #expect(await server.ships() == "[]")
      await server.add("new")
      server.store.stop()
      #expect(try directory.read("default.tar.gz.damaged-\(round)") == damaged)
    }
    #expect(try directory.read("default.tar.gz.damaged-1") == damaged)
    #expect(await (try Server(directory)).ships() == #"["new"]"#)
  }

  @Test("What an interrupted save left is taken away, and the last whole file counts")
  func interrupted() async throws {
    do {
      let server = try Server(directory)
      await server.add("a")
      server.store.stop()
    }
    try directory.write(".default.tar.gz.tmp", Data("half a".utf8))
    let server = try Server(directory)
    #expect(await server.ships() == #"["a"]"#)
    #expect(!directory.files.contains(".default.tar.gz.tmp"))
  }

  @Test("A file that cannot be written is reported once, and the server goes on")
  func notWritable() async throws {
    let server = try Server(directory)
    await server.add("a")
    // A directory in the temporary file's place: `open` fails, for root too.
    let obstacle = "\(directory.path)/.default.tar.gz.tmp"
    try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
    server.store.saveChanged()
    server.store.saveChanged()
    #expect(server.reports.all.count == 1)
    #expect(server.reports.all.first?.isProblem == true)
    #expect(server.pipeline.tenants.storageProblems.count == 1)
    #expect(server.pipeline.tenants.storageProblems.first?.contains("tenant default") == true)
    #expect(await server.ships() == #"["a"]"#)
    try FileManager.default.removeItem(atPath: obstacle)
    server.store.saveChanged()
    #expect(server.reports.all.last == .savedAgain(tenant: "default"))
    #expect(server.pipeline.tenants.storageProblems == [])
    #expect(directory.files.contains("default.tar.gz"))
  }

  @Test("A world that cannot be saved at the end is told as lost, the last whole file stays")
  func lost() async throws {
    let obstacle = "\(directory.path)/.default.tar.gz.tmp"
    do {
      let server = try Server(directory)
      await server.add("a")
      server.store.saveChanged()
      try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
      await server.add("b")
      server.store.stop()
      #expect(server.reports.all.count == 1)
      #expect(server.reports.all.first?.text.contains("is lost") == true)
    }
    try FileManager.default.removeItem(atPath: obstacle)
    let next = try Server(directory)
    #expect(await next.ships() == #"["a"]"#)
  }

  @Test("A world in which time goes on while it is saved at the end has lost nothing")
  func livesOn() async throws {
    let server = try Server(directory)
    await server.add("told")
    let life = Task {
      var number = 0
      while !Task.isCancelled {
        await server.add("s\(number)")
        number += 1
      }
    }
    server.store.stop()
    life.cancel()
    await life.value
    #expect(!server.store.hasLost)
    #expect(server.reports.all.filter { $0.text.contains("is lost") }.isEmpty)
    #expect(directory.files.contains("default.tar.gz"))
  }

  @Test("An evicted tenant comes back from its file; an unsaved one is never evicted")
  func eviction() async throws {
    let server = try Server(directory, tenantLimit: 5)
    for index in 0..<20 { await server.add("s\(index)", "t\(index)") }
    #expect(server.pipeline.tenants.count == 21)
    server.store.saveChanged()
    await server.add("x", "late")
    #expect(server.pipeline.tenants.count < 10)
    #expect(server.pipeline.tenants.evictedCount > 0)
    for index in 0..<20 { #expect(await server.ships("t\(index)") == #"["s\#(index)"]"#) }
  }

  @Test("A tenant that is deleted is gone for good")
  func deleted() async throws {
    let server = try Server(directory)
    await server.add("a", "blue")
    server.store.saveChanged()
    #expect(directory.files.contains("blue.tar.gz"))
    #expect(try server.pipeline.tenants.remove("blue"))
    #expect(!directory.files.contains("blue.tar.gz"))
    #expect(await server.ships("blue") == "[]")
  }
}
