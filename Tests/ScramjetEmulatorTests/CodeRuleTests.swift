import CodeRuntime
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

/// What the world does for a process, without one: the rules that a `SequenceDriver` calls.
@Suite("Instances whose own code runs: rules")
struct CodeRuleTests {
  @Test("It starts when its runner is there, and is at work until it says that it rests")
  func begins() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    #expect(bench.status(key) == .starting)
    #expect(bench.isAtWork)
    bench.hear(.hello, key)
    #expect(bench.status(key) == .running)
    #expect(bench.orders(key, asks: true) == [.rest(number: 1)])
    bench.hear(.idle(number: 1), key)
    #expect(!bench.isAtWork)
    bench.give("x", to: key)
    #expect(bench.isAtWork)
    // An answer to an earlier question does not count.
    bench.hear(.idle(number: 1), key)
    #expect(bench.isAtWork)
    #expect(bench.orders(key, asks: true) == [.rest(number: 2)])
    bench.hear(.idle(number: 2), key)
    #expect(!bench.isAtWork)
  }

  @Test("Nothing is asked where the clock does not skip")
  func asksNothing() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    #expect(bench.orders(key) == [])
  }

  @Test("Its output waits until it has said where that goes, and then for room")
  func outputWaits() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    #expect(bench.take("early", key) == false)
    bench.hear(.topics(["requires": ""]), key)
    #expect(bench.take("early", key) == false)
    bench.hear(.topics(["provides": "", "contentType": ""]), key)
    #expect(bench.take("early", key) == true)
    let much = String(repeating: "x", count: ScramjetState.streamMark)
    #expect(bench.take(much, key) == true)
    #expect(bench.take("more", key) == false)
    #expect(bench.output(key) == "early" + much)
    #expect(bench.take("more", key) == true)
    // What a process that is over has left behind is bounded by its pipes.
    #expect(bench.take(much, key) == true)
    bench.change { state, step in state.processEnds(key, &step) }
    #expect(bench.take("rest", key) == true)
    bench.change { state, step in state.processEnded(key, &step) }
    #expect(bench.take("nobody's", key) == nil)
    #expect(bench.output(key) == "more" + much + "rest")
  }

  @Test(
    "The topics that it declares are its own, unless the start gave names",
    arguments: [
      (nil, nil, "in", "out"), ("given", "made", "given", "made"),
    ] as [(String?, String?, String, String)])
  func topics(_ input: String?, _ output: String?, _ requires: String, _ provides: String) throws {
    let bench = try StateBench()
    let key = try bench.startCode(output: output, input: input)
    bench.hear(.topics(["requires": "in", "contentType": "text/plain"]), key)
    bench.hear(.topics(["provides": "out", "contentType": "text/plain"]), key)
    #expect(bench.instance(key)?.requires == requires)
    #expect(bench.instance(key)?.provides == provides)
    #expect(bench.orders(key) == [.input(type: "text/plain")])
    #expect(bench.take("data", key) == true)
    #expect(bench.text(bench.topicStream(provides)) == "data")
    bench.change { state, step in
      state.publish(Array("given".utf8), to: bench.topic(requires), &step)
      state.runWork(&step)
    }
    #expect(bench.supply(key) == "given")
  }

  @Test("Input is handed over as it comes, and its end behind it")
  func supplies() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    #expect(bench.supply(key) == nil)
    bench.give("a", to: key)
    bench.give("b", to: key, ends: true)
    #expect(bench.supply(key) == "ab|")
    #expect(bench.supply(key) == nil)
  }

  struct End: Sendable, CustomTestStringConvertible {
    var what: String
    var code: Int?
    var language: JSON = ["node": "*"]
    var ending: Instance.Ending
    var testDescription: String { what }
  }

  @Test(
    "How it ends is told by the code that its runner announced",
    arguments: [
      End(what: "an end without a word", ending: .failed(213)),
      End(what: "a throw", code: 23, ending: .failed(23)),
      End(what: "what cannot be loaded", code: 22, ending: .failed(22)),
      End(what: "an uncaught exception", code: 101, ending: .failed(101)),
      End(what: "a function that is through", code: 0, ending: .completed),
      End(
        what: "Python, whatever it is", code: 0, language: ["python3": "*"], ending: .failed(213)),
    ])
  func ends(_ end: End) throws {
    let bench = try StateBench(engines: end.language)
    let key = try bench.startCode()
    bench.hear(.hello, key)
    if let code = end.code { bench.hear(.leaving(code: code), key) }
    bench.change { state, step in state.processEnded(key, &step) }
    #expect(bench.instance(key)?.terminated == end.ending)
    #expect(bench.instance(key)?.failedEarly == (end.code == 22))
    #expect(!bench.isAtWork)
  }

  @Test("One that is through is let go after its exit timeout, on the tenant's clock")
  func completes() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    bench.hear(.completed(timeoutMilliseconds: 5_000), key)
    bench.advance(.milliseconds(4_999))
    #expect(bench.status(key) == .running)
    bench.advance(.milliseconds(1))
    #expect(bench.instance(key)?.terminated == .completed)
    #expect(bench.orders(key) == [.leave])
  }

  @Test(
    "A kill is told at once and over when its time comes, also where the process is gone before")
  func kills() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    bench.change { state, step in state.kill(key, removesImmediately: false, &step) }
    #expect(bench.orders(key) == [.kill])
    #expect(!bench.isAtWork)
    bench.hear(.leaving(code: 137), key)
    bench.change { state, step in state.processEnded(key, &step) }
    #expect(bench.status(key) == .killing)
    bench.advance(.milliseconds(700))
    #expect(bench.instance(key)?.terminated == .killed)
    #expect(bench.isOutputEnded(key))
  }

  @Test("A stop is work until its handlers are through; the kill comes at the end of its time")
  func stops() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    bench.hear(.idle(number: 1), key)
    bench.change { state, step in
      _ = state.stop(key, timeout: .seconds(7), mayCallKeepAlive: false, &step)
    }
    #expect(bench.orders(key) == [.stop(milliseconds: 7_000, mayCallKeepAlive: false)])
    bench.hear(.idle(number: 2), key)
    #expect(bench.isAtWork)
    bench.hear(.stopped(error: nil), key)
    bench.hear(.idle(number: 3), key)
    #expect(!bench.isAtWork)
    bench.advance(.seconds(7))
    #expect(bench.orders(key) == [.kill])
    bench.advance(.milliseconds(700))
    #expect(bench.instance(key)?.terminated == .stopped)
  }

  @Test("An event waits in order for a process that hears nothing, and no more than so many do")
  func events() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.change { state, step in
      for number in 0...CodeProcess.ordersMax {
        state.deliver("e", .integer(number), to: key, &step)
      }
    }
    let orders = bench.orders(key)
    #expect(orders.count == CodeProcess.ordersMax)
    #expect(orders.first == .event(name: "e", message: 0))
    let log = bench.text(bench.instance(key)?.log)
    #expect(log.contains("what it is told is dropped"))
  }

  @Test("One that is held is not at work, and goes on by the tenant's clock")
  func held() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.change { state, step in state.holdProcess(key, for: .seconds(2), &step) }
    bench.give("x", to: key)
    #expect(!bench.isAtWork)
    #expect(bench.instance(key)?.process?.isHeld == true)
    bench.advance(.seconds(2))
    #expect(bench.isAtWork)
    #expect(bench.instance(key)?.process?.isHeld == false)
  }

  @Test(
    "Where it is slowed down the next thing passes later, all else behind it, and then as before")
  func slow() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    bench.hear(.topics(["provides": "", "contentType": ""]), key)
    bench.change { state, step in state.slowDown(key, by: .seconds(2)) }
    #expect(bench.orders(key, asks: true) == [.rest(number: 1)])
    bench.give("a", to: key)
    #expect(bench.isAtWork)
    #expect(bench.supply(key) == nil)
    #expect(!bench.isAtWork)
    bench.change { state, step in state.deliver("e", 1, to: key, &step) }
    #expect(bench.orders(key) == [])
    #expect(bench.take("early", key) == false)
    #expect(bench.box.read { $0.isMovedByTime(key) })
    bench.advance(.milliseconds(1_999))
    #expect(bench.supply(key) == nil)
    bench.advance(.milliseconds(1))
    #expect(bench.isAtWork)
    #expect(bench.supply(key) == "a")
    #expect(bench.orders(key) == [.event(name: "e", message: 1)])
    #expect(bench.take("early", key) == true)
    bench.give("b", to: key)
    #expect(bench.supply(key) == "b")
  }

  @Test("Its end does not wait where it is slow, nor does what it has left behind")
  func slowEnd() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    bench.hear(.topics(["provides": "", "contentType": ""]), key)
    bench.change { state, step in state.slowDown(key, by: .seconds(60)) }
    bench.change { state, step in state.deliver("e", 1, to: key, &step) }
    #expect(bench.orders(key) == [])
    bench.change { state, step in state.kill(key, removesImmediately: false, &step) }
    #expect(!bench.isAtWork)
    #expect(bench.orders(key) == [.event(name: "e", message: 1), .kill])
    bench.change { state, step in state.slowDown(key, by: .seconds(60)) }
    bench.change { state, step in state.processEnds(key, &step) }
    #expect(bench.take("rest", key) == true)
  }

  @Test(
    "A crash and the end for want of memory are ends without a word, at once",
    arguments: [
      (.failed(213), 213, "Runner failed"), (.failed(137), 137, "Instance killed"),
    ] as [(Instance.Ending, Int, String)])
  func crashes(_ ending: Instance.Ending, _ code: Int, _ reason: String) throws {
    for engines in [["node": "*"], ["python3": "*"]] as [JSON] {
      let bench = try StateBench(engines: engines)
      let key = try bench.startCode()
      bench.hear(.hello, key)
      bench.change { state, step in state.crash(key, ending, &step) }
      let ended = bench.instance(key)?.terminated
      #expect(ended?.status == .errored && ended?.code == code && ended?.reason == reason)
      #expect(bench.instance(key)?.process?.isCrashed == true)
      #expect(bench.orders(key) == [])
      #expect(!bench.isAtWork)
      // What it has written before comes behind.
      bench.change { state, step in state.processEnds(key, &step) }
      #expect(bench.take("rest", key) == true)
      bench.change { state, step in state.processEnded(key, &step) }
      #expect(bench.instance(key)?.terminated == ended)
      #expect(bench.isOutputEnded(key))
    }
  }

  @Test("In a snapshot it has no process: it has failed when it was last heard of")
  func restores() throws {
    let bench = try StateBench()
    let key = try bench.startCode()
    bench.hear(.hello, key)
    let state = bench.box.read { $0 }
    var restored = try ScramjetState.read(try StateEncoder.encode(state))
    #expect(restored.inconsistencies == [])
    var step = ScramjetState.Step(
      now: bench.now, ids: IDSource(seed: 1, tenant: "t"), blobs: BlobStore(budget: MemoryBudget()))
    restored.advance(&step)
    let instance = restored.instances[key]
    #expect(instance?.terminated == .failed(213))
    #expect(instance?.ended == bench.now)
    #expect(restored.streams[try #require(instance?.stderr)]?.isEnded == true)
    #expect(restored.isAtWork == false)
  }

  @Test("An instance that a scenario lists waits for its process where its code is to run")
  func given() throws {
    let archive = try #require(ScramjetSeed.archive(["name": "x", "main": "m.js"]))
    let sequence: JSON = ["id": "q", "codeBase64": .string(Base64.encode(archive))]
    func instance(runsCode: Bool, _ rule: JSON?) throws -> Instance? {
      let seed = WorldSeed(
        given: ["sequences": [sequence], "instances": [["sequence": "q", "args": [1]]]],
        behaviors: rule.map { [$0] })
      var step = ScramjetState.Step(
        now: VirtualInstant(seconds: 1), ids: IDSource(seed: 1, tenant: "t"),
        blobs: BlobStore(budget: MemoryBudget()))
      return try ScramjetSeed.makeState(seed, runsCode: runsCode, &step).instances.values.first
    }
    let waiting = try instance(runsCode: true, nil)
    #expect(waiting?.status == .starting && waiting?.process?.isDrained == false)
    #expect(waiting?.arguments?.value == [1])
    for standIn in [
      try instance(runsCode: false, nil), try instance(runsCode: true, ["runtime": "scripted"]),
    ] {
      #expect(standIn?.status == .running && standIn?.process == nil)
    }
    // A scenario that asks for code is good for a server that runs none, too.
    let failed = try instance(runsCode: false, ["runtime": "process"])
    #expect(failed?.terminated == .failed(213))
  }

  @Test(
    "What a scenario says of one sequence goes before its rules, and what it describes has no code")
  func ofOne() throws {
    let archive = JSON.string(
      Base64.encode(try #require(ScramjetSeed.archive(["name": "x", "main": "m.js"]))))
    let seed = WorldSeed(
      given: [
        "sequences": [
          ["id": "a", "codeBase64": archive, "runtime": "scripted"],
          ["id": "b", "codeBase64": archive, "runtime": "process"],
          ["id": "c", "package": ["name": "y"]],
        ],
        "store": [["package": ["name": "made"]], ["codeBase64": archive]],
        "instances": [["sequence": "a"], ["sequence": "b"], ["sequence": "c"]],
      ], behaviors: [["runtime": "process"]])
    var step = ScramjetState.Step(
      now: VirtualInstant(seconds: 1), ids: IDSource(seed: 1, tenant: "t"),
      blobs: BlobStore(budget: MemoryBudget()))
    let state = try ScramjetSeed.makeState(seed, runsCode: true, &step)
    let runs = state.instances.values.sorted { $0.sequenceID < $1.sequenceID }.map {
      $0.process != nil
    }
    #expect(runs == [false, true, false])
    let store = state.spaces.values.first?.store.all.map(\.self) ?? []
    #expect(store.map(\.fileName) == ["made.tar.gz", "x.tar.gz"])
    #expect(store.map { $0.isMade == true } == [true, false])
  }

  @Test(
    "The scenario, the start and the package say what stands behind an instance",
    arguments: [
      (nil, nil, nil, true), (nil, nil, ["behaviour": "echo"], false),
      (["behaviour": "echo"], nil, nil, false),
      (nil, ["runtime": "scripted"], nil, false),
      (nil, ["behaviour": "echo"], nil, false),
      (nil, ["runtime": "process"], ["behaviour": "echo"], true),
    ] as [(JSON?, JSON?, JSON?, Bool)])
  func choice(_ start: JSON?, _ rule: JSON?, _ package: JSON?, _ runs: Bool) throws {
    var manifest: JSONObject = ["name": "x", "main": "m.js"]
    manifest["emulator"] = package
    let sequence = Sequence(
      id: "q", alias: nil,
      package: Shared(try SequencePackage(manifest: manifest, byteCount: 1, hasPath: { _ in true }))
    )
    var order = StartOrder()
    if let start { order.appConfig = ["emulator": start] }
    let rules = try ScramjetSeed.behaviors(.array(rule.map { [$0] } ?? []))
    func program(_ sequence: Sequence, runsCode: Bool) throws(ScenarioProblems) -> Program? {
      try ProgramChoice.program(
        for: sequence, on: "h", order: order, rules: rules, runsCode: runsCode)?.program.value
    }
    var withCode = sequence
    withCode.code = SequenceCode(blob: BlobID(1), tag: "t")
    #expect((try program(withCode, runsCode: true) == nil) == runs)
    #expect(try program(sequence, runsCode: true) != nil)
    if rule?["runtime"] == "process" {
      #expect(throws: ScenarioProblems.self) { try program(withCode, runsCode: false) }
    } else {
      #expect(try program(withCode, runsCode: false) != nil)
    }
  }
}

extension StateBench {
  func startCode(output: String? = nil, input: String? = nil) throws -> InstanceKey {
    var order = StartOrder()
    (order.outputTopic, order.inputTopic) = (output, input)
    let key = change { [order] state, step in
      try? state.start("q", on: hub, order, program: nil, &step).serial
    }
    return try #require(key)
  }

  var isAtWork: Bool { box.read { $0.isAtWork } }

  func hear(_ saying: SequenceProcess.Saying, _ key: InstanceKey) {
    change { state, step in state.hear(saying, from: key, &step) }
  }

  func orders(_ key: InstanceKey, asks: Bool = false) -> [CodeProcess.Order] {
    change { state, step in (try? state.takeOrders(for: key, asks: asks, &step)) ?? nil } ?? []
  }

  /// Nil: nobody takes it.
  func take(_ text: String, _ key: InstanceKey) -> Bool? {
    change { state, step in
      try? state.take(Array(text.utf8), from: .output, of: key, &step)
    }
  }

  /// Nil: nothing yet; `|` stands for the end.
  func supply(_ key: InstanceKey) -> String? {
    change { state, step in
      guard let supply = (try? state.supply(.input, to: key, &step)) ?? nil else { return nil }
      return String(decoding: supply.bytes, as: UTF8.self) + (supply.ends ? "|" : "")
    }
  }

  func isOutputEnded(_ key: InstanceKey) -> Bool {
    box.read { state in
      state.instances[key].flatMap { state.streams[$0.output] }?.isEnded ?? false
    }
  }
}
