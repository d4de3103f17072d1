import EmulatorKernel
import Testing

@Suite("Contents that come again")
struct KnownContentsTests {
  @Test("What was kept is found by its bytes, the oldest makes room, large ones are not kept")
  func kept() {
    let known = KnownContents<Int>(bytesMax: 4, countMax: 3)
    for number in UInt8(0)..<5 { known.keep(Int(number), of: [number, 9]) }
    let found = (UInt8(0)..<5).map { known.find([$0, 9]) }
    #expect(found == [nil, nil, 2, 3, 4])
    #expect(known.find([2]) == nil)
    known.keep(7, of: [1, 2, 3, 4, 5])
    #expect(known.find([1, 2, 3, 4, 5]) == nil)
  }

  @Test("What is known already does not take a second place")
  func once() {
    let known = KnownContents<Int>(bytesMax: 4, countMax: 2)
    known.keep(1, of: [1])
    for _ in 0..<3 { known.keep(2, of: [2]) }
    #expect(known.find([1]) == 1)
  }
}
