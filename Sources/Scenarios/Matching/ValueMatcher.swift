package import Determinism
package import PayloadCodecs

/// A condition on one value: of a field, a query item, a place in the content, a variable.
///
/// A name may have several values (field lines, query items): a condition holds when it holds for
/// one of them, `not` when the inner one holds for none, `present: false` when there are none.
package indirect enum ValueMatcher: Sendable, Equatable {
  case equal(JSON)
  /// A text inside a text, or an element of an array.
  case contains(JSON)
  case regex(TextPattern)
  case glob(Glob)
  case above(Double, orEqual: Bool)
  case below(Double, orEqual: Bool)
  case present(Bool)
  /// A time before that one, or after it.
  case before(Moment)
  case after(Moment)
  /// A time at most so far from the present.
  case within(Duration)
  case not(ValueMatcher)
  case any([ValueMatcher])
  case all([ValueMatcher])

  package enum Moment: Sendable, Equatable {
    case instant(VirtualInstant)
    /// The tenant's present.
    case now
  }

  /// - Parameters:
  ///   - isText: the values come from a place that knows only text (fields, query, path), so the
  ///     number 5 equals the text `5`.
  ///   - now: the tenant's time; nil: not known, and what asks for it does not hold.
  package func matches(_ values: [JSON], isText: Bool, now: VirtualInstant? = nil) -> Bool {
    switch self {
    case .present(let isPresent): return values.isEmpty != isPresent
    case .not(let inner): return !inner.matches(values, isText: isText, now: now)
    case .any(let inner): return inner.contains { $0.matches(values, isText: isText, now: now) }
    case .all(let inner): return inner.allSatisfy { $0.matches(values, isText: isText, now: now) }
    default: return values.contains { matches($0, isText: isText, now: now) }
    }
  }

  private func matches(_ value: JSON, isText: Bool, now: VirtualInstant?) -> Bool {
    switch self {
    case .equal(let wanted):
      if isText, case .string(let text) = value { return Self.plainText(of: wanted) == text }
      return wanted.isSameValue(as: value)
    case .contains(let wanted):
      switch value {
      case .string(let text):
        return Self.plainText(of: wanted).map { Self.contains(text, $0) } ?? false
      case .array(let elements): return elements.contains { wanted.isSameValue(as: $0) }
      default: return false
      }
    case .regex(let pattern): return Self.plainText(of: value).map(pattern.matches) ?? false
    case .glob(let glob): return Self.plainText(of: value).map(glob.matches) ?? false
    case .above(let bound, let orEqual):
      return Self.number(of: value).map { orEqual ? $0 >= bound : $0 > bound } ?? false
    case .below(let bound, let orEqual):
      return Self.number(of: value).map { orEqual ? $0 <= bound : $0 < bound } ?? false
    case .before(let moment):
      guard let time = VirtualInstant(anyForm: value), let bound = moment.instant(now) else {
        return false
      }
      return time < bound
    case .after(let moment):
      guard let time = VirtualInstant(anyForm: value), let bound = moment.instant(now) else {
        return false
      }
      return time > bound
    case .within(let duration):
      guard let time = VirtualInstant(anyForm: value), let now else { return false }
      return max(time - now, now - time) <= duration
    case .present, .not, .any, .all: return matches([value], isText: isText, now: now)
    }
  }

  /// A scalar as plain text; nil for arrays, objects and null.
  static func plainText(of value: JSON) -> String? {
    switch value {
    case .string(let text): text
    case .bool, .integer, .decimal: value.text
    case .null, .array, .object: nil
    }
  }

  private static func number(of value: JSON) -> Double? {
    guard case .string(let text) = value else { return value.doubleValue }
    // Not what Swift takes for a number besides: hexadecimal digits, `inf`, `nan`.
    guard text.utf8.allSatisfy({ (0x2B...0x39).contains($0) || $0 | 0x20 == 0x65 }) else {
      return nil
    }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
  }

  /// Whether `part` stands in `whole`, byte by byte.
  static func contains(_ whole: String, _ part: String) -> Bool {
    guard let first = part.utf8.first else { return true }
    let whole = Array(whole.utf8)
    let part = Array(part.utf8)
    guard whole.count >= part.count else { return false }
    for start in 0...(whole.count - part.count) where whole[start] == first {
      if whole[start..<start + part.count].elementsEqual(part) { return true }
    }
    return false
  }
}

extension ValueMatcher: CustomStringConvertible {
  /// As a sentence goes on after "expected": `equal to "a"`, `matching the expression ^a`.
  package var description: String {
    switch self {
    case .equal(let wanted): wanted.text
    case .contains(let wanted): "something that contains \(wanted.text)"
    case .regex(let pattern): "a match of the expression \(pattern.text)"
    case .glob(let glob): "a match of \(glob.text)"
    case .above(let bound, let orEqual): "a number \(orEqual ? ">=" : ">") \(bound)"
    case .below(let bound, let orEqual): "a number \(orEqual ? "<=" : "<") \(bound)"
    case .present(let isPresent): isPresent ? "any value" : "no value"
    case .before(let moment): "a time before \(moment)"
    case .after(let moment): "a time after \(moment)"
    case .within(let duration): "a time within \(DurationText.format(duration)) of now"
    case .not(let inner): "not (\(inner))"
    case .any(let inner): "one of (" + inner.map(\.description).joined(separator: ", ") + ")"
    case .all(let inner): "all of (" + inner.map(\.description).joined(separator: ", ") + ")"
    }
  }
}

extension ValueMatcher.Moment: CustomStringConvertible {
  fileprivate func instant(_ now: VirtualInstant?) -> VirtualInstant? {
    switch self {
    case .instant(let instant): instant
    case .now: now
    }
  }

  package var description: String {
    switch self {
    case .instant(let instant): instant.iso8601()
    case .now: "now"
    }
  }
}

extension JSON {
  /// Equal as values: members in any order, numbers by what they are worth.
  package func isSameValue(as other: JSON) -> Bool {
    switch (self, other) {
    case (.integer(let left), .integer(let right)): return left == right
    case (.integer, .decimal), (.decimal, .integer), (.decimal, .decimal):
      if self == other { return true }
      return doubleValue.map { $0 == other.doubleValue } ?? false
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.isSameValue(as: $1) }
    case (.object(let left), .object(let right)):
      guard left.count == right.count else { return false }
      // A look-up goes through all members: large objects from the network need a table.
      let table = left.count > 8 ? right.valuesByName : nil
      return left.members.allSatisfy { key, value in
        (table.map { $0[key] } ?? right[key]).map { value.isSameValue(as: $0) } ?? false
      }
    default: return self == other
    }
  }

  /// Where `self`, taken as a part, is first not contained in `whole`; nil when it is.
  ///
  /// Objects may have further members; each element of an array must be contained in one of the
  /// other array's elements; everything else must be the same value.
  package func firstDifference(fromContaining whole: JSON?) -> (pointer: String, found: JSON?)? {
    guard let whole else { return ("", nil) }
    switch (self, whole) {
    case (.object(let part), .object(let object)):
      for (key, value) in part.members {
        if let inner = value.firstDifference(fromContaining: object[key]) {
          return ("/" + key.asPointerToken + inner.pointer, inner.found)
        }
      }
      return nil
    case (.array(let part), .array(let elements)):
      for (index, element) in part.enumerated()
      where !elements.contains(where: { element.firstDifference(fromContaining: $0) == nil }) {
        return ("/\(index)", elements.indices.contains(index) ? elements[index] : nil)
      }
      return nil
    default: return isSameValue(as: whole) ? nil : ("", whole)
    }
  }

  /// The value after a merge patch. Source: RFC 7396 §2.
  package func merging(patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var result = objectValue ?? JSONObject()
    for (key, value) in changes.members {
      if value.isNull {
        result[key] = nil
      } else {
        result[key] = (result[key] ?? .null).merging(patch: value)
      }
    }
    return .object(result)
  }
}
