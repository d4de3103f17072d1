/// A path template: literal segments, `{name}` for one segment, `{name…}` as the last for the rest.
///
/// `/orgs/{org}/fleets`, `/apps/{workspace}/{instance}/{path…}`; `{path...}` is the same as `{path…}`.
public struct PathTemplate: Sendable, Hashable {
  package enum Segment: Sendable, Hashable {
    /// Of the template's own bytes: most of two thousand segments are literals, and a start makes them all.
    case literal(ArraySlice<UInt8>)
    case parameter(String)
    case rest(String)
  }

  public let text: String
  package let segments: [Segment]
  public let parameterNames: [String]

  public init(_ text: String) {
    self.text = text
    // By bytes, and into arrays that need not grow: three hundred templates are read at every start.
    let bytes = Array(text.utf8)
    var (segments, names): ([Segment], [String]) = ([], [])
    var (slashes, braces) = (0, 0)
    for byte in bytes {
      if byte == UInt8(ascii: "/") { slashes += 1 }
      if byte == UInt8(ascii: "{") { braces += 1 }
    }
    segments.reserveCapacity(slashes + 1)
    if braces > 0 { names.reserveCapacity(braces) }
    var start = 0
    while start < bytes.count {
      let end = Self.end(bytes, start)
      if end > start, bytes[start] != UInt8(ascii: "{") {
        segments.append(.literal(bytes[start..<end]))
      } else if end > start {
        let segment = Self.segment(bytes[start..<end])
        switch segment {
        case .literal: break
        case .parameter(let name), .rest(let name): names.append(name)
        }
        segments.append(segment)
      }
      start = end + 1
    }
    (self.segments, parameterNames) = (segments, names)
  }

  private static func end(_ bytes: [UInt8], _ start: Int) -> Int {
    var index = start
    while index < bytes.count, bytes[index] != UInt8(ascii: "/") { index += 1 }
    return index
  }

  private static func segment(_ part: ArraySlice<UInt8>) -> Segment {
    guard part.first == UInt8(ascii: "{"), part.last == UInt8(ascii: "}") else {
      return .literal(part)
    }
    let name = part.dropFirst().dropLast()
    for mark in Self.restMarks where name.suffix(3).elementsEqual(mark) {
      return .rest(String(decoding: name.dropLast(3), as: UTF8.self))
    }
    return .parameter(String(decoding: name, as: UTF8.self))
  }

  private static let restMarks = ["…", "..."].map { Array($0.utf8) }
}

/// The values that a path gave for its template's parameters.
public struct PathParameters: Sendable {
  package var names: [String]
  package var ranges: [Range<Int>]
  package var bytes: [UInt8]

  public init() {
    names = []
    ranges = []
    bytes = []
  }

  package init(names: [String], ranges: [Range<Int>], bytes: [UInt8]) {
    self.names = names
    self.ranges = ranges
    self.bytes = bytes
  }

  /// The value, percent-decoded.
  public subscript(_ name: String) -> String? {
    for (index, candidate) in names.enumerated() where candidate == name {
      return PercentCoding.decode(bytes[ranges[index]])
    }
    return nil
  }

  package func has(_ name: String) -> Bool { names.contains { $0 == name } }

  /// The value as it stands in the path, not decoded.
  package func written(_ name: String) -> String? {
    writtenBytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  package func writtenBytes(_ name: String) -> ArraySlice<UInt8>? {
    names.firstIndex(of: name).map { bytes[ranges[$0]] }
  }

  public var all: [(name: String, value: String)] {
    zip(names, ranges).map { ($0, PercentCoding.decode(bytes[$1])) }
  }
}

/// Finds the number registered for a method and a path: a tree over path segments, read from bytes.
///
/// A literal segment beats a parameter, a parameter beats a rest; the search goes back when the
/// better branch has no end. Empty segments (doubled slashes, a trailing slash) are skipped when
/// the table is built with `skipsEmptySegments`, letters are folded with `foldsCase`.
///
/// **Shape**: flat arrays of plain numbers, so that a search retains nothing and calls no witness;
/// every request passes here.
public struct RouteTable: Sendable {
  public enum Match: Sendable {
    case found(Int, PathParameters)
    /// The path is known, the method is not; the methods that are, in order of registration.
    case methodNotAllowed([Method])
    case notFound
  }

  /// What ends on one template, each with the parameter names of its own template.
  private struct End: Sendable {
    var method: Method
    var value: Int
    var names: [String]
  }

  /// A literal segment behind a node; siblings are chained.
  private struct Literal: Sendable {
    var text: Range<Int>
    var child: Int
    var next: Int
  }

  /// Places in `nodes`, `literals` and `leaves`; `none` where there is nothing.
  private struct Node: Sendable, BitwiseCopyable {
    var firstLiteral = none
    var parameter = none
    var leaf = none
    var rest = none
  }

  private static let none = -1
  private var nodes = [Node()]
  private var literals: [Literal] = []
  /// The bytes of all literals, and how many the longest has.
  private var texts: [UInt8] = []
  private var longestText = 0
  private var leaves: [[End]] = []
  private let foldsCase: Bool
  private let skipsEmptySegments: Bool

  public init(foldsCase: Bool = false, skipsEmptySegments: Bool = false) {
    self.foldsCase = foldsCase
    self.skipsEmptySegments = skipsEmptySegments
  }

  // MARK: Registering

  /// Registers a number. The first registration of a method on a template wins.
  public mutating func insert(_ method: Method, _ template: PathTemplate, _ value: Int) {
    let end = End(method: method, value: value, names: template.parameterNames)
    var node = 0
    for segment in template.segments {
      switch segment {
      case .literal(let text): node = child(of: node, named: text)
      case .parameter:
        if nodes[node].parameter == Self.none { nodes[node].parameter = newNode() }
        node = nodes[node].parameter
      case .rest:
        if nodes[node].rest == Self.none { nodes[node].rest = newLeaf() }
        return add(end, to: nodes[node].rest)
      }
    }
    if nodes[node].leaf == Self.none { nodes[node].leaf = newLeaf() }
    add(end, to: nodes[node].leaf)
  }

  private mutating func child(of node: Int, named text: ArraySlice<UInt8>) -> Int {
    let key = foldsCase ? text.map(\.asciiLowercased)[...] : text
    var known = nodes[node].firstLiteral
    while known != Self.none {
      if equals(key.span, 0, key.count, literals[known].text) { return literals[known].child }
      known = literals[known].next
    }
    let child = newNode()
    let start = texts.count
    texts += key
    longestText = max(longestText, key.count)
    literals.append(
      Literal(text: start..<texts.count, child: child, next: nodes[node].firstLiteral))
    nodes[node].firstLiteral = literals.count - 1
    return child
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  private mutating func newLeaf() -> Int {
    leaves.append([])
    return leaves.count - 1
  }

  private mutating func add(_ end: End, to leaf: Int) {
    guard !leaves[leaf].contains(where: { $0.method == end.method }) else { return }
    leaves[leaf].append(end)
  }

  // MARK: Finding

  /// HEAD is found where GET is registered (RFC 9110 §9.3.2).
  public func match(_ method: Method, _ target: RequestTarget) -> Match {
    match(method, target.bytes, target.pathRange)
  }

  package func match(_ method: Method, _ bytes: [UInt8], _ path: Range<Int>) -> Match {
    var search = Search(method: method, end: path.upperBound)
    guard let place = find(bytes.span, path.lowerBound, from: 0, &search) else {
      return search.allowed.isEmpty ? .notFound : .methodNotAllowed(search.allowed)
    }
    let value = leaves[place.leaf][place.index].value
    guard !search.ranges.isEmpty else { return .found(value, PathParameters()) }
    return .found(
      value,
      PathParameters(
        names: leaves[place.leaf][place.index].names, ranges: search.ranges, bytes: bytes))
  }

  private struct Place {
    var leaf: Int
    var index: Int
  }

  private struct Search {
    let method: Method
    /// Where the path ends.
    let end: Int
    var ranges: [Range<Int>] = []
    var allowed: [Method] = []
  }

  /// `start` stands on the slash in front of the next segment, or at the end.
  private func find(
    _ bytes: Span<UInt8>, _ start: Int, from index: Int, _ search: inout Search
  ) -> Place? {
    let slash = UInt8(ascii: "/")
    let end = search.end
    var position = start
    if skipsEmptySegments {
      let first = bytes.endOfSlashes(from: position, to: end)
      position = first == end ? end : max(position, first - 1)
    }
    let node = nodes[index]
    if position >= end {
      return choose(node.leaf, &search) ?? restMatch(node, end, &search)
    }
    let segmentStart = bytes[position] == slash ? position + 1 : position
    // Where there are words alone, what is longer than any of them is none, however long it is.
    let looked = node.parameter == Self.none ? min(end, segmentStart + longestText + 1) : end
    let segmentEnd = bytes.firstIndex(of: slash, from: segmentStart, to: looked)
    var known = node.firstLiteral
    while known != Self.none {
      let literal = literals[known]
      if equals(bytes, segmentStart, segmentEnd, literal.text) {
        if let found = find(bytes, segmentEnd, from: literal.child, &search) { return found }
        break
      }
      known = literal.next
    }
    if node.parameter != Self.none, segmentEnd > segmentStart {
      search.ranges.append(segmentStart..<segmentEnd)
      if let found = find(bytes, segmentEnd, from: node.parameter, &search) { return found }
      search.ranges.removeLast()
    }
    if index == 0, segmentStart == end { return choose(node.leaf, &search) }
    return restMatch(node, segmentStart, &search)
  }

  private func restMatch(_ node: Node, _ start: Int, _ search: inout Search) -> Place? {
    guard let found = choose(node.rest, &search) else { return nil }
    search.ranges.append(start..<search.end)
    return found
  }

  private func choose(_ leaf: Int, _ search: inout Search) -> Place? {
    guard leaf != Self.none else { return nil }
    for index in leaves[leaf].indices where leaves[leaf][index].method == search.method {
      return Place(leaf: leaf, index: index)
    }
    if search.method == .head {
      for index in leaves[leaf].indices where leaves[leaf][index].method == .get {
        return Place(leaf: leaf, index: index)
      }
    }
    for end in leaves[leaf] where !search.allowed.contains(end.method) {
      search.allowed.append(end.method)
    }
    return nil
  }

  private func equals(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ text: Range<Int>) -> Bool {
    guard end - start == text.count else { return false }
    for offset in 0..<text.count {
      let byte = bytes[start + offset]
      guard (foldsCase ? byte.asciiLowercased : byte) == texts[text.lowerBound + offset] else {
        return false
      }
    }
    return true
  }
}
