/// Which of the valid words somebody may have meant.
package enum Nearest {
  /// The valid word with the fewest changes, if they are few; letter case, `-` and `_` do not count.
  package static func match(for word: String, among valid: [String]) -> String? {
    let wanted = folded(word)
    guard !wanted.isEmpty, wanted.count <= 200 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in valid {
      let known = folded(candidate)
      let limit = max(1, min(wanted.count, known.count) / 3)
      guard abs(known.count - wanted.count) <= limit || known.starts(with: wanted) else { continue }
      let distance =
        known.starts(with: wanted) && wanted.count >= 3 ? 1 : changes(wanted, known)
      if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// `; did you mean "times"?`, or the valid words when none is near and they are few, or nothing.
  package static func hint(for word: String, among valid: [String]) -> String {
    if let nearest = match(for: word, among: valid) { return "; did you mean \"\(nearest)\"?" }
    guard !valid.isEmpty else { return "" }
    guard valid.count <= 24 else { return "" }
    return "; valid: " + valid.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
  }

  private static func folded(_ word: String) -> [UInt8] {
    word.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
  }

  /// Insertions, removals, replacements and swaps of neighbours (optimal string alignment).
  static func changes(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let isSame = left[row] == right[column]
        var least = min(
          last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current.append(least)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
