// Text as the list of its code points, in every file that imports this module: in the place of the
// standard library's members of the same names, for which a combining mark, or the line feed after a
// carriage return, is a part of the character before it. So `/` is found and counted also where U+0301
// follows. Not reached are loops over a string and closures that are handed its characters: those go
// over `unicodeScalars` or `utf8`. A `Character` stands for one code point here.

extension String {
  /// Of code points.
  package var count: Int { unicodeScalars.count }
  package var first: Character? { unicodeScalars.first.map(Character.init) }
  package var last: Character? { unicodeScalars.last.map(Character.init) }

  package subscript(_ index: Index) -> Character { Character(unicodeScalars[index]) }
  package func index(after index: Index) -> Index { unicodeScalars.index(after: index) }
  package func index(before index: Index) -> Index { unicodeScalars.index(before: index) }

  package func dropFirst(_ count: Int = 1) -> Substring {
    Substring(unicodeScalars.dropFirst(count))
  }
  package func dropLast(_ count: Int = 1) -> Substring { Substring(unicodeScalars.dropLast(count)) }
  package func prefix(_ count: Int) -> Substring { Substring(unicodeScalars.prefix(count)) }
  package func suffix(_ count: Int) -> Substring { Substring(unicodeScalars.suffix(count)) }

  package func firstIndex(of mark: Character) -> Index? { self[...].firstIndex(of: mark) }
  package func lastIndex(of mark: Character) -> Index? { self[...].lastIndex(of: mark) }
  package func contains(_ mark: Character) -> Bool { self[...].contains(mark) }
  package func contains(_ part: String) -> Bool { self[...].contains(part) }

  package func split(
    separator: Character, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    self[...].split(
      separator: separator, maxSplits: maxSplits,
      omittingEmptySubsequences: omittingEmptySubsequences)
  }
}

extension Substring {
  /// Of code points.
  package var count: Int { unicodeScalars.count }
  package var first: Character? { unicodeScalars.first.map(Character.init) }
  package var last: Character? { unicodeScalars.last.map(Character.init) }

  package subscript(_ index: Index) -> Character { Character(unicodeScalars[index]) }
  package func index(after index: Index) -> Index { unicodeScalars.index(after: index) }
  package func index(before index: Index) -> Index { unicodeScalars.index(before: index) }

  package func dropFirst(_ count: Int = 1) -> Substring {
    Substring(unicodeScalars.dropFirst(count))
  }
  package func dropLast(_ count: Int = 1) -> Substring { Substring(unicodeScalars.dropLast(count)) }
  package func prefix(_ count: Int) -> Substring { Substring(unicodeScalars.prefix(count)) }
  package func suffix(_ count: Int) -> Substring { Substring(unicodeScalars.suffix(count)) }

  package func firstIndex(of mark: Character) -> Index? {
    let scalar = Self.scalar(mark)
    return scalar.isASCII
      ? utf8.firstIndex(of: UInt8(truncatingIfNeeded: scalar.value))
      : unicodeScalars.firstIndex(of: scalar)
  }

  package func lastIndex(of mark: Character) -> Index? {
    let scalar = Self.scalar(mark)
    return scalar.isASCII
      ? utf8.lastIndex(of: UInt8(truncatingIfNeeded: scalar.value))
      : unicodeScalars.lastIndex(of: scalar)
  }

  package func contains(_ mark: Character) -> Bool { firstIndex(of: mark) != nil }

  package func contains(_ part: String) -> Bool {
    let part = part.utf8
    guard let head = part.first else { return true }
    var rest = utf8
    while rest.count >= part.count, let start = rest.firstIndex(of: head) {
      rest = rest[start...]
      if rest.starts(with: part) { return true }
      rest = rest.dropFirst()
    }
    return false
  }

  package func split(
    separator: Character, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    let scalar = Self.scalar(separator)
    guard scalar.isASCII else {
      return unicodeScalars.split(
        separator: scalar, maxSplits: maxSplits,
        omittingEmptySubsequences: omittingEmptySubsequences
      ).map { Substring($0) }
    }
    return utf8.split(
      separator: UInt8(truncatingIfNeeded: scalar.value), maxSplits: maxSplits,
      omittingEmptySubsequences: omittingEmptySubsequences
    ).map { Substring($0) }
  }

  /// The mark is a literal of ours.
  private static func scalar(_ mark: Character) -> Unicode.Scalar {
    let scalars = mark.unicodeScalars
    precondition(scalars.count == 1, "a mark is one code point")
    return scalars[scalars.startIndex]
  }
}
