import EmulatorKernel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("What happens by itself (DESIGN §4)")
struct AgendaRuleTests {
  @Test("At the same instant what goes on comes before the end of a retention")
  func tie() {
    var agenda = Agenda()
    let (key, due) = (InstanceKey(serial: 7), VirtualInstant(seconds: 10))
    agenda.keep(key, until: due)
    agenda.add(.tick(instance: key, timer: 0), at: due)
    #expect(agenda.popDue(due) == .tick(instance: key, timer: 0))
    #expect(agenda.popDue(due) == .remove(instance: key))
    #expect(agenda.popDue(due) == nil)
  }

  @Test("What was planned for an instance that is gone does nothing, and the agenda empties")
  func gone() throws {
    let bench = try StateBench()
    let key = try bench.start([
      "program": [
        ["on": "every", "every": "1s", "do": ["write": "tick\n"]],
        ["on": "start", "do": [["sleep": "5s"], "finish"]],
      ]
    ])
    bench.advance(.seconds(2))
    bench.change { state, step in
      _ = state.stop(key, timeout: .seconds(7), mayCallKeepAlive: false, &step)
      state.removeInstance(key, &step)
    }
    let streams = bench.box.read { $0.streams.count }
    bench.advance(.seconds(60))
    #expect(bench.box.read { $0.nextDue } == nil)
    #expect(bench.box.read { $0.streams.count } == streams)
    #expect(bench.box.read { $0.inconsistencies } == [])
  }

  @Test("A program that feeds itself gets a bounded share of each step, and others go on")
  func circle() throws {
    let bench = try StateBench()
    let circle: JSON = [
      "requires": "loop",
      "program": [["on": "line", "do": ["write": "{}\n", "to": "topic:loop"]]],
    ]
    _ = try bench.start(circle)
    let key = bench.topic("loop")
    let began = bench.now
    bench.change { state, step in
      state.publish(Array("1\n".utf8), to: key, &step)
      state.runWork(&step)
    }
    #expect(bench.box.read { $0.isCatchingUp })
    #expect(bench.box.read { $0.nextDue } == began + .milliseconds(10))
    let echo = try bench.start("echo")
    bench.give("x", to: echo)
    bench.advance(.milliseconds(50))
    #expect(bench.output(echo) == "x")
  }

  @Test("A timer fires so many times as it says, at its interval, and not early")
  func timer() throws {
    let bench = try StateBench()
    let key = try bench.start([
      "program": [["on": "every", "every": "2s", "count": 3, "do": ["write": "{n};"]]]
    ])
    bench.advance(.milliseconds(1_999))
    #expect(bench.output(key) == "")
    bench.advance(.milliseconds(1))
    #expect(bench.output(key) == "0;")
    bench.advance(.seconds(60))
    #expect(bench.output(key) == "1;2;")
  }
}
