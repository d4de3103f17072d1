import Foundation
import PayloadCodecs
import TestSupport
import Testing

@testable import CodeRuntime

@Suite("Processes that wait for a sequence", .timeLimit(.minutes(15)), .serialized)
struct SequenceHostTests {
  /// A host with a bound, whose processes are known by the runner that they run.
  private struct Bench {
    let world: CodeWorld
    let host: SequenceHost

    init(workers: Int) throws {
      var settings = CodeSettings()
      settings.workersMax = workers
      world = try CodeWorld(settings)
      host = SequenceHost(world.launcher, world.store, ServerAddress())
    }

    func start(_ language: SequenceProcess.Language = .python) async throws -> SequenceProcess {
      let (main, code) =
        language == .python
        ? ("main.py", "import asyncio\nasync def run(context, input):\n  await asyncio.Future()")
        : ("index.js", "module.exports = () => new Promise(() => {})")
      let archive = try Gzip.compress(TarWriter.archive([("./" + main, Array(code.utf8))]))
      return try await host.start(
        SequenceProcess.Order(
          language: language, main: main,
          start: ["hub": "http://127.0.0.1:9", "space": "http://127.0.0.1:9"]),
        package: main, archive: { [archive] })
    }

    /// The numbers of the processes, those that wait with them.
    var processes: Set<Int> {
      let runners = [world.store.pythonRunner, world.store.javaScriptRunner]
      let files = FileManager.default
      let all = (try? files.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int($0) } ?? []
      return Set(
        all.filter { number in
          let line = files.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
          let words = String(decoding: line, as: UTF8.self).split(separator: "\0").map(String.init)
          return words.contains { runners.contains($0) }
        })
    }

    /// Waits until there are so many.
    func become(_ count: Int) async throws -> Set<Int> {
      try await waitUntil("there are \(count) processes", within: .seconds(60)) {
        processes.count == count
      }
      return processes
    }
  }

  @Test("After a start one waits, the next start takes it and hears of it as of any other")
  func taken() async throws {
    let bench = try Bench(workers: 10)
    let first = try await bench.start()
    let waiting = try await bench.become(2)
    let second = try await bench.start()
    #expect(waiting.contains(second.pid) && second.pid != first.pid)
    guard case .hello? = await second.nextSaying() else {
      Issue.record("it has not said hello")
      return
    }
    #expect(try await bench.become(3).isSuperset(of: waiting))
    await bench.host.shutDown()
    #expect(try await bench.become(0).isEmpty)
  }

  @Test("One that is gone is none")
  func gone() async throws {
    let bench = try Bench(workers: 10)
    let first = try await bench.start()
    let waiting = try await bench.become(2).subtracting([first.pid])
    for pid in waiting { kill(Int32(pid), SIGKILL) }
    _ = try await bench.become(1)
    let second = try await bench.start()
    #expect(!waiting.contains(second.pid))
    #expect(!second.hasEnded)
    await bench.host.shutDown()
  }

  @Test("It counts as one of those that may be, and makes room for a start in another language")
  func bounded() async throws {
    let bench = try Bench(workers: 2)
    let first = try await bench.start()
    let waiting = try await bench.become(2).subtracting([first.pid])
    let second = try await bench.start(.javaScript)
    #expect(!waiting.contains(second.pid))
    #expect(try await bench.become(2) == [first.pid, second.pid])
    await #expect(throws: CodeError.noWorker) { try await bench.start() }
    await bench.host.shutDown()
  }
}
