import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@testable import ScramjetEmulator

/// What logs and audits are to say is only noted while nobody reads them.
@Suite struct UnwrittenRecordsTests {
  /// The streams of the space and of all its hubs.
  private func streams(_ bench: StateBench) -> [StreamKey] {
    bench.box.read { state in
      var found: [StreamKey] = []
      for space in state.spaceOrder.compactMap({ state.spaces[$0] }) {
        found += [space.log, space.audit]
        for hub in space.hubs.compactMap({ state.hubs[$0] }) { found += [hub.log, hub.audit] }
      }
      return found
    }
  }

  private func request(_ number: Int, on hub: HubKey, _ bench: StateBench) {
    let path = Array("/api/v1/instance/\(number)/he\"alth".utf8)
    bench.change { state, step in
      var record = AuditRecord(state: .start, code: 11_208, object: "i-\(number)")
      record.request = step.ids.uuidWords("audit")
      (record.received, record.sent, record.requestor) = (100, UInt64(number), "someone")
      state.note(
        record.entry(.wholeRequest, hub: hub, at: step.now, status: 200),
        object: record.object.utf8.span, requestor: record.requestor.utf8.span,
        method: "GET".utf8.span, path: path.span, &step)
    }
  }

  private func live(_ bench: StateBench, other: HubKey) throws {
    let key = try bench.start("forever")
    for number in 1...200 {
      request(number, on: number % 3 == 0 ? other : bench.hub, bench)
      bench.advance(.milliseconds(1))
    }
    bench.change { state, step in
      state.kill(key, removesImmediately: false, &step)
      state.logOnHub(.sequenceIdentified, "tw\"o", hub: other, &step)
      state.logOnHub(.hubDisconnected, hub: other, &step)
    }
    bench.advance(.seconds(1))
  }

  @Test("What is written later is what would have been written at once")
  func later() throws {
    var texts: [[String]] = []
    for isRead in [true, false] {
      let bench = try StateBench()
      let other = try bench.anotherHub("h2")
      let keys = streams(bench)
      if isRead {
        bench.change { state, _ in
          for key in keys {
            state.readerComes(to: key)
            _ = state.streams[key]?.attach()
          }
        }
      }
      try live(bench, other: other)
      #expect(bench.box.read { $0.records.isRead } == isRead)
      texts.append(keys.map { bench.text($0) })
    }
    #expect(texts[0] == texts[1])
    #expect(texts[0].count == 6 && texts[0].allSatisfy { $0.utf8.count > 10_000 })
    let audit = texts[1][3].split(separator: "\n").map { try? JSON(parsing: Array($0.utf8)) }
    let one = audit.filter { $0?["objectId"] == "i-7" }
    #expect(one.map { $0?["opState"] } == ["START", "END"])
    #expect(one.map { $0?["tx"] } == [0, 7] && one.map { $0?["rx"] } == [100, 100])
    #expect(one[0]?["requestId"] == one[1]?["requestId"] && one[0]?["requestorId"] == "someone")
    let date = "date: 1970-01-01T00:16:40.006Z"
    let line =
      #"{"msg":"Request","level":"DEBUG","ts":1000006,"data":["\#(date), method: GET, "#
      + #"url: /api/v1/instance/7/he\"alth, status: 200"],"from":"Host","Host":{"id":"h"}}"#
    #expect(texts[1][2].contains("\n\(line)\n"))
    #expect(texts[1][0].contains("\nh: \(line)\n"))
  }

  @Test("What is noted is bounded, and the histories end with the latest", arguments: [1, 2])
  func bounds(hubs: Int) throws {
    let bench = try StateBench()
    let other = try hubs == 1 ? bench.hub : bench.anotherHub("h2")
    for number in 1...6_000 { request(number, on: number % 2 == 0 ? other : bench.hub, bench) }
    #expect(bench.box.read { $0.records.heapBytes } < (hubs == 1 ? 1 << 20 : 64 << 10))
    #expect(bench.box.read { $0.heapBytes == $0.recountedHeapBytes })
    let texts = streams(bench).map { bench.text($0) }
    for (index, text) in texts.prefix(4).enumerated() {
      let limit = index % 2 == 0 ? 512 << 10 : 256 << 10
      #expect(text.utf8.count <= limit && text.utf8.count > limit * 9 / 10)
    }
    for text in texts.prefix(2) { #expect(text.contains("6000") && !text.contains("i-1\"")) }
    #expect(bench.box.read { $0.records.heapBytes } == 0)
  }

  @Test("A snapshot has what was only noted, and a hub that is gone has told its space")
  func kept() throws {
    let bench = try StateBench()
    request(7, on: bench.hub, bench)
    let restored = try bench.box.read { state in
      try JSONDecoder().decode(ScramjetState.self, from: JSONEncoder().encode(state))
    }
    #expect(restored.records.heapBytes == 0)
    let (log, audit) = bench.box.read { state in
      (state.spaces[bench.space]?.log, state.spaces[bench.space]?.audit)
    }
    func text(_ key: StreamKey?) -> String {
      guard let key, var log = restored.streams[key] else { return "" }
      let taken = log.take(from: log.attach(), byteLimit: .max)
      return String(decoding: taken.pieces.joined(), as: UTF8.self)
    }
    #expect(text(log).contains("/instance/7/") && text(audit).contains("i-7"))
    bench.change { state, step in state.removeHub(bench.hub, &step) }
    #expect(bench.text(log) == text(log) && bench.text(audit).hasPrefix(text(audit)))
  }

  @Test("When the last reader has left, records are only noted again")
  func readerLeaves() throws {
    let bench = try StateBench()
    let key = try #require(bench.box.read { $0.hubs[bench.hub]?.log })
    let start = bench.change { state, _ -> Int in
      state.readerComes(to: key)
      return state.streams[key]?.attach() ?? 0
    }
    for number in 1...100 { request(number, on: bench.hub, bench) }
    #expect(bench.box.read { $0.records.isRead && $0.records.heapBytes == 0 })
    bench.change { state, _ in state.streams[key]?.detach(from: start) }
    for number in 101...200 { request(number, on: bench.hub, bench) }
    #expect(bench.box.read { !$0.records.isRead && $0.records.heapBytes > 0 })
    #expect(bench.text(key).contains("/instance/1/") && bench.text(key).contains("/instance/200/"))
  }

  @Test("A request that only looks has a START and an END, with the bytes of both ways")
  func look() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let reply = try await harness.send(.get, instance)
    let missing = try await harness.send(.get, "\(ScramjetDemo.hub)/sequence/none")
    #expect(missing.status == 404)
    let open = await harness.answer(.get, "\(ScramjetDemo.hub)/audit")
    #expect(try harness.live.emit(["crashHub": "sth-0"]))
    let producer = try #require(open.body.producer)
    let text = String(decoding: try await BodyWriter.collect(producer), as: UTF8.self)
    let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    let looks = lines.filter { $0["opCode"] == 11_200 }
    #expect(looks.map { $0["opState"] } == ["START", "END"])
    #expect(looks.map { $0["tx"] } == [0, .integer(reply.text.utf8.count)])
    #expect(looks.allSatisfy { $0["rx"]?.intValue ?? 0 > 0 })
    #expect(Set(looks.map { $0["requestId"]?.stringValue }).count == 1)
    #expect(lines.filter { $0["objectId"] == "none" }.map { $0["opState"] } == ["START", "END"])
  }
}
