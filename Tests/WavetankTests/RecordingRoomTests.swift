import Testing

@testable import Wavetank

@Suite("What a recording keeps of contents")
struct RecordingRoomTests {
  @Test("All contents share one room; of each its beginning is kept, and how long it was")
  func shared() {
    let room = RecordingRoom(10)
    var first = RecordedExchange.Kept()
    var second = RecordedExchange.Kept()
    first.append(Array("abcd".utf8), room)
    second.append(Array("efghi".utf8), room)
    #expect(!room.isUsedUp)
    first.append(Array("jkl".utf8), room)
    second.append(Array("m".utf8), room)
    #expect(room.isUsedUp)
    #expect(String(decoding: first.bytes, as: UTF8.self) == "abcdj")
    #expect(String(decoding: second.bytes, as: UTF8.self) == "efghi")
    #expect((first.total, second.total) == (7, 6))
  }

  @Test("Behind a gap nothing is kept, also where there would be room again")
  func gap() {
    var kept = RecordedExchange.Kept()
    kept.append(Array("ab".utf8), RecordingRoom(1))
    kept.append(Array("cd".utf8), RecordingRoom(10))
    #expect(String(decoding: kept.bytes, as: UTF8.self) == "a")
    #expect(kept.total == 4)
  }
}
