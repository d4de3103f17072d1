import Glibc

/// Bytes of a text, cut into lines, in which words are found by the C library: a debug build of a
/// loop over characters would take a minute for what this does in a moment.
struct LinedText: Sendable {
  let bytes: [UInt8]
  /// Where each line begins.
  private let starts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var starts = [0]
    while let end = Self.find([0x0A], in: bytes, from: starts[starts.count - 1]) {
      starts.append(end + 1)
    }
    self.starts = starts
  }

  var count: Int { starts.count }

  /// The line of that index, without its line feed.
  subscript(_ index: Int) -> String {
    let end = index + 1 < starts.count ? starts[index + 1] - 1 : bytes.count
    return String(decoding: bytes[starts[index]..<end], as: UTF8.self)
  }

  /// The lines that hold at least one of the words, each once and in order; numbers begin at 1.
  func lines(containing words: [String]) -> [(number: Int, text: String)] {
    var found: Set<Int> = []
    for word in words {
      let word = Array(word.utf8)
      var position = 0
      while let match = Self.find(word, in: bytes, from: position) {
        found.insert(line(of: match))
        position = match + 1
      }
    }
    return found.sorted().map { ($0 + 1, self[$0]) }
  }

  private func line(of offset: Int) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The first occurrence of `word` at or behind `start`.
  static func find(_ word: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = word.first, start < bytes.count else { return nil }
    return unsafe bytes.withUnsafeBytes { whole -> Int? in
      unsafe word.withUnsafeBytes { word -> Int? in
        guard let base = whole.baseAddress, let needle = word.baseAddress else { return nil }
        var position = start
        while position + word.count <= whole.count {
          // SAFETY: both calls stay within the arrays, which live for the closure.
          let room = whole.count - word.count + 1 - position
          guard let match = unsafe memchr(base + position, Int32(first), room) else { return nil }
          if unsafe memcmp(match, needle, word.count) == 0 {
            return unsafe UnsafeRawPointer(match) - base
          }
          position = unsafe UnsafeRawPointer(match) - base + 1
        }
        return nil
      }
    }
  }
}
