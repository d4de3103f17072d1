import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("Events of instances (contract §3.5)")
struct EventRuleTests {
  /// Says on its output what it hears.
  private static let listener: JSON = [
    "program": [["on": "event", "event": "*", "do": ["write": "{message};"]]]
  ]

  @Test("What an instance emits goes to all others of its hub, not back, and to no other hub")
  func forwarded() throws {
    let bench = try StateBench()
    let other = try bench.anotherHub("h2")
    let sender = try bench.start(Self.listener)
    let near = [try bench.start(Self.listener), try bench.start(Self.listener)]
    let far = try bench.start(Self.listener, on: other)
    bench.change { state, step in
      state.emit("e", "hello", from: sender, hops: 0, &step)
      state.runWork(&step)
    }
    for key in near { #expect(bench.output(key) == "hello;") }
    #expect(bench.output(sender) == "" && bench.output(far) == "")
  }

  @Test("An id that several hubs have means the instance that was started first")
  func sameID() throws {
    let bench = try StateBench()
    let id = "00000000-0000-4000-8000-000000000001"
    let hubs = try (0..<12).map { try bench.anotherHub("h\($0)") } + [bench.hub]
    let keys = try hubs.map { try bench.start(Self.listener, on: $0, id: id) }
    #expect(bench.box.read { $0.instance(withID: id) } == keys[0])
    #expect(bench.box.read { $0.instance(withID: "none") } == nil)
  }

  @Test("What comes from outside goes to that instance alone")
  func outside() throws {
    let bench = try StateBench()
    let (addressed, other) = (try bench.start(Self.listener), try bench.start(Self.listener))
    bench.change { state, step in
      state.deliver("e", ["a": 1], to: addressed, &step)
      state.runWork(&step)
    }
    #expect(bench.output(addressed) == "{\"a\":1};")
    #expect(bench.output(other) == "")
  }

  static let falsy: [JSON?] = [nil, .null, "", 0, false]

  @Test("A last message that is empty, zero, false or none counts as none", arguments: falsy)
  func falsyMessage(_ message: JSON?) throws {
    let bench = try StateBench()
    let key = try bench.start("forever")
    for value in ["first" as JSON?, message] {
      bench.change { state, step in state.emit("e", value, from: key, hops: 0, &step) }
    }
    #expect(bench.instance(key)?.lastEvents["e"] == nil)
    #expect(bench.instance(key)?.lastEvent?.name == "e")
  }

  @Test(
    "Who waits from a number on gets the first event of the name from there, within a bounded history"
  )
  func history() throws {
    let bench = try StateBench()
    let key = try bench.start("forever")
    for number in 0..<1_000 {
      bench.change { state, step in
        state.emit(number % 2 == 0 ? "even" : "odd", .integer(number), from: key, hops: 0, &step)
      }
    }
    let event = { (position: Int, name: String?) in
      bench.box.read { $0.event(of: key, from: position, named: name) }
    }
    #expect(event(990, "odd")?.event.message == 991)
    #expect(event(990, "odd")?.next == 992)
    #expect(event(990, nil)?.event.message == 990)
    #expect(event(999, "even") == nil)
    let oldest = try #require(event(0, nil)?.event.message?.intValue)
    #expect(
      (1_000 - 256...1_000 - 193).contains(oldest),
      "an old position goes on at the oldest that is kept")
  }

  @Test("Programs whose events answer each other come to rest, and the hub goes on")
  func circles() throws {
    let bench = try StateBench()
    let answering: JSON = [
      "program": [["on": "event", "event": "*", "do": [["emit": "again", "message": "x"]]]]
    ]
    let keys = [try bench.start(answering), try bench.start(answering), try bench.start(answering)]
    bench.change { state, step in
      state.emit("go", "x", from: keys[0], hops: 0, &step)
      state.runWork(&step)
    }
    for _ in 0..<50 where bench.box.read({ $0.nextDue }) != nil { bench.advance(.seconds(1)) }
    #expect(bench.box.read { $0.work.isEmpty && $0.nextDue == nil })
    let echo = try bench.start("echo")
    bench.give("still here", to: echo)
    #expect(bench.output(echo) == "still here")
  }

  @Test("What is over hears nothing; what is stopping does, for its handlers")
  func over() throws {
    let bench = try StateBench()
    let (stopping, killed) = (try bench.start(Self.listener), try bench.start(Self.listener))
    bench.change { state, step in
      _ = state.stop(stopping, timeout: .seconds(7), mayCallKeepAlive: false, &step)
      state.kill(killed, removesImmediately: false, &step)
      for key in [stopping, killed] { state.deliver("e", "m", to: key, &step) }
      state.runWork(&step)
    }
    #expect(bench.output(stopping) == "m;")
    #expect(bench.output(killed) == "")
  }
}
