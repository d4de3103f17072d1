/// The templates without parameters, found to the letter: a hash table over the bytes of their paths, in
/// front of a `RouteTable` with the same templates. What is found here is what that finds, since literal
/// segments win there; what is not here may be there.
///
/// A class, filled once, so that a look takes no copy of the tables.
package final class PlainPaths: Sendable {
  private struct Entry: Sendable {
    var hash: UInt64
    var text: Range<Int>
    var method: Method
    var value: Int
  }

  private let entries: [Entry]
  /// Places in `entries`, -1 where there is none: a power of two of them, at most half of them taken.
  private let places: [Int32]
  /// The bytes of all paths.
  private let texts: [UInt8]

  /// Passes over templates with parameters. The first of a method and a path wins.
  package init(_ routes: [(method: Method, template: PathTemplate, value: Int)]) {
    var entries: [Entry] = []
    var texts: [UInt8] = []
    for route in routes {
      let start = texts.count
      guard Self.append(route.template, to: &texts) else {
        texts.removeLast(texts.count - start)
        continue
      }
      let text = start..<texts.count
      entries.append(
        Entry(
          hash: Self.hash(texts.span.extracting(text)), text: text, method: route.method,
          value: route.value))
    }
    var size = 16
    while size < 2 * entries.count { size *= 2 }
    var places = [Int32](repeating: -1, count: size)
    for (index, entry) in entries.enumerated() {
      var place = Int(truncatingIfNeeded: entry.hash) & (size - 1)
      while places[place] >= 0 { place = (place + 1) & (size - 1) }
      places[place] = Int32(truncatingIfNeeded: index)
    }
    (self.entries, self.places, self.texts) = (entries, places, texts)
  }

  /// One slash in front of each segment, whatever the template has.
  /// - Returns: whether it is a path, and not one with parameters, or none at all.
  private static func append(_ template: PathTemplate, to texts: inout [UInt8]) -> Bool {
    let text = Array(template.text.utf8)
    let first = texts.count
    var start = 0
    while let part = PathTemplate.nextPart(of: text.span, from: &start) {
      guard case .literal(let word) = part else { return false }
      texts.append(UInt8(ascii: "/"))
      texts += text[word]
    }
    return texts.count > first
  }

  /// The number registered for a method and a path.
  package func find(_ method: Method, _ bytes: [UInt8], _ path: Range<Int>) -> Int? {
    let path = bytes.span.extracting(path)
    let hash = Self.hash(path)
    let (entries, places) = (entries, places)
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    // In the order in which they were put in.
    while places[place] >= 0 {
      let index = Int(places[place])
      if entries[index].hash == hash, entries[index].method == method,
        equals(path, entries[index].text)
      {
        return entries[index].value
      }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  private func equals(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard path.count == range.count else { return false }
    let texts = texts
    let text = texts.span.extracting(range)
    var index = 0
    while index + 8 <= path.count {
      guard path.word(at: index) == text.word(at: index) else { return false }
      index += 8
    }
    while index < path.count {
      guard path[index] == text[index] else { return false }
      index += 1
    }
    return true
  }

  /// Eight bytes at a time. What is sent is never put in, so nobody can fill one place.
  private static func hash(_ path: Span<UInt8>) -> UInt64 {
    // None of ours is so long: what is longer is read no further.
    let count = min(path.count, 256)
    var hash = UInt64(truncatingIfNeeded: path.count)
    var index = 0
    while index + 8 <= count {
      hash = mix(hash ^ path.word(at: index))
      index += 8
    }
    while index < count {
      hash = mix(hash ^ UInt64(path[index]))
      index += 1
    }
    return hash
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 29
  }
}
