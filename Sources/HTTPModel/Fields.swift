/// An ordered list of field lines (RFC 9110 §5): nothing is merged, nothing is reordered.
///
/// **Shape**: one byte buffer and, for each line, where its name and value lie in it. A request's
/// fields share the buffer of its head, so reading a head makes no string until somebody asks; and
/// those of a response stand in it as they go out, `name: value` with CRLF, so that they leave in one piece.
public struct Fields: Sendable {
  /// Where one field line lies in the buffer.
  public struct Line: Sendable, BitwiseCopyable {
    package var nameStart: UInt32
    package var nameLength: UInt32
    package var valueStart: UInt32
    package var valueLength: UInt32

    package init(nameStart: Int, nameLength: Int, valueStart: Int, valueLength: Int) {
      self.nameStart = UInt32(clamping: nameStart)
      self.nameLength = UInt32(clamping: nameLength)
      self.valueStart = UInt32(clamping: valueStart)
      self.valueLength = UInt32(clamping: valueLength)
    }

    package init(
      nameStart: UInt32, nameLength: UInt32, valueStart: UInt32, valueLength: UInt32
    ) {
      self.nameStart = nameStart
      self.nameLength = nameLength
      self.valueStart = valueStart
      self.valueLength = valueLength
    }

    package var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameLength) }
    package var value: Range<Int> { Int(valueStart)..<Int(valueStart) + Int(valueLength) }
  }

  package private(set) var bytes: [UInt8]
  package private(set) var lines: [Line]
  /// A bit for each length that names have, those beyond 63 counted round: most names that are asked for
  /// are not there, and no line is looked at for them. A line that is removed may leave its bit.
  @usableFromInline var nameLengths: UInt64 = 0
  /// Known to be in `bytes` just as they are sent, one behind the other. False says nothing.
  package private(set) var wereAppended = true
  /// Which of the engine's own fields are among lines that were all appended.
  package private(set) var engineFields: EngineFields = []

  /// Fields of a response that are the engine's to send, and so looked for in each.
  package struct EngineFields: OptionSet, Sendable, BitwiseCopyable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let date = Self(rawValue: 1)
    package static let keepAlive = Self(rawValue: 2)
    /// `Connection`, `Content-Length` or `Transfer-Encoding`.
    package static let framing = Self(rawValue: 4)

    fileprivate init(_ name: String) {
      let name = name.utf8.span
      switch name.count {
      case 4 where name.equalsIgnoringCase("date".utf8.span): self = .date
      case 10 where name.equalsIgnoringCase("keep-alive".utf8.span): self = .keepAlive
      case 10 where name.equalsIgnoringCase("connection".utf8.span),
        14 where name.equalsIgnoringCase("content-length".utf8.span),
        17 where name.equalsIgnoringCase("transfer-encoding".utf8.span):
        self = .framing
      default: self = []
      }
    }
  }

  public init() {
    bytes = []
    lines = []
  }

  /// - Parameter lines: every range must lie within `bytes`.
  package init(bytes: [UInt8], lines: [Line]) {
    self.bytes = bytes
    self.lines = lines
    wereAppended = false
    note(lines)
  }

  private mutating func note(_ lines: [Line]) {
    let lines = lines.span
    for index in lines.indices { nameLengths |= Self.bit(ofLength: lines[index].nameLength) }
  }

  @inlinable static func bit(ofLength length: UInt32) -> UInt64 { 1 << UInt64(length & 63) }

  /// Whether a line of that name may be here. Inlinable, with all that asks by name: who asks for a name
  /// that is not here, as most do, takes hold of nothing.
  @inlinable func mayContain(_ name: String) -> Bool {
    nameLengths & Self.bit(ofLength: UInt32(truncatingIfNeeded: name.utf8.count)) != 0
  }

  public init(_ pairs: KeyValuePairs<String, String>) {
    self.init()
    for (name, value) in pairs { append(name, value) }
  }

  public var count: Int { lines.count }
  public var isEmpty: Bool { lines.isEmpty }

  /// Adds a line at the end. Bytes that would break the framing, and other control characters, become spaces
  /// (RFC 9110 §5.5).
  public mutating func append(_ name: String, _ value: String) {
    nameLengths |= Self.bit(ofLength: UInt32(truncatingIfNeeded: name.utf8.count))
    engineFields.formUnion(EngineFields(name))
    if lines.isEmpty {  // room for what most responses have: two heap calls instead of six
      lines.reserveCapacity(6)
      bytes.reserveCapacity(224)
    }
    let start = bytes.count
    let valueStart = start + name.utf8.count + 2
    bytes.append(copying: name.utf8.span)
    bytes.append(0x3A)
    bytes.append(0x20)
    bytes.append(copying: value.utf8.span)
    if bytes.span.mayHoldControls(from: start) {
      for index in start..<bytes.count where Self.isControl(bytes[index]) { bytes[index] = 0x20 }
    }
    lines.append(
      Line(
        nameStart: start, nameLength: valueStart - 2 - start, valueStart: valueStart,
        valueLength: bytes.count - valueStart))
    bytes.append(0x0D)
    bytes.append(0x0A)
  }

  /// All but the tab.
  private static func isControl(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 || byte == 0x7F
  }

  /// Adds all lines of `others` at the end, as they stand, and puts a number behind what the last of them
  /// says: for lines that all answers carry, whose last one counts them.
  /// - Parameter others: was made by appending, so that the last line's end stands last.
  package mutating func append(_ others: Fields, number: UInt64) {
    append(others)
    guard !lines.isEmpty, bytes.count >= 2 else { return }
    // The digits, and the end of the line.
    var text: InlineArray<22, UInt8> = .init(repeating: 0x0D)
    text[21] = 0x0A
    var (first, rest) = (20, number)
    repeat {
      first -= 1
      text[first] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    } while rest > 0
    // The first two of them in the place of the end that there is.
    let end = bytes.count
    bytes[end - 2] = text[first]
    bytes[end - 1] = text[first + 1]
    bytes.append(addingCapacity: 20 - first) { output in
      for index in first + 2..<22 { output.append(text[index]) }
    }
    lines[lines.count - 1].valueLength += UInt32(20 - first)
  }

  /// Adds all lines of `others` at the end, as they stand: for lines that many messages carry.
  package mutating func append(_ others: Fields) {
    nameLengths |= others.nameLengths
    wereAppended = wereAppended && others.wereAppended
    engineFields.formUnion(others.engineFields)
    if lines.isEmpty {
      lines.reserveCapacity(6)
      bytes.reserveCapacity(224)
    }
    let start = UInt32(clamping: bytes.count)
    bytes.append(copyOf: others.bytes)
    let added = others.lines.span
    lines.append(addingCapacity: added.count) { output in
      for index in added.indices {
        let line = added[index]
        output.append(
          Line(
            nameStart: start &+ line.nameStart, nameLength: line.nameLength,
            valueStart: start &+ line.valueStart, valueLength: line.valueLength))
      }
    }
  }

  /// Removes every line of that name, then adds one.
  public mutating func set(_ name: String, _ value: String) {
    remove(name)
    append(name, value)
  }

  public mutating func remove(_ name: String) {
    guard contains(name) else { return }
    lines = lines.filter { !matches($0, name) }
    wereAppended = false
  }

  /// The value of the first line of that name, compared without regard to case.
  @inlinable public subscript(_ name: String) -> String? {
    mayContain(name) ? firstValue(name) : nil
  }

  @usableFromInline func firstValue(_ name: String) -> String? {
    index(of: name).map { text(lines[$0].value) }
  }

  /// Where the first line of that name stands, if its length is known.
  @usableFromInline func index(of name: String) -> Int? {
    let wanted = name.utf8.span
    let (lines, bytes) = (lines.span, bytes.span)
    guard let initial = wanted.isEmpty ? nil : wanted[0] | 0x20 else { return nil }
    for index in lines.indices where Int(lines[index].nameLength) == wanted.count {
      let name = lines[index].name
      // Of names that are as long, most part here.
      guard bytes[name.lowerBound] | 0x20 == initial,
        bytes.extracting(name).equalsIgnoringCase(wanted)
      else { continue }
      return index
    }
    return nil
  }

  /// The values of all lines of that name, in order.
  public func all(_ name: String) -> [String] {
    guard mayContain(name), let first = index(of: name) else { return [] }
    var values = [text(lines[first].value)]
    for index in first + 1..<lines.count where matches(lines[index], name) {
      values.append(text(lines[index].value))
    }
    return values
  }

  /// Whether a line of that name has that value, byte by byte.
  package func contains(_ name: String, saying value: String) -> Bool {
    guard mayContain(name), let first = index(of: name) else { return false }
    return (first..<lines.count).contains { index in
      let line = lines[index]
      return Int(line.valueLength) == value.utf8.count && matches(line, name)
        && bytes[line.value].elementsEqual(value.utf8)
    }
  }

  @inlinable public func contains(_ name: String) -> Bool {
    mayContain(name) && index(of: name) != nil
  }

  /// The bytes of the first line of that name: for hot paths that need no string.
  @inlinable package func valueBytes(_ name: String) -> ArraySlice<UInt8>? {
    mayContain(name) ? firstValueBytes(name) : nil
  }

  @usableFromInline func firstValueBytes(_ name: String) -> ArraySlice<UInt8>? {
    firstValueRange(name).map { bytes[$0] }
  }

  /// Where in `bytes` the value of the first line of that name stands.
  @inlinable package func valueRange(_ name: String) -> Range<Int>? {
    mayContain(name) ? firstValueRange(name) : nil
  }

  @usableFromInline func firstValueRange(_ name: String) -> Range<Int>? {
    index(of: name).map { lines[$0].value }
  }

  /// The members of a comma-separated list field, all lines of that name together, trimmed.
  /// Source: RFC 9110 §5.6.1.
  public func list(_ name: String) -> [String] {
    var members: [String] = []
    for value in all(name) {
      for part in value.utf8.split(separator: UInt8(ascii: ",")) {
        let member = String(Substring(part)).trimmingOptionalWhitespace()
        if !member.isEmpty { members.append(member) }
      }
    }
    return members
  }

  /// Name and value of each line as text, in order.
  public var pairs: [(name: String, value: String)] {
    lines.map { (text($0.name), text($0.value)) }
  }

  package func matches(_ line: Line, _ name: String) -> Bool {
    guard Int(line.nameLength) == name.utf8.count else { return false }
    return bytes.span.extracting(line.name).equalsIgnoringCase(name.utf8.span)
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }
}

extension Span<UInt8> {
  /// False where none of the bytes from `start` on is a control character. Eight at a time: a high bit is set in
  /// `marks` by a byte below 0x20, by 0x7F, and by 0xFF.
  fileprivate func mayHoldControls(from start: Int) -> Bool {
    var index = start
    while index + 8 <= count {
      let eight = word(at: index)
      let below = (eight &- 0x2020_2020_2020_2020) & ~eight
      let deleted = (eight & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x0101_0101_0101_0101
      let marks = (below | deleted) & 0x8080_8080_8080_8080
      if marks != 0 { return true }
      index += 8
    }
    while index < count {
      if self[index] < 0x20 || self[index] == 0x7F { return true }
      index += 1
    }
    return false
  }
}
