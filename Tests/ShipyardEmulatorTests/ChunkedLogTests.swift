import EmulatorKernel
import PayloadCodecs
import ShipyardEmulator
import TestSupport
import Testing

@Suite("A log in chunks")
struct ChunkedLogTests {
  fileprivate struct Entry: Codable, Sendable, Equatable, Weighed {
    var number: Int
    var note: [Int]
    var heapBytes: Int { 0 }
  }

  private struct State: Codable, Sendable {
    var log = ChunkedLog<Entry>()
    var positions: [Entry.Name: Int] = [:]
  }

  @Test("It is put together from its changes, to the byte", arguments: 1...4)
  func changes(_ seed: UInt64) throws {
    var noise = SeededNoise(seed)
    var state = State()
    var former = state
    var patched = try PatchedState(StateEncoder.text(of: state))
    for round in 0..<40 {
      for _ in 0..<noise.below(120) {
        let number = state.log.append(Entry(number: noise.below(1000), note: [round]))
        state.positions[Entry.Name(text: "run \(number)")] = number
      }
      for _ in 0..<noise.below(4) where state.log.count > 0 {
        let place = state.log.startIndex + noise.below(state.log.count)
        state.log[place].note.append(round)
      }
      if noise.below(8) == 0, state.log.oldestFullChunk != nil {
        for place in 0..<ChunkedLog<Entry>.chunkSize {
          state.positions[Entry.Name(text: "run \(state.log.startIndex + place)")] = nil
        }
        state.log.dropOldestChunk()
      }
      let changes = try StateEncoder.changes(of: state, since: former)
      try patched.apply(changes)
      former = state
      #expect(try patched.text == StateEncoder.text(of: state), "seed \(seed), round \(round)")
    }
    // One of thousands has changed.
    while state.log.count < 2000 { state.log.append(Entry(number: 1, note: [])) }
    former = state
    state.log[state.log.startIndex + 700].number = -1
    #expect(try StateEncoder.changes(of: state, since: former).count < 400)
  }
}

extension ChunkedLogTests.Entry {
  fileprivate struct Name: Codable, Sendable, Hashable { var text: String }
}
