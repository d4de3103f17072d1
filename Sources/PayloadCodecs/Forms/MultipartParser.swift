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
    // The section ends with an empty line, which may be its first.
    var end = position
    while end + 1 < piece.count {
      let isLineEnd = piece[end] == 0x0d && piece[end + 1] == 0x0a
      if isLineEnd, end == position { break }
      if isLineEnd, end + 3 < piece.count, piece[end + 2] == 0x0d, piece[end + 3] == 0x0a { break }
      guard end - position <= limits.fieldSectionBytesMax else {
        throw .fieldSectionTooLarge(limit: limits.fieldSectionBytesMax)
      }
      end += 1
    }
    guard end + 1 < piece.count else { return hold(piece, from: position) }
    let sectionOffset = contentOffset(piece, position)
    let part = try MultipartPart(fieldSection: piece[position..<end], offset: sectionOffset)
    // The content begins after the empty line, but that line's end may also belong to the boundary
    // of a part without content.
    position = end == position ? end : end + 2
    events.append(.partBegan(part))
    state = .content
    isAtContentStart = true
    return true
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
  init(fieldSection: ArraySlice<UInt8>, offset: UInt64) throws(MultipartError) {
    var disposition: ArraySlice<UInt8>?
    var type: ArraySlice<UInt8>?
    var start = fieldSection.startIndex
    while start < fieldSection.endIndex {
      let end = fieldSection[start...].firstIndex(of: 0x0d) ?? fieldSection.endIndex
      let line = fieldSection[start..<end]
      guard let field = Self.field(line) else { throw .badFields(offset: offset) }
      // Of a field that comes twice the first one counts.
      if disposition == nil, Self.isName(field.name, Self.dispositionName) {
        disposition = field.value
      } else if type == nil, Self.isName(field.name, Self.typeName) {
        type = field.value
      }
      guard end < fieldSection.endIndex else { break }
      guard end + 1 < fieldSection.endIndex, fieldSection[end + 1] == 0x0a else {
        throw .badFields(offset: offset)
      }
      start = end + 2
    }
    let parameters = FieldParameters(disposition ?? [])
    guard parameters.head.asciiLowercased == "form-data", let name = parameters["name"] else {
      throw .missingName(offset: offset)
    }
    self.init(
      name: name, filename: parameters["filename"],
      contentType: type.map { String(decoding: $0, as: UTF8.self) })
  }

  // In lower case.
  private static let dispositionName = Array("content-disposition".utf8)
  private static let typeName = Array("content-type".utf8)

  /// Whatever the case of its letters.
  private static func isName(_ name: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
    guard name.count == wanted.count else { return false }
    for (index, byte) in wanted.enumerated() {
      let found = name[name.startIndex + index]
      guard (found &- 0x41 < 26 ? found | 0x20 : found) == byte else { return false }
    }
    return true
  }

  private static func field(
    _ line: ArraySlice<UInt8>
  ) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
      line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }),
      line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { return nil }
    var value = line[(colon + 1)...]
    while value.first == 0x20 || value.first == 0x09 { value.removeFirst() }
    while value.last == 0x20 || value.last == 0x09 { value.removeLast() }
    return (line[..<colon], value)
  }
}
