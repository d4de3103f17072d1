/// The request-target in one of its four forms (RFC 9112 §3.2), as ranges into its own bytes.
public struct RequestTarget: Sendable {
  public enum Form: Sendable, Equatable { case origin, absolute, authority, asterisk }

  /// As it was sent.
  package let bytes: [UInt8]
  public let form: Form
  /// Empty for the authority form; `*` for the asterisk form; at least `/` otherwise.
  package let pathRange: Range<Int>
  /// Without the `?`; nil when there is none.
  package let queryRange: Range<Int>?
  /// Host and port of the absolute and authority forms.
  package let authorityRange: Range<Int>?

  package init(
    bytes: [UInt8], form: Form, path: Range<Int>, query: Range<Int>?, authority: Range<Int>?
  ) {
    self.bytes = bytes
    self.form = form
    self.pathRange = path
    self.queryRange = query
    self.authorityRange = authority
  }

  /// Parses any form. Never fails: what has no scheme and no leading slash becomes an origin form
  /// whose path is the whole text (HTTPWire has refused such bytes before).
  public init(_ text: String) {
    self.init(bytes: Array(text.utf8))
  }

  package init(bytes: [UInt8], isConnect: Bool = false) {
    let slash = UInt8(ascii: "/")
    if isConnect {
      self.init(bytes: bytes, form: .authority, path: 0..<0, query: nil, authority: 0..<bytes.count)
      return
    }
    if bytes.count == 1, bytes[0] == UInt8(ascii: "*") {
      self.init(bytes: bytes, form: .asterisk, path: 0..<1, query: nil, authority: nil)
      return
    }
    var pathStart = 0
    var authority: Range<Int>?
    if bytes.first != slash, let schemeEnd = RequestTarget.endOfScheme(bytes) {
      var end = schemeEnd
      while end < bytes.count, bytes[end] != slash, bytes[end] != UInt8(ascii: "?") { end += 1 }
      authority = schemeEnd..<end
      pathStart = end
    }
    let pathEnd = bytes.span.firstIndex(of: UInt8(ascii: "?"), from: pathStart, to: bytes.count)
    self.init(
      bytes: bytes, form: authority == nil ? .origin : .absolute, path: pathStart..<pathEnd,
      query: pathEnd < bytes.count ? pathEnd + 1..<bytes.count : nil, authority: authority)
  }

  /// Where the authority begins if the bytes start with `http://` or `https://`.
  private static func endOfScheme(_ bytes: [UInt8]) -> Int? {
    for scheme in ["http://", "https://"] where bytes.count >= scheme.utf8.count {
      if zip(scheme.utf8, bytes).allSatisfy({ $0 == $1.asciiLowercased }) {
        return scheme.utf8.count
      }
    }
    return nil
  }

  /// The path as sent, percent-encoding untouched. An absolute form without a path has `/`.
  public var path: String { String(decoding: pathBytes, as: UTF8.self) }
  package var pathBytes: ArraySlice<UInt8> {
    pathRange.isEmpty && form == .absolute ? [UInt8(ascii: "/")] : bytes[pathRange]
  }
  /// The path for quoting in a message: of a long one its beginning, and no text is made of the rest.
  package var shortPath: String {
    guard pathRange.count > 200 else { return path }
    return String(decoding: bytes[pathRange].prefix(200), as: UTF8.self) + "…"
  }
  /// `*`, or what a proxy is to make that of: a URI with neither a path nor a query (RFC 9112 §3.2.4).
  package var isWholeServer: Bool {
    form == .asterisk || form == .absolute && pathRange.isEmpty && !hasQuery
  }
  /// A slash at the end is another matter: no client is known to add one.
  package var hasDoubledSlash: Bool { bytes.span.holdsDoubledSlash(in: pathRange) }
  /// The query as sent, without `?`.
  package var hasQuery: Bool { queryRange != nil }
  public var query: String? { queryRange.map { String(decoding: bytes[$0], as: UTF8.self) } }
  public var authority: String? {
    authorityRange.map { String(decoding: bytes[$0], as: UTF8.self) }
  }
  /// As it was sent.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The same target with its path cut by `count` bytes at the front (a stripped prefix).
  /// The result is in origin form; `bytes` start with the rest of the path, or `/` if that is empty.
  package func droppingPathPrefix(_ count: Int) -> RequestTarget {
    var rest = Array(bytes[min(pathRange.lowerBound + count, pathRange.upperBound)...])
    if rest.first != UInt8(ascii: "/") { rest.insert(UInt8(ascii: "/"), at: 0) }
    return RequestTarget(bytes: rest)
  }

  /// The query's pairs, percent- and plus-decoded, in order. A name without `=` has an empty value.
  public var queryItems: [(name: String, value: String)] {
    guard let queryRange else { return [] }
    return bytes[queryRange].split(separator: UInt8(ascii: "&")).map { pair in
      let cut = pair.firstIndex(of: UInt8(ascii: "="))
      let name = PercentCoding.decode(pair[..<(cut ?? pair.endIndex)], plusIsSpace: true)
      let value = cut.map { PercentCoding.decode(pair[($0 + 1)...], plusIsSpace: true) } ?? ""
      return (name, value)
    }
  }

  /// The value of the first query pair of that name.
  public func queryValue(_ name: String) -> String? {
    var rest = queryRange.map { bytes[$0] } ?? []
    while !rest.isEmpty {
      let pair = rest.prefix { $0 != UInt8(ascii: "&") }
      rest = rest.dropFirst(pair.count + 1)
      let found = pair.prefix { $0 != UInt8(ascii: "=") }
      guard !pair.isEmpty, PercentCoding.isText(found, name, plusIsSpace: true) else { continue }
      return PercentCoding.decode(pair.dropFirst(found.count + 1), plusIsSpace: true)
    }
    return nil
  }
}
