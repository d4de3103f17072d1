import HTTPModel
import Testing

/// Long ones are passed over in blocks, the rest eight bytes at a time: each place is looked at.
@Suite("Paths are passed over many bytes at a time, and nothing is missed")
struct PathBytesTests {
  static let lengths = [0, 1, 7, 8, 9, 31, 32, 33, 127, 128, 129, 255, 256, 257, 300, 520]

  @Test("A byte is found wherever it stands", arguments: lengths)
  func firstIndex(_ length: Int) {
    for place in 0..<length {
      var bytes = [UInt8](repeating: 0x61, count: length)
      // What stands before the start and behind the end does not count.
      bytes[place] = 0x2F
      let span = bytes.span
      #expect(span.firstIndex(of: 0x2F, from: 0, to: length) == place)
      #expect(span.firstIndex(of: 0x2F, from: place, to: length) == place)
      #expect(span.firstIndex(of: 0x2F, from: place + 1, to: length) == length)
      #expect(span.firstIndex(of: 0x2F, from: 0, to: place) == place)
    }
  }

  @Test(
    "Bytes that differ by one bit are others",
    arguments: [UInt8]([0x2E, 0x2D, 0x6F, 0xAF, 0, 0xFF]))
  func others(_ byte: UInt8) {
    let bytes = [UInt8](repeating: byte, count: 300)
    #expect(bytes.span.firstIndex(of: 0x2F, from: 0, to: 300) == 300)
    #expect(bytes.span.endOfSlashes(from: 0, to: 300) == 0)
  }

  @Test("Slashes end where another byte stands", arguments: lengths)
  func slashes(_ length: Int) {
    for place in 0..<length {
      var bytes = [UInt8](repeating: 0x2F, count: length)
      bytes[place] = 0x61
      let span = bytes.span
      #expect(span.endOfSlashes(from: 0, to: length) == place)
      #expect(span.endOfSlashes(from: place + 1, to: length) == length)
    }
  }

  @Test("Two slashes in a row are found wherever they stand", arguments: lengths)
  func doubled(_ length: Int) {
    for place in 0..<length {
      let path = "/" + String(repeating: "a/", count: place / 2) + (place % 2 == 0 ? "" : "b")
      #expect(!RequestTarget(path).hasDoubledSlash, "\(path)")
      let rest = String(repeating: "a", count: length - place)
      let start = "/" + String(repeating: "a", count: place)
      #expect(RequestTarget(start + "//" + rest).hasDoubledSlash)
    }
  }

  @Test(
    "Segments are what stands between slashes",
    arguments: ["", "/", "//", "a", "/a", "a/", "/a//bc/", "///abcdefghij/k", "*"])
  func segments(_ path: String) {
    let bytes = Array(path.utf8)
    var found: [String] = []
    var index = 0
    while let segment = bytes.span.segment(from: index, to: bytes.count) {
      found.append(String(decoding: bytes[segment], as: UTF8.self))
      index = segment.upperBound
    }
    #expect(found == path.split(separator: "/").map(String.init))
  }
}
