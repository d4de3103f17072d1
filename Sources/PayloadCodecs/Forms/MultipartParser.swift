import HTTPModel

/// What a `MultipartParser` found.
package enum MultipartEvent: Sendable, Equatable {
  case partBegan(MultipartPart)
  /// The next content bytes of the part, never empty.
  case content(ArraySlice<UInt8>)
  case partEnded
  /// The closing boundary; whatever follows is not looked at.
  case formEnded
}

/// Reads `multipart/form-data` that arrives in pieces.
///
/// **Isolation**: a value; owned by whoever feeds it.
/// - Source: RFC 7578, RFC 2046 §5.1. Lines end in CR LF; nothing else is taken for a line end.
package struct MultipartParser: Sendable {
  /// What the next byte belongs to.
  private enum State {
    /// Text before the first boundary, which is passed over.
    case preamble
    /// What follows a boundary: `--`, or padding and a line end.
    case afterBoundary
    /// A part's field section.
    case fields
    /// A part's content.
    case content
    /// After the closing boundary.
    case ended
  }

  private let limits: MultipartLimits
  private let search: DelimiterSearch
  private var state = State.preamble
  /// Bytes that cannot be judged before more come.
  private var held: [UInt8]
  private var offset: UInt64 = 0
  private var partCount = 0

  package init(boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()) {
    self.limits = limits
    search = DelimiterSearch(Array("\r\n--\(boundary.text)".utf8))
    // The first boundary may stand at the very start: as if a line had ended before it.
    held = [0x0d, 0x0a]
  }

  /// Reads the next piece.
  package mutating func feed(_ bytes: [UInt8]) throws(MultipartError) -> [MultipartEvent] {
    guard !bytes.isEmpty else { return [] }
    let piece = held.isEmpty ? bytes : held + bytes
    offset += UInt64(bytes.count)
    held = []
    var events: [MultipartEvent] = []
    events.reserveCapacity(8)
    var position = 0
    while position < piece.count {
      let goesOn =
        switch state {
        case .preamble: passPreamble(piece, &position)
        case .afterBoundary: try passDelimiter(piece, &position, &events)
        case .fields: try readFields(piece, &position, &events)
        case .content: readContent(piece, &position, &events)
        case .ended: false
        }
      if !goesOn { break }
    }
    return events
  }

  /// No more bytes will come.
  package func finish() throws(MultipartError) {
    switch state {
    case .ended: return
    case .preamble: throw .boundaryNotFound
    case .afterBoundary, .fields, .content: throw .truncated(offset: offset)
    }
  }

  // Each of these goes as far as it can and answers whether the next state can go on.

  private mutating func passPreamble(_ piece: [UInt8], _ position: inout Int) -> Bool {
    if let found = search.firstIndex(in: piece.span, from: position) {
      position = found + search.pattern.count
      state = .afterBoundary
      return true
    }
    hold(piece, from: piece.count - search.openTail(of: piece.span, from: position))
    return false
  }

  private mutating func passDelimiter(
    _ piece: [UInt8], _ position: inout Int, _ events: inout [MultipartEvent]
  ) throws(MultipartError) -> Bool {
    let start = position
    var index = position
    if piece[index] == UInt8(ascii: "-") {
      guard index + 1 < piece.count else { return hold(piece, from: start) }
      guard piece[index + 1] == UInt8(ascii: "-") else { throw badDelimiter(piece, index + 1) }
      state = .ended
      events.append(.formEnded)
      return false
    }
    while index < piece.count, piece[index] == 0x20 || piece[index] == 0x09 { index += 1 }
    guard index - start <= Self.paddingMax else { throw badDelimiter(piece, index) }
    guard index < piece.count else { return hold(piece, from: start) }
    guard piece[index] == 0x0d else { throw badDelimiter(piece, index) }
    guard index + 1 < piece.count else { return hold(piece, from: start) }
    guard piece[index + 1] == 0x0a else { throw badDelimiter(piece, index + 1) }
    partCount += 1
    guard partCount <= limits.partsMax else { throw .tooManyParts(limit: limits.partsMax) }
    position = index + 2
    state = .fields
    return true
  }

  /// Spaces that may follow a boundary ("transport padding", which nobody sends).
  private static let paddingMax = 64

  private mutating func readFields(
    _ piece: [UInt8], _ position: inout Int, _ events: inout [MultipartEvent]
  ) throws(MultipartError) -> Bool {
    let bytes = piece.span
    let start = position
    var end = start
    while end + 1 < bytes.count {
      end = bytes.firstIndex(of: 0x0d, from: end, to: bytes.count - 1)
      if end + 1 == bytes.count || Self.endsSection(bytes, end, from: start) { break }
      end += 1
    }
    guard end - start <= limits.fieldSectionBytesMax + 1 else {
      throw .fieldSectionTooLarge(limit: limits.fieldSectionBytesMax)
    }
    guard end + 1 < piece.count else { return hold(piece, from: position) }
    let sectionOffset = contentOffset(piece, position)
    let part = try MultipartPart(
      fieldSection: bytes.extracting(start..<end), offset: sectionOffset)
    // The content begins after the empty line, but that line's end may also belong to the boundary
    // of a part without content.
    position = end == position ? end : end + 2
    events.append(.partBegan(part))
    state = .content
    isAtContentStart = true
    return true
  }

  /// Whether a field section that begins at `start` ends at `index`: with an empty line, which may be its first.
  private static func endsSection(_ bytes: Span<UInt8>, _ index: Int, from start: Int) -> Bool {
    guard bytes[index + 1] == 0x0a else { return false }
    if index == start { return true }
    return index + 3 < bytes.count && bytes[index + 2] == 0x0d && bytes[index + 3] == 0x0a
  }

  /// Whether the empty line before the content is still in front.
  private var isAtContentStart = false

  private mutating func readContent(
    _ piece: [UInt8], _ position: inout Int, _ events: inout [MultipartEvent]
  ) -> Bool {
    let found = search.firstIndex(in: piece.span, from: position)
    let tail = found ?? piece.count - search.openTail(of: piece.span, from: position)
    var start = position
    if isAtContentStart {
      if found == position {
        start = position
      } else if tail == position {
        return hold(piece, from: position)
      } else {
        start = position + 2
      }
      isAtContentStart = false
    }
    if start < tail { events.append(.content(piece[start..<tail])) }
    guard let found else { return hold(piece, from: tail) }
    events.append(.partEnded)
    position = found + search.pattern.count
    state = .afterBoundary
    return true
  }

  @discardableResult
  private mutating func hold(_ piece: [UInt8], from index: Int) -> Bool {
    held = Array(piece[index...])
    return false
  }

  private func contentOffset(_ piece: [UInt8], _ index: Int) -> UInt64 {
    offset &- UInt64(piece.count - index)
  }

  private func badDelimiter(_ piece: [UInt8], _ index: Int) -> MultipartError {
    .badDelimiter(offset: contentOffset(piece, index))
  }
}

extension MultipartPart {
  /// - Parameter fieldSection: field lines, each but the last with its CR LF.
  init(fieldSection: Span<UInt8>, offset: UInt64) throws(MultipartError) {
    var disposition: Range<Int>?
    var type: Range<Int>?
    var start = 0
    while start < fieldSection.count {
      let end = fieldSection.firstIndex(of: 0x0d, from: start, to: fieldSection.count)
      guard let field = Self.field(fieldSection, start..<end) else {
        throw .badFields(offset: offset)
      }
      let name = fieldSection.extracting(field.name)
      // Of a field that comes twice the first one counts.
      if disposition == nil, name.equalsIgnoringCase("content-disposition".utf8.span) {
        disposition = field.value
      } else if type == nil, name.equalsIgnoringCase("content-type".utf8.span) {
        type = field.value
      }
      guard end < fieldSection.count else { break }
      guard end + 1 < fieldSection.count, fieldSection[end + 1] == 0x0a else {
        throw .badFields(offset: offset)
      }
      start = end + 2
    }
    let parameters = FieldParameters(fieldSection.extracting(disposition ?? 0..<0))
    guard parameters.head.asciiLowercased.isExactly("form-data"), let name = parameters["name"]
    else {
      throw .missingName(offset: offset)
    }
    self.init(name: name, filename: parameters["filename"])
    if let type { contentType = FieldParameters.text(fieldSection, type) }
  }

  /// The places of a line's name and of its value, without the blanks around it.
  private static func field(
    _ bytes: Span<UInt8>, _ line: Range<Int>
  ) -> (name: Range<Int>, value: Range<Int>)? {
    var colon = line.lowerBound
    while colon < line.upperBound, bytes[colon] != UInt8(ascii: ":") {
      guard bytes[colon] > 0x20, bytes[colon] < 0x7f else { return nil }
      colon += 1
    }
    guard colon > line.lowerBound, colon < line.upperBound else { return nil }
    for index in colon..<line.upperBound {
      guard bytes[index] >= 0x20 && bytes[index] != 0x7f || bytes[index] == 0x09 else {
        return nil
      }
    }
    return (
      line.lowerBound..<colon, bytes.trimmingOptionalWhitespace(colon + 1..<line.upperBound)
    )
  }
}
