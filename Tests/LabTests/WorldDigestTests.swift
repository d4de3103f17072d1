import Lab
import PayloadCodecs
import Testing

@Suite("Worlds, compared")
struct WorldDigestTests {
  private func thing(_ place: [String], _ content: JSON = [:]) -> JSON {
    [
      "service": "steamship", "kind": "file", "place": .array(place.map(JSON.string)),
      "content": content,
    ]
  }

  private func world(_ things: [JSON]) -> WorldDigest { WorldDigest(["things": .array(things)]) }

  @Test("Order, ids and times make no difference")
  func normalised() {
    let one = world([
      thing(["w", "a"], ["id": "72C3B332-2A13-4CC4-A3A1-8D323CBD8459", "n": 1]),
      thing(["w", "b"], ["at": "2026-11-28T20:27:53Z"]),
    ])
    let other = world([
      thing(["w", "b"], ["at": "2027-01-01T00:00:00Z"]),
      thing(["w", "a"], ["n": 1, "id": "11111111-2A13-4CC4-A3A1-8D323CBD8459"]),
    ])
    #expect(one == other)
    #expect(one.difference(from: other).isEmpty)
    #expect(one.lines.count == 2)
  }

  @Test("What is missing, there twice and unheard of is told apart")
  func differences() {
    let clean = world([thing(["w", "a"]), thing(["w", "b"], ["n": 1])])
    let missing = world([thing(["w", "a"])]).difference(from: clean)
    #expect(missing.missing.count == 1)
    #expect(missing.twice.isEmpty && missing.strange.isEmpty)
    let twice = world([thing(["w", "a"]), thing(["w", "a"]), thing(["w", "b"], ["n": 1])])
      .difference(from: clean)
    #expect(twice.twice.count == 1 && twice.missing.isEmpty)
    let renamed = world([thing(["w", "a"]), thing(["w", "a-2"]), thing(["w", "b"], ["n": 1])])
      .difference(from: clean)
    #expect(renamed.twice.count == 1)
    let strange = world([
      thing(["w", "a"]), thing(["w", "b"], ["n": 1]), thing(["w", "c"], ["n": 2]),
    ]).difference(from: clean)
    #expect(strange.strange.count == 1 && strange.twice.isEmpty)
  }
}
