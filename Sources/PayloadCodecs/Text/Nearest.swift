/// Which of the valid words somebody may have meant.
package enum Nearest {
  /// The valid word with the fewest changes, if they are few; letter case, `-` and `_` do not count.
  ///
  /// **Cost**: a word of more than 64 letters has none; each valid word costs its letters.
  package static func match(for word: String, among valid: [String]) -> String? {
    let wanted = folded(word)
    guard (1...WordPattern.bytesMax).contains(wanted.count) else { return nil }
    var pattern = WordPattern(count: wanted.count) { wanted[$0] }
    var best: (word: String, distance: Int)?
    for candidate in valid {
      let known = folded(candidate)
      let limit = max(1, min(wanted.count, known.count) / 3)
      let isBeginning = known.starts(with: wanted)
      guard abs(known.count - wanted.count) <= limit || isBeginning else { continue }
      let distance =
        isBeginning && wanted.count >= 3
        ? 1 : pattern.distance(to: known.count) { known[$0] }
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

  /// Not all of a long text: the rest of it cannot bring it near.
  private static func folded(_ word: String) -> [UInt8] {
    word.prefix(2 * WordPattern.bytesMax).lowercased().utf8
      .filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
  }
}
