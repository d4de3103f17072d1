/// A path template: literal segments, `{name}` for one segment, `{name…}` as the last for the rest.
///
/// `/orgs/{org}/fleets`, `/apps/{workspace}/{instance}/{path…}`; `{path...}` is the same as `{path…}`.
public struct PathTemplate: Sendable, Hashable {
  package enum Segment: Sendable, Hashable {
    case literal(ArraySlice<UInt8>)
    case parameter(String)
    case rest(String)
  }

  /// A segment's kind, and where in the text its word or its name stands.
  enum Part {
    case literal(Range<Int>)
    case parameter(Range<Int>)
    case rest(Range<Int>)
  }

  public let text: String

  /// Nothing is read yet: a start makes four hundred templates, of which tables take the parts alone.
  public init(_ text: String) { self.text = text }

  /// Read from the text each time.
  package var segments: [Segment] {
    let bytes = Array(text.utf8)
    var segments: [Segment] = []
    var start = 0
    while let part = Self.nextPart(of: bytes.span, from: &start) {
      switch part {
      case .literal(let word): segments.append(.literal(bytes[word]))
      case .parameter(let name): segments.append(.parameter(String(bytes, name)))
      case .rest(let name): segments.append(.rest(String(bytes, name)))
      }
    }
    return segments
  }

  /// Read from the text each time.
  public var parameterNames: [String] {
    segments.compactMap { segment in
      switch segment {
      case .literal: nil
      case .parameter(let name), .rest(let name): name
      }
    }
  }

  /// The next segment that is not empty.
  /// - Parameter start: Where it may begin; then where the one behind it may.
  static func nextPart(of text: Span<UInt8>, from start: inout Int) -> Part? {
    while start < text.count {
      let end = text.firstIndex(of: UInt8(ascii: "/"), from: start, to: text.count)
      defer { start = end + 1 }
      if end > start { return part(of: text, start..<end) }
    }
    return nil
  }

  private static func part(of text: Span<UInt8>, _ range: Range<Int>) -> Part {
    guard text[range.lowerBound] == UInt8(ascii: "{"),
      text[range.upperBound - 1] == UInt8(ascii: "}"), range.count > 1
    else { return .literal(range) }
    let name = range.lowerBound + 1..<range.upperBound - 1
    let behind = name.upperBound - 3
    guard name.count >= 3, isRestMark(text[behind], text[behind + 1], text[behind + 2]) else {
      return .parameter(name)
    }
    return .rest(name.lowerBound..<behind)
  }

  /// `…` or `...`.
  private static func isRestMark(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
    (first, second, third) == (0xE2, 0x80, 0xA6) || (first, second, third) == (0x2E, 0x2E, 0x2E)
  }
}

extension String {
  fileprivate init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.init(decoding: bytes[range], as: UTF8.self)
  }
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
    let text = Array(template.text.utf8)
    var end = End(method: method, value: value, names: [])
    var (node, start) = (0, 0)
    while let part = PathTemplate.nextPart(of: text.span, from: &start) {
      switch part {
      case .literal(let word): node = child(of: node, named: text.span.extracting(word))
      case .parameter(let name):
        end.names.append(String(text, name))
        if nodes[node].parameter == Self.none { nodes[node].parameter = newNode() }
        node = nodes[node].parameter
      case .rest(let name):
        end.names.append(String(text, name))
        if nodes[node].rest == Self.none { nodes[node].rest = newLeaf() }
        return add(end, to: nodes[node].rest)
      }
    }
    if nodes[node].leaf == Self.none { nodes[node].leaf = newLeaf() }
    add(end, to: nodes[node].leaf)
  }

  private mutating func child(of node: Int, named word: Span<UInt8>) -> Int {
    var known = nodes[node].firstLiteral
    while known != Self.none {
      if equals(word, 0, word.count, literals[known].text) { return literals[known].child }
      known = literals[known].next
    }
    let child = newNode()
    let start = texts.count
    for index in word.indices {
      texts.append(foldsCase ? word[index].asciiLowercased : word[index])
    }
    longestText = max(longestText, word.count)
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
