// The comparisons of strings in every file that imports this module, in the place of the standard
// library's, which are by normalisation: see `ExactText`. An operator of a module that is not the
// standard library goes before the library's of the same type, also where the compiler writes the
// equality of a structure or an enumeration itself. Not reached is what compares inside generic code
// of the library: keys of dictionaries and members of sets.

extension String {
  @inlinable package static func == (left: String, right: String) -> Bool { left.isExactly(right) }
  @inlinable package static func != (left: String, right: String) -> Bool { !left.isExactly(right) }
  @inlinable package static func < (left: String, right: String) -> Bool { left.comesBefore(right) }
  @inlinable package static func > (left: String, right: String) -> Bool { right.comesBefore(left) }
  @inlinable package static func <= (left: String, right: String) -> Bool {
    !right.comesBefore(left)
  }
  @inlinable package static func >= (left: String, right: String) -> Bool {
    !left.comesBefore(right)
  }

  /// What `switch` asks.
  @inlinable package static func ~= (pattern: String, value: String) -> Bool {
    value.isExactly(pattern)
  }
  @inlinable package static func ~= (pattern: String, value: Substring) -> Bool {
    value.isExactly(pattern[...])
  }

  package func hasPrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
  package func hasSuffix(_ suffix: String) -> Bool {
    utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}

extension Substring {
  @inlinable package static func == (left: Substring, right: Substring) -> Bool {
    left.isExactly(right)
  }
  @inlinable package static func != (left: Substring, right: Substring) -> Bool {
    !left.isExactly(right)
  }
  @inlinable package static func == (left: Substring, right: String) -> Bool {
    left.isExactly(right[...])
  }
  @inlinable package static func != (left: Substring, right: String) -> Bool {
    !left.isExactly(right[...])
  }

  package func hasPrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
  package func hasSuffix(_ suffix: String) -> Bool {
    utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}

extension Optional where Wrapped == String {
  @inlinable package static func == (left: String?, right: String?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left.isExactly(right)
    case (nil, nil): true
    default: false
    }
  }
  @inlinable package static func != (left: String?, right: String?) -> Bool { !(left == right) }
  // For literals: the type checker takes the library's before it makes an optional of one.
  @inlinable package static func == (left: String?, right: String) -> Bool {
    left?.isExactly(right) ?? false
  }
  @inlinable package static func != (left: String?, right: String) -> Bool { !(left == right) }
  @inlinable package static func == (left: String, right: String?) -> Bool { right == left }
  @inlinable package static func != (left: String, right: String?) -> Bool { !(right == left) }
  @inlinable package static func ~= (pattern: String, value: String?) -> Bool {
    value?.isExactly(pattern) ?? false
  }
}

extension Optional where Wrapped == Substring {
  @inlinable package static func == (left: Substring?, right: Substring?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left.isExactly(right)
    case (nil, nil): true
    default: false
    }
  }
  @inlinable package static func != (left: Substring?, right: Substring?) -> Bool {
    !(left == right)
  }
  @inlinable package static func == (left: Substring?, right: String) -> Bool {
    left?.isExactly(right[...]) ?? false
  }
  @inlinable package static func != (left: Substring?, right: String) -> Bool { !(left == right) }
}

extension Array where Element == String {
  @inlinable package static func == (left: [String], right: [String]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.isExactly($1) }
  }
  @inlinable package static func != (left: [String], right: [String]) -> Bool { !(left == right) }
}

extension Optional where Wrapped == [String] {
  @inlinable package static func == (left: [String]?, right: [String]?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left == right
    case (nil, nil): true
    default: false
    }
  }
  @inlinable package static func != (left: [String]?, right: [String]?) -> Bool { !(left == right) }
}

extension Sequence where Element == String {
  @inlinable package func contains(_ text: String) -> Bool { contains { $0.isExactly(text) } }
  @inlinable package func sorted() -> [String] { sorted { $0.comesBefore($1) } }
  @inlinable package func min() -> String? { self.min { $0.comesBefore($1) } }
  @inlinable package func max() -> String? { self.max { $0.comesBefore($1) } }
}

extension Sequence where Element == Substring {
  @inlinable package func contains(_ text: String) -> Bool { contains { $0.isExactly(text[...]) } }
}

extension Collection where Element == String {
  @inlinable package func firstIndex(of text: String) -> Index? {
    firstIndex { $0.isExactly(text) }
  }
}

extension BidirectionalCollection where Element == String {
  @inlinable package func lastIndex(of text: String) -> Index? { lastIndex { $0.isExactly(text) } }
}
