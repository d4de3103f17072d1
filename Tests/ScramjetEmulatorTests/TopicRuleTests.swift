import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ScramjetEmulator

@Suite("Topics (contract §1.10)")
struct TopicRuleTests {
  private static let json = "application/x-ndjson"

  /// A topic with readers, by hand.
  private final class Board {
    let bench: StateBench
    let key: TopicKey
    let stream: StreamKey

    init(_ type: String = TopicRuleTests.json) throws {
      bench = try StateBench()
      let key = bench.topic("news")
      self.key = key
      stream = bench.change { state, step in state.topic(key, type: type, &step).stream }
    }

    /// A reader's place.
    func attach() -> Int {
      bench.change { [stream] state, _ in state.streams[stream]?.attach() ?? 0 }
    }

    func read(_ place: inout Int) -> String {
      let (text, next) = bench.change { [stream, place] state, step in
        let taken = state.streams[stream]?.take(from: place, byteLimit: .max)
        state.roomMayHaveComeUp(in: stream, &step)
        return (
          String(decoding: (taken?.pieces ?? []).joined(), as: UTF8.self), taken?.next ?? place
        )
      }
      place = next
      return text
    }

    func leave(_ place: Int) {
      bench.change { [stream] state, step in
        state.streams[stream]?.detach(from: place)
        state.roomMayHaveComeUp(in: stream, &step)
      }
    }

    /// False: there is no room.
    @discardableResult
    func publish(_ text: String) -> Bool {
      bench.change { [key, stream] state, step in
        state.publishIfRoom(Array(text.utf8), to: key, stream: stream, &step) == true
      }
    }
  }

  @Test("Every reader gets every chunk; who comes later gets what is written from then on")
  func fanOut() throws {
    let board = try Board()
    var readers = (0..<3).map { _ in board.attach() }
    board.publish("one ")
    var late = board.attach()
    board.publish("two ")
    for index in readers.indices { #expect(board.read(&readers[index]) == "one two ") }
    #expect(board.read(&late) == "two ")
  }

  @Test("What nobody reads is kept for the first reader, and given once")
  func kept() throws {
    let board = try Board()
    board.publish("kept ")
    var first = board.attach()
    #expect(board.read(&first) == "kept ")
    board.leave(first)
    board.publish("again ")
    var second = board.attach()
    #expect(board.read(&second) == "again ")
  }

  @Test("A writer waits at the mark until somebody has read, and the slowest reader rules")
  func backPressure() throws {
    let board = try Board()
    let piece = String(repeating: "x", count: 64 * 1024)
    #expect(board.publish(piece))
    #expect(board.publish(piece))
    #expect(!board.publish("no room"))
    var (fast, slow) = (board.attach(), 0)
    #expect(board.read(&fast).utf8.count == 2 * piece.utf8.count)
    #expect(board.publish(piece))
    slow = board.attach()
    #expect(board.publish(piece))
    _ = board.read(&fast)
    #expect(board.publish(piece))
    #expect(!board.publish("the slow one has not read"))
    board.leave(slow)
    _ = board.read(&fast)
    #expect(board.publish("when it leaves the others go on"))
  }

  // MARK: Writers

  @Test("Writers come one after the other, in order of arrival")
  func turns() throws {
    let board = try Board()
    let (bench, key) = (board.bench, board.key)
    let writers = (1...3).map { Topic.Writer.request($0) }
    bench.change { state, _ in for writer in writers { state.joinWriters(writer, of: key) } }
    let turns = { bench.box.read { state in writers.map { state.isTurn(of: $0, at: key) } } }
    #expect(turns() == [true, false, false])
    bench.change { state, step in state.leaveWriters(writers[1], of: key, &step) }
    #expect(turns() == [true, false, false])
    bench.change { state, step in state.leaveWriters(writers[0], of: key, &step) }
    #expect(turns() == [false, false, true])
  }

  @Test("A small message is published at once where it is its turn and there is room, else later")
  func atOnce() throws {
    let harness = try ServiceHarness(ScramjetService())
    let world = try #require((harness.live.slots[0] as? TypedSlot<ScramjetService>)?.world)
    let key = try #require(
      world.read { state in state.spaceOrder.first.map { TopicKey(space: $0, name: "news") } })
    let writer = { () throws(ScramjetError) in
      try TopicWriter(key, type: Self.json, through: nil, in: world)
    }
    var first: TopicWriter? = try writer()
    let second = try writer()
    #expect(second.publish(whole: Array("b".utf8)) == nil, "the first has not even begun")
    #expect(first?.publish(whole: Array("a".utf8)) == true)
    #expect(second.publish(whole: Array("b\n".utf8)) == true)
    let stream = try #require(world.read { $0.topics[key]?.stream })
    let written = { world.read { state in state.streams[stream]?.bytesWritten } }
    #expect(written() == 4, "a, its missing newline, b with its own")
    // It has its turn by the release of one that never wrote.
    first = try writer()
    let third = try writer()
    #expect(third.publish(whole: []) == nil)
    first = nil
    #expect(third.publish(whole: []) == true)
    let large = [UInt8](repeating: UInt8(ascii: "\n"), count: Topic.mark)
    #expect(try writer().publish(whole: large) == true)
    #expect(try writer().publish(whole: [UInt8(ascii: "\n")]) == nil, "nobody has read")
    #expect(written() == 4 + Topic.mark)
    #expect(
      world.read { $0.topics[key]?.writers.isEmpty } == true, "all have given their place back")
    #expect(throws: ScramjetError.self) {
      _ = try TopicWriter(key, type: "text/plain", through: nil, in: world)
    }
  }

  static let types: [(String, String)] = [
    ("application/x-ndjson", "a\nb\n"), ("text/x-ndjson", "ab\n"), ("text/plain", "ab\n"),
    ("application/octet-stream", "ab\n"),
  ]

  @Test(
    "Between writers a missing newline is added to application/x-ndjson, and only there",
    arguments: types)
  func newline(_ type: String, _ ended: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    for text in ["a", "b\n"] {
      let reply = try await harness.send(
        .post, "\(ScramjetDemo.hub)/topic/news", [("Content-Type", type)], body: Array(text.utf8))
      #expect(reply.status == 202)
    }
    let held = harness.live.slots[0].describe()["spaces"]?[0]?["topics"]?[0]?["stream"]?["bytes"]
    #expect(held?.intValue == ended.utf8.count)
  }

  @Test(
    "An instance whose output feeds a topic counts as a writer until its output ends, and takes nothing from its output's readers (contract §3.3)"
  )
  func instanceWrites() throws {
    let bench = try StateBench()
    let key = bench.topic("out")
    let first = try bench.start("echo", output: "out")
    let second = try bench.start("echo", output: "out")
    bench.give("second", to: second)
    #expect(bench.text(bench.topicStream("out")) == "", "it is not its turn")
    bench.give("first", to: first, ends: true)
    #expect(bench.box.read { $0.isTurn(of: .instance(second), at: key) })
    #expect(bench.text(bench.topicStream("out")) == "first\nsecond")
    #expect(bench.output(first) == "first")
    #expect(bench.output(second) == "second")
  }

  @Test("An instance that waits for a request to end goes on where that is gone with a restart")
  func restart() throws {
    let bench = try StateBench()
    let key = bench.topic("out")
    bench.change { state, step in
      _ = state.topic(key, type: nil, &step)
      state.joinWriters(.request(7), of: key)
    }
    _ = try bench.start(["behaviour": "value", "value": "late"], output: "out")
    #expect(bench.text(bench.topicStream("out")) == "", "it is not its turn")
    var restored = try ScramjetState.read(StateEncoder.encode(bench.box.read { $0 }))
    #expect(restored.inconsistencies == [])
    var step = ScramjetState.Step(
      now: bench.now, ids: IDSource(seed: 1, tenant: "t"), blobs: BlobStore(budget: MemoryBudget()))
    restored.runWork(&step)
    let stream = try #require(restored.topics[key]?.stream)
    #expect(restored.streams[stream]?.bytesWritten == "late\n".utf8.count)
    #expect(restored.inconsistencies == [])
  }

  @Test("An instance whose process had not gone yet holds no topic after a restart")
  func restartWithoutProcess() throws {
    let bench = try StateBench()
    let writer = try bench.start("echo", output: "out")
    bench.change { state, step in
      state.instances[writer]?.process = CodeProcess(at: step.now)
      state.end(writer, .killed, &step)
    }
    #expect(bench.box.read { $0.topics[bench.topic("out")]?.writers } == [.instance(writer)])
    let restored = try ScramjetState.read(StateEncoder.encode(bench.box.read { $0 }))
    #expect(restored.topics[bench.topic("out")]?.writers == [])
    let instance = try #require(restored.instances[writer])
    #expect(restored.streams[instance.output]?.isEnded == true)
  }

  @Test("A space that is gone gets no topic, whoever asked for one just before")
  func goneSpace() throws {
    let bench = try StateBench()
    let isEnded = bench.change { state, step -> Bool? in
      state.removeSpace(bench.space, &step)
      let topic = state.topic(bench.topic("late"), type: nil, &step)
      return state.streams[topic.stream]?.isEnded
    }
    #expect(isEnded == true)
    #expect(bench.box.read { $0.topics.isEmpty })
    #expect(bench.box.read { $0.inconsistencies } == [])
  }

  // MARK: Instances that read

  @Test("Every instance that reads a topic gets all of it, on whichever hub of the space it runs")
  func consumers() throws {
    let bench = try StateBench()
    let other = try bench.anotherHub("h2")
    let readers = [
      try bench.start("echo", input: "in"), try bench.start("echo", input: "in"),
      try bench.start("echo", on: other, input: "in"),
    ]
    let key = bench.topic("in")
    bench.change { state, step in
      state.publish(Array("{\"n\":1}\n".utf8), to: key, &step)
      state.runWork(&step)
    }
    for reader in readers { #expect(bench.output(reader) == "{\"n\":1}\n") }
  }

  @Test(
    "A topic that is removed ends its readers' replies and the input of the instances that read it")
  func removed() throws {
    let bench = try StateBench()
    let key = bench.topic("in")
    let reader = try bench.start("echo", input: "in")
    let stream = bench.topicStream("in")
    bench.change { state, step in state.removeTopic(key, &step) }
    #expect(bench.box.read { $0.topics[key] == nil && $0.spaces[bench.space]?.topicOrder == [] })
    #expect(bench.box.read { state in stream.map { state.streams[$0] == nil } } == true)
    #expect(bench.instance(reader)?.input.isEnded == true)
    #expect(bench.box.read { $0.inconsistencies } == [])
  }

  @Test("An instance that reads a topic takes nothing on its input (contract §1.9)")
  func inputElsewhere() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start("echo", ["inputTopic": "news"])
    let reply = try await harness.send(
      .post, "\(instance)/input", [("Content-Type", "text/plain")], body: [1])
    #expect(reply.status == 405)
    #expect(reply.error == "Input provided in other way")
  }

  // MARK: Names and types

  static let names: [(String, Bool)] = [
    ("cargo", true), ("a-b_c+d", true), ("back\\slash", true), ("0", true), ("", false),
    ("a.b", false), ("a/b", false), ("a b", false), ("ä", false), ("a\u{301}", false),
  ]

  @Test("A name has letters, digits, - _ + and the backslash", arguments: names)
  func name(_ name: String, _ isName: Bool) { #expect(Topic.isName(name) == isName) }

  @Test("A topic keeps the type that it was made with")
  func type() async throws {
    let harness = try ServiceHarness(ScramjetService())
    _ = try await harness.post(
      "\(ScramjetDemo.hub)/topics", ["id": "news", "content-type": "text/plain"])
    let other = try await harness.send(
      .post, "\(ScramjetDemo.hub)/topic/news", [("Content-Type", "application/x-ndjson")], body: [1]
    )
    #expect(other.status == 415)
    #expect(other.error == "Acceptable Content-Type for news is text/plain")
    let twice = try await harness.post(
      "\(ScramjetDemo.hub)/topics", ["id": "news", "content-type": "text/plain"])
    #expect(twice.error == "Topic with given id already exist")
  }
}
