import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@testable import ScramjetEmulator

@Suite("The life of an instance")
struct InstanceLifeTests {
  typealias Ending = Instance.Ending

  /// How it ends, by what behaviour, the status until then, after how many milliseconds, and how.
  static let ends: [(String, JSON, String, Int, Ending)] = [
    ("returns", ["behaviour": "value", "value": "x"], "running", 10_000, .completed),
    (
      "returns", ["behaviour": "value", "value": "x", "exitTimeout": 3_000], "running", 3_000,
      .completed
    ),
    (
      "returns twice",
      ["program": [["on": "start", "do": ["finish", ["sleep": "4s"], "finish"]]]], "running",
      10_000, .completed
    ),
    ("throws", "crash", "running", 500, .failed(23)),
    ("fails to load", ["behaviour": "fail-start", "code": 22], "starting", 500, .failed(22)),
    (
      "exits", ["program": [["on": "start", "do": ["exit": 101]]]], "running", 200, .failed(101)
    ),
    ("is killed", "forever", "killing", 700, .killed),
    ("is stopped", "forever", "stopping", 7_700, .stopped),
  ]

  @Test("An end has its status, exit code and reason, at its time (contract §3.2)", arguments: ends)
  func end(
    _ way: String, _ behavior: JSON, _ before: String, _ milliseconds: Int, _ ending: Ending
  ) throws {
    let bench = try StateBench()
    let key = try bench.start(behavior)
    bench.change { state, step in
      switch way {
      case "is killed": state.kill(key, removesImmediately: false, &step)
      case "is stopped":
        _ = state.stop(key, timeout: .seconds(7), mayCallKeepAlive: false, &step)
      default: break
      }
    }
    bench.advance(.milliseconds(milliseconds - 1))
    #expect(bench.status(key)?.rawValue == before)
    #expect(bench.instance(key)?.terminated == nil)
    bench.advance(.milliseconds(1))
    #expect(bench.status(key) == ending.status)
    #expect(bench.instance(key)?.terminated == ending)
  }

  static let reasons: [(Int, String)] = [
    (10, "Sequence unpack failed"), (21, "Sequence entrypoint path is invalid"),
    (22, "Sequence failed on start"), (23, "Sequence failed during execution"),
    (24, "Instance limit reached"), (137, "Instance killed"), (138, "Instance stopped"),
    (223, "Cleanup failed"), (1, "Runner failed"), (101, "Runner failed"),
  ]

  @Test("An exit code has the hub's words (contract §3.2)", arguments: reasons)
  func reason(_ code: Int, _ words: String) {
    #expect(Ending.failed(code) == Ending(status: .errored, code: code, reason: words))
  }

  @Test("A process without a container that is Python's shows every end as 213 (contract §3.2)")
  func python() throws {
    let bench = try StateBench(engines: ["python3": "*"])
    let key = try bench.start(["behaviour": "value", "value": "x"])
    bench.advance(.milliseconds(200))
    #expect(bench.instance(key)?.terminated == .failed(213))
  }

  // MARK: Retention

  /// How it ends, by what behaviour, after how many milliseconds, and for how many seconds it stays.
  static let retentions: [(String, JSON, Int, Int)] = [
    ("returns", "value", 10_000, 195), ("throws", "crash", 500, 195),
    ("fails to load", ["behaviour": "fail-start", "code": 22], 500, 15),
    ("is killed", "forever", 700, 195), ("is killed for good", "forever", 700, 15),
  ]

  @Test(
    "After its end it stays for 15 s and the extension of 180 s; the extension falls away for what failed to load and for removeImmediately (contract §3.2)",
    arguments: retentions)
  func retention(_ way: String, _ behavior: JSON, _ milliseconds: Int, _ seconds: Int) throws {
    let bench = try StateBench()
    let key = try bench.start(behavior)
    if way.hasPrefix("is killed") {
      bench.change { state, step in
        state.kill(key, removesImmediately: way == "is killed for good", &step)
      }
    }
    bench.advance(.milliseconds(milliseconds))
    #expect(bench.status(key)?.isOver == true)
    #expect((bench.instance(key)?.ended == nil) == (way == "fails to load"))
    bench.advance(.seconds(seconds) - .milliseconds(1))
    #expect(bench.instance(key) != nil)
    bench.advance(.milliseconds(1))
    #expect(bench.instance(key) == nil)
    let hub = bench.box.read { $0.hubs[bench.hub] }
    #expect(hub?.instanceOrder == [])
    #expect(hub?.instances.isEmpty == true)
    #expect(hub?.sequence("q")?.instances == [])
    #expect(bench.box.read { $0.inconsistencies } == [])
  }

  @Test(
    "What is left of its output is read after its end, and no more once it is gone (contract §1.8)")
  func outputAfterEnd() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: ["behaviour": "value", "value": "left"])
    harness.advance(.seconds(11))
    #expect(try await harness.send(.get, instance).json["status"] == "completed")
    #expect(try await harness.send(.get, "\(instance)/output").text == "left")
    #expect(try await harness.send(.get, "\(instance)/output").text == "")
    harness.advance(.seconds(195))
    for path in ["", "/output", "/health", "/log", "/event/e"] {
      #expect(try await harness.send(.get, instance + path).status == 404, "\(path)")
    }
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/instances").json == [])
  }

  // MARK: Stop and kill

  @Test("An instance that is started while its sequence is deleted by force keeps it")
  func startedDuringDelete() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let sequence = try #require(
      try await harness.send(.get, instance).json["sequence"]?["id"]?.stringValue)
    let path = "\(ScramjetDemo.hub)/sequence/\(sequence)"
    async let deleted = harness.delete(path, [("x-seq-kill-inst", "true")])
    try await waitUntil("the instance is killed", within: .seconds(60)) {
      try await harness.send(.get, instance).json["status"] == "killing"
    }
    let other = try await harness.post("\(path)/start", [:])
    harness.advance(.seconds(20))
    #expect(try await deleted.status == 409)
    #expect(try await harness.send(.get, path).json["instances"] == [other.json["id"] ?? ""])
    #expect(try await harness.send(.get, instance).status == 404)
  }

  @Test("Only what runs can be killed (contract §3.4)")
  func killTwice() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    #expect(try await harness.post("\(instance)/_kill", [:]).status == 202)
    let again = try await harness.post("\(instance)/_kill", [:])
    #expect(again.status == 400)
    #expect(again.error == "Instance not running")
    harness.advance(.seconds(1))
    #expect(try await harness.post("\(instance)/_kill", [:]).error == "Instance not running")
  }

  @Test(
    "Stop handlers run while the time of a stop is running, and what they write is read (contract §3.4)"
  )
  func stopHandlers() throws {
    let bench = try StateBench()
    let key = try bench.start([
      "behaviour": "stop-handler", "texts": ["Cleaning up... ", "done"], "duration": 1_000,
    ])
    bench.change { state, step in
      _ = state.stop(key, timeout: .seconds(7), mayCallKeepAlive: false, &step)
    }
    #expect(bench.text(bench.instance(key)?.stdout) == "Cleaning up... ")
    bench.advance(.seconds(1))
    #expect(bench.text(bench.instance(key)?.stdout) == "done")
    #expect(bench.status(key) == .stopping, "a JavaScript process waits for the end of the time")
    bench.advance(.milliseconds(6_700))
    #expect(bench.status(key) == .completed)
  }

  @Test(
    "Who may call keep-alive and does lives on as stopping, and can be stopped again (contract §3.4)"
  )
  func keepAlive() throws {
    let bench = try StateBench()
    let key = try bench.start(["behaviour": "stop-handler", "keepAlive": 5_000])
    let stop = { (mayCallKeepAlive: Bool) in
      bench.change { state, step in
        state.stop(key, timeout: .seconds(1), mayCallKeepAlive: mayCallKeepAlive, &step)
      }
    }
    #expect(stop(true) == 1)
    bench.advance(.seconds(60))
    #expect(bench.status(key) == .stopping)
    #expect(stop(false) == 2)
    bench.advance(.milliseconds(1_700))
    #expect(bench.instance(key)?.terminated == .stopped)
  }

  @Test("Of two stops the one whose time is up first ends it", arguments: [(1, 60), (60, 1)])
  func twoStops(_ first: Int, _ second: Int) throws {
    let bench = try StateBench()
    let key = try bench.start("forever")
    for seconds in [first, second] {
      bench.change { state, step in
        _ = state.stop(key, timeout: .seconds(seconds), mayCallKeepAlive: false, &step)
      }
    }
    bench.advance(.milliseconds(1_699))
    #expect(bench.status(key) == .stopping)
    bench.advance(.milliseconds(1))
    #expect(bench.instance(key)?.terminated == .stopped)
  }

  @Test(
    "A stop that grants no time is over at once, and ends as one that grants hardly any",
    arguments: [
      "forever", ["behaviour": "stop-handler", "keepAlive": 5_000],
      ["behaviour": "stop-handler", "texts": ["a", "b"], "duration": 100],
      ["program": [["on": "stop", "do": ["finish"]]]],
    ] as [JSON])
  func stopWithoutTime(behavior: JSON) throws {
    var ends: [[String]] = []
    for timeout in [Duration.zero, .nanoseconds(1)] {
      let bench = try StateBench()
      let key = try bench.start(behavior)
      let number = bench.change { state, step in
        state.stop(key, timeout: timeout, mayCallKeepAlive: true, &step)
      }
      #expect(number == 1 && bench.instance(key)?.stopsDone == (timeout == .zero ? 1 : 0))
      #expect(bench.status(key) == .stopping)
      var seen: [String] = []
      for _ in 0..<20 {
        bench.advance(.milliseconds(99))
        seen.append(bench.text(bench.instance(key)?.stdout))
        let instance = try #require(bench.instance(key))
        seen.append("\(instance.status), \(instance.terminated as Any), \(instance.stopsDone)")
      }
      ends.append(seen)
    }
    #expect(ends[0] == ends[1])
  }

  @Test("What is over stays as it ended, whatever is sent to it (contract §3.4)")
  func over() throws {
    let bench = try StateBench()
    let key = try bench.start("crash")
    bench.advance(.seconds(1))
    let isStopped = bench.change { state, step in
      state.kill(key, removesImmediately: true, &step)
      state.finishMain(key, &step)
      return state.stop(key, timeout: .zero, mayCallKeepAlive: false, &step) != nil
    }
    let isTaken = bench.change { state, step in
      state.give([1], to: key, lane: .input, &step) != nil
    }
    #expect(!isStopped && !isTaken)
    bench.advance(.seconds(60))
    #expect(bench.instance(key)?.terminated == .failed(23))
  }

  @Test("No event ends what is over", arguments: ["killInstance", "failInstance"])
  func overForEvents(_ event: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "crash")
    harness.advance(.seconds(2))
    let ended = try await harness.send(.get, instance).json
    let id = try #require(ended["id"])
    #expect(throws: ScenarioProblems.self) { try harness.emit([event: id]) }
    harness.advance(.seconds(2))
    #expect(try await harness.send(.get, instance).json == ended)
  }

  @Test("An end that was planned gives way to one that comes sooner, and nothing ends twice")
  func overtaken() throws {
    let bench = try StateBench()
    let key = try bench.start(["behaviour": "value", "value": "x"])
    bench.advance(.seconds(9))
    bench.change { state, step in state.kill(key, removesImmediately: false, &step) }
    bench.advance(.milliseconds(700))
    let ended = bench.instance(key)?.ended
    #expect(bench.instance(key)?.terminated == .killed)
    bench.advance(.seconds(60))
    #expect(bench.instance(key)?.ended == ended)
    #expect(bench.instance(key)?.terminated == .killed)
  }

  // MARK: Start

  static let refusals: [(JSON, Int, String)] = [
    (["instanceId": "short"], 422, "Invalid Instance id"),
    (["instanceId": 5], 422, "Invalid Instance id"),
    (
      ["instanceId": "0b9e5b1c-6e53-4c5b-9c0b-5d2b0d3b7a10", "appConfig": 1], 422,
      "Invalid Instance id"
    ),
    (["outputTopic": "no.dots"], 400, "Topic id incorrect format"),
    (["inputTopic": 1], 400, "Topic id incorrect format"),
  ]

  @Test(
    "A start that says something impossible is refused in the hub's words (contract §3.3)",
    arguments: refusals)
  func refusal(_ body: JSON, _ status: Int, _ error: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let reply = try await harness.post("\(ScramjetDemo.hub)/sequence/echo.tar.gz/start", body)
    #expect(reply.status == status)
    #expect(reply.error == .string(error))
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/instances").json == [])
  }

  @Test("An id is given once; a hub without room says 419 (contract §3.3)")
  func takenAndOverloaded() async throws {
    let harness = try ServiceHarness(
      ScramjetService(),
      given: [
        "hubs": ["sth-0", ["id": "full", "overloaded": true]],
        "store": [["package": ["name": "echo", "main": "i.js"]]],
      ])
    let id = "0b9e5b1c-6e53-4c5b-9c0b-5d2b0d3b7a10"
    let start = "\(ScramjetDemo.hub)/sequence/echo/start"
    #expect(try await harness.post(start, ["instanceId": .string(id)]).json["id"] == .string(id))
    let again = try await harness.post(start, ["instanceId": .string(id)])
    #expect(again.status == 409)
    #expect(again.error == "Instance with a given ID already exists")
    let full = "/api/v1/space/demo/api/v1/sth/full/api/v1/sequence/echo/start"
    let refused = try await harness.post(full, [:])
    #expect(refused.status == 419)
    #expect(refused.error == "Insufficient Space on Resource")
  }

  @Test(
    "A hub fetches what it does not know from its space's store, under the id that was asked for (contract §4)"
  )
  func fetched() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let start = "\(ScramjetDemo.hub)/sequence/echo/start"
    let id = try await harness.post(start, [:]).json["id"]?.stringValue ?? ""
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/sequence/echo").json["id"] == "echo")
    _ = try await harness.post(
      "\(ScramjetDemo.hub)/instance/\(id)/_kill", ["removeImmediately": true])
    harness.advance(.seconds(16))
    #expect(try await harness.delete("\(ScramjetDemo.hub)/sequence/echo").status == 200)
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/sequences").json == [])
    #expect(
      try await harness.send(.get, "\(ScramjetDemo.space)/s3").json[0]?["_filename"]
        == "echo.tar.gz")
    #expect(try await harness.post(start, [:]).status == 200, "it is fetched again")
    #expect(
      try await harness.post("\(ScramjetDemo.hub)/sequence/nothing/start", [:]).error == "Not Found"
    )
  }
}
